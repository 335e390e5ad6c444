"""The user's own datasets with their true graph, and every way to get them wrong."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import evaluate
from amortize import contender
from amortize.errors import DataError, UsageError
from amortize.labelled import read_folder

EDGES = "cause,effect\nrain,wet\nhose,wet\n"


@pytest.fixture
def folder(tmp_path):
    random = np.random.default_rng(0)
    rain, hose = random.normal(size=(2, 60))
    wet = rain + hose + random.normal(size=60)
    place = tmp_path / "garden"
    place.mkdir()
    table = pd.DataFrame({"wet": wet, "rain": rain, "hose": hose})
    table.to_csv(place / "data.csv", index=False)
    (place / "graph.csv").write_text(EDGES)
    return tmp_path


def test_a_list_of_edges_and_a_matrix_say_the_same(folder):
    (found,) = read_folder(folder)
    assert found.name == "garden" and found.values_nd.shape == (60, 3)
    assert found.graph_dd.tolist() == [[False] * 3, [True, False, False], [True, False, False]]
    # Rows are causes; names may come in another order than the table's.
    matrix = "cause,hose,rain,wet\nhose,0,0,1\nrain,0,0,1\nwet,0,0,0\n"
    (folder / "garden" / "graph.csv").write_text(matrix)
    np.testing.assert_array_equal(read_folder(folder)[0].graph_dd, found.graph_dd)
    assert read_folder(folder / "garden")[0].name == "garden"


def test_interventions_are_read(folder):
    mask = "rain,hose,wet\n" + "0,1,0\n" * 60
    (folder / "garden" / "interventions.csv").write_text(mask)
    assert read_folder(folder)[0].intervened_nd.all(0).tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        ("cause,effect\nrian,wet\n", "names 'rian', which the table lacks; did you mean 'rain'?"),
        ("cause,effect\nrain,rain\n", "an edge from 'rain' to itself"),
        ("cause,rain,wet\nrain,0,1\nwet,0,0\n", "lacks 'hose' among its rows"),
        ("cause,hose,rain,wet\nhose,0,0,1\nrain,0,0,2\nwet,0,0,0\n", "holds '2' in row 'rain'"),
        ("cause,effect\nrain,mud\n", "names 'mud', which the table lacks"),
    ],
)
def test_graphs_that_do_not_fit_the_table(folder, graph, message):
    (folder / "garden" / "graph.csv").write_text(graph)
    with pytest.raises(DataError) as caught:
        read_folder(folder)
    assert message in str(caught.value) and "\n" not in str(caught.value)
    result = CliRunner().invoke(evaluate.app, ["--data", str(folder), "--out", str(folder / "out")])
    assert result.exit_code == 3 and len(result.stderr.strip().splitlines()) == 1
    assert not (folder / "out").exists()


def test_a_column_that_cannot_be_used_is_named(folder):
    place = folder / "garden"
    table = pd.read_csv(place / "data.csv").assign(fixed=1.0)
    table.to_csv(place / "data.csv", index=False)
    (place / "graph.csv").write_text(EDGES + "rain,fixed\n")
    with pytest.raises(DataError, match="'fixed', a column of the table that cannot be used"):
        read_folder(folder)


def test_folders_without_data(tmp_path, folder):
    with pytest.raises(UsageError, match="there is no folder"):
        read_folder(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no dataset"):
        read_folder(tmp_path / "empty")
    (folder / "garden" / "graph.csv").unlink()
    with pytest.raises(DataError, match=r"graph\.csv' is missing"):
        read_folder(folder)


def test_a_cyclic_truth_is_said_and_the_other_metrics_stay(folder, tmp_path):
    (folder / "garden" / "graph.csv").write_text(EDGES + "wet,rain\n")
    out = tmp_path / "out"
    arguments = ["--data", folder, "--methods", "empty,random", "--out", out, "--jobs", 1]
    result = CliRunner().invoke(evaluate.app, ["yours", *map(str, arguments)])
    contender.dismiss()
    assert result.exit_code == 0, result.output
    page = (out / "results.md").read_text()
    assert "The true graph has a cycle in 1 of 1 datasets" in page
    assert "the true graph has a cycle of 2 variables" in page
    assert "| random | dag | 0." in page
