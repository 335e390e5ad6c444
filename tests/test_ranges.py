"""Warnings of sizes and missing rates outside what a network was trained on."""

import dataclasses

import numpy as np

from amortize.ranges import range_warnings, trained_missing_rate
from simulators import Prior
from simulators.missingness import MissingnessPrior
from simulators.prior import MissingWeights

RANGES = {"rows": [20, 48], "variables": [2, 6]}


def test_what_lies_within_is_not_warned_of():
    for shape in ((20, 2), (48, 6)):
        assert range_warnings(np.ones(shape, bool), RANGES, 0.0) == []
    assert range_warnings(np.ones((3, 300), bool), {}, 0.0) == []


def test_each_kind_of_excess_has_its_sentence():
    (few,) = range_warnings(np.ones((19, 6), bool), RANGES, 0.0)
    assert "19 rows" in few and "20 to 48" in few
    (many,) = range_warnings(np.ones((20, 7), bool), RANGES, 0.0)
    assert "7 variables" in many
    holes = np.ones((40, 5), bool)
    holes[:20] = False
    assert "50% of the cells" in range_warnings(holes, RANGES, 0.3)[0]
    assert "complete tables" in range_warnings(holes, RANGES, 0.0)[0]
    assert range_warnings(holes, RANGES, 0.5) == []


def test_the_missing_rate_is_the_priors():
    assert trained_missing_rate(Prior(missing_rate=(0.0, 0.25))) == 0.25
    assert trained_missing_rate(Prior(missing=MissingWeights(1.0, 0.0))) == 0
    wide = dataclasses.replace(Prior(), missingness=MissingnessPrior(rate=(0.0, 0.4)))
    assert trained_missing_rate(wide) == 0.4
