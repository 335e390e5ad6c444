"""Prediction from arrays, frames and tables with an untrained network."""

import numpy as np
import pandas as pd
import pytest
from tiny_network import write_tiny_network

import amortize
from amortize.bundled import bundled_names, read_card, resolve
from amortize.errors import DataError, UsageError
from amortize.predict import ROW_BUCKETS, Predictor, _bucket
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
    monkeypatch.setattr("amortize.predict.BYTES_PER_CALL", 1)  # one table at a time
    np.testing.assert_allclose(model.probabilities(tables), single, atol=1e-5)
    monkeypatch.setattr("amortize.predict.ROW_BUCKETS", (40,))
    monkeypatch.setattr("amortize.predict.VARIABLE_BUCKETS", (5,))
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
    assert "two-level" in model.predict(np.c_[x, x[:, 0] > 0]).warnings[0]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"knowledge": {"required": []}}, UsageError),
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


@pytest.mark.parametrize("size", [1, 32, 33, 1000, 2048, 2049, 100_000])
def test_buckets_hold_the_rows(size):
    assert size <= _bucket(size, ROW_BUCKETS, 1024) < 2 * size + 32


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
