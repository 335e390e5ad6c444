"""Padding, grouping and standardisation of tables on their way into the network."""

import numpy as np
import pytest

from amortize.forward import padded_shape, read, standardised


@pytest.mark.parametrize("size", [1, 32, 33, 1000, 2048, 2049, 100_000])
def test_padding_holds_the_table_and_little_more(size):
    rows, variables = padded_shape(size, size)
    assert size <= rows < 2 * size + 32
    assert size <= variables < 1.5 * size + 64


def test_values_are_z_scores_over_observed_cells():
    rng = np.random.default_rng(0)
    x = rng.normal(1e9, 2.0, size=(500, 3))
    x[:, 1] = 7.0  # constant
    x[rng.random(x.shape) < 0.3] = np.nan
    observed = ~np.isnan(x)
    z = standardised(x, observed)
    assert z.dtype == np.float32 and (z[~observed] == 0).all() and (z[:, 1] == 0).all()
    for j in (0, 2):
        seen = z[observed[:, j], j]
        assert abs(seen.mean()) < 1e-5 and abs(seen.std() - 1) < 1e-5
    extreme = standardised(x * 1e290, observed)
    np.testing.assert_allclose(extreme, z, atol=1e-5)
    assert (standardised(np.full((4, 2), np.nan), np.zeros((4, 2), bool)) == 0).all()


def test_what_is_not_given_says_nothing():
    x = np.array([[1.0, 2.0], [np.nan, 4.0], [3.0, 9.0]])
    inputs = read(x, observed_nd=np.array([[True, True], [True, False], [True, True]]))
    assert inputs.observed_nd.tolist() == [[True, True], [False, False], [True, True]]
    for name in ("intervened_nd", "regime_n", "kind_d", "knowledge_dd"):
        assert not getattr(inputs, name).any()
