"""A table on its way into the network: standardised, with masks that say nothing by default."""

import numpy as np

from amortize.inputs import read, standardised


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
