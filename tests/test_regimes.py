"""Experiments that lose their targets: all rows of one together, and nothing else."""

import jax
import numpy as np
import pytest
from scipy import stats
from worlds import quick_jit

from simulators.checks import PriorError
from simulators.regimes import RegimeWeights, forget_targets, hide_targets

B, N, D = 600, 60, 5


def experiments(seed=0):
    """One or two targets a row: variable k alone, or k and k + 1."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((N, D), bool)
    first, double = rng.integers(0, D - 1, N), rng.random(N) < 0.3
    mask[np.arange(N), first] = True
    mask[np.arange(N)[double], first[double] + 1] = True
    mask[rng.random(N) < 0.4] = False
    return mask


@pytest.fixture(scope="module")
def forget():
    def call(weights, seed=0):
        keys = jax.random.split(jax.random.key(seed), B)
        program = quick_jit(jax.vmap(lambda k: forget_targets(k, weights, experiments())))
        return [np.asarray(a) for a in program(keys)]

    return call


def test_rows_are_either_known_or_unknown_and_the_others_stay_as_they_were(forget):
    mask = experiments()
    intervened, regime = forget(RegimeWeights(1.0, 1.0, 1.0))
    assert not (intervened.any(2) & regime).any()
    assert not regime[:, ~mask.any(1)].any()
    for b in range(B):
        np.testing.assert_array_equal(intervened[b][~regime[b]], mask[~regime[b]])
    assert (intervened.any(2) | regime)[:, mask.any(1)].all()  # no experiment is lost


def test_rows_with_the_same_targets_share_their_fate_and_different_ones_differ(forget):
    mask = experiments()
    _, regime = forget(RegimeWeights(0.0, 1.0, 0.0))
    fates = []
    for k in range(D - 1):
        rows = mask[:, k] & ~mask[:, :k].any(1)
        assert (regime[:, rows] == regime[:, rows][:, :1]).all()
        fates.append(regime[:, rows][:, 0])
    count = np.sum(fates, 0)
    # With a chance that is itself uniform, every number of forgotten experiments is as likely.
    found = np.bincount(count, minlength=D)
    assert stats.chisquare(found, np.full(D, B / D)).pvalue > 1e-4
    assert stats.chisquare(found, stats.binom(D - 1, 0.5).pmf(range(D)) * B).pvalue < 1e-8


def test_weights_decide_how_many_and_the_key_decides_which(forget):
    mask = experiments()
    intervened, regime = forget(RegimeWeights(0.5, 0.0, 0.5))
    share = regime.sum(1) / mask.any(1).sum()
    assert set(share) == {0.0, 1.0}
    assert stats.binomtest(int((share == 1).sum()), B, 0.5).pvalue > 1e-4
    again = forget(RegimeWeights(0.5, 0.0, 0.5))
    np.testing.assert_array_equal(again[0], intervened)
    with pytest.raises(PriorError, match=r"prior\.regimes"):
        forget(RegimeWeights(0.0, 0.0, 0.0))


def test_experiments_on_hidden_variables_have_unknown_targets():
    mask = experiments()
    hidden = np.array([False, True, False, False, False])
    intervened, regime = (np.asarray(a) for a in hide_targets(mask, hidden))
    assert not intervened[:, 1].any()
    np.testing.assert_array_equal(intervened[:, ~hidden], mask[:, ~hidden])
    np.testing.assert_array_equal(regime, mask[:, 1])
    assert (regime & intervened.any(1)).any()  # both sorts set: known targets, and marked
