"""Halves of the rows, and how often an edge is found in them."""

import numpy as np
import pytest

from amortize.errors import DataError, UsageError
from amortize.inputs import read
from amortize.stability import check_subsets, found_again, half_samples


def test_halves_come_in_complementary_pairs_and_are_standardised_anew():
    x = np.arange(42.0).reshape(21, 2)
    x[3, 0] = np.nan
    table = read(x, intervened_nd=x % 5 == 0, regime_n=np.arange(21) % 3 == 0)
    halves = half_samples(table, 4)
    assert len(halves) == 4
    for half in halves:
        assert half.values_nd.shape == (10, 2)
        np.testing.assert_allclose(half.values_nd[:, 1].std(), 1, rtol=1e-5)
    for first, second in (halves[:2], halves[2:]):
        together = [first.regime_n.sum() + second.regime_n.sum()]
        assert table.regime_n.sum() - 1 <= together[0] <= table.regime_n.sum()
        assert first.intervened_nd.sum() + second.intervened_nd.sum() <= table.intervened_nd.sum()
    assert not np.array_equal(halves[0].observed_nd, halves[2].observed_nd) or not np.array_equal(
        halves[0].regime_n, halves[2].regime_n
    )
    assert half_samples(table, 0) == []


def test_share_of_answers_with_the_edge():
    there, back = np.array([[0, 0.9], [0, 0]]), np.array([[0, 0.1], [0.8, 0]])
    found = found_again([there, there, back, np.zeros((2, 2))], 0.5)
    np.testing.assert_allclose(found, [[0, 0.5], [0.25, 0]])


def test_numbers_of_subsets():
    assert check_subsets(0, 3) == 0 and check_subsets(20, 10) == 20
    for count in (1, -1, 100_000):
        with pytest.raises(UsageError):
            check_subsets(count, 100)
    with pytest.raises(DataError):
        check_subsets(2, 9)
