"""What follows from a matrix of edge probabilities [d, d]. NumPy only.

Convention: probabilities[i, j] is the probability that i causes j directly.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from amortize.errors import UsageError
from amortize.knowledge import FORBIDDEN, REQUIRED

# Below this share of an adjacent pair's probability the likelier direction counts as uncertain:
# whoever reads off calibrated directions from this share on is wrong in at most a third of them.
CLEAR_DIRECTION = 2 / 3
# Only what is required is certain: any other edge has less, so that required edges come first.
LESS_THAN_CERTAIN = float(np.nextafter(1.0, 0.0))


class Verdict(StrEnum):
    """What is said of an ordered pair of variables i, j (see `verdicts`)."""

    UNRELATED = "no direct relation"
    CAUSE = "causes"
    EFFECT = "is caused by"
    UNDIRECTED = "adjacent, direction not identifiable"
    CONFOUNDED = "no direct relation, an unmeasured common cause"


def check_threshold(threshold: float) -> float:
    """The threshold itself, if it is above 0 and up to 1.

    Raises:
        UsageError: it is not.
    """
    if not 0 < threshold <= 1:
        raise UsageError(f"the threshold is {threshold:g}; give a number above 0 and up to 1")
    return threshold


def adjacency(probabilities: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """Symmetric bool [d, d]: pairs whose edge, in either direction, reaches the threshold."""
    either = probabilities + probabilities.T
    adjacent = (either >= threshold) & (either > 0)
    np.fill_diagonal(adjacent, False)
    return adjacent


def oriented(probabilities: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """Bool [d, d]: every adjacent pair in its likelier direction (a tie: lower index first).

    The result may hold cycles; `decode_dag` breaks them.
    """
    likelier = probabilities > probabilities.T
    tie = (probabilities == probabilities.T) & np.triu(np.ones(probabilities.shape, bool), k=1)
    return adjacency(probabilities, threshold) & (likelier | tie)


def decode_dag(probabilities: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    """Acyclic bool [d, d]: oriented edges added by decreasing probability.

    An edge that would close a cycle is dropped; it is not tried in the other direction. Equal
    probabilities are taken in order of (i, j), so the result does not depend on the platform.
    """
    edges = np.argwhere(oriented(probabilities, threshold))
    order = np.argsort(-probabilities[edges[:, 0], edges[:, 1]], kind="stable")
    dag = np.zeros(probabilities.shape, dtype=bool)
    reaches = np.eye(len(probabilities), dtype=bool)  # reaches[i, j]: a directed path i ... j
    for i, j in edges[order]:
        if reaches[j, i]:
            continue
        dag[i, j] = True
        reaches |= np.outer(reaches[:, i], reaches[j])
    return dag


def direction_uncertain(
    probabilities: np.ndarray, threshold: float = 0.5, clear: float = CLEAR_DIRECTION
) -> np.ndarray:
    """Symmetric bool [d, d]: adjacent pairs whose likelier direction has less than `clear` of
    the pair's probability, so that the direction should not be read off.
    """
    either = probabilities + probabilities.T
    larger = np.maximum(probabilities, probabilities.T)
    return adjacency(probabilities, threshold) & (larger < clear * either)


def verdicts(
    probabilities: np.ndarray, threshold: float = 0.5, confounded: np.ndarray | None = None
) -> np.ndarray:
    """What is said of every pair, an object array [d, d] of `Verdict`.

    A pair is adjacent where P(i -> j) + P(j -> i) reaches the threshold. Its direction is named
    where the likelier one holds at least CLEAR_DIRECTION of that sum, and is called not
    identifiable below. A pair that is not adjacent counts as confounded where the probability of an
    unmeasured common cause [d, d] reaches the threshold; beside an edge, such a cause is told by
    the probability alone. Cycles are not broken: each pair is read by itself.
    """
    found = np.full(probabilities.shape, Verdict.UNRELATED, dtype=object)
    if confounded is not None:
        found[confounded >= threshold] = Verdict.CONFOUNDED
    edges = oriented(probabilities, threshold)
    found[edges] = Verdict.CAUSE
    found[edges.T] = Verdict.EFFECT
    found[direction_uncertain(probabilities, threshold)] = Verdict.UNDIRECTED
    np.fill_diagonal(found, Verdict.UNRELATED)
    return found


def conditioned(probabilities: np.ndarray, known_dd: np.ndarray) -> np.ndarray:
    """Probabilities given background knowledge, which then holds with certainty.

    Of the three answers for a pair (no edge, i -> j, j -> i) the forbidden ones get probability 0
    and the others are divided by what is left; a required edge gets 1. All other edges stay below
    1, so that `decode_dag`, which adds edges by decreasing probability, takes the required ones
    first and never drops one of them, as long as they form no cycle.

    Args:
        probabilities: float [d, d].
        known_dd: int [d, d] of UNKNOWN, FORBIDDEN and REQUIRED, free of contradictions.
    """
    none = np.maximum(1 - probabilities - probabilities.T, 0.0)
    p = np.where(known_dd == FORBIDDEN, 0.0, probabilities)
    left = none + p + p.T
    # Where the network was certain of what is forbidden, nothing is left: then there is no edge.
    p = np.where(left > 0, p / np.where(left > 0, left, 1.0), 0.0)
    p = np.minimum(p, LESS_THAN_CERTAIN)
    required = known_dd == REQUIRED
    p = np.where(required, 1.0, np.where(required.T, 0.0, p))
    np.fill_diagonal(p, 0.0)
    return p
