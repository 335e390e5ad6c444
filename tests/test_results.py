"""How one answer is scored and how a cell is named."""

import numpy as np
import pytest

from amortize import metrics
from amortize.results import array_hash, content_key
from amortize.score import score


def test_score_orients_in_favour_and_counts_the_help():
    truth = np.eye(4, k=1, dtype=bool)
    found = score(truth | truth.T, None, truth, "cpdag")
    assert (found["f1"], found["shd"], found["helped"], found["auprc"]) == (1, 0, 3, 1)
    symmetric = score(truth | truth.T, (truth | truth.T).astype(float), truth, "skeleton")
    assert symmetric["f1"] == 1 and symmetric["auprc"] == pytest.approx(0.5)
    p = 0.8 * truth
    network = score(truth, p, truth, "dag", True)
    assert network["log_probability"] == pytest.approx(metrics.log_probability(p, truth))
    assert network["helped"] == 0


def test_keys_depend_on_content_alone():
    assert content_key({"a": 1, "b": 2}) == content_key({"b": 2, "a": 1})
    assert content_key({"a": 1}) != content_key({"a": 2})
    assert array_hash(np.zeros(3)) != array_hash(np.zeros((3, 1)))
    assert array_hash(np.zeros(3)) != array_hash(np.zeros(3, np.float32))
