"""The result object and the files it writes."""

import json
from dataclasses import replace

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import amortize
from amortize.assumptions import ASSUMPTIONS
from amortize.column import Column
from amortize.errors import DataError, UsageError
from amortize.folder import FILES
from amortize.graph import CausalGraph

HOSTILE = ["<script>alert(1)</script>", "\"&'></svg>", "=1+1", "../../etc", "größe [red]"]


@pytest.fixture
def graph() -> CausalGraph:
    p = np.zeros((4, 4))
    p[0, 1], p[1, 0] = 0.9, 0.05
    p[1, 2], p[2, 1] = 0.8, 0.1
    p[2, 0], p[0, 2] = 0.6, 0.1  # closes a cycle
    p[2, 3], p[3, 2] = 0.4, 0.3  # uncertain
    columns = (Column("a", "number"), Column("id", "left out", "like a row number", 0.25))
    return CausalGraph(
        p, ["a", "b", "c", "e"], checkpoint="net", columns=columns, warnings=("Beware.",),
        run={"rows": 9, "data": "d.csv"},
    )  # fmt: skip


def test_edges_come_by_probability_with_their_doubts(graph):
    edges = graph.edges()
    assert [(e.cause, e.effect) for e in edges] == [("a", "b"), ("b", "c"), ("c", "a"), ("c", "e")]
    assert [e.in_dag for e in edges] == [True, True, False, True]
    assert [e.direction for e in edges] == ["clear", "clear", "clear", "uncertain"]
    assert edges[0].adjacent_probability == pytest.approx(0.95)
    assert len(graph.edges(threshold=0.92)) == 1


def test_dag_is_acyclic_with_names_and_probabilities(graph):
    dag = graph.dag()
    assert nx.is_directed_acyclic_graph(dag)
    assert list(dag.nodes) == graph.names
    assert dag.edges["a", "b"]["probability"] == pytest.approx(0.9)
    assert graph.to_networkx().has_edge("c", "a") and not dag.has_edge("c", "a")


def test_parents_are_listed_and_unknown_names_are_met_with_a_suggestion():
    p = np.zeros((3, 3))
    p[0, 2], p[1, 2] = 0.7, 0.9
    graph = CausalGraph(p, ["alpha", "beta", "gamma"])
    assert graph.parents("gamma") == ["beta", "alpha"]
    assert graph.children("beta") == ["gamma"] and graph.children("gamma") == []
    with pytest.raises(DataError, match="did you mean 'gamma'"):
        graph.parents("gama")


@pytest.mark.parametrize("form", ["graph", "pairs", "array", "frame"])
def test_compare_counts_each_kind_of_error_once(graph, form):
    pairs = [("a", "b"), ("c", "b"), ("a", "e")]  # right, reversed, missing; (c, e) is extra
    matrix = pd.DataFrame(0, index=graph.names, columns=graph.names)
    for cause, effect in pairs:
        matrix.loc[cause, effect] = 1
    forms = {
        "pairs": pairs, "array": matrix.to_numpy(), "frame": matrix, "graph": nx.DiGraph(pairs),
    }  # fmt: skip
    result = graph.compare(forms[form])
    assert result.correct == [("a", "b")]
    assert result.reversed == [("c", "b")]
    assert result.missing == [("a", "e")]
    assert result.extra == [("c", "e")]
    assert result.shd == 3
    assert result.precision == pytest.approx(1 / 3) and result.recall == pytest.approx(1 / 3)


def test_compare_agrees_with_itself(graph):
    result = graph.compare(graph.dag())
    assert result.f1 == 1 and result.shd == 0
    empty = CausalGraph(np.zeros((2, 2)), ["a", "b"])
    assert empty.compare([]).f1 == 1


@pytest.mark.parametrize(
    "truth", [[("a", "z")], np.zeros((2, 2)), nx.Graph([("a", "b")]), 7, pd.DataFrame({"a": [1]})]
)
def test_compare_refuses_a_truth_over_other_variables(graph, truth):
    with pytest.raises(DataError):
        graph.compare(truth)


def test_saved_files_agree_with_the_graph(graph, tmp_path):
    out = graph.save(tmp_path / "deep" / "out")
    assert sorted(path.name for path in out.iterdir()) == sorted(FILES)
    edges = pd.read_csv(out / "edges.csv")
    assert len(edges) == 4 and edges.iloc[0].cause == "a" and not edges.in_dag[2]
    assert list(edges.columns[:5]) == ["cause", "effect", "probability", "reverse", "direction"]
    square = pd.read_csv(out / "probabilities.csv", index_col=0)
    assert list(square.index) == list(square.columns) == graph.names
    np.testing.assert_allclose(square.to_numpy(), graph.probabilities, atol=1e-6)
    loaded = nx.node_link_graph(json.loads((out / "graph.json").read_text()), edges="edges")
    for network in (loaded, nx.read_graphml(out / "graph.graphml")):
        assert set(network.edges) == set(graph.dag().edges)
        assert network.edges["a", "b"]["probability"] == pytest.approx(0.9)
        assert network.graph["assumptions"] == ASSUMPTIONS
    run = json.loads((out / "run.json").read_text())
    assert run["warnings"] == ["Beware."] and run["rows"] == 9 and run["checkpoint"] == "net"
    assert run["columns"][1]["note"] == "like a row number"


def test_save_never_overwrites_without_force_and_keeps_other_files(graph, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    graph.save(tmp_path)
    before = (tmp_path / "run.json").read_bytes()
    with pytest.raises(UsageError, match="--force"):
        graph.save(tmp_path)
    assert (tmp_path / "run.json").read_bytes() == before
    graph.save(tmp_path, force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*FILES, "notes.txt"])
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("broken", ["render", "nx.write_graphml"])
def test_a_failure_while_writing_leaves_nothing(graph, tmp_path, monkeypatch, broken):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"amortize.folder.{broken}", fail)
    with pytest.raises(DataError, match="No space left on device"):
        graph.save(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_hostile_names_stay_text(tmp_path):
    names = [*HOSTILE, "tab\tand\x01control"]
    p = np.triu(np.full((6, 6), 0.8), k=1)
    graph = CausalGraph(p, names, columns=tuple(Column(n, "number") for n in names))
    out = graph.save(tmp_path / "out")
    assert "<script" not in graph._repr_html_()
    escaped = [*HOSTILE, r"tab\x09and\x01control"]  # XML has no control characters
    assert list(nx.read_graphml(out / "graph.graphml").nodes) == escaped
    assert list(pd.read_csv(out / "probabilities.csv", index_col=0).columns) == names
    edges = pd.read_csv(out / "edges.csv", keep_default_na=False)
    assert set(edges.cause) | set(edges.effect) == set(names)
    loaded = json.loads((out / "graph.json").read_text(encoding="utf-8"))
    assert [node["id"] for node in loaded["nodes"]] == names


def test_confounded_pairs_and_stability_reach_the_files(graph, tmp_path):
    confounded, stability = np.zeros((4, 4)), graph.probabilities / 2
    confounded[0, 1] = confounded[1, 0] = 0.7  # beside an edge
    confounded[1, 3] = confounded[3, 1] = 0.9  # alone
    more = replace(graph, confounded=confounded, stability=stability)
    assert [(pair.first, pair.second) for pair in more.confounded_pairs()] == [
        ("b", "e"), ("a", "b"),
    ]  # fmt: skip
    assert graph.confounded_pairs() == []
    out = more.save(tmp_path / "out")
    edges = pd.read_csv(out / "edges.csv").set_index(["cause", "effect"])
    assert edges.loc[("a", "b"), "confounded"] == 0.7
    assert edges.loc[("a", "b"), "stability"] == pytest.approx(0.45)
    assert edges.loc[("b", "e"), "direction"] == "confounded"
    assert len(edges) == 5
    about = json.loads((out / "graph.json").read_text())["graph"]
    assert about["confounded"][0] == {"first": "b", "second": "e", "probability": 0.9}
    assert "unmeasured common cause" in more._repr_html_()


def test_notebook_table_is_readable(graph):
    html = graph._repr_html_()
    assert "4 edges" in html and "Beware." in html and "direction not identifiable" in html
    many = CausalGraph(np.triu(np.full((12, 12), 0.9), k=1), [f"v{i}" for i in range(12)])
    assert "and 41 more" in many._repr_html_()
    assert "No pair" in CausalGraph(np.zeros((2, 2)), ["a", "b"])._repr_html_()


def test_an_empty_graph_can_be_saved(tmp_path):
    out = CausalGraph(np.zeros((3, 3)), ["a", "b", "c"]).save(tmp_path / "out")
    assert (out / "edges.csv").read_text().strip().startswith("cause,effect,probability")
    assert "No pair" in (out / "report.html").read_text()


def test_public_names():
    assert set(amortize.__all__) == {"load", "CausalDiscovery", "CausalGraph", "__version__"}
    assert amortize.CausalGraph is CausalGraph
    with pytest.raises(AttributeError, match="nothing_such"):
        amortize.nothing_such  # noqa: B018


def test_the_verdict_on_a_pair_is_a_sentence_without_its_ends():
    p = np.array([[0, 0.9, 0.3], [0, 0, 0.0], [0.3, 0, 0]])
    hidden = np.array([[0, 0, 0], [0, 0, 0.7], [0, 0.7, 0]])
    graph = CausalGraph(p, ["a", "b", "c"], confounded=hidden)
    assert graph.verdict("a", "b") == "causes" and graph.verdict("b", "a") == "is caused by"
    assert "not identifiable" in graph.verdict("a", "c")
    assert "common cause" in graph.verdict("b", "c")
    with pytest.raises(DataError, match="'d'"):
        graph.verdict("a", "d")
