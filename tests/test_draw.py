"""The small draws against SciPy's distributions."""

import jax
import numpy as np
from scipy import stats

from simulators import draw

KEY, SIZE = jax.random.key(0), 20_000


def test_options_follow_their_weights_and_zero_is_never_drawn():
    weights = np.array([0.0, 0.5, 0.0, 0.2, 0.3, 0.0])
    drawn = np.asarray(draw.option(KEY, tuple(weights), (SIZE,)))
    np.testing.assert_array_equal(drawn, draw.option(KEY, tuple(3 * weights), (SIZE,)))
    counts = np.bincount(drawn, minlength=6)
    assert len(counts) == 6 and not counts[weights == 0].any()
    some = weights > 0
    assert stats.chisquare(counts[some], SIZE * weights[some]).pvalue > 1e-4


def test_uniform_and_log_uniform_ranges():
    flat = np.asarray(draw.between(KEY, (-2.0, 3.0), (SIZE,)))
    log = np.asarray(draw.log_between(KEY, (0.5, 8.0), (SIZE,)))
    assert stats.kstest(flat, stats.uniform(-2.0, 5.0).cdf).pvalue > 1e-4
    assert stats.kstest(log, stats.loguniform(0.5, 8.0).cdf).pvalue > 1e-4
    assert (np.asarray(draw.between(KEY, (1.5, 1.5), (5,))) == 1.5).all()


def test_normal_chance_and_sign():
    normal = np.asarray(draw.normal(KEY, (100, SIZE // 100)))
    assert stats.kstest(normal.ravel(), stats.norm.cdf).pvalue > 1e-4
    hits = int(draw.chance(KEY, 0.3, (SIZE,)).sum())
    assert stats.binomtest(hits, SIZE, 0.3).pvalue > 1e-4
    assert not draw.chance(KEY, 0.0, (SIZE,)).any() and draw.chance(KEY, 1.0, (SIZE,)).all()
    sign = np.asarray(draw.sign(KEY, (SIZE,)))
    assert set(sign) == {-1.0, 1.0}
    assert stats.binomtest(int((sign > 0).sum()), SIZE).pvalue > 1e-4


def test_the_faster_draws_have_the_same_distributions_and_are_independent():
    uniform = np.asarray(draw.many(KEY, (SIZE,)))
    assert stats.kstest(uniform, stats.uniform.cdf).pvalue > 1e-4
    assert uniform.min() >= 0 and uniform.max() < 1
    normal = np.asarray(draw.many_normal(KEY, (3, SIZE // 3)))
    assert normal.size % 2 == 0 and draw.many_normal(KEY, (3, 5)).shape == (3, 5)
    assert stats.kstest(normal.ravel(), stats.norm.cdf).pvalue > 1e-4
    far = np.asarray(draw.many_normal(jax.random.key(1), (2_000_000,)))
    expected = 2 * stats.norm.sf(4) * far.size
    assert abs((np.abs(far) > 4).sum() - expected) < 4.5 * np.sqrt(expected)
    # Both halves come from the same radii: neither values nor sizes may go together.
    for a, b in ((uniform[: SIZE // 2], uniform[SIZE // 2 :]), np.split(far, 2)):
        assert abs(np.corrcoef(a, b)[0, 1]) < 4.5 / np.sqrt(len(a))
        assert abs(np.corrcoef(a**2, b**2)[0, 1]) < 4.5 / np.sqrt(len(a))
    assert not np.array_equal(uniform, np.asarray(draw.many(jax.random.key(1), (SIZE,))))


def test_the_cosine_is_one():
    turns = np.linspace(-20, 20, 100_001).astype(np.float32)
    expected = np.cos(2 * np.pi * turns.astype(float))
    np.testing.assert_allclose(np.asarray(draw.cosine(turns)), expected, atol=2e-6)
