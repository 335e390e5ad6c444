"""Columns that say the same."""

import numpy as np
import pandas as pd

from amortize.collinearity import combinations, same_quantity
from amortize.table import Table

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 5)) * [1, 1e-9, 1e12, 5, 30] + [0, 1, 5, -1e6, 0]
ALL = np.ones(8, dtype=bool)


def test_independent_columns_are_neither():
    assert same_quantity(X, ALL[:5]) == [] and combinations(X, ALL[:5]) == []


def test_copies_are_found_in_any_unit_and_with_missing_cells():
    x = np.c_[X, 7 - 1e20 * X[:, 0], 1e-3 * X[:, 2]]
    x[:5, [0, 5]] = np.nan
    assert same_quantity(x, ALL[:7]) == [(0, 5), (2, 6)]
    assert combinations(x, ALL[:7]) == []  # copies are told once
    assert same_quantity(x, np.arange(7) != 5) == [(2, 6)]


def test_totals_and_shares_are_found_each_by_itself():
    z = (X - X.mean(0)) / X.std(0)
    total = z[:, 0] + 2 * z[:, 1]
    shares = np.exp(z[:, 2:4])
    shares = np.c_[shares, np.ones(60)] / (shares.sum(1) + 1)[:, None]
    x = np.c_[z[:, :2], total, z[:, 4], shares]
    assert sorted(combinations(x, ALL[:7])) == [[0, 1, 2], [4, 5, 6]]
    x[RNG.random(x.shape) < 0.05] = np.nan
    assert sorted(combinations(x, ALL[:7])) == [[0, 1, 2], [4, 5, 6]]


def test_rounding_hides_neither():
    parts = np.exp(RNG.normal(size=(60, 2))) * 10
    rounded = np.c_[parts, parts.sum(1), parts[:, 0] / 2.54, RNG.normal(size=60)].round(2)
    assert same_quantity(rounded, ALL[:5]) == [(0, 3)]
    assert combinations(rounded, ALL[:5]) == [[0, 1, 2]]


def test_measured_totals_and_too_few_rows_are_not():
    z = RNG.normal(size=(60, 3))
    noisy = np.c_[z, z.sum(1) + RNG.normal(scale=0.05, size=60)]
    assert combinations(noisy, ALL[:4]) == []
    assert combinations(RNG.normal(size=(4, 6)), ALL[:6]) == []  # any 4 rows are dependent


def test_a_table_names_them():
    frame = pd.DataFrame(X, columns=list("abcde"))
    frame["sum"] = frame["a"] + frame["e"]
    frame["copy"] = 3 * frame["d"]
    warnings = Table.from_frame(frame).warnings
    assert len(warnings) == 2
    assert "'d' and 'copy' are the same quantity" in warnings[0]
    assert "'a', 'e', 'sum' determine each other" in warnings[1]
