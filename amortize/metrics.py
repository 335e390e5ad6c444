"""How near a guessed graph, or a matrix of edge probabilities, is to the true graph.

NumPy and scikit-learn only. Every graph is [d, d] with g[i, j] = 1 for i -> j; the
diagonal is never read. A guess may hold undirected edges as g[i, j] = g[j, i] = 1.
`variables_d` (bool [d]) leaves padded variables out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

# Probabilities are clipped here before a logarithm; a float32 softmax does not resolve less.
SMALLEST_PROBABILITY = 1e-7


# ----------------------------------------------------------------- scores against the truth


def auroc(
    probabilities_dd: ArrayLike, graph_dd: ArrayLike, variables_d: ArrayLike | None = None
) -> float:
    """Area under the ROC curve over the d(d-1) ordered pairs; any scores will do.

    NaN when the truth has no edge, or every ordered pair is one (then it is undefined).
    """
    scores, truth = ordered_pairs(probabilities_dd, graph_dd, variables_d)
    if truth.all() or not truth.any():
        return float("nan")
    return float(roc_auc_score(truth, scores))


def average_precision(
    probabilities_dd: ArrayLike, graph_dd: ArrayLike, variables_d: ArrayLike | None = None
) -> float:
    """Average precision (AUPRC) over the d(d-1) ordered pairs; any scores will do.

    NaN when the truth has no edge, or every ordered pair is one.
    """
    scores, truth = ordered_pairs(probabilities_dd, graph_dd, variables_d)
    if truth.all() or not truth.any():
        return float("nan")
    return float(average_precision_score(truth, scores))


def direction(scores_dd: ArrayLike, graph_dd: ArrayLike) -> float:
    """Share of the true edges whose score is larger than that of their reverse; ties half.

    All true edges count, found or not (SEA's orientation accuracy, Wu et al. 2024). NaN without.
    """
    scores, graph = square_pair(scores_dd, graph_dd, None)
    scores = scores.astype(float)
    ahead = (scores - scores.T)[graph]
    return float(((ahead > 0) + (ahead == 0) / 2).mean()) if len(ahead) else float("nan")


def brier(
    probabilities_dd: ArrayLike, graph_dd: ArrayLike, variables_d: ArrayLike | None = None
) -> float:
    """Mean squared error of the edge probabilities over ordered pairs (Brier 1950); 0 is best."""
    scores, truth = ordered_pairs(probabilities_dd, graph_dd, variables_d)
    return float(np.mean((scores - truth) ** 2)) if len(scores) else float("nan")


def log_probability(
    probabilities_dd: ArrayLike, graph_dd: ArrayLike, variables_d: ArrayLike | None = None
) -> float:
    """Natural logarithm of the probability of the whole true graph, in nats.

    Unordered pairs are independent three-way draws (none, i -> j, j -> i), so the result is a
    sum over the d(d-1)/2 pairs. Each probability is clipped at `SMALLEST_PROBABILITY`.
    """
    of_truth = relation_probability(probabilities_dd, graph_dd, variables_d)
    return float(np.log(np.clip(of_truth, SMALLEST_PROBABILITY, 1.0)).sum())


def relation_probability(
    probabilities_dd: ArrayLike, graph_dd: ArrayLike, variables_d: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Probability of the true relation (none, i -> j, j -> i) of each of the d(d-1)/2 pairs."""
    probabilities, graph = square_pair(probabilities_dd, graph_dd, variables_d)
    upper = np.triu_indices(len(graph), 1)
    forward, backward = probabilities[upper], probabilities.T[upper]
    return np.where(
        graph[upper], forward, np.where(graph.T[upper], backward, 1.0 - forward - backward)
    )


def expected_shd(probabilities_dd: ArrayLike, graph_dd: ArrayLike) -> float:
    """Mean SHD of graphs drawn from the probabilities, exactly: the sum over unordered pairs of
    the probability that their relation is another than the truth's (pairs are independent).
    """
    return float((1.0 - relation_probability(probabilities_dd, graph_dd)).sum())


def expected_f1(
    probabilities_dd: ArrayLike, graph_dd: ArrayLike, draws: int = 200, seed: int = 0
) -> float:
    """Mean F1 of directed edges of `draws` graphs drawn from the probabilities, pair by pair."""
    probabilities, graph = square_pair(probabilities_dd, graph_dd, None)
    i, j = np.triu_indices(len(graph), 1)
    u = np.random.default_rng(seed).random((draws, len(i)))
    forward = u < probabilities[i, j]
    backward = ~forward & (u < probabilities[i, j] + probabilities[j, i])
    hits = (forward & graph[i, j]).sum(1) + (backward & graph[j, i]).sum(1)
    found = forward.sum(1) + backward.sum(1)
    return float(np.mean([f1(h, k, int(graph.sum())) for h, k in zip(hits, found, strict=True)]))


class CalibrationBin(NamedTuple):
    """One bin of ordered pairs; see `calibration_curve`."""

    probability: float  # mean
    share: float  # of the pairs that are edges
    count: int


def calibration_curve(
    probabilities_dd: Sequence[ArrayLike],
    graph_dd: Sequence[ArrayLike],
    variables_d: Sequence[ArrayLike] | None = None,
    bins: int = 20,
) -> list[CalibrationBin]:
    """Probability against the share of true edges, pooled over many datasets.

    The ordered pairs of all datasets are sorted by probability and cut into `bins` bins of
    equal size. Equal mass, since most pairs lie near 0 and equal-width bins would compare a
    handful of edges with thousands (Nguyen & O'Connor 2015). Empty without pairs.
    """
    keep = variables_d if variables_d is not None else [None] * len(graph_dd)
    pairs = [ordered_pairs(*three) for three in zip(probabilities_dd, graph_dd, keep, strict=True)]
    if not sum(len(scores) for scores, _ in pairs):
        return []
    scores = np.concatenate([scores for scores, _ in pairs])
    truth = np.concatenate([truth for _, truth in pairs]).astype(float)
    order = np.argsort(scores, kind="stable")
    chunks = [c for c in np.array_split(order, min(bins, len(order))) if len(c)]
    return [CalibrationBin(float(scores[c].mean()), float(truth[c].mean()), len(c)) for c in chunks]


def calibration_error(
    probabilities_dd: Sequence[ArrayLike],
    graph_dd: Sequence[ArrayLike],
    variables_d: Sequence[ArrayLike] | None = None,
    bins: int = 20,
) -> float:
    """Expected calibration error of edge probabilities, pooled over many datasets.

    The mean over the bins of `calibration_curve`, weighted by their size, of |mean probability -
    share of true edges|. NaN without pairs.
    """
    curve = calibration_curve(probabilities_dd, graph_dd, variables_d, bins)
    if not curve:
        return float("nan")
    total = sum(bin_.count for bin_ in curve)
    return sum(abs(bin_.probability - bin_.share) * bin_.count for bin_ in curve) / total


# ------------------------------------------------------------------ graphs against the truth


class EdgeScores(NamedTuple):
    """Scores of one guessed graph; see `edge_scores`."""

    shd: int
    precision: float
    recall: float
    f1: float
    skeleton_f1: float
    orientation: float
    skeleton_precision: float
    skeleton_recall: float


def shd(guess_dd: ArrayLike, graph_dd: ArrayLike, variables_d: ArrayLike | None = None) -> int:
    """Structural Hamming distance: unordered pairs whose relation differs from the truth.

    A missing edge, an extra edge, a reversed edge and an undirected edge where the truth is
    directed count 1 each (Tsamardinos et al. 2006).
    """
    guess, graph = square_pair(guess_dd, graph_dd, variables_d)
    differs = (guess != 0) != graph
    return int(np.triu(differs | differs.T, 1).sum())


def edge_scores(
    guess_dd: ArrayLike, graph_dd: ArrayLike, variables_d: ArrayLike | None = None
) -> EdgeScores:
    """SHD; precision, recall and F1 of directed edges and of the skeleton; orientation accuracy.

    A reversed edge is one false positive and one false negative; so is, against a directed
    truth, the wrong half of an undirected edge (use `orient_in_favour` first to lift that).
    Precision without a guessed edge and recall without a true one are NaN; an F1 with neither
    is 1. `orientation` is the share, among true edges whose adjacency was found, that point
    the right way and only that way; NaN when none was found.
    """
    guess, graph = square_pair(guess_dd, graph_dd, variables_d)
    guess = guess != 0
    hits, found, true = int((guess & graph).sum()), int(guess.sum()), int(graph.sum())
    skeleton, true_skeleton = guess | guess.T, graph | graph.T
    met = graph & skeleton
    shared, joined, true_joined = (
        int(np.triu(pairs).sum()) for pairs in (skeleton & true_skeleton, skeleton, true_skeleton)
    )
    return EdgeScores(
        shd=shd(guess, graph),
        precision=hits / found if found else float("nan"),
        recall=hits / true if true else float("nan"),
        f1=f1(hits, found, true),
        skeleton_f1=f1(shared, joined, true_joined),
        orientation=float((guess & ~guess.T)[met].mean()) if met.any() else float("nan"),
        skeleton_precision=shared / joined if joined else float("nan"),
        skeleton_recall=shared / true_joined if true_joined else float("nan"),
    )


def orient_in_favour(cpdag_dd: ArrayLike, graph_dd: ArrayLike) -> NDArray[np.bool_]:
    """Orient undirected edges (g[i, j] = g[j, i] = 1) as the true graph does: oracle help.

    Where the truth has no such adjacency either direction is wrong; the edge is kept once, from
    the lower to the higher index, so it counts as one false edge. Directed edges, right or
    wrong, stay. Results after this call flatter the method, and have to say so.
    """
    guess, graph = square_pair(cpdag_dd, graph_dd, None)
    guess = guess != 0
    undirected = guess & guess.T
    adjacent = graph | graph.T
    favoured = np.where(adjacent, graph, np.triu(np.ones_like(graph), 1))
    return np.where(undirected, favoured, guess).astype(bool)


# -------------------------------------------------------------------------------- the pairs


def f1(hits: int, found: int, true: int) -> float:
    """Harmonic mean of precision and recall; 1 when nothing was there and nothing was found."""
    return 2 * hits / (found + true) if found + true else 1.0


def square_pair(
    values_dd: ArrayLike, graph_dd: ArrayLike, variables_d: ArrayLike | None
) -> tuple[NDArray, NDArray[np.bool_]]:
    """Both matrices restricted to the real variables, diagonals zeroed; the truth as bool.

    Raises ValueError when the shapes differ or are not square.
    """
    values, graph = np.array(values_dd), np.array(graph_dd).astype(bool)
    if values.shape != graph.shape or values.ndim != 2 or values.shape[0] != values.shape[1]:
        raise ValueError(f"expected two [d, d] matrices, got {values.shape} and {graph.shape}")
    if variables_d is not None:
        keep = np.flatnonzero(np.asarray(variables_d))
        values, graph = values[np.ix_(keep, keep)], graph[np.ix_(keep, keep)]
    np.fill_diagonal(values, 0)
    np.fill_diagonal(graph, False)
    return values, graph


def ordered_pairs(
    values_dd: ArrayLike, graph_dd: ArrayLike, variables_d: ArrayLike | None = None
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Scores and truth of the d(d-1) ordered pairs, flattened, without the diagonal."""
    values, graph = square_pair(values_dd, graph_dd, variables_d)
    off = ~np.eye(len(graph), dtype=bool)
    return values[off].astype(np.float64), graph[off]
