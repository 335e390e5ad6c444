"""Causal distances through gadjid (Henckel, Wuertzen & Weichwald 2024): how many of the pairs
(cause, effect) a guessed graph would lead to a wrong adjustment for. 0 best, 1 worst.

gadjid panics on graphs it cannot read, so these are validated first. NaN, never an exception.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from amortize.equivalence import NotDefined, check_cpdag, find_cycle

# sid: Peters & Buehlmann 2015, for two DAGs; the others take a CPDAG too.
NAMES = ("sid", "parent_aid", "ancestor_aid", "oset_aid")


def causal_distances(
    guess_dd: ArrayLike, truth_dd: ArrayLike, kind: str
) -> tuple[dict[str, float], dict[str, str]]:
    """The distances of a guess of kind "dag" or "cpdag" to a true DAG; NaN where undefined.

    Returns (values by name, reason by name of those that are NaN).
    """
    values: dict[str, float] = {name: float("nan") for name in NAMES}
    reasons: dict[str, str] = {}
    try:
        guess, truth = encoded(guess_dd, kind), encoded(truth_dd, "dag", "the true graph")
    except NotDefined as error:
        return values, {name: str(error) for name in NAMES}
    except ImportError as error:
        return values, {name: f"{error.name} is not installed" for name in NAMES}
    for name in NAMES:
        if name == "sid" and (guess == UNDIRECTED).any():
            reasons[name] = "defined for a DAG alone"
            continue
        values[name], problem = measured(name, truth, guess)
        if problem:
            reasons[name] = problem
    return values, reasons


UNDIRECTED = 2  # gadjid's code, in one of the two triangles


def encoded(graph_dd: ArrayLike, kind: str, what: str = "the graph") -> NDArray[np.int8]:
    """The graph in gadjid's code, int8.

    Raises NotDefined when it is not the acyclic or completed graph that its kind promises.
    """
    graph = np.asarray(graph_dd).astype(bool)
    if kind == "dag":
        cycle = find_cycle(graph)
        if cycle:
            raise NotDefined(f"{what} has a cycle of {len(cycle)} variables")
        return graph.astype(np.int8)
    if kind != "cpdag":
        raise NotDefined(f"a {kind} is neither a DAG nor a CPDAG")
    check_cpdag(graph)
    undirected = graph & graph.T
    return np.where(undirected, UNDIRECTED * np.triu(undirected), graph).astype(np.int8)


def measured(name: str, truth: NDArray[np.int8], guess: NDArray[np.int8]) -> tuple[float, str]:
    """One distance and no reason, or NaN and the reason."""
    try:
        import gadjid
    except ImportError:
        return float("nan"), "gadjid is not installed"
    try:
        measure = getattr(gadjid, name)
        return float(measure(truth, guess, edge_direction="from row to column")[0]), ""
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        # pyo3's PanicException is no Exception, and cannot be imported to be named.
        return float("nan"), f"gadjid: {type(error).__name__}: {error}"[:200]
