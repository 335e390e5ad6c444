"""The same table in many files: encodings, layouts, packing, Parquet, Excel."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from amortize.errors import DataError, UsageError
from amortize.frame import Reading, read_frame
from amortize.table import Table, read_table

ROWS = [(1.5, 2, 3.25), (2.5, 7, 1.0), (0.5, 1, 8.5), (4.0, 8, 0.25), (3.0, 2, 7.5), (9.0, 8, 6.0)]
FRAME = pd.DataFrame(ROWS, columns=list("abc"))
TEXT = FRAME.to_csv(index=False)


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def parquet(frame: pd.DataFrame) -> bytes:
    pytest.importorskip("pyarrow")
    return frame.to_parquet()


def excel(**sheets: pd.DataFrame) -> bytes:
    pytest.importorskip("openpyxl")
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer, engine="openpyxl") as writer:
        for name, frame in sheets.items():
            frame.to_excel(writer, sheet_name=name, index=False)
    return buffer.getvalue()


FILES: dict[str, bytes | Callable[[], bytes]] = {
    "gzip": gzip.compress(TEXT.encode()),
    "bzip2": bz2.compress(TEXT.encode()),
    "xz": lzma.compress(TEXT.encode()),
    "zip": zipped({"t.csv": TEXT}),
    "zip of macOS": zipped({"t.csv": TEXT, "__MACOSX/._t.csv": "x"}),
    "parquet": lambda: parquet(FRAME),
    "parquet with a named index": lambda: parquet(FRAME.set_index("a")),
    "excel": lambda: excel(one=FRAME),
    "utf-16 without a mark": TEXT.encode("utf-16-le"),
    "utf-16 big end first": TEXT.encode("utf-16-be"),
    "utf-32": TEXT.encode("utf-32"),
    "sep line": ("sep=;\n" + TEXT.replace(",", ";")).encode(),
    "comments": ("# made by hand\n# 2024, in Oslo\n" + TEXT).encode(),
    "numpy's header": ("# " + TEXT).encode(),
    "caret": TEXT.replace(",", "^").encode(),
    "colon": TEXT.replace(",", ":").encode(),
    "unit separator": TEXT.replace(",", "\x1f").encode(),
    "decimal commas in quotes": (
        TEXT.replace(",", '","')
        .replace("\n", '"\n"')
        .replace(".", ",")
        .join(['"', ""])
        .removesuffix('"')
        .encode()
    ),
    "blank lines": TEXT.replace("\n", "\n\n").encode(),
    "old Mac line ends": TEXT.replace("\n", "\r").encode(),
}


@pytest.mark.parametrize("name", FILES)
def test_one_table_in_many_files(tmp_path, name):
    content = FILES[name]
    (tmp_path / "t").write_bytes(content if isinstance(content, bytes) else content())
    table = read_table(tmp_path / "t")
    assert table.names == ["a", "b", "c"]
    np.testing.assert_array_equal(table.values, np.array(ROWS))


def test_row_names_of_r_and_empty_trailing_columns(tmp_path):
    rows = "".join(f'"r{i}",{a},{b},{c}\n' for i, (a, b, c) in enumerate(ROWS))
    (tmp_path / "t").write_text('"a","b","c"\n' + rows)
    table = read_table(tmp_path / "t")
    assert table.names == ["a", "b", "c"] and table.left_out[0].note.startswith("row labels")
    (tmp_path / "t").write_text(TEXT.replace("\n", ",,\n"))
    table = read_table(tmp_path / "t")
    assert table.names == ["a", "b", "c"]
    assert [column.note for column in table.left_out] == ["it has no name and no value"] * 2


def test_comments_are_told_from_names(tmp_path):
    for header, first in [("#a,b,c", "#a"), ("# a,b,c", "a"), ("a#,b,c", "a#")]:
        (tmp_path / "t").write_text(TEXT.replace("a,b,c", header))
        assert read_frame(tmp_path / "t").columns[0] == first


def test_names_keep_their_letters(tmp_path):
    (tmp_path / "t").write_text(TEXT.replace("a", "größe", 1), encoding="cp1252")
    table = read_table(tmp_path / "t")
    assert table.names[0] == "größe" and "not UTF-8" in table.warnings[0]
    (tmp_path / "t").write_text(TEXT.replace("a", "身長", 1), encoding="shift_jis")
    frame = read_frame(tmp_path / "t", Reading(encoding="shift_jis"))
    assert frame.columns[0] == "身長" and not frame.attrs
    (tmp_path / "t").write_text(TEXT.replace("a", "e\u0301te\u0301", 1))  # decomposed
    assert read_frame(tmp_path / "t").columns[0] == "été"
    (tmp_path / "t").write_text(TEXT.replace("a", '"dose\n(mg)"', 1))
    assert read_frame(tmp_path / "t").columns[0] == "dose (mg)"


def test_decimal_commas_far_down_and_thousands(tmp_path):
    body = "".join(f"{i};{i * 7 % 11}\n" for i in range(3000)) + "1,5;2,25\n" * 3
    (tmp_path / "t").write_text("a;b\n" + body)
    assert read_frame(tmp_path / "t")["b"].iloc[-1] == 2.25
    (tmp_path / "t").write_text('a,b\n"1,234",5\n"2,345",6\n"4,567",9\n')
    cells = read_frame(tmp_path / "t")["a"]
    assert cells.iloc[0] == "1,234"  # thousands or decimals: not guessed


def test_sheets_are_chosen_and_the_choice_is_told(tmp_path):
    (tmp_path / "t.xlsx").write_bytes(excel(notes=FRAME * 2, data=FRAME))
    frame = read_frame(tmp_path / "t.xlsx")
    assert frame["a"].iloc[0] == 3.0 and "'notes' was read" in frame.attrs["notes"][0]
    frame = read_frame(tmp_path / "t.xlsx", Reading(sheet="data"))
    assert frame["a"].iloc[0] == 1.5 and not frame.attrs
    with pytest.raises(DataError, match="no sheet 'dat'; did you mean 'data'"):
        read_frame(tmp_path / "t.xlsx", Reading(sheet="dat"))


def test_types_of_excel_and_parquet_columns(tmp_path):
    frame = FRAME.assign(when=pd.date_range("2024", periods=6), flag=[True, False] * 3)
    frame["kind"] = ["u", "v", "u", None, "v", "u"]
    for content in (excel(one=frame), parquet(frame)):
        (tmp_path / "t").write_bytes(content)
        table = read_table(tmp_path / "t")
        assert table.names == ["a", "b", "c", "flag", "kind"]
        assert [column.name for column in table.left_out] == ["when"]
        assert np.isnan(table.values[3, 4]) and table.values[:3, 4].tolist() == [0, 1, 0]


def test_options_that_do_not_fit_the_file(tmp_path):
    (tmp_path / "t").write_text(TEXT)
    (tmp_path / "p").write_bytes(parquet(FRAME))
    (tmp_path / "x").write_bytes(excel(one=FRAME))
    for name, reading in [
        ("t", Reading(sheet="one")),
        ("p", Reading(delimiter=",")),
        ("x", Reading(encoding="utf-8")),
        ("t", Reading(delimiter=",,")),
        ("t", Reading(encoding="nonsense")),
    ]:
        with pytest.raises(UsageError):
            read_frame(tmp_path / name, reading)
    assert read_frame(tmp_path / "t", Reading(delimiter=r"\t", encoding="latin-1")).shape == (6, 1)


def test_delimiters_that_are_given(tmp_path):
    for delimiter, given in [("\t", r"\t"), ("§", "§"), ("x", "x"), (" ", " ")]:
        (tmp_path / "t").write_text(TEXT.replace(",", delimiter), encoding="utf-8")
        assert read_frame(tmp_path / "t", Reading(given)).shape == (6, 3)
    for wrong in ("", r"\x", '"', "\n"):
        with pytest.raises(UsageError, match="no single character"):
            read_frame(tmp_path / "t", Reading(wrong))
    with pytest.raises(DataError, match="not text in idna"):
        (tmp_path / "t").write_bytes(b"xn--a\xff,b\n")
        read_frame(tmp_path / "t", Reading(encoding="idna"))


def test_a_format_without_its_reader_names_the_extra(tmp_path, monkeypatch):
    contents = {"p": parquet(FRAME), "x": excel(one=FRAME)}
    monkeypatch.setattr("amortize.frame.find_spec", lambda name: None)
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=r"pip install 'amortize\[formats\]'"):
            read_frame(tmp_path / name)


def test_frames_and_files_give_the_same_table(tmp_path):
    (tmp_path / "t").write_text(TEXT)
    np.testing.assert_array_equal(read_table(tmp_path / "t").values, Table.from_frame(FRAME).values)
