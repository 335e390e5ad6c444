"""Files and flags of the command as arrays: experiments, knowledge, declared columns."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from amortize.errors import DataError, UsageError
from amortize.frame import Reading
from amortize.intake import Request, read_intake, split_levels
from amortize.interventions import check_interventions, regime, targets
from amortize.knowledge import FORBIDDEN, REQUIRED
from amortize.table import Table

N = 12


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(N, 3)).round(3), columns=["a", "b", "c d"])
    frame["site"] = ["n", "s", "e"] * 4
    frame["same"] = 1
    return frame


@pytest.fixture
def saved(frame, tmp_path):
    def save(**columns) -> Path:
        frame.assign(**columns).to_csv(tmp_path / "t.csv", index=False)
        return tmp_path / "t.csv"

    return save


def test_a_column_that_names_the_targets(saved):
    told = ["", "a", "b", "a;b", "a | c d", "none", "Control", "0", "b+c d", "same", "site", "c d"]
    intake = read_intake(Request(saved(set=told), target_column="set", indicators=["site"]))
    table = intake.table
    assert table.names == ["a", "b", "c d", "site=n", "site=s"]  # e, the first by name, has none
    expected = np.zeros((N, 5), dtype=bool)
    for row, variables in {
        1: [0], 2: [1], 3: [0, 1], 4: [0, 2], 8: [1, 2], 10: [3, 4], 11: [2],
    }.items():  # fmt: skip
        expected[row, variables] = True
    np.testing.assert_array_equal(intake.intervened, expected)
    assert [c.note for c in table.left_out if c.name == "set"] == [
        "it names the variables set in each row"
    ]
    assert any("'same' are ignored" in warning for warning in table.warnings)
    assert intake.run["intervened_cells"] == 11 and intake.run["target_column"] == "set"


def test_names_come_before_words_and_separators():
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(6, 3)), columns=["0", "a+b", "none"])
    table = Table.from_frame(frame)
    mask = targets(pd.Series([0.0, "a+b", "none", None, "obs", "0;a+b"]), table, "set")
    np.testing.assert_array_equal(np.argwhere(mask), [[0, 0], [1, 1], [2, 2], [5, 0], [5, 1]])
    with pytest.raises(DataError, match="'a' in data row 6, which is no column"):
        targets(pd.Series([None] * 5 + ["a"]), table, "set")


def test_a_target_column_without_targets_is_warned_of(saved):
    intake = read_intake(Request(saved(set=["none"] * N), target_column="set"))
    assert not intake.intervened.any() and "names no target" in intake.table.warnings[-1]


@pytest.mark.parametrize(
    ("cells", "marked"),
    [
        ([0, 1] * 6, [0, 1] * 6),
        ([0.0, 2.0, np.nan] * 4, [0, 1, 0] * 4),
        (["none", "knockout", "OBS"] * 4, [0, 1, 0] * 4),
        ([False, True] * 6, [0, 1] * 6),
        (["wild", "wild", "mutant"] * 4, [0, 0, 1] * 4),
    ],
)
def test_a_column_that_marks_experiments(saved, cells, marked):
    intake = read_intake(Request(saved(batch=cells), regime_column="batch"))
    np.testing.assert_array_equal(intake.regime, np.array(marked, dtype=bool))
    assert "batch" not in intake.table.names
    assert intake.run["unknown_target_rows"] == sum(marked)
    assumed = any("'wild' (8 rows), are taken as obs" in w for w in intake.table.warnings)
    assert assumed == ("wild" in cells)


def test_regimes_that_say_nothing(frame):
    table = Table.from_frame(frame)
    assert not regime(pd.Series(["x"] * N), table, "batch").any()
    assert "marks no row" in table.warnings[-1]


def test_a_mask_file_may_leave_out_what_is_left_out(saved, tmp_path):
    data = saved()
    mask = pd.DataFrame(0, index=range(N), columns=["c d", "site", "b", "a"])
    mask.loc[:1, "site"] = 1
    mask.loc[2, "b"] = 1
    mask.to_csv(tmp_path / "m.csv", index=False)
    request = Request(data, interventions=tmp_path / "m.csv", indicators=["site"])
    found = read_intake(request).intervened
    np.testing.assert_array_equal(np.argwhere(found), [[0, 3], [0, 4], [1, 3], [1, 4], [2, 1]])
    by_frame = check_interventions(mask, Table.from_frame(pd.read_csv(data), indicators=["site"]))
    np.testing.assert_array_equal(by_frame, found)


def test_a_mask_is_written_like_the_data(frame, tmp_path):
    frame = frame.rename(columns={"a": "身長"})
    mask = (frame == frame["b"].iloc[3]).astype(int)
    for name, content in (("t.csv", frame), ("m.csv", mask)):
        content.to_csv(tmp_path / name, sep="~", encoding="shift_jis", index=False)
    reading = Reading("~", "shift_jis")
    request = Request(tmp_path / "t.csv", interventions=tmp_path / "m.csv", reading=reading)
    assert np.argwhere(read_intake(request).intervened).tolist() == [[3, 1]]


def test_knowledge_from_a_file_and_flags(saved, tmp_path):
    (tmp_path / "k.toml").write_text('tiers = [["site"], ["a", "b"]]\noutcomes = ["c d"]\n')
    request = Request(
        saved(),
        knowledge=tmp_path / "k.toml",
        require=["a -> b"],
        forbid=["site -> b"],
        indicators=["site"],
    )
    intake = read_intake(request)
    known = intake.knowledge
    assert known.dtype == np.int32
    assert known[0, 1] == REQUIRED and known[1, 0] == FORBIDDEN
    assert (known[:2, 3:] == FORBIDDEN).all()  # not back in time
    assert (known[3:, 1] == FORBIDDEN).all() and (known[3:, 0] == 0).all()
    assert (known[2, [0, 1, 3, 4]] == FORBIDDEN).all()
    assert known[3, 4] == known[4, 3] == FORBIDDEN  # levels of one column
    assert intake.run["knowledge"]["required"] == ["a -> b"]
    assert request.files == [request.data, request.knowledge]
    nothing = read_intake(Request(saved()))
    assert nothing.knowledge is None and nothing.run["knowledge"] is None


def test_declared_levels_on_the_command_line(saved):
    request = Request(saved(), ordinal=["site=e,n,s"], drop=["b"])
    table = read_intake(request).table
    assert table.names == ["a", "c d", "site"] and table.kinds.tolist() == [0, 0, 1]
    assert table.values[:3, 2].tolist() == [1, 2, 0]
    assert table.columns[1].note == "as you asked (--drop)"


def test_levels_and_names_with_commas_and_equals_signs():
    assert split_levels('q="a, b",c', ["q"]) == ("q", ["a, b", "c"])
    assert split_levels("x=y=lo,hi", ["x=y"]) == ("x=y", ["lo", "hi"])
    assert split_levels("x = lo , hi", ["x"]) == ("x", ["lo", "hi"])
    for wrong in ("x", "x=", "=a,b", "x=a,,b", "x=a,a"):
        with pytest.raises(UsageError):
            split_levels(wrong, ["x"])


def test_names_in_flags_are_cleaned_like_those_of_the_file(saved):
    request = Request(saved(), drop=[" c  d "], forbid=["a ->  b"])
    assert read_intake(request).table.names == ["a", "b"]
