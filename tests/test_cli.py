"""The command, driven as a person would."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from tiny_network import write_tiny_network

from amortize import __version__
from amortize.cli import main
from amortize.commands import _print_edges
from amortize.folder import FILES
from amortize.graph import CausalGraph

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> str:
    return str(write_tiny_network(tmp_path_factory.mktemp("networks")))


@pytest.fixture
def data(tmp_path, monkeypatch) -> Path:
    """A table in an otherwise empty working folder."""
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).normal(size=(40, 4))
    frame = pd.DataFrame(x, columns=["dose", "[red]heat", "time", "yield"])
    frame.insert(0, "id", range(40))
    frame["note"] = "n"
    frame.to_csv("trial.csv", index=False)
    return tmp_path / "trial.csv"


def command(*arguments: object, cwd: Path, **settings: str) -> subprocess.CompletedProcess:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-m", "amortize", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "100", **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def test_predict_in_a_process_of_its_own(data, network):
    before = data.read_bytes()
    cache = data.parent / "cache"
    found = command(
        "predict", data.name, "--checkpoint", network, "--threshold", "0.05",
        cwd=data.parent, AMORTIZE_CACHE=str(cache),
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert found.stderr == "" and "\x1b" not in found.stdout
    assert "40 rows, 6 columns, 4 variables" in found.stdout
    assert re.search(r"^id +left out +whole numbers", found.stdout, re.M)
    assert re.search(r"^note +left out +constant", found.stdout, re.M)
    assert "[red]heat" in found.stdout and "no unmeasured variable" in found.stdout
    assert any(path.is_file() for path in cache.rglob("*"))
    out = data.parent / "trial.amortize"
    assert sorted(path.name for path in out.iterdir()) == sorted(FILES)
    assert sorted(path.name for path in data.parent.iterdir()) == [
        "cache", "trial.amortize", "trial.csv",
    ]  # fmt: skip
    assert data.read_bytes() == before
    run = json.loads((out / "run.json").read_text())
    assert run["data"] == "trial.csv" and run["threshold"] == 0.05 and run["checkpoint"] == "tiny"
    dag = nx.read_graphml(out / "graph.graphml")
    assert nx.is_directed_acyclic_graph(dag) and dag.number_of_edges() > 0


def test_results_are_not_overwritten_without_force(data, network, capsys):
    arguments = ["predict", str(data), "--checkpoint", network, "--out", "answer"]
    assert main(arguments) == 0
    before = Path("answer/run.json").read_bytes()
    assert main(arguments) == 2
    assert "--force" in capsys.readouterr().err
    assert Path("answer/run.json").read_bytes() == before
    assert main([*arguments, "--force", "--quiet"]) == 0
    assert capsys.readouterr().out == ""


def test_interventions_change_the_answer(data, network, capsys):
    mask = pd.read_csv(data).notna().astype(int) * 0
    mask.loc[:9, "dose"] = 1
    mask.to_csv("mask.csv", index=False)
    base = ["predict", "trial.csv", "--checkpoint", network]
    assert main([*base, "--out", "without"]) == 0
    assert main([*base, "--out", "with", "--interventions", "mask.csv"]) == 0
    capsys.readouterr()
    without, with_mask = (
        pd.read_csv(f"{out}/probabilities.csv", index_col=0) for out in ("without", "with")
    )
    assert not np.allclose(without, with_mask, atol=1e-4)
    run = json.loads(Path("with/run.json").read_text())
    assert run["intervened_cells"] == 10 and run["interventions"] == "mask.csv"


def test_experiments_and_knowledge_told_by_columns_and_flags(data, network, capsys):
    frame = pd.read_csv(data)
    mask = frame.notna().astype(int) * 0
    mask.loc[:9, "dose"] = 1
    mask.to_csv("mask.csv", index=False)
    frame["set"] = ["dose"] * 10 + [""] * 30
    frame["batch"] = [0] * 20 + [1] * 20
    frame.to_csv("told.csv", index=False)
    base = ["--checkpoint", network, "--quiet", "--forbid", "time -> dose"]
    assert main(["predict", "trial.csv", *base, "--interventions", "mask.csv", "--out", "a"]) == 0
    told = ["--target-column", "set", "--drop", "batch"]
    assert main(["predict", "told.csv", *base, *told, "--out", "b"]) == 0
    told = ["--target-column", "set", "--regime-column", "batch", "--require"]
    told.append("[red]heat -> yield")
    assert main(["predict", "told.csv", *base, *told, "--out", "c"]) == 0
    a, b, c = (pd.read_csv(f"{out}/probabilities.csv", index_col=0) for out in "abc")
    pd.testing.assert_frame_equal(a, b)
    assert a.loc["time", "dose"] == c.loc["time", "dose"] == 0 < a.loc["dose", "time"]
    assert c.loc["[red]heat", "yield"] == 1 and c.loc["yield", "[red]heat"] == 0
    run = json.loads(Path("c/run.json").read_text())
    assert run["unknown_target_rows"] == 20 and run["intervened_cells"] == 10
    assert run["knowledge"]["required"] == ["[red]heat -> yield"]
    assert run["target_column"] == "set" and run["regime_column"] == "batch"


def test_warnings_and_no_edges(data, network, capsys):
    pd.read_csv(data).head(12).to_csv("few.csv", index=False)
    assert main(["predict", "few.csv", "--checkpoint", network, "--threshold", "1"]) == 0
    out = capsys.readouterr().out
    assert "warning: The table has 12 rows, the network was trained on 20 to 48" in out
    assert "No pair of columns reaches the threshold 1" in out


def test_figure_is_drawn_and_never_overwritten_without_force(data, network, capsys):
    base = ["predict", "trial.csv", "--checkpoint", network, "--threshold", "0.05"]
    assert main([*base, "--figure", "graph.svg"]) == 0
    assert "and graph.svg" in capsys.readouterr().out
    assert "[red]heat" in Path("graph.svg").read_text()
    Path("graph.svg").write_text("mine")
    assert main([*base, "--out", "other", "--figure", "graph.svg"]) == 2
    assert "'graph.svg' exists" in capsys.readouterr().err
    assert Path("graph.svg").read_text() == "mine" and not Path("other").exists()
    assert main([*base, "--figure", "graph.bmp", "--out", "other"]) == 2
    assert not Path("other").exists()


def test_printed_table_tells_doubts_stability_and_common_causes(capsys):
    p = np.zeros((3, 3))
    p[0, 1], p[1, 0] = 0.5, 0.4
    confounded = np.zeros((3, 3))
    confounded[1, 2] = confounded[2, 1] = 0.9
    graph = CausalGraph(p, ["a", "[b]", "c"], confounded=confounded, stability=p)
    _print_edges(Console(highlight=False, soft_wrap=True), graph)
    out = capsys.readouterr().out
    assert "a      [b]           0.500           0.400       0.50  adjacent, direction not" in out
    assert "unmeasured cause" in out and "[b]" in out.splitlines()[-2] and "0.900" in out


def test_info_tells_the_card(network, capsys):
    assert main(["info", network]) == 0
    out = capsys.readouterr().out
    for told in (
        "tiny",
        "240",
        "trained on rows",
        "20 to 48",
        "mixture",
        "0.25",
        "Assumes nothing",
    ):
        assert told in out


def test_simulate_writes_data_that_predict_reads(data, network, capsys):
    base = ["simulate", "linear-gaussian-interventional", "--variables", "4", "--rows", "30"]
    assert main([*base, "--count", "2", "--seed", "3", "--out", "sets"]) == 0
    assert "2 dataset(s)" in capsys.readouterr().out
    about = json.loads(Path("sets/scenario.json").read_text())
    assert about["scenario"] == "linear-gaussian-interventional" and about["seed"] == 3
    truth = pd.read_csv("sets/0001/graph.csv", index_col=0)
    assert list(truth.columns) == list(truth.index) == ["x0", "x1", "x2", "x3"]
    for index in ("0000", "0001"):
        sets = [f"sets/{index}/data.csv", "--out", f"answer{index}"]
        mask = Path(f"sets/{index}/interventions.csv")
        sets += ["--interventions", str(mask)] if mask.exists() else []
        assert main(["predict", *sets, "--checkpoint", network, "-q"]) == 0
    assert main([*base, "--count", "1", "--seed", "3", "--out", "again"]) == 0
    same = [Path(f"{out}/0000/data.csv").read_bytes() for out in ("sets", "again")]
    assert same[0] == same[1]


def test_help_and_version_are_instant_and_import_nothing_heavy(tmp_path):
    started = time.perf_counter()
    found = command("--help", cwd=tmp_path)
    seconds = time.perf_counter() - started
    assert found.returncode == 0
    for name in ("predict", "info", "simulate"):
        assert name in found.stdout
    # The aim is half a second on an idle machine; this bound also holds on a busy one.
    assert seconds < 2.0
    heavy = "import sys, amortize.cli; print({'jax', 'pandas', 'numpy', 'flax'} & set(sys.modules))"
    process = [sys.executable, "-c", heavy]
    assert subprocess.check_output(process, cwd=ROOT, text=True).strip() == "set()"
    assert command("--version", cwd=tmp_path).stdout == f"amortize {__version__}\n"


def test_every_command_has_help(capsys):
    for name in ("predict", "info", "simulate"):
        assert main([name, "--help"]) == 0
        assert "Usage" in capsys.readouterr().out
    assert main([]) == 0
    assert "predict" in capsys.readouterr().out


def test_stability_and_fewer_rows_on_request(data, network, capsys):
    given = ["predict", data.name, "--checkpoint", network, "--threshold", "0.05"]
    assert main([*given, "--stability", "2", "--max-rows", "30"]) == 0
    told = capsys.readouterr().out
    assert "stability" in told and "30 of 40 rows" in told
    edges = pd.read_csv("trial.amortize/edges.csv")
    assert set(edges["stability"]) <= {0.0, 0.5, 1.0}
    run = json.loads(Path("trial.amortize/run.json").read_text())
    assert run["stability_subsets"] == 2 and run["rows_read"] == 30
    for wrong in (["--stability", "1"], ["--stability", "-2"], ["--max-rows", "3"]):
        assert main([*given, "--force", *wrong]) == 2
