"""Means over datasets with their uncertainty, and paired comparisons of two methods."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import false_discovery_control, rankdata, wilcoxon

DRAWS = 2000
FEW = 13  # gaps, up to which ties are counted out


class Interval(NamedTuple):
    """A mean with its bootstrap interval and the number of values that were not NaN."""

    mean: float
    low: float
    high: float
    count: int


class Difference(NamedTuple):
    """Mean of a - b over the datasets that both finished; see `paired_difference`."""

    mean: float
    low: float
    high: float
    count: int
    p_value: float
    first: float  # mean of a over these datasets; that of b is `second`

    @property
    def second(self) -> float:
        """Mean of b over the datasets that both finished."""
        return self.first - self.mean


def bootstrap_mean(
    values: ArrayLike, level: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> Interval:
    """Mean of the values that are not NaN, with a percentile bootstrap interval (Efron 1979).

    One value gives an interval of no width; none gives NaN throughout.
    """
    kept = np.asarray(values, dtype=float).ravel()
    kept = kept[~np.isnan(kept)]
    if not len(kept):
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    means = resampling(len(kept), draws, seed) @ kept / len(kept)
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(means, [tail, 100 - tail])
    return Interval(float(kept.mean()), float(low), float(high), len(kept))


@lru_cache(maxsize=64)
def resampling(count: int, draws: int, seed: int) -> NDArray[np.float64]:
    """How often each of `count` values is drawn, with replacement, in each of `draws` samples."""
    random = np.random.default_rng(seed)
    return random.multinomial(count, np.full(count, 1 / count), size=draws).astype(float)


def paired_difference(a: ArrayLike, b: ArrayLike) -> Difference:
    """a - b, dataset by dataset, where neither is NaN: bootstrap interval and a paired test.

    The test is Wilcoxon's signed-rank test, two-sided (scipy; zero differences by Pratt's
    rule). Without any difference its p-value is 1; without a pair everything is NaN.
    """
    first, gaps = np.asarray(a, float), np.asarray(a, float) - np.asarray(b, float)
    first, gaps = first[~np.isnan(gaps)], gaps[~np.isnan(gaps)]
    found = bootstrap_mean(gaps)
    if not len(gaps):
        return Difference(*found, float("nan"), float("nan"))
    if not gaps.any():
        return Difference(*found, 1.0, float(first.mean()))
    return Difference(*found, signed_rank(gaps), float(first.mean()))


def signed_rank(gaps: NDArray[np.float64]) -> float:
    """Two-sided p-value of Wilcoxon's test that the gaps are symmetric about 0 (not all are 0).

    Few gaps with ties go through every choice of signs, which scipy does as well, 500 times slower.
    """
    sizes = np.abs(gaps)
    tied = not sizes.all() or len(np.unique(sizes)) < len(sizes)
    if not tied or len(gaps) > FEW:
        test: Any = wilcoxon(gaps, zero_method="pratt")
        return float(test.pvalue)
    ranks = np.where(sizes > 0, rankdata(sizes), 0.0)
    found = abs(np.sign(gaps) @ ranks)
    return float(np.mean(np.abs(every_sign(len(gaps)) @ ranks) >= found - 1e-9))


@lru_cache(maxsize=FEW)
def every_sign(count: int) -> NDArray[np.float64]:
    """All choices of `count` signs, [2^count, count]."""
    bits = np.arange(2**count)[:, None] >> np.arange(count) & 1
    return 2.0 * bits - 1.0


def adjusted(p_values: ArrayLike) -> NDArray[np.float64]:
    """P-values of one table adjusted for their number (Benjamini & Hochberg 1995); NaN stays."""
    p = np.asarray(p_values, float)
    known = ~np.isnan(p)
    p[known] = false_discovery_control(p[known]) if known.any() else p[known]
    return p
