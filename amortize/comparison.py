"""A decoded graph against a true one, edge by edge."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import networkx as nx
import numpy as np

from amortize.errors import DataError, listing

Pairs = set[tuple[str, str]]


class Comparison(NamedTuple):
    """The decoded graph against a true one; lists of (cause, effect) as the truth or, for
    `extra`, as the decoded graph has them.
    """

    correct: list[tuple[str, str]]
    reversed: list[tuple[str, str]]
    missing: list[tuple[str, str]]
    extra: list[tuple[str, str]]
    precision: float  # share of decoded edges that are right in place and direction
    recall: float  # share of true edges that are found in their direction
    f1: float
    shd: int  # structural Hamming distance; a reversed edge counts once


def compare_pairs(found: Pairs, true: Pairs) -> Comparison:
    """Both are sets of (cause, effect), without a pair in both directions."""
    flipped = {(j, i) for i, j in found}
    both = sorted(true & found)
    turned = sorted((true & flipped) - found)
    missing = sorted(true - found - flipped)
    extra = sorted(found - true - {(j, i) for i, j in true})
    precision = len(both) / len(found) if found else float(not true)
    recall = len(both) / len(true) if true else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    shd = len(turned) + len(missing) + len(extra)
    return Comparison(both, turned, missing, extra, precision, recall, f1, shd)


def read_truth(truth: Any, names: list[str]) -> Pairs:
    """The true edges as (cause, effect) pairs.

    Args:
        truth: a networkx.DiGraph or (cause, effect) pairs over `names`, or a 0/1 array [d, d] or
            square DataFrame in which row causes column.
        names: the d variables.

    Raises:
        DataError: the truth is not over these variables.
    """
    d = len(names)
    if isinstance(truth, nx.Graph):
        if not truth.is_directed():
            raise DataError("the true graph is undirected; give a networkx.DiGraph")
        nodes, pairs = list(truth.nodes), list(truth.edges)
    elif hasattr(truth, "columns") and hasattr(truth, "index"):
        nodes = [str(name) for name in truth.columns]
        if [str(name) for name in truth.index] != nodes:
            raise DataError("the true matrix has different row and column names")
        pairs = [(nodes[i], nodes[j]) for i, j in np.argwhere(truth.to_numpy() != 0)]
    elif hasattr(truth, "shape"):
        if truth.shape != (d, d):
            raise DataError(
                f"the true matrix has shape {truth.shape}, the graph {(d, d)}; "
                "give one row and column per variable"
            )
        nodes = names
        pairs = [(nodes[i], nodes[j]) for i, j in np.argwhere(np.asarray(truth) != 0)]
    elif isinstance(truth, Iterable):
        pairs = [(cause, effect) for cause, effect in truth]
        nodes = [name for pair in pairs for name in pair]
    else:
        raise DataError("the truth is neither a DiGraph, a matrix nor a list of pairs")
    strange = [name for name in nodes if name not in names]
    if strange:
        raise DataError(
            f"the truth names {listing(strange)}, which the graph lacks; there are "
            f"{listing(names, 8)}"
        )
    return set(pairs)
