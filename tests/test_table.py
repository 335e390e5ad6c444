"""Reading tables: which columns are used, which are left out and why."""

import numpy as np
import pandas as pd
import pytest

from amortize.errors import DataError
from amortize.interventions import read_interventions
from amortize.table import Table, read_table

ROWS = [(1.5, 2, 3.25), (2.5, 7, 1.0), (0.5, 1, 8.5), (4.0, 8, 0.25), (3.0, 2, 7.5), (9.0, 8, 6.0)]


def write(tmp_path, text: str | bytes, name: str = "t.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def lines(delimiter: str, decimal: str = ".") -> str:
    rows = [["a", "b", "c"], *[[str(cell).replace(".", decimal) for cell in row] for row in ROWS]]
    return "\n".join(delimiter.join(row) for row in rows) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        lines(","),
        lines("\t"),
        lines(";"),
        lines("|"),
        lines(" "),
        lines(", "),
        lines(";", ","),
        lines("\t", ","),
        lines(",").replace("\n", "\r\n"),
        "\n\n" + lines(","),
        lines(",").encode("utf-8-sig"),
        lines(",").encode("utf-16"),
        '"a","b","c"\n' + lines(",").split("\n", 1)[1],
        lines(",").rstrip("\n"),
    ],
)
def test_one_table_in_many_spellings(tmp_path, text):
    table = read_table(write(tmp_path, text))
    assert table.names == ["a", "b", "c"]
    np.testing.assert_array_equal(table.values, np.array(ROWS))
    assert table.warnings == [] and table.left_out == []


def test_names_in_other_encodings_and_with_delimiters(tmp_path):
    text = lines(",").replace("a,b", '"größe, cm",b', 1)
    assert read_table(write(tmp_path, text)).names[0] == "größe, cm"
    assert read_table(write(tmp_path, text.encode("cp1252"))).names[0] == "größe, cm"


def test_missing_cells(tmp_path):
    text = "a,b,c\n1,NA,2\n,4,3\n5,?,1\n2,8,none\n3,9,4\n7,1,6\n"
    table = read_table(write(tmp_path, text))
    assert np.isnan(table.values).sum() == 4
    assert [column.missing for column in table.columns] == pytest.approx([1 / 6, 1 / 3, 1 / 6])


@pytest.mark.parametrize(
    ("cells", "use", "note"),
    [
        (["x", "y", "x", "y", "y", "x"], "binary", "'x' = 0, 'y' = 1"),
        (["yes", "no", "no", "", "no", "yes"], "binary", "'no' = 0, 'yes' = 1"),
        (["True", "False", "True", "True", "False", "False"], "binary", "'False' = 0"),
        (["None", "Drug", "Drug", "None", "Drug", "None"], "binary", "'Drug' = 0, 'None' = 1"),
        (["0", "1", "1", "0", "0", "1"], "binary", "two levels, 0 and 1"),
        (["3", "3", "3", "3", "3", "3"], "left out", "constant (every value is 3)"),
        (["u", "u", "u", "u", "", "u"], "left out", "constant (every value is 'u')"),
        ([""] * 6, "left out", "every cell is missing"),
        (["1", "2", "3", "4", "5", "6"], "left out", "row number"),
        (["100", "90", "80", "75", "60", "3"], "left out", "row number"),
        (["p1", "p7", "p3", "p9", "p2", "p5"], "left out", "differs in every row"),
        (["lo", "mid", "hi", "lo", "hi", "lo"], "left out", "3 unordered categories"),
        (["2024-01-02", "2024-01-03", "2024-01-03"] * 2, "left out", "dates"),
        (["3/1/2024", "4/1/2024", "5/1/2024"] * 2, "left out", "dates"),
        (["10:30", "11:45", "12:00", "12:05", "12:10", "13:00"], "left out", "dates"),
        (["1e3", "2.5E-3", "-4", "+7", "0", "12"], "continuous", ""),
        (["2021", "2020", "2022", "2021", "2023", "2020"], "continuous", ""),
    ],
)
def test_what_a_column_is_used_as(tmp_path, cells, use, note):
    body = "\n".join(f"{a},{cell},{c}" for (a, _, c), cell in zip(ROWS, cells, strict=True))
    column = read_table(write(tmp_path, f"a,q,c\n{body}\n")).columns[1]
    assert column.name == "q" and column.use == use
    assert note in column.note


def test_identifiers_by_name(tmp_path):
    body = "\n".join(f"{k},{a},{c}" for k, (a, _, c) in zip([7, 3, 9, 1, 5, 2], ROWS, strict=True))
    assert read_table(write(tmp_path, f"patient_id,a,c\n{body}\n")).names == ["a", "c"]
    assert read_table(write(tmp_path, f"dose,a,c\n{body}\n")).names == ["dose", "a", "c"]


def test_row_labels_without_a_name_are_left_out(tmp_path):
    frame = pd.DataFrame(ROWS, columns=list("abc"), index=[f"r{i}" for i in range(6)])
    frame.to_csv(tmp_path / "t.csv")
    table = read_table(tmp_path / "t.csv")
    assert table.names == ["a", "b", "c"]
    assert table.left_out[0].name == "(column 1)"


def test_equal_columns_are_warned_of():
    frame = pd.DataFrame(ROWS, columns=list("abc"))
    frame["d"] = 10 - 3 * frame["a"]
    (warning,) = Table.from_frame(frame).warnings
    assert "'a' and 'd'" in warning


def test_frames_of_many_types():
    frame = pd.DataFrame(ROWS, columns=list("abc"))
    frame["when"] = pd.date_range("2024-01-01", periods=6)
    frame["flag"] = [True, False, True, True, False, True]
    frame["maybe"] = pd.array([1, None, 3, 1, 9, 2], dtype="Int64")
    frame["kind"] = pd.Categorical(["u", "v"] * 3)
    frame[7] = [1, 5, 2, 9, 3, 3]
    table = Table.from_frame(frame)
    assert table.names == ["a", "b", "c", "flag", "maybe", "kind", "7"]
    assert np.isnan(table.values[1, 4]) and table.values[:, 5].tolist() == [0, 1] * 3


def test_arrays_keep_every_column():
    x = np.c_[np.array(ROWS), np.full(6, 2.0), np.full(6, np.nan)]
    table = Table.from_array(x)
    assert table.usable.tolist() == [True] * 3 + [False] * 2
    assert [column.name for column in table.left_out] == ["x3", "x4"]


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros(5), "axes"),
        (np.zeros((5, 2, 2)), "axes"),
        (np.zeros((6, 3)), "0 usable"),
        (np.random.default_rng(0).normal(size=(4, 3)), "4 rows"),
        (np.array([[1.0, np.inf]] * 6), "'x1' is infinite in data row 1"),
        (np.array([["a", "b"]] * 6), "numbers"),
        ([[1, 2], [3]], "numbers"),
        (np.where(np.eye(6)[:, :2] > 0, 1.0, np.nan), "0 usable"),
    ],
)
def test_arrays_that_cannot_be_used(x, message):
    with pytest.raises(DataError, match=message):
        Table.from_array(x)


def test_interventions_follow_the_names(tmp_path):
    frame = pd.DataFrame(ROWS, columns=list("abc")).assign(only=5)
    table = Table.from_frame(frame)
    mask = pd.DataFrame(0, index=range(6), columns=["c", "only", "b", "a"])
    mask.loc[2, "b"] = 1
    mask.loc[:3, "only"] = 1
    mask.to_csv(tmp_path / "m.csv", index=False)
    found = read_interventions(tmp_path / "m.csv", table)
    assert found.sum() == 1 and found[2, 1]
    assert "'only'" in table.warnings[0] and "ignored" in table.warnings[0]
