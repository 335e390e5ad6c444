"""Turns each library's way of writing a graph into g[i, j] = 1 for i -> j.

Reading a matrix transposed is the commonest published error of this field, so every reader has
a test on an asymmetric graph. Undirected edges come out as g[i, j] = g[j, i] = 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

TAIL, ARROW = -1, 1


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


def from_lingam(weights_dd: ArrayLike, threshold: float) -> NDArray[np.int8]:
    """Graph of a LiNGAM adjacency matrix, whose [i, j] is the effect of j on i (transposed).

    Edges with |weight| <= threshold are dropped, and NaN (a latent confounder) is no edge.
    """
    weights = np.nan_to_num(np.asarray(weights_dd, float)).T
    return (np.abs(weights) > threshold).astype(np.int8)


def consistent_extension(cpdag_dd: ArrayLike) -> NDArray[np.int8] | None:
    """A DAG with the CPDAG's skeleton and colliders (Dor & Tarsi 1992), None if there is none.

    Repeatedly takes a variable x without outgoing directed edges whose undirected neighbours
    are each adjacent to all the other variables adjacent to x, and points their edges at x.
    """
    left = np.array(cpdag_dd) != 0
    dag = (left & ~left.T).astype(np.int8)
    remaining = set(range(len(left)))
    while remaining:
        for x in sorted(remaining):
            undirected, adjacent = left[x] & left[:, x], left[x] | left[:, x]
            if (left[x] & ~left[:, x]).any():
                continue
            reach = (left | left.T) | np.eye(len(left), dtype=bool)
            if all(reach[y][adjacent].all() for y in np.flatnonzero(undirected)):
                dag[undirected, x] = 1
                left[x], left[:, x] = False, False
                remaining.remove(x)
                break
        else:
            return None
    return dag
