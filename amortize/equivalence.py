"""Markov equivalence classes of DAGs: what observational data alone can tell (Chickering 2002).

Graphs are bool [d, d], g[i, j] for i -> j; an undirected edge is g[i, j] = g[j, i]. Needs the
package ges (extra `evaluation`), whose functions are used through these checks.
"""

from __future__ import annotations

import networkx as nx
import numpy as np
from numpy.typing import ArrayLike, NDArray


class NotDefined(ValueError):
    """A graph for which the quantity has no meaning; the message is a reason for people."""


def find_cycle(graph_dd: ArrayLike) -> list[int]:
    """The variables of one directed cycle in order, empty when the graph is acyclic."""
    graph = nx.from_numpy_array(np.asarray(graph_dd).astype(int), create_using=nx.DiGraph)
    try:
        return [i for i, _ in nx.find_cycle(graph)]
    except nx.NetworkXNoCycle:
        return []


def cpdag_of(dag_dd: ArrayLike) -> NDArray[np.bool_]:
    """The completed partially directed graph of the DAG's equivalence class.

    Raises NotDefined when the graph has a cycle, ImportError without the package ges.
    """
    from ges.utils import dag_to_cpdag

    dag = np.asarray(dag_dd).astype(int)
    if find_cycle(dag):
        raise NotDefined("the graph has a cycle")
    return np.asarray(dag_to_cpdag(dag)) != 0 if dag.any() else dag.astype(bool)


def check_cpdag(graph_dd: ArrayLike) -> NDArray[np.bool_]:
    """The graph itself if it is the CPDAG of some DAG.

    PC on finite data returns graphs that are not. Raises NotDefined for them, ImportError
    without the package ges.
    """
    from ges.utils import pdag_to_dag

    graph = np.asarray(graph_dd).astype(bool)
    if not graph.any():
        return graph
    try:
        dag = pdag_to_dag(graph.astype(int))
    except ValueError:
        raise NotDefined("not a CPDAG: no DAG extends it") from None
    if not np.array_equal(cpdag_of(dag), graph):
        raise NotDefined("not a CPDAG: some of its directions do not follow from its colliders")
    return graph
