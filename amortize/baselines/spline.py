"""Additive regression on splines: what each candidate parent adds, by F tests (CAM's pruning)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ALPHA = 1e-3  # of a parent's F test, as CAM's default
KNOTS = 5
DEGREE = 3
COLUMNS = KNOTS + DEGREE - 2  # of one variable's basis
ROWS_PER_COLUMN = 4  # of a regression; fewer rows let fewer parents in


def most_parents(n: int) -> int:
    """How many parents of one child n rows bear."""
    return max(1, n // (ROWS_PER_COLUMN * COLUMNS))


def parent_tests(
    values_nd: NDArray[np.float64], allowed_dd: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """F[i, j] and p[i, j]: what i adds to an additive spline regression of j on its candidates.

    CAM's last step (Buhlmann, Peters & Ernest 2014), with regression splines of fixed knots.
    Pairs that are not allowed have 0 and 1, and so have those that preliminary selection leaves
    out: the rows bear only so many candidates, kept by the F test of each alone.
    """
    n, d = values_nd.shape
    bases = [spline_basis(values_nd[:, i]) for i in range(d)]
    most = most_parents(n)
    f_dd, p_dd = np.zeros((d, d)), np.ones((d, d))
    for child in range(d):
        target_n = values_nd[:, child] - values_nd[:, child].mean()
        parents = np.flatnonzero(allowed_dd[:, child])
        if len(parents) > most:
            alone = [f_tests([bases[i]], target_n)[1][0] for i in parents]
            parents = parents[np.argsort(alone, kind="stable")[:most]]
        if len(parents):
            tests = f_tests([bases[i] for i in parents], target_n)
            f_dd[parents, child], p_dd[parents, child] = tests
    return f_dd, p_dd


def spline_basis(x_n: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centred B-splines of one variable, knots at its quantiles, [n, COLUMNS]."""
    from sklearn.preprocessing import SplineTransformer

    knots: Any = np.unique(np.quantile(x_n, np.linspace(0, 1, KNOTS)))
    if len(knots) < 2:
        return np.zeros((len(x_n), 1))  # a constant column explains nothing
    basis = SplineTransformer(degree=DEGREE, knots=knots[:, None], include_bias=False)
    columns = np.asarray(basis.fit_transform(x_n[:, None]))
    return columns - columns.mean(0)


def f_tests(
    groups: list[NDArray[np.float64]], target_n: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """F and p of leaving each group of columns out of the regression of a centred target."""
    from scipy.stats import f as f_distribution

    sizes = np.array([group.shape[1] for group in groups])
    design = np.concatenate(groups, axis=1)
    degrees = len(target_n) - 1 - design.shape[1]
    if degrees < 1:
        return np.zeros(len(groups)), np.ones(len(groups))
    inverse = np.linalg.pinv(design.T @ design, hermitian=True)
    weights = inverse @ design.T @ target_n
    noise = max(float(((target_n - design @ weights) ** 2).sum()) / degrees, 1e-12)
    gains = []
    for end, size in zip(sizes.cumsum(), sizes, strict=True):
        own = slice(end - size, end)
        block = np.linalg.pinv(inverse[own, own], hermitian=True)
        gains.append(weights[own] @ block @ weights[own])
    f = np.asarray(gains) / sizes / noise
    return f, f_distribution.sf(f, sizes, degrees)
