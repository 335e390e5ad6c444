"""Columns of text and of declared levels, and numbers that are levels."""

import numpy as np
import pandas as pd
import pytest

from amortize import batch
from amortize.category import KINDS, indicator_columns, labelled, ordinal_column, text_column
from amortize.column import number_use, read_column, sentinel
from amortize.errors import DataError
from amortize.table import Table


def test_kinds_are_those_of_the_network():
    codes = [getattr(batch, kind.upper()) for kind in KINDS]
    assert codes == [0, 1, 2]
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=40), "score": rng.integers(1, 6, 40)})
    frame["flag"] = rng.random(40) < 0.5
    frame["size"] = rng.choice(["S", "M", "L"], 40)
    table = Table.from_frame(frame, ordinal={"size": ["S", "M", "L"]})
    assert table.names == ["x", "score", "flag", "size"]
    assert table.kinds.tolist() == [batch.CONTINUOUS, batch.ORDINAL, batch.BINARY, batch.ORDINAL]
    assert Table.from_array(table.values).kinds.tolist() == table.kinds.tolist()


@pytest.mark.parametrize(
    ("values", "use"),
    [
        ([0, 1] * 20, "binary"),
        ([1, 2, 3] * 10, "ordinal"),
        ([0, 10, 100] * 10, "ordinal"),
        ([1, 2, 3, 4, 5, 6, 7, 8] * 4, "ordinal"),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9] * 4, "continuous"),  # more levels than the simulator writes
        ([1, 2, 3, 3, 1, 2], "continuous"),  # few by chance
        ([0.5, 1.5, 2.5] * 10, "continuous"),
    ],
)
def test_few_whole_numbers_that_repeat_are_levels(values, use):
    assert number_use(np.unique(values), len(values)) == use


def test_declared_levels_become_their_ranks():
    cells = pd.Series(["mid", "low", None, " high", "low"])
    column, values = ordinal_column("dose", cells, ["low", "mid", "high"])
    np.testing.assert_array_equal(values, [1, 0, np.nan, 2, 0])
    assert column.use == "ordinal" and column.missing == pytest.approx(0.2)
    assert column.note == "'low' < 'mid' < 'high'"
    numbers = ordinal_column("g", pd.Series([10.0, np.nan, 2.0, 3.0]), ["2", "10.0", "3"])[1]
    np.testing.assert_array_equal(numbers, [1, np.nan, 0, 2])
    two, _ = ordinal_column("g", pd.Series(["a", "b"]), ["a", "b", "c"])
    one, _ = ordinal_column("g", pd.Series(["a", "a"]), ["a", "b", "c"])
    assert two.use == "binary" and one.use == "left out"
    with pytest.raises(DataError, match=r"'mit' in data row 2.*mean 'mid'"):
        ordinal_column("dose", pd.Series(["low", "mit"]), ["low", "mid", "high"])


def test_ordered_categories_of_pandas_need_no_declaration():
    frame = pd.DataFrame({"x": np.arange(9) * 7 % 11.5, "y": np.arange(9) * 5 % 9.5})
    frame["size"] = pd.Categorical(["M", "S", "L"] * 3, ["S", "M", "L"], ordered=True)
    table = Table.from_frame(frame)
    assert table.kinds.tolist() == [0, 0, 1] and table.values[:3, 2].tolist() == [1, 0, 2]
    assert Table.from_frame(frame, left_out={"size": "as you asked"}).names == ["x", "y"]


def test_indicators_leave_out_the_commonest_level_and_keep_missing_cells():
    cells = pd.Series(["n", "s", "s", None, "w", "n", "s"])
    column, names, values = indicator_columns("site", cells)
    assert names == ["site=n", "site=w"] and column.use == "binary"
    expected = [[1, 0], [0, 0], [0, 0], [np.nan] * 2, [0, 1], [1, 0], [0, 0]]
    np.testing.assert_array_equal(values, expected)
    assert "'s', the commonest level" in column.note
    frame = pd.DataFrame({"site": [1, 2, 3, 4] * 5, "x": np.arange(20) * 7 % 11.5})
    table = Table.from_frame(frame, indicators=["site"])  # codes are categories if declared
    assert table.names == ["site=2", "site=3", "site=4", "x"]
    assert table.groups == {"site": ["site=2", "site=3", "site=4"]}
    assert set(np.unique(table.values[:, :3])) == {0, 1}


def test_categories_that_are_left_out_are_warned_of():
    frame = pd.DataFrame({"x": np.arange(9) * 7 % 11.5, "y": np.arange(9) * 5 % 9.5})
    frame["site"] = ["n", "s", "w"] * 3
    (warning,) = Table.from_frame(frame).warnings
    assert "'site'" in warning and "unmeasured cause" in warning
    assert Table.from_frame(frame, left_out={"site": "as you asked"}).warnings == []


def test_numbers_written_as_text_are_told():
    for cells, told in [
        (["5 %", "7 %", "12 %"], "'5 %'"),
        (["1,234", "2,345", "5,678"], "'1,234'"),
        (["$3", "$5.5", "$8"], "'$3'"),
    ]:
        column, values = text_column("q", pd.Series(cells))
        assert "numbers written as text" in column.note and told in column.note
        assert column.use == "left out" and np.isnan(values).all()
    assert "differs in every row" in text_column("q", pd.Series(["3a", "5b", "8c"]))[0].note


def test_labels_of_numbers_have_no_decimal_point():
    labels = labelled(pd.Series([1.0, np.nan, 2.5, "3.0", " x "], index=[5, 4, 3, 2, 1]))
    assert labels.tolist()[0] == "1" and labels.tolist()[2:] == ["2.5", "3", "x"]
    assert labels.isna().tolist() == [False, True, False, False, False]


def test_values_that_stand_for_missing_are_told():
    rng = np.random.default_rng(0)
    x = rng.normal(50, 5, size=60)
    assert sentinel(x) is None
    assert sentinel(np.r_[x, -999, -999]) == (-999, 2)
    assert sentinel(np.r_[x, -999]) is None  # once: an outlier, perhaps
    assert sentinel(np.r_[rng.normal(0, 900, 60), -999, -999]) is None
    frame = pd.DataFrame({"a": np.r_[x, -999, -999], "b": rng.normal(size=62)})
    (warning,) = Table.from_frame(frame).warnings
    assert "'a' is -999 in 2 rows" in warning


def test_a_column_that_is_left_out_has_no_values():
    column, values = read_column("id", pd.Series([1, 2, 3, 4, 5]))
    assert column.use == "left out" and np.isnan(values).all()
