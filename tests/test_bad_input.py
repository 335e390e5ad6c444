"""Wrong input: the exit status, one line that helps, no traceback, nothing written.

Whatever can be refused is refused before the network is loaded, so most of these need none: the
checkpoint is a folder with a card.
"""

import gzip
import io
import os
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from malformed import (
    EXPERIMENTS,
    FLAGS,
    GOOD,
    MASKS,
    TABLES,
)
from tiny_network import write_tiny_network

from amortize.cli import main
from amortize.errors import DataError
from amortize.graph import CausalGraph

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> str:
    return str(write_tiny_network(tmp_path_factory.mktemp("networks")))


@pytest.fixture(scope="module")
def card(tmp_path_factory) -> str:
    """A checkpoint that is found but never loaded."""
    folder = tmp_path_factory.mktemp("card")
    (folder / "card.json").write_text("{}")
    return str(folder)


@pytest.fixture(autouse=True)
def working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mtime_ns,
            path.read_bytes() if path.is_file() and os.access(path, os.R_OK) else b"",
        )
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
def test_tables_that_cannot_be_used(name, card, capsys):
    content, told = TABLES[name]
    Path("t.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(capsys, ["predict", "t.csv", "--checkpoint", card], 3, told)


def test_the_suite_is_as_large_as_promised():
    assert len(TABLES) >= 60


@pytest.mark.parametrize("name", MASKS)
def test_masks_that_cannot_be_used(name, card, capsys):
    content, told = MASKS[name]
    Path("t.csv").write_text(GOOD)
    Path("m.csv").write_text(content)
    arguments = ["predict", "t.csv", "--checkpoint", card, "--interventions", "m.csv"]
    refused(capsys, arguments, 3, told)


@pytest.mark.parametrize("name", FLAGS)
def test_flags_that_do_not_fit_the_table(name, card, capsys):
    flags, status, told = FLAGS[name]
    Path("t.csv").write_text(EXPERIMENTS)
    refused(capsys, ["predict", "t.csv", "--checkpoint", card, *flags], status, told)


def test_spreadsheets_and_parquet_without_a_table(card, capsys):
    pytest.importorskip("openpyxl")
    pytest.importorskip("pyarrow")
    empty, good = pd.DataFrame(), pd.read_csv(io.StringIO(GOOD))
    empty.to_excel("empty.xlsx", index=False)
    good.to_excel("good.xlsx", index=False)
    good.to_parquet("good.parquet")
    Path("cut.parquet").write_bytes(Path("good.parquet").read_bytes()[:-20])
    with zipfile.ZipFile("good.xlsx") as whole, zipfile.ZipFile("torn.xlsx", "w") as torn:
        for name in whole.namelist():
            content = whole.read(name)
            torn.writestr(name, content[:99] if "sheet1" in name else content)
    for path, status, told in [
        ("empty.xlsx", 3, "sheet 'Sheet1' of 'empty.xlsx' is empty"),
        ("torn.xlsx", 3, "a damaged Excel file"),
        ("cut.parquet", 3, "is damaged"),
    ]:
        refused(capsys, ["predict", path, "--checkpoint", card], status, told)
    arguments = ["predict", "good.xlsx", "--checkpoint", card, "--sheet", "Sheet2"]
    refused(capsys, arguments, 3, "no sheet 'Sheet2'; did you mean 'Sheet1'?")


def test_files_too_large_to_read(card, capsys, monkeypatch):
    with open("sparse.csv", "wb") as file:
        file.truncate(5 << 30)
    refused_unread(capsys, "sparse.csv", card, "'sparse.csv' holds 5,120 MiB or more")
    monkeypatch.setattr("amortize.source.LARGEST", 1 << 20)
    with gzip.open("bomb.csv.gz", "wb") as file:
        file.write(b"a,b\n" + b"1,2\n" * (1 << 19))
    refused_unread(capsys, "bomb.csv.gz", card, "MiB or more, at most 1 are read")
    pytest.importorskip("pyarrow")
    pd.DataFrame({"a": np.zeros(1 << 18), "b": 0.0}).to_parquet("many.parquet")
    monkeypatch.setattr("amortize.frame.LARGEST", 1 << 20)
    refused_unread(capsys, "many.parquet", card, "declares 262,144 rows x 2 columns")


def refused_unread(capsys, path: str, card: str, told: str) -> None:
    assert main(["predict", path, "--checkpoint", card]) == 3
    output = capsys.readouterr()
    assert told in output.err and output.err.count("\n") == 1 and output.out == ""
    assert not any(path.suffix == ".amortize" for path in Path.cwd().iterdir())


def test_paths_that_are_no_file(card, capsys):
    Path("folder").mkdir()
    os.mkfifo("pipe")
    Path("loop").symlink_to("loop")
    Path("broken").symlink_to("gone")
    for path, told in [
        ("nowhere.csv", "does not exist"),
        ("folder", "is a directory"),
        ("pipe", "not a regular file"),
        ("/dev/zero", "not a regular file"),
        ("loop", "cannot be read"),
        ("broken", "does not exist"),
        ("x" * 300, "cannot be read"),
    ]:
        before = sorted(Path.cwd().iterdir())
        assert main(["predict", path, "--checkpoint", card, "--out", "o"]) == 3
        output = capsys.readouterr()
        assert told in output.err and output.err.count("\n") == 1 and output.out == ""
        assert sorted(Path.cwd().iterdir()) == before
    refused(capsys, ["predict", "x" * 300, "--checkpoint", card], 2, "cannot be written")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(card, capsys):
    Path("t.csv").write_text(GOOD)
    Path("t.csv").chmod(0)
    refused(capsys, ["predict", "t.csv", "--checkpoint", card], 3, "Permission denied")


def test_refused_in_a_process_of_its_own_before_jax_is_imported(card):
    Path("t.csv").write_text(GOOD.replace("7", "seven"))
    script = (
        "import sys; from amortize.cli import main; status = main(sys.argv[1:]);"
        "assert not {'jax', 'scipy.stats'} & set(sys.modules); sys.exit(status)"
    )
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    found = subprocess.run(
        [sys.executable, "-c", script, "predict", "t.csv", "--checkpoint", card],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 3 and found.stdout == ""
    assert found.stderr.startswith("amortize: column 'b' holds the text 'seven' in data row 2")
    assert found.stderr.count("\n") == 1
    assert [path.name for path in Path.cwd().iterdir()] == ["t.csv"]


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
        (["predict", "t.csv", "--out", "full", "--force", "--knowledge", "full/run.json"], "input"),
        (["frobnicate"], "frobnicate"),
        (["simulate", "linear-gausian", "--out", "s"], "did you mean 'linear-gaussian'"),
        (["simulate", "linear-gaussian"], "--out"),
        (["simulate", "linear-gaussian", "--out", "full"], "exists"),
        (["simulate", "linear-gaussian", "--out", "s", "--variables", "1"], "--variables"),
        (["simulate", "linear-gaussian", "--out", "s", "--rows", "many"], "--rows"),
    ],
)
def test_wrong_usage(arguments, told, card, capsys):
    Path("t.csv").write_text(GOOD)
    Path("full").mkdir()
    Path("full/edges.csv").write_text(GOOD)
    if arguments[0] == "predict":
        arguments = [*arguments, "--checkpoint", card]
    refused(capsys, arguments, 2, told)


def test_a_full_disk_leaves_nothing(network, capsys, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    Path("t.csv").write_text(GOOD)
    monkeypatch.setattr("amortize.folder.nx.write_graphml", fail)
    assert main(["predict", "t.csv", "--checkpoint", network]) == 3
    assert "No space left on device" in capsys.readouterr().err
    assert [path.name for path in Path.cwd().iterdir()] == ["t.csv"]


def test_a_write_that_the_system_stops_leaves_nothing():
    graph = CausalGraph(np.array([[0, 0.9], [0.1, 0]]), ["a", "b"])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400, before[1]))  # bytes a file may have
    try:
        with pytest.raises(DataError, match="cannot be written"):
            graph.save("out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(Path.cwd().iterdir()) == []


def test_names_that_look_dangerous_but_are_not_stay_as_they_are(network, capsys):
    names = ["<script>alert(1)</script>", "../../etc/passwd", "[red]km/h", "-log10(p)"]
    rng = np.random.default_rng(0)
    pd.DataFrame(rng.normal(size=(12, 4)), columns=names).to_csv("t.csv", index=False)
    assert main(["predict", "t.csv", "--checkpoint", network]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in names)
    found = pd.read_csv("t.amortize/probabilities.csv", index_col=0)
    assert list(found.columns) == list(found.index) == names
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["t.amortize", "t.csv"]
