"""Wrong input: the exit status, one line that helps, no traceback, nothing written."""

import os
from pathlib import Path

import pytest
from tiny_network import write_tiny_network

from amortize.cli import main

GOOD = "a,b\n1.5,2\n2.5,7\n0.5,1\n4.1,8\n3.2,2\n9.3,8\n"
MASK = "a,b\n0,1\n0,0\n0,0\n0,0\n0,0\n0,0\n"


def after_header(header: str) -> str:
    return header + "\n" + GOOD.split("\n", 1)[1]


# name: (content, what the line must say)
TABLES: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "is empty"),
    "blank": ("\n  \n\n", "is empty"),
    "header only": ("a,b\n", "header but no rows"),
    "no header": (GOOD.split("\n", 1)[1], "no header"),
    "four rows": ("\n".join(GOOD.split("\n")[:5]), "4 rows"),
    "one column": ("a\n1\n7\n3\n4\n9\n2\n", "1 usable column"),
    "one usable column": (GOOD.replace(",2", ",7").replace(",1", ",7").replace(",8", ",7"), "'b'"),
    "text only": ("a,b\nu,x\nv,y\nw,z\nu,y\nv,x\nq,w\n", "no usable column"),
    "ids and dates only": (
        "id,day\n" + "\n".join(f"{i},2024-01-0{i}" for i in range(1, 8)),
        "no usable column",
    ),
    "all missing": ("a,b\n" + ",\n" * 6, "no usable column"),
    "rows without a value": ("a,b\n1,2\n2,1\n" + ",\n" * 5, "only 2 rows hold a value"),
    "duplicate names": (after_header("a,a"), "'a' stands twice in the header (columns 1 and 2)"),
    "duplicate names after trimming": (after_header("a, a "), "'a' stands twice"),
    "empty name": (after_header("a,"), "column 2"),
    "empty first name of data": ("," + GOOD[2:].replace("2.5", "1.5"), "column 1 has no name"),
    "control character in a name": (after_header("a\x07,b"), "column 1 holds a control character"),
    "long row": (GOOD + "1,2,3\n", "data row 7 (line 8)"),
    "short row": (GOOD + "1\n", "data row 7 (line 8)"),
    "open quote": (GOOD + '"1,2\n3,4\n', "data row 7"),
    "infinite": (GOOD + "inf,2\n", "'a' is infinite in data row 7"),
    "minus infinite": (GOOD + "1,-Infinity\n", "'b' is infinite in data row 7"),
    "1e300": (GOOD + "1e300,2\n", "'a' is too large to use (1e+300) in data row 7"),
    "1e999": (GOOD + "1e999,2\n", "'a' is infinite in data row 7"),
    "a huge whole number": (GOOD + "9" * 400 + ",2\n", "'a'"),
    "text among numbers": (GOOD + "1,2\n5,about 3\n", "'b' holds the text 'about 3' in data row 8"),
    "a number with its unit": (GOOD + "3 cm,4\n", "'a' holds the text '3 cm' in data row 7"),
    "NUL byte": (GOOD + "1,\x002\n", "NUL byte in line 8"),
    "broken UTF-16": (b"\xff\xfea\x00,", "not text"),
    "Excel": (b"PK\x03\x04rest", "damaged and cannot be unpacked"),
    "Parquet": (b"PAR1rest", "is damaged"),
    "gzip": (b"\x1f\x8b\x08rest", "damaged and cannot be unpacked"),
}

MASKS: dict[str, tuple[str, str]] = {
    "too few rows": (MASK[:-4], "has 5 rows, the data have 6"),
    "unknown column": (MASK.replace("a,b", "a,bb"), "'bb' that the data lack"),
    "missing column": (MASK.replace("a,b", "a").replace(",0", "").replace(",1", ""), "'b'"),
    "other cells": (MASK.replace("0,1", "0,2"), "'2' in column 'b', data row 1"),
    "empty cells": (MASK.replace("0,1", "0,"), "column 'b', data row 1"),
    "text cells": (MASK.replace("0,1", "0,yes"), "'yes' in column 'b', data row 1"),
    "empty file": ("", "is empty"),
}


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> str:
    return str(write_tiny_network(tmp_path_factory.mktemp("networks")))


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


def refused(capsys, arguments: list[str], status: int, told: str) -> None:
    """The command fails with one line saying `told`, and the folder stays as it was."""
    before = contents(Path.cwd())
    assert main(arguments) == status
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("amortize: ") and output.err.count("\n") == 1
    assert "Traceback" not in output.err and told in output.err
    assert contents(Path.cwd()) == before


@pytest.mark.parametrize("name", TABLES)
def test_tables_that_cannot_be_used(name, network, capsys):
    content, told = TABLES[name]
    Path("t.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(capsys, ["predict", "t.csv", "--checkpoint", network], 3, told)


@pytest.mark.parametrize("name", MASKS)
def test_masks_that_cannot_be_used(name, network, capsys):
    content, told = MASKS[name]
    Path("t.csv").write_text(GOOD)
    Path("m.csv").write_text(content)
    arguments = ["predict", "t.csv", "--checkpoint", network, "--interventions", "m.csv"]
    refused(capsys, arguments, 3, told)


def test_paths_that_are_no_file(network, capsys):
    Path("folder").mkdir()
    os.mkfifo("pipe")
    for path, told in [
        ("nowhere.csv", "does not exist"),
        ("folder", "is a directory"),
        ("pipe", "not a regular file"),
        ("x" * 300, "cannot be read"),
    ]:
        before = sorted(Path.cwd().iterdir())
        assert main(["predict", path, "--checkpoint", network, "--out", "o"]) == 3
        output = capsys.readouterr()
        assert told in output.err and output.err.count("\n") == 1 and output.out == ""
        assert sorted(Path.cwd().iterdir()) == before


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(network, capsys):
    Path("t.csv").write_text(GOOD)
    Path("t.csv").chmod(0)
    assert main(["predict", "t.csv", "--checkpoint", network]) == 3
    assert "Permission denied" in capsys.readouterr().err


def test_unknown_and_broken_checkpoints(tmp_path, capsys):
    Path("t.csv").write_text(GOOD)
    Path("folder").mkdir()
    broken = write_tiny_network(tmp_path, "broken")
    (broken / "config.json").write_text("{")
    for name, told in [
        ("nothing-such", "no checkpoint 'nothing-such'"),
        ("folder", "no card.json"),
    ]:
        refused(capsys, ["predict", "t.csv", "--checkpoint", name], 3, told)
        refused(capsys, ["info", name], 3, told)
    assert main(["predict", "t.csv", "--checkpoint", str(broken)]) == 3
    assert "damaged" in capsys.readouterr().err
    assert not Path("t.amortize").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["predict"], "Missing argument"),
        (["predict", "t.csv", "--nonsense"], "--nonsense"),
        (["predict", "t.csv", "u.csv"], "u.csv"),
        (["predict", "t.csv", "--threshold", "0"], "threshold is 0"),
        (["predict", "t.csv", "--threshold", "1.5"], "threshold is 1.5"),
        (["predict", "t.csv", "--threshold", "nan"], "threshold is nan"),
        (["predict", "t.csv", "--threshold", "high"], "--threshold"),
        (["predict", "t.csv", "--out", "t.csv"], "is a file"),
        (["predict", "t.csv", "--out", "full"], "full' holds edges.csv already; give --force"),
        (["predict", "full/edges.csv", "--out", "full", "--force"], "overwrite the input"),
        (["frobnicate"], "frobnicate"),
        (["simulate", "linear-gausian", "--out", "s"], "did you mean 'linear-gaussian'"),
        (["simulate", "linear-gaussian"], "--out"),
        (["simulate", "linear-gaussian", "--out", "full"], "exists"),
        (["simulate", "linear-gaussian", "--out", "s", "--variables", "1"], "--variables"),
        (["simulate", "linear-gaussian", "--out", "s", "--rows", "many"], "--rows"),
    ],
)
def test_wrong_usage(arguments, told, network, capsys):
    Path("t.csv").write_text(GOOD)
    Path("full").mkdir()
    Path("full/edges.csv").write_text(GOOD)
    if arguments[0] == "predict":
        arguments = [*arguments, "--checkpoint", network]
    refused(capsys, arguments, 2, told)


def test_a_full_disk_leaves_nothing(network, capsys, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    Path("t.csv").write_text(GOOD)
    monkeypatch.setattr("amortize.folder.nx.write_graphml", fail)
    assert main(["predict", "t.csv", "--checkpoint", network]) == 3
    assert "No space left on device" in capsys.readouterr().err
    assert [path.name for path in Path.cwd().iterdir()] == ["t.csv"]
