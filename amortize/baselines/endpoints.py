"""Turns each library's way of writing a graph into g[i, j] = 1 for i -> j.

Reading a matrix transposed is the commonest published error of this field, so every reader has
a test on an asymmetric graph. Undirected edges come out as g[i, j] = g[j, i] = 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

TAIL, ARROW, CIRCLE = -1, 1, 2


def from_causallearn(endpoints_dd: ArrayLike) -> NDArray[np.int8]:
    """Graph of causal-learn's endpoint matrix (`GeneralGraph.graph`).

    Its entry [a, b] is the mark at a on the edge between a and b, so i -> j is an arrow at j,
    [j, i] = 1, and a tail at i, [i, j] = -1. Tails at both ends are undirected. Arrows at both
    ends (PC met conflicting colliders) claim no direction either and are read as undirected.
    Raises ValueError on any other mark, such as the circles of a PAG.
    """
    marks = np.asarray(endpoints_dd)
    if not np.isin(marks, (TAIL, 0, ARROW)).all():
        raise ValueError(f"endpoint marks other than tail and arrow: {np.unique(marks).tolist()}")
    forward = (marks.T == ARROW) & (marks == TAIL)
    undirected = (marks == marks.T) & (marks != 0)
    return (forward | undirected).astype(np.int8)


def from_pag(endpoints_dd: ArrayLike) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Possible direct causes in a PAG of causal-learn's FCI, and its confounded pairs.

    The marks are placed as in `from_causallearn`, with circles. i -> j is possible unless j has
    a tail or i an arrow: i --> j and i o-> j are directed, i o-o j is undirected, i <-> j is no
    edge but a confounded pair. Tails at both ends (selection) are undirected.
    """
    marks = np.asarray(endpoints_dd)
    if not np.isin(marks, (TAIL, 0, ARROW, CIRCLE)).all():
        raise ValueError(f"unknown endpoint marks: {np.unique(marks).tolist()}")
    at_cause, at_effect = marks, marks.T
    possible = np.isin(at_effect, (ARROW, CIRCLE)) & np.isin(at_cause, (TAIL, CIRCLE))
    undirected = (at_cause == TAIL) & (at_effect == TAIL)
    confounded = (at_cause == ARROW) & (at_effect == ARROW)
    return (possible | undirected).astype(np.int8), confounded.astype(np.int8)


def from_lingam(weights_dd: ArrayLike, threshold: float) -> NDArray[np.int8]:
    """Graph of a LiNGAM adjacency matrix, whose [i, j] is the effect of j on i (transposed).

    Edges with |weight| <= threshold are dropped, and NaN (a latent confounder) is no edge.
    """
    weights = np.nan_to_num(np.asarray(weights_dd, float)).T
    return (np.abs(weights) > threshold).astype(np.int8)


def from_weights(weights_dd: ArrayLike, threshold: float = 0.0) -> NDArray[np.int8]:
    """Graph of a matrix whose [i, j] is the effect of i on j: ges, gies, gcastle, dagma, exact.

    Edges with |weight| <= threshold and NaN are dropped.
    """
    weights = np.nan_to_num(np.asarray(weights_dd, float))
    return (np.abs(weights) > threshold).astype(np.int8)


def break_cycles(weights_dd: ArrayLike, threshold: float = 0.0) -> tuple[NDArray[np.int8], str]:
    """A DAG of effects [i, j] of i on j, and a note of what it cost.

    Drops the weakest edge of a cycle for as long as there is one. NOTEARS and GOLEM promise a DAG
    and return cycles at times. The note is empty when nothing was dropped.
    """
    import networkx as nx

    weights = np.abs(np.nan_to_num(np.asarray(weights_dd, float)))
    graph = from_weights(weights, threshold)
    dropped = 0
    while not nx.is_directed_acyclic_graph(found := nx.DiGraph(graph)):
        i, j = min(nx.find_cycle(found), key=lambda edge: weights[edge])
        graph[i, j] = 0
        dropped += 1
    if not dropped:
        return graph, ""
    return graph, f"{dropped} edge(s) dropped to break cycles, the weakest of each cycle"
