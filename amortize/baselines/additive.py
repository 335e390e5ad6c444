"""Nonlinear additive noise: the orders of SCORE and CAM, then pruning by additive splines.

Own lines, since no package has them and a table without them would flatter everyone else.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from amortize.baselines.method import Method
from amortize.baselines.question import Answer, Question
from amortize.baselines.spline import (
    ALPHA,
    COLUMNS,
    DEGREE,
    KNOTS,
    most_parents,
    parent_tests,
    spline_basis,
)

RIDGE = 1e-3  # of both Stein estimates, as in the paper
ORDER_ROWS = 1000  # rows that SCORE's order is found from, drawn at random; costs d * rows^3


def score(question: Question) -> Answer:
    """SCORE's order, then CAM's pruning of all edges along it."""
    values_nd = question.values_nd
    chosen = np.random.default_rng(question.seed).permutation(len(values_nd))[:ORDER_ROWS]
    order = causal_order(values_nd[np.sort(chosen)])
    before_dd = np.zeros((len(order), len(order)), bool)
    for k, child in enumerate(order):
        before_dd[order[:k], child] = True
    return pruned(values_nd, before_dd)


def cam(question: Question) -> Answer:
    """Causal additive model: greedy edges, then pruning."""
    return pruned(question.values_nd, greedy_parents(question.values_nd))


def pruned(values_nd: NDArray[np.float64], allowed_dd: NDArray[np.bool_]) -> Answer:
    """Edges of an acyclic candidate graph that pass their F test; F ranks the pairs."""
    f_dd, p_dd = parent_tests(values_nd, allowed_dd)
    return Answer((p_dd < ALPHA).astype(np.int8), f_dd)


def causal_order(values_nd: NDArray[np.float64]) -> list[int]:
    """Variables, causes first (Rolland et al. 2022, algorithm 1).

    With additive Gaussian noise the diagonal entry of the Hessian of log p is constant for a leaf
    and for no other variable. The last of the order is the variable where it varies least; that
    one is taken out, and so on. Its variance is taken relative to its squared mean, which does
    not change with the column's scale: of 10 edges of z-scored tables (d=10, n=600, 5 tables) the
    order reverses 1.4 so, and 2.4 by the plain variance.
    """
    left = list(range(values_nd.shape[1]))
    order: list[int] = []
    while len(left) > 1:
        hessian_nd = hessian_diagonal(values_nd[:, left])
        spread_d = hessian_nd.var(axis=0) / np.maximum(hessian_nd.mean(axis=0) ** 2, 1e-12)
        order.append(left.pop(int(spread_d.argmin())))
    return (order + left)[::-1]


def hessian_diagonal(x_nd: NDArray[np.float64]) -> NDArray[np.float64]:
    """Second derivatives of log p along each variable at each row, [n, d] (Stein's identities).

    Rolland et al. 2022, section 3.1, from Li & Turner 2018: a Gaussian kernel K of median width,
    G = (K + rI)^-1 grad K is the gradient, (K + rI)^-1 grad^2 K - G^2 the diagonal.
    """
    from scipy.linalg import cho_factor, cho_solve
    from scipy.spatial.distance import pdist, squareform

    distance_nn = squareform(pdist(x_nd))
    width = max(float(np.median(distance_nn)), 1e-9)
    kernel_nn = np.exp(-((distance_nn / width) ** 2) / 2) / width
    # Sums over m of K[n, m] (x[n] - x[m]) and of K[n, m] (x[n] - x[m])^2, per variable.
    total_n1 = kernel_nn.sum(1, keepdims=True)
    mean_nd = kernel_nn @ x_nd
    first_nd = x_nd * total_n1 - mean_nd
    second_nd = x_nd**2 * total_n1 - 2 * x_nd * mean_nd + kernel_nn @ x_nd**2
    factor = cho_factor(kernel_nn + RIDGE * np.eye(len(x_nd)))
    gradient_nd = cho_solve(factor, -first_nd / width**2)
    curvature_nd = cho_solve(factor, second_nd / width**4 - total_n1 / width**2)
    return curvature_nd - gradient_nd**2


def greedy_parents(values_nd: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Adds the edge that raises the likelihood most, while acyclic and worth its parameters.

    Buhlmann, Peters & Ernest 2014, section 3.2, with regression splines. The likelihood of
    additive Gaussian noise rises by n/2 times the fall of the log of the residuals' variance; an
    edge is worth it where that exceeds the number of its splines (AIC).
    """
    n, d = values_nd.shape
    bases = [spline_basis(values_nd[:, i]) for i in range(d)]
    residual_nd = values_nd - values_nd.mean(0)
    used = [np.zeros((n, 0)) for _ in range(d)]  # orthonormal, spans the child's parents' splines
    parents_dd, reach_dd = np.zeros((d, d), bool), np.eye(d, dtype=bool)
    gain_dd = np.full((d, d), -np.inf)

    def renew(child: int) -> None:
        """Gains of every parent that the child may still get."""
        gain_dd[:, child] = -np.inf
        if parents_dd[:, child].sum() < most_parents(n):
            for i in np.flatnonzero(~parents_dd[:, child] & ~reach_dd[child]):
                left = np.mean(_without(residual_nd[:, child], bases[i], used[child]) ** 2)
                whole = np.mean(residual_nd[:, child] ** 2)
                gain_dd[i, child] = n / 2 * np.log(max(whole, 1e-12) / max(left, 1e-12))

    for child in range(d):
        renew(child)
    while gain_dd.max() > COLUMNS:
        i, child = np.unravel_index(gain_dd.argmax(), gain_dd.shape)
        residual_nd[:, child] = _without(residual_nd[:, child], bases[i], used[child])
        used[child] = np.linalg.qr(np.concatenate([used[child], bases[i]], axis=1))[0]
        parents_dd[i, child] = True
        reach_dd |= np.outer(reach_dd[:, i], reach_dd[child])
        gain_dd[reach_dd.T] = -np.inf  # would close a cycle
        renew(int(child))
    return parents_dd


def _without(
    residual_n: NDArray[np.float64], basis: NDArray[np.float64], used: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The residual after regression on one more basis, given the orthonormal columns in use."""
    extra = basis - used @ (used.T @ basis)
    return residual_n - extra @ np.linalg.lstsq(extra, residual_n, rcond=1e-10)[0]


_PRUNING = {"alpha": ALPHA, "knots": KNOTS, "degree": DEGREE}

ADDITIVE = (
    Method(
        "score",
        "dag",
        score,
        "Rolland et al. 2022 (order); Buhlmann, Peters & Ernest 2014 (pruning)",
        settings={"ridge": RIDGE, "order_rows": ORDER_ROWS, **_PRUNING},
        scores="F statistic",
        modules=("scipy.linalg", "scipy.spatial.distance", "scipy.stats", "sklearn.preprocessing"),
    ),
    Method(
        "cam",
        "dag",
        cam,
        "Buhlmann, Peters & Ernest 2014",
        settings=_PRUNING,
        scores="F statistic",
        modules=("scipy.stats", "sklearn.preprocessing"),
    ),
)
