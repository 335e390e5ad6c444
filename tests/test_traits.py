"""Traits of a table: what they do not depend on, and what each of them sees."""

import numpy as np
import pytest

from amortize.inputs import read
from amortize.traits import TRAITS, traits

NAMES = list(TRAITS)


def plain(seed: int = 0, n: int = 300, d: int = 6) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    x[:, 1] += x[:, 0]
    return x


def trait(x: np.ndarray, name: str, **given) -> float:
    return float(traits(read(x, **given), 1000)[NAMES.index(name)])


def test_units_and_the_order_of_columns_do_not_matter():
    x = plain()
    x[np.random.default_rng(1).random(x.shape) < 0.1] = np.nan
    expected = traits(read(x), 1000)
    assert np.isfinite(expected).all() and expected.any()
    other = x[:, [3, 1, 5, 0, 2, 4]] * np.array([1e-3, 2, 5e4, 1, 1, 7]) + 100
    np.testing.assert_allclose(traits(read(other), 1000), expected, atol=1e-4)


def test_only_the_comparison_of_neighbours_depends_on_the_order_of_rows():
    x = plain()
    expected, found = traits(read(x), 1000), traits(read(x[np.argsort(x[:, 0])]), 1000)
    same = np.array([name != "neighbours" for name in NAMES])
    np.testing.assert_allclose(found[same], expected[same], atol=1e-6)


def curved(x: np.ndarray) -> np.ndarray:
    return np.c_[x[:, :2], x[:, :2] ** 2, x[:, :2] ** 4]


STRANGE = {
    "tails": lambda x, rng: rng.standard_cauchy(x.shape),
    "skewness": lambda x, rng: np.exp(2 * x),
    "ties": lambda x, rng: np.where(rng.random(x.shape) < 0.9, 0.0, x),
    "few_levels": lambda x, rng: np.round(x),
    "neighbours": lambda x, rng: np.cumsum(x, axis=0),
    "correlation": lambda x, rng: x + 3 * x[:, :1],
    "few_dimensions": lambda x, rng: x[:, :2] @ rng.normal(size=(2, 6)) + 0.01 * x,
    "curvature": lambda x, rng: curved(x),
    "volatility": lambda x, rng: x * np.exp(rng.normal(size=(len(x), 1))),
}


@pytest.mark.parametrize("name", NAMES)
def test_each_trait_sees_what_it_is_for(name):
    rng = np.random.default_rng(3)
    usual = [trait(plain(seed), name) for seed in range(10)]
    spread = max(np.ptp(usual), 0.02)
    assert trait(STRANGE[name](plain(), rng), name) > max(usual) + 2 * spread


def test_experiments_do_not_make_a_table_strange():
    x = plain(n=400)
    expected = traits(read(x[200:]), 1000)
    x[:200, 2] = 50.0  # set to a constant, in consecutive rows
    known = (np.arange(400) < 200)[:, None] & (np.arange(6) == 2)
    found = traits(read(x, intervened_nd=known), 1000)
    assert found[NAMES.index("ties")] < 0.01 and abs(found[NAMES.index("neighbours")]) < 3
    regime = traits(read(x, regime_n=np.arange(400) < 200), 1000)
    np.testing.assert_allclose(regime, expected, atol=1e-4)


def test_hardly_anything_to_look_at():
    x = np.full((12, 3), np.nan)
    x[:4] = 1.0
    assert (traits(read(x), 1000) == 0).all()
    x[:, 0], x[:, 1] = 2.0, np.arange(12)  # a constant column beside others
    assert np.isfinite(traits(read(x), 1000)).all()


def test_long_tables_are_looked_at_in_part():
    x = np.random.default_rng(0).standard_t(3, size=(20_000, 3))
    short, whole = traits(read(x), 500), traits(read(x), 20_000)
    assert abs(short[NAMES.index("tails")] - whole[NAMES.index("tails")]) < 0.1
    assert not np.array_equal(short, whole)
