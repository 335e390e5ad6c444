"""Bootstrap intervals and paired tests against their definitions and scipy."""

import math

import numpy as np
import pytest
from scipy.stats import PermutationMethod, wilcoxon

from amortize.uncertainty import adjusted, bootstrap_mean, paired_difference


def test_bootstrap_mean():
    values = np.random.default_rng(4).normal(3.0, 1.0, 400)
    interval = bootstrap_mean([*values, float("nan")])
    assert interval.count == 400 and interval.mean == pytest.approx(values.mean())
    half = 1.96 * values.std() / math.sqrt(400)
    assert interval.high - interval.low == pytest.approx(2 * half, rel=0.15)
    assert bootstrap_mean([2.0]) == (2.0, 2.0, 2.0, 1)
    assert math.isnan(bootstrap_mean([float("nan")]).mean)


def test_pairs_remove_what_datasets_share():
    random = np.random.default_rng(0)
    hardness = random.normal(0, 5, 60)  # far larger than the gap
    a = hardness + 0.3 + random.normal(0, 0.2, 60)
    b = hardness + random.normal(0, 0.2, 60)
    found = paired_difference(a, b)
    assert found.low > 0 and found.p_value < 0.001
    assert found.mean == pytest.approx((a - b).mean())
    assert found.p_value == pytest.approx(wilcoxon(a - b, zero_method="pratt").pvalue)
    back = paired_difference(b, a)
    assert (back.mean, back.p_value) == (pytest.approx(-found.mean), pytest.approx(found.p_value))


@pytest.mark.parametrize("gaps", [[2, -1, 1, 0, 3, 3], [1, 1, 1, 1, -1], [0, 0, 2, 2], [1, -1]])
def test_few_gaps_with_ties_are_counted_out_as_scipy_does(gaps):
    exact = PermutationMethod(n_resamples=np.inf)
    wanted = wilcoxon(gaps, zero_method="pratt", method=exact).pvalue
    assert paired_difference(gaps, np.zeros(len(gaps))).p_value == pytest.approx(wanted)


def test_pairs_that_do_not_exist():
    nan = float("nan")
    some = paired_difference([1.0, nan, 3.0], [0.0, 1.0, nan])
    assert (some.mean, some.count, some.first, some.second) == (1.0, 1, 1.0, 0.0)
    assert paired_difference([1.0, 2.0], [1.0, 2.0]).p_value == 1.0
    assert math.isnan(paired_difference([nan], [1.0]).p_value)


def test_adjusted_p_values_by_hand():
    # Benjamini & Hochberg: p * count / rank, made monotone from the largest down.
    found = adjusted([0.01, float("nan"), 0.04, 0.03])
    assert found[[0, 2, 3]].tolist() == pytest.approx([0.03, 0.04, 0.04])
    assert math.isnan(found[1])
