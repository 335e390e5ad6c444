"""What a table looks like in a few numbers that do not depend on units or order of columns.

Every number is made so that larger means stranger: heavier tails, more equal cells, more alike
neighbours. They are compared with those of simulated tables in `mismatch.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from amortize.inputs import Inputs

# Name of each trait, and what a large value says of the table, to stand after "it has".
TRAITS = {
    "tails": "heavy tails in most columns",
    "skewness": "very skewed columns",
    "ties": "columns in which one value (such as 0) fills most cells",
    "few_levels": "columns with few different values",
    "neighbours": "neighbouring rows that are alike, as in a time series or a sorted table",
    "correlation": "strong correlations among most columns",
    "few_dimensions": "columns that are nearly combinations of a few others",
    "curvature": "strongly curved relations",
    "volatility": "columns whose spread depends on others",
}
MOST = 0.2  # "most columns": the quantile of a column's number that all but this share exceed
FEWEST_ROWS = 10  # rows without experiments from which these alone are looked at
FEWEST_CELLS = 5  # of a column that is looked at
ORDERED_ROWS = 5_000  # at most, in which neighbours are compared


def traits(table: Inputs, most_rows: int, seed: int = 0) -> np.ndarray:
    """The traits of a table, float64 [t] in the order of TRAITS.

    Cells set by experiments are left out, and so are rows of experiments with unknown target where
    other rows suffice.

    Args:
        table: as the network reads it.
        most_rows: of a longer table only so many rows, drawn at random, are looked at, so that
            its extremes are those of a table of that length. Neighbours are compared in all.
        seed: of that draw.
    """
    free_n = ~table.regime_n
    if free_n.sum() < FEWEST_ROWS:
        free_n = np.ones(len(free_n), bool)
    natural_nd = table.observed_nd & ~table.intervened_nd & free_n[:, None]
    x_nd = np.where(natural_nd, table.values_nd, np.nan)
    set_n: Any = np.any(table.intervened_nd, axis=1)
    neighbours = _neighbours(x_nd[:ORDERED_ROWS], set_n[:ORDERED_ROWS])
    rows = np.flatnonzero(natural_nd.any(1))
    if len(rows) > most_rows:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most_rows, replace=False))
    x_nd = x_nd[rows]
    x_nd = x_nd[:, np.isfinite(x_nd).sum(0) >= FEWEST_CELLS]
    found = dict.fromkeys(TRAITS, 0.0)
    if x_nd.shape[1] < 2:
        return np.array(list(found.values()))
    tails, skew, ties, levels = np.array([_column(x[np.isfinite(x)]) for x in x_nd.T]).T
    found["tails"], found["ties"] = np.quantile(tails, MOST), np.quantile(ties, MOST)
    found["skewness"], found["few_levels"] = np.median(skew), -np.median(levels)
    if neighbours.size:
        found["neighbours"] = np.median(neighbours)
    found |= _relations(x_nd)
    return np.array(list(found.values()))


def _column(x: np.ndarray) -> tuple[float, float, float, float]:
    """L-kurtosis and L-skewness (Hosking 1990), share of the commonest value, share of levels."""
    n = len(x)
    x, place = np.sort(x.astype(np.float64)), np.arange(n)
    if x[0] == x[-1]:
        return 0.0, 0.0, 1.0, 1 / n
    b0, b1 = x.mean(), (x * place).mean() / (n - 1)
    b2 = (x * place * (place - 1)).mean() / ((n - 1) * (n - 2))
    b3 = (x * place * (place - 1) * (place - 2)).mean() / ((n - 1) * (n - 2) * (n - 3))
    scale = 2 * b1 - b0
    tails = (20 * b3 - 30 * b2 + 12 * b1 - b0) / scale
    skew = abs(6 * b2 - 6 * b1 + b0) / scale
    starts = np.flatnonzero(np.r_[True, x[1:] != x[:-1]])
    ties = np.diff(np.r_[starts, n]).max() / n
    return tails, skew, ties, len(starts) / n


def _neighbours(x_nd: np.ndarray, set_n: np.ndarray) -> np.ndarray:
    """Rank correlation of each column with itself a row later, in standard errors; [d] or fewer."""
    rank_nd = _ranks(np.where(set_n[:, None], np.nan, x_nd))
    rank_nd = rank_nd[:, np.isfinite(rank_nd).sum(0) >= FEWEST_ROWS]
    low_d, high_d = (
        np.nanmin(rank_nd, axis=0, initial=np.inf),
        np.nanmax(rank_nd, axis=0, initial=0),
    )
    rank_nd = rank_nd[:, low_d < high_d]
    rank_nd = (rank_nd - np.nanmean(rank_nd, axis=0)) / np.nanstd(rank_nd, axis=0)
    product_nd = rank_nd[1:] * rank_nd[:-1]
    count_d = np.isfinite(product_nd).sum(0)
    return (np.nansum(product_nd, axis=0) / np.sqrt(count_d.clip(1)))[count_d >= FEWEST_ROWS]


def _ranks(x_nd: np.ndarray) -> np.ndarray:
    """Ranks within each column, equal cells sharing theirs; NaN stays NaN."""
    return pd.DataFrame(x_nd).rank().to_numpy()


def _relations(x_nd: np.ndarray) -> dict[str, float]:
    """Traits of pairs of columns, from their ranks; missing cells stand in the middle."""
    d = x_nd.shape[1]
    rank_nd = _ranks(x_nd)
    count_d = np.isfinite(x_nd).sum(0)
    u_nd = np.where(np.isfinite(x_nd), (rank_nd - 0.5) / count_d - 0.5, 0.0)
    r_dd = np.abs(_correlation(u_nd, u_nd))
    size_nd = np.where(np.isfinite(x_nd), np.abs(u_nd) - 0.25, 0.0)
    apart = ~np.eye(d, dtype=bool)
    spread = np.linalg.eigvalsh(np.where(apart, _correlation(u_nd, u_nd), 1.0)).clip(1e-12)
    share = spread / spread.sum()
    return {
        "correlation": float(np.median(r_dd[apart])),
        "few_dimensions": 1 - float(np.exp(-(share * np.log(share)).sum())) / d,
        "curvature": float(np.quantile(np.abs(_correlation(size_nd, u_nd))[apart], 0.9)),
        "volatility": float(np.quantile(np.abs(_correlation(size_nd, size_nd))[apart], 0.5)),
    }


def _correlation(a_nd: np.ndarray, b_nd: np.ndarray) -> np.ndarray:
    """Correlations [d, d] of the columns of a with those of b; 0 where one is constant."""

    def unit(x_nd: np.ndarray) -> np.ndarray:
        x_nd = x_nd - x_nd.mean(0)
        norm_d = np.linalg.norm(x_nd, axis=0)
        return x_nd / np.where(norm_d > 1e-12, norm_d, np.inf)

    return unit(a_nd).T @ unit(b_nd)
