"""What follows from a matrix of edge probabilities [d, d]. NumPy only.

Convention: probabilities[i, j] is the probability that i causes j directly.
"""

import numpy as np

from amortize.errors import UsageError

# Below this share of an adjacent pair's probability the likelier direction counts as uncertain.
CLEAR_DIRECTION = 2 / 3


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
