"""gcastle and dagma with fewer steps than in a sweep; skipped where torch is not installed."""

import numpy as np
import pytest

from amortize.baselines import METHODS, dagma, gcastle, make_question

pytest.importorskip("torch")

NAMES = [name for name, method in METHODS.items() if method.extra == "baselines-torch"]


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setenv("CASTLE_BACKEND", "pytorch")
    monkeypatch.setattr(gcastle, "GOLEM_STEPS", 600)
    monkeypatch.setattr(gcastle, "GRAN_DAG_STEPS", 300)
    monkeypatch.setattr(dagma, "WARM_STEPS", 300)
    monkeypatch.setattr(dagma, "STEPS", 300)


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_causes_and_a_seed_fixes_the_answer(name):
    if METHODS[name].installed_version() is None:
        pytest.skip(METHODS[name].install_hint())
    random = np.random.default_rng(0)
    cause = random.normal(size=300)
    middle = 2 * cause + random.normal(size=300)
    raw = np.stack([2 * middle + random.normal(size=300), cause, middle], 1)
    asked = make_question(raw - raw.mean(0), seed=1)  # variance grows along the chain: their home
    before = asked.values_nd.copy()
    first, second = METHODS[name].answer(asked), METHODS[name].answer(asked)
    np.testing.assert_array_equal(asked.values_nd, before)
    np.testing.assert_array_equal(first.graph_dd, second.graph_dd)
    if name in ("notears", "notears-mlp", "dagma"):
        np.testing.assert_array_equal(first.graph_dd, [[0, 0, 0], [0, 0, 1], [1, 0, 0]])
    elif name == "golem":  # not at its end after so few steps, but on its way
        assert first.scores_dd[2, 0] > first.scores_dd[0, 2]
        assert first.scores_dd[1, 2] > first.scores_dd[2, 1]
    else:
        assert np.isfinite(first.scores_dd).all()


def test_a_cycle_is_broken_and_said(monkeypatch):
    if METHODS["notears"].installed_version() is None:
        pytest.skip(METHODS["notears"].install_hint())

    class Cyclic:
        weight_causal_matrix = np.array([[0, 0.9, 0], [0, 0, 0.4], [0.8, 0, 0]])

        def learn(self, values_nd):
            pass

    answer = gcastle.learned(make_question(np.eye(3), seed=0), Cyclic)
    assert np.argwhere(answer.graph_dd).tolist() == [[0, 1], [2, 0]]
    assert answer.note.startswith("1 edge(s) dropped")
