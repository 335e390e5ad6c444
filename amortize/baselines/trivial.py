"""Baselines without search: a table without them cannot show what a score is worth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from amortize.baselines.method import Method
from amortize.baselines.question import ORDERS, Answer, Question

# Two-sided 5 % point of the standard normal, for Fisher's z test of a (partial) correlation.
CRITICAL_Z = 1.959964


def empty_graph(question: Question) -> Answer:
    """No edge at all; its SHD is the number of true edges."""
    d = question.values_nd.shape[1]
    return Answer(np.zeros((d, d), np.int8))


def random_graph(question: Question) -> Answer:
    """Random DAG with as many edges as the truth has; its order and its edges are uniform."""
    d = question.values_nd.shape[1]
    random = question.order_generator()
    order = random.permutation(d)
    below = np.transpose(np.triu_indices(d, 1))
    picked = below[random.choice(len(below), size=min(question.edges, len(below)), replace=False)]
    graph = np.zeros((d, d), np.int8)
    graph[order[picked[:, 0]], order[picked[:, 1]]] = 1
    return Answer(graph)


def correlation(question: Question) -> Answer:
    """Ranks pairs by |correlation|; adjacent where Fisher's z test at 5 % says so."""
    with np.errstate(invalid="ignore"):  # a constant column: NaN here, 0 in the scores
        r = np.asarray(np.corrcoef(question.values_nd, rowvar=False))
    return Answer(significant(r, question.values_nd.shape[0] - 3), np.abs(off_diagonal(r)))


def inverse_covariance(question: Question) -> Answer:
    """Ranks pairs by |precision matrix|; adjacent where the partial correlation passes at 5 %.

    The pseudo-inverse stands in when there are fewer rows than variables.
    """
    n, d = question.values_nd.shape
    precision = np.linalg.pinv(np.cov(question.values_nd, rowvar=False), hermitian=True)
    scale = np.sqrt(np.clip(np.diag(precision), 1e-12, None))
    partial = -precision / np.outer(scale, scale)
    return Answer(significant(partial, n - (d - 2) - 3), np.abs(off_diagonal(precision)))


def significant(r_dd: NDArray, degrees: int) -> NDArray[np.int8]:
    """Symmetric 0/1 matrix of the pairs whose |Fisher z| * sqrt(degrees) passes 5 %."""
    z = np.arctanh(np.clip(off_diagonal(r_dd), -0.9999999, 0.9999999))
    return (np.abs(z) * np.sqrt(max(degrees, 0)) > CRITICAL_Z).astype(np.int8)


def off_diagonal(r_dd: NDArray) -> NDArray[np.float64]:
    """The matrix with NaN (a constant column) and the diagonal set to 0."""
    return np.nan_to_num(r_dd, nan=0.0) * (1.0 - np.eye(len(r_dd)))


TRIVIAL = (
    Method("empty", "dag", empty_graph, "none: no edges"),
    Method(
        "random",
        "dag",
        random_graph,
        "none: random order, true number of edges",
        uses=("density",),
        settings={"stream": ORDERS},
    ),
    Method(
        "correlation",
        "skeleton",
        correlation,
        "Fisher 1915 (z test)",
        settings={"alpha": 0.05},
        scores="|correlation|",
    ),
    Method(
        "inverse-covariance",
        "skeleton",
        inverse_covariance,
        "Dempster 1972 (covariance selection), Fisher's z test of partial correlations",
        settings={"alpha": 0.05},
        scores="|precision|",
    ),
)
