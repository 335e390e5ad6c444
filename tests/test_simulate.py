"""`amortize simulate`: sizes as published, networks, replacement, the list."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from CausalDisco.analytics import r2_sortability, var_sortability

from amortize.cli import main
from amortize.simulate import measured
from simulators.scenarios import SCENARIOS, sample


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refused(capsys, arguments, status, *told):
    assert main(["simulate", *arguments]) == status
    message = capsys.readouterr().err
    assert message.count("\n") == 1 and all(part in message for part in told), message


def test_sizes_are_those_published(capsys):
    assert main(["simulate", "tabcausal-pfn", "--datasets", "2", "--out", "sets"]) == 0
    assert "2 dataset(s) of 1000 rows and 10 variables" in capsys.readouterr().out
    assert pd.read_csv("sets/0001/data.csv").shape == (1000, 10)
    assert main(["simulate", "sea-linear", "--rows", "44", "--out", "sea"]) == 0
    about = json.loads(Path("sea/scenario.json").read_text())
    assert about["datasets"] == 5 == len(about["measured"]) and about["interventions"]
    assert "2402.01929" in about["source"] and about["networks"] == []
    assert not Path("sets/0000/interventions.csv").exists()


def test_files_hold_the_dataset_and_its_truth():
    assert main(["simulate", "sea-nn", "--rows", "40", "--seed", "4", "--out", "sets"]) == 0
    about = json.loads(Path("sets/scenario.json").read_text())
    for index, data in enumerate(sample("sea-nn", 5, 40, 10, 4)):
        folder = Path(f"sets/{index:04d}")
        truth = pd.read_csv(folder / "graph.csv", index_col="cause")
        np.testing.assert_array_equal(truth, data.graph)  # rows are causes
        np.testing.assert_allclose(pd.read_csv(folder / "data.csv"), data.values, rtol=1e-6)
        mask = pd.read_csv(folder / "interventions.csv")
        np.testing.assert_array_equal(mask, data.intervened)
        assert about["measured"][index]["edges"] == data.graph.sum()


def test_earlier_datasets_are_replaced_with_force_alone(capsys):
    base = ["bcnp-linear-er20", "--rows", "9", "--out", "sets"]
    assert main(["simulate", *base, "--datasets", "3"]) == 0
    Path("sets/notes.txt").write_text("mine")
    refused(capsys, base, 2, "exists", "--force")
    assert main(["simulate", *base, "--datasets", "1", "--seed", "1", "--force"]) == 0
    assert sorted(p.name for p in Path("sets").iterdir()) == ["0000", "notes.txt", "scenario.json"]
    assert json.loads(Path("sets/scenario.json").read_text())["seed"] == 1

    Path("other").mkdir()
    assert main(["simulate", *base[:-1], "other", "--datasets", "1"]) == 0  # an empty folder
    Path("mine").mkdir()
    Path("mine/a.txt").write_text("mine")
    refused(capsys, [*base[:-1], "mine", "--force"], 2, "exists and holds other files")
    refused(capsys, [*base[:-1], "mine/a.txt", "--force"], 2, "is a file")
    assert Path("mine/a.txt").read_text() == "mine"


def test_networks_are_asked_for_refused_and_named(capsys):
    Path("net.tsv").write_text("a\tb\nb\tc\n")
    gene = ["avici-gene-ood", "--rows", "20", "--out", "s"]
    refused(capsys, gene, 2, "'avici-gene-ood' needs the file of a network", "--network FILE")
    refused(capsys, [*gene, "--network", "none.tsv"], 3, "--network: there is no file 'none.tsv'")
    refused(capsys, [*gene, "--network", "net.tsv"], 3, "'net.tsv' has 3 variables", "30 asked")
    Path("empty.tsv").write_text("")
    refused(capsys, [*gene, "--network", "empty.tsv"], 3, "'empty.tsv' has no edges")
    own = ["sea-linear", "--network", "net.tsv", "--out", "s"]
    refused(capsys, own, 2, "uses no network", "leave --network out")
    assert not Path("s").exists()


def test_an_unknown_scenario_is_answered_with_the_nearest(capsys):
    refused(capsys, ["causcale-linea", "--out", "s"], 2, "did you mean 'causcale-linear'?")
    refused(capsys, ["?", "--out", "s"], 2, "choose one of mixture", "--list")
    refused(capsys, [], 2, "name a scenario", "--list")
    refused(capsys, ["mixture"], 2, "--out")


def test_the_list_names_every_scenario_and_source(capsys):
    assert main(["simulate", "--list"]) == 0
    out = capsys.readouterr().out
    for found in SCENARIOS.values():
        assert f"  {found.name} " in out and found.source in out and found.description in out
    assert "avici-gene-ood " in out and out.count("(needs --network)") == 6
    assert "100 x 1000 x 5" in out


def test_sortabilities_agree_with_causaldisco():
    for data in sample("bcnp-linear-er40", 3, 300, 12, 0):
        found = measured(data)
        values = data.values.astype(float)
        assert found["varsortability"] == pytest.approx(
            var_sortability(values, data.graph), abs=1e-4
        )
        assert found["r2_sortability"] == pytest.approx(
            r2_sortability(values, data.graph), abs=1e-4
        )
    lonely = sample("bcnp-linear-er20", 1, 30, 12, 0)[0]
    assert measured(lonely._replace(graph=lonely.graph & False)) == {
        "edges": 0,
        "varsortability": None,
        "r2_sortability": None,
    }


def test_every_scenario_of_the_benchmarks_works_for_few_variables():
    for name, found in SCENARIOS.items():
        if found.benchmark is not None and "gene" not in name:
            for d in (2, 3, 4):
                assert all(np.isfinite(data.values).all() for data in sample(name, 3, 8, d, 0))
