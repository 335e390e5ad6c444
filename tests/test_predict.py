"""Prediction from arrays, frames and tables with an untrained network."""

import numpy as np
import pandas as pd
import pytest
from tiny_network import write_tiny_network

import amortize
from amortize.bundled import bundled_names, read_card, resolve
from amortize.checkpoint import write_json
from amortize.errors import DataError, UsageError
from amortize.posterior import decode_dag
from amortize.predict import Predictor
from amortize.table import Table


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Predictor:
    return amortize.load(write_tiny_network(tmp_path_factory.mktemp("networks")))


@pytest.fixture
def x() -> np.ndarray:
    x = np.random.default_rng(0).normal(size=(40, 5))
    x[:, 2] += x[:, 0] ** 2
    return x


def test_probabilities_are_exclusive_per_pair(model, x):
    p = model.predict(x).probabilities
    assert p.shape == (5, 5) and (np.diag(p) == 0).all()
    assert (p >= 0).all() and (p + p.T <= 1 + 1e-6).all() and p.max() > 0.05


def test_arrays_frames_and_tables_get_the_same_answer(model, x):
    frame = pd.DataFrame(x, columns=list("abcde"))
    by_array = model.predict(x, names=list("abcde"))
    for form in (frame, Table.from_frame(frame)):
        graph = model.predict(form)
        assert graph.names == by_array.names
        np.testing.assert_array_equal(graph.probabilities, by_array.probabilities)
    assert model.predict(x).names == ["x0", "x1", "x2", "x3", "x4"]
    assert model.predict(frame, names=list("vwxyz")).names == list("vwxyz")


def test_batches_agree_with_single_tables_whatever_the_padding(model, x, monkeypatch):
    tables = np.stack([x, x[::-1] * 3 + 1, np.roll(x, 1, axis=1)])
    single = np.stack([model.predict(table).probabilities for table in tables])
    np.testing.assert_allclose(model.probabilities(tables), single, atol=1e-5)
    np.testing.assert_allclose(single[0], single[1], atol=1e-5)  # rows and units do not matter
    monkeypatch.setattr("amortize.forward.BYTES_PER_CALL", 1)  # one table at a time
    np.testing.assert_allclose(model.probabilities(tables), single, atol=1e-5)
    monkeypatch.setattr("amortize.forward.ROW_BUCKETS", (40,))
    monkeypatch.setattr("amortize.forward.VARIABLE_BUCKETS", (5,))
    np.testing.assert_allclose(model.probabilities(tables), single, atol=1e-5)


def test_an_offset_does_not_eat_the_digits_that_vary(model, x):
    far = model.predict(x + 1.7e9).probabilities
    np.testing.assert_allclose(far, model.predict(x).probabilities, atol=1e-3)


def test_missing_cells_and_interventions_reach_the_network(model, x):
    base = model.predict(x).probabilities
    holes = np.where(np.random.default_rng(1).random(x.shape) < 0.2, np.nan, x)
    assert np.abs(model.predict(holes).probabilities - base).max() > 1e-4
    mask = np.zeros(x.shape, dtype=int)
    mask[:10, 1] = 1
    graph = model.predict(x, interventions=mask)
    assert np.abs(graph.probabilities - base).max() > 1e-4
    assert graph.run["intervened_cells"] == 10
    by_name = pd.DataFrame(mask, columns=list("abcde"))[list("edcba")]
    named = model.predict(pd.DataFrame(x, columns=list("abcde")), interventions=by_name)
    np.testing.assert_array_equal(named.probabilities, graph.probabilities)


def test_a_mask_over_all_columns_loses_those_left_out(model, x):
    frame = pd.DataFrame(x, columns=list("abcde")).assign(note="constant")
    mask = np.zeros((40, 6), dtype=bool)
    mask[:10, 1] = True
    graph = model.predict(frame, interventions=mask)
    assert graph.names == list("abcde") and graph.run["intervened_cells"] == 10


def test_a_constant_column_of_an_array_keeps_its_place(model, x):
    wide = np.insert(x, 1, 7.0, axis=1)
    p = model.predict(wide).probabilities
    assert (p[1] == 0).all() and (p[:, 1] == 0).all()
    rest = np.delete(np.delete(p, 1, axis=0), 1, axis=1)
    np.testing.assert_allclose(rest, model.predict(x).probabilities, atol=1e-6)


def test_tables_outside_the_trained_range_are_warned_of(model, x):
    assert model.predict(x).warnings == ()
    few = model.predict(x[:10]).warnings
    assert len(few) == 1 and "10 rows" in few[0] and "20 to 48" in few[0]
    wide = model.predict(np.random.default_rng(0).normal(size=(30, 9))).warnings
    assert len(wide) == 1 and "9 variables" in wide[0]


@pytest.fixture
def informed(tmp_path) -> Predictor:
    """The same network, whose card says that it reads and answers everything."""
    path = write_tiny_network(tmp_path)
    card = read_card(path)
    card |= {"inputs": ["values", "observed", "intervened", "regime", "kind", "knowledge"]}
    write_json(path / "card.json", card | {"outputs": ["edges", "confounded"]})
    return amortize.load(path)


QUESTIONS = {
    "regime": np.arange(40) < 20,
    "kinds": ["continuous", "binary", "ordinal", "continuous", "continuous"],
    "knowledge": {"forbidden": ["x0 -> x1"]},
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_network_is_given_only_what_its_card_lists(model, informed, x, name):
    question = {name: QUESTIONS[name]}
    plain, told = model.predict(x), model.predict(x, **question)
    others = np.ones((5, 5), bool)
    others[0, 1] = others[1, 0] = False
    np.testing.assert_array_equal(told.probabilities[others], plain.probabilities[others])
    assert len(told.warnings) == 1
    read = informed.predict(x, **question)
    assert np.abs(read.probabilities - plain.probabilities)[others].max() > 1e-4
    assert read.warnings == ()


def test_confounding_is_told_where_the_card_lists_it(model, informed, x):
    assert model.predict(x).confounded is None
    found = informed.predict(np.insert(x, 1, 7.0, axis=1)).confounded
    assert found is not None and found.shape == (6, 6) and (found == found.T).all()
    assert (np.diag(found) == 0).all() and (found[1] == 0).all() and found[0, 2] > 0


def test_knowledge_holds_in_the_result_with_certainty(model, x):
    p = model.predict(x, threshold=0.01).probabilities
    strongest = [tuple(map(int, pair)) for pair in np.argwhere(decode_dag(p, 0.01))]
    required = [f"x{j} -> x{i}" for i, j in strongest[:2]]  # turned round
    forbidden = [f"x{i} -> x{j}" for i, j in strongest[2:]]
    graph = model.predict(x, knowledge={"required": required, "forbidden": forbidden})
    q, dag = graph.probabilities, decode_dag(graph.probabilities)
    for i, j in strongest[:2]:
        assert q[j, i] == 1 and q[i, j] == 0 and dag[j, i]
        assert f"x{j}" in graph.parents(f"x{i}")
    for i, j in strongest[2:]:
        assert q[i, j] == 0
    assert graph.run["required_edges"] == 2
    assert graph.run["forbidden_edges"] >= len(forbidden) + 2
    assert any("background knowledge" in warning for warning in graph.warnings)


def test_many_tables_of_different_shapes_get_their_own_answers(model, x):
    frame = pd.DataFrame(x[:33], columns=list("abcde"))
    tables = [x, x[:20, :3], frame, np.random.default_rng(2).normal(size=(90, 6))]
    masks = [None, x[:20, :3] > 1, None, None]
    known = [None, None, {"required": ["b -> a"]}, None]
    regime = [None, None, None, np.arange(90) < 9]
    shares: list[float] = []
    together = model.predict_many(tables, masks, known, regime, progress=shares.append)
    for graph, table, mask, k, r in zip(together, tables, masks, known, regime, strict=True):
        alone = model.predict(table, mask, knowledge=k, regime=r)
        assert graph.names == alone.names and graph.warnings == alone.warnings
        np.testing.assert_allclose(graph.probabilities, alone.probabilities, atol=1e-5)
    assert shares == sorted(shares) and shares[-1] == 1
    assert model.predict_many([]) == []
    with pytest.raises(UsageError, match="knowledge"):
        model.predict_many(tables, knowledge=[None])
    with pytest.raises(DataError, match="table 2 of 2"):
        model.predict_many([x, x[:2]])


def test_rows_are_left_out_only_on_request(model, x):
    assert model.predict(x).run["rows_read"] == 40
    graph = model.predict(x, max_rows=25, regime=np.arange(40) < 20, interventions=x > 9)
    assert graph.run["rows_read"] == 25 and graph.run["rows"] == 40
    assert "25 of 40 rows" in graph.warnings[0]
    assert model.predict(x, max_rows=40).warnings == ()


def test_stability_is_the_share_of_halves_with_the_edge(model, x):
    assert model.predict(x).stability is None
    graph = model.predict(x, stability=4, threshold=0.2, knowledge={"required": ["x0 -> x1"]})
    assert graph.stability is not None and graph.run["stability_subsets"] == 4
    assert set(np.unique(graph.stability)) <= {0, 0.25, 0.5, 0.75, 1}
    assert graph.stability[0, 1] == 1 and graph.stability[1, 0] == 0
    again = model.predict(x, stability=4, threshold=0.2, knowledge={"required": ["x0 -> x1"]})
    np.testing.assert_array_equal(graph.stability, again.stability)
    with pytest.raises(DataError, match="stability"):
        model.predict(x[:8], stability=4)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"knowledge": {"required": ["x0 -> x9"]}}, DataError),
        ({"knowledge": np.full((5, 5), 3)}, DataError),
        ({"regime": np.zeros(3)}, DataError),
        ({"regime": np.full(40, 2)}, DataError),
        ({"kinds": ["binary"]}, UsageError),
        ({"kinds": ["number"] * 5}, UsageError),
        ({"stability": 1}, UsageError),
        ({"stability": -3}, UsageError),
        ({"max_rows": 0}, UsageError),
        ({"threshold": 0}, UsageError),
        ({"names": ["a"]}, DataError),
        ({"names": ["a", "b", "c", "d", "a"]}, DataError),
        ({"interventions": np.zeros((3, 5))}, DataError),
        ({"interventions": np.full((40, 5), 2)}, DataError),
    ],
)
def test_wrong_arguments(model, x, arguments, error):
    with pytest.raises(error):
        model.predict(x, **arguments)


def test_checkpoints_are_found_by_name_by_folder_and_by_default(tmp_path, monkeypatch):
    path = write_tiny_network(tmp_path, "one")
    monkeypatch.setattr("amortize.bundled.bundled_folder", lambda: tmp_path)
    assert bundled_names() == ["one"]
    assert resolve("one") == path and resolve(path) == path
    with pytest.raises(DataError, match="no default"):
        resolve()
    (tmp_path / "default.txt").write_text("one\n")
    assert resolve() == path
    assert read_card(path)["step"] == 40
    for wrong in ("two", tmp_path / "nowhere", tmp_path):
        with pytest.raises(DataError, match="'one'"):
            resolve(wrong)
    (path / "card.json").write_text("{")
    with pytest.raises(DataError, match="card"):
        read_card(path)
    with pytest.raises(DataError):
        amortize.load(path)
