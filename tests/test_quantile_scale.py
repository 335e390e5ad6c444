"""Values on the scale of their column's bulk, against NumPy's quantiles."""

import numpy as np
import pytest
from worlds import quick_jit

from amortize.quantile_scale import LIMIT, NORMAL, TAIL, quantile_scaled

scaled = quick_jit(quantile_scaled)


@pytest.mark.parametrize("n", [2, 11, 200])
def test_it_agrees_with_numpy_and_leaves_padding_out(n):
    rng = np.random.default_rng(n)
    x = rng.standard_t(2, size=(2, n + 5, 3)).astype(np.float32)
    rows = np.broadcast_to(np.arange(n + 5) < n, x.shape[:2])
    found = np.asarray(scaled(x, rows))
    low, middle, high = np.quantile(x[:, :n], [TAIL, 0.5, 1 - TAIL], axis=1, keepdims=True)
    plain = NORMAL * (x[:, :n] - middle) / (high - low)
    near = np.abs(plain) < LIMIT
    assert near.any()
    np.testing.assert_allclose(found[:, :n][near], plain[near], atol=1e-4)
    far = np.sign(plain) * (LIMIT + np.log(np.maximum(np.abs(plain) / LIMIT, 1)))
    np.testing.assert_allclose(found[:, :n][~near], far[~near], rtol=1e-4)
    assert not found[:, n:].any()


def test_a_normal_column_keeps_its_values_and_a_heavy_tail_does_not_hide_the_bulk():
    z = np.random.default_rng(0).normal(size=(1, 5000, 2)).astype(np.float32)
    z[..., 1] *= 0.01  # what is left of a column of which one value in a hundred is enormous
    z[:, ::100, 1] = 10
    found = np.asarray(scaled(z, np.ones((1, 5000), bool)))
    np.testing.assert_allclose(found[..., 0], z[..., 0], atol=0.15)
    assert 0.9 < np.delete(found[0, :, 1], np.s_[::100]).std() < 1.1
    assert np.abs(found[0, ::100, 1]).max() < LIMIT + 7


def test_columns_with_equal_middle_rows_keep_their_scale():
    x = np.zeros((1, 50, 2), np.float32)
    x[0, :3, 0] = 4.0
    found = np.asarray(scaled(x, np.ones((1, 50), bool)))
    np.testing.assert_allclose(found[0, :, 0], x[0, :, 0])
    assert not found[..., 1].any()
    assert np.isfinite(np.asarray(scaled(x, np.zeros((1, 50), bool)))).all()
