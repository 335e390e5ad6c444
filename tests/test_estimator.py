"""The estimator, by scikit-learn's own checks and against the predictor."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator
from tiny_network import write_tiny_network

import amortize
from amortize.errors import DataError, UsageError


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> str:
    return str(write_tiny_network(tmp_path_factory.mktemp("networks")))


@pytest.fixture
def frame() -> pd.DataFrame:
    x = np.random.default_rng(0).normal(size=(30, 3))
    frame = pd.DataFrame(x, columns=["dose", "heat", "yield"])
    frame.insert(1, "note", "constant text")
    return frame


def test_scikit_learn_s_own_checks(network):
    results = check_estimator(amortize.CausalDiscovery(network), on_fail=None)
    failed = {r["check_name"]: str(r["exception"]) for r in results if r["status"] == "failed"}
    assert failed == {}
    assert sum(r["status"] == "passed" for r in results) > 20


def test_a_frame_keeps_the_place_of_every_column(network, frame):
    model = amortize.CausalDiscovery(network, threshold=0.05)
    assert model.fit(frame) is model
    assert list(model.feature_names_in_) == list(frame.columns) and model.n_features_in_ == 4
    used = [0, 2, 3]
    np.testing.assert_array_equal(
        model.probabilities_[np.ix_(used, used)], model.graph_.probabilities
    )
    assert model.probabilities_[1].sum() == model.probabilities_[:, 1].sum() == 0
    found = np.argwhere(model.adjacency_matrix_)
    assert {(frame.columns[i], frame.columns[j]) for i, j in found} == set(model.graph_.dag().edges)
    assert len(found) > 0


def test_it_answers_as_the_predictor_does(network, frame):
    x = frame[["dose", "heat", "yield"]].to_numpy(copy=True)
    x[3, 1] = np.nan
    mask = np.zeros(x.shape)
    mask[:9, 0] = 1
    model = amortize.CausalDiscovery(network).fit(x, interventions=mask)
    expected = amortize.load(network).predict(x, interventions=mask)
    np.testing.assert_allclose(model.probabilities_, expected.probabilities, atol=1e-6)
    assert not hasattr(model, "feature_names_in_")


def test_parameters_are_scikit_learn_s(network):
    model = amortize.CausalDiscovery(network, threshold=0.3)
    assert clone(model).get_params() == {"checkpoint": network, "threshold": 0.3}
    assert model.set_params(threshold=0.4).threshold == 0.4


def test_wrong_input_is_refused(network, frame):
    with pytest.raises(UsageError, match="threshold"):
        amortize.CausalDiscovery(network, threshold=2).fit(frame)
    with pytest.raises(DataError, match="nothing-such"):
        amortize.CausalDiscovery("nothing-such").fit(frame)
