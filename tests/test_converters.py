"""Conversions, against the tools themselves."""

import sys

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from amortize.errors import DataError, UsageError
from amortize.graph import CausalGraph

NAMES = ["plain", 'quo"te', "back\\slash\\", "-> b [x];", "größe 😀", "<b>"]


@pytest.fixture
def graph() -> CausalGraph:
    p, confounded = np.zeros((6, 6)), np.zeros((6, 6))
    p[0, 1], p[1, 2], p[2, 0] = 0.9, 0.8, 0.7  # the last closes a cycle
    p[2, 3], p[3, 2] = 0.5, 0.4  # uncertain
    p[4, 3] = 0.95
    confounded[0, 1] = confounded[1, 0] = 0.8  # beside an edge
    confounded[0, 5] = confounded[5, 0] = 0.7  # alone
    return CausalGraph(p, NAMES, confounded=confounded)


def test_dot_is_read_back_with_every_name_and_mark(graph):
    pydot = pytest.importorskip("pydot")
    (read,) = pydot.graph_from_dot_data(graph.to_dot())

    def plain(quoted: str) -> str:
        return quoted[1:-1].replace('\\"', '"').replace("\\\\", "\\")

    assert [plain(node.get_name()) for node in read.get_nodes() if node.get_name()[0] == '"'] == (
        NAMES
    )
    found = {
        (plain(edge.get_source()), plain(edge.get_destination())): edge.get_attributes()
        for edge in read.get_edges()
        if edge.get("style") != "dotted"
    }
    assert set(found) == set(graph.to_networkx().edges)
    assert found[NAMES[2], NAMES[3]]["dir"] == "none"
    assert found[NAMES[2], NAMES[0]]["color"] == "grey"
    assert "dir" not in found[NAMES[0], NAMES[1]]
    dotted = [edge for edge in read.get_edges() if edge.get("style") == "dotted"]
    assert len(dotted) == 2 and all(edge.get("dir") == "both" for edge in dotted)


def test_causallearn_keeps_its_endpoint_convention(graph):
    pytest.importorskip("causallearn")
    made = graph.to_causallearn()
    nodes = {node.get_name(): node for node in made.get_nodes()}
    assert list(nodes) == NAMES
    assert made.is_parent_of(nodes[NAMES[4]], nodes[NAMES[3]])
    assert (
        made.graph[3, 4] == 1 and made.graph[4, 3] == -1
    )  # arrow at the effect, tail at the cause
    assert made.is_undirected_from_to(nodes[NAMES[2]], nodes[NAMES[3]])
    assert not made.is_adjacent_to(nodes[NAMES[2]], nodes[NAMES[0]])  # closes a cycle
    assert made.graph[0, 5] == made.graph[5, 0] == 1  # an unmeasured common cause
    kinds = sorted(str(e) for e in made.get_graph_edges() if NAMES[0] in str(e))
    assert f"{NAMES[0]} --> {NAMES[1]}" in kinds and f"{NAMES[0]} <-> {NAMES[1]}" in kinds


def test_causallearn_itself_made_the_same_graph():
    """A graph that causal-learn's own PC finds equals our conversion of it."""
    pytest.importorskip("causallearn")
    from causallearn.search.ConstraintBased.PC import pc  # pyright: ignore

    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 500))
    x = np.stack([a, b, a + b + 0.3 * rng.normal(size=500)], axis=1)
    found = pc(x, show_progress=False, node_names=["a", "b", "c"]).G
    p = np.zeros((3, 3))
    p[0, 2] = p[1, 2] = 0.9
    np.testing.assert_array_equal(
        CausalGraph(p, ["a", "b", "c"]).to_causallearn().graph, found.graph
    )


def cascade(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    a = rng.normal(size=n)
    b = 2 * a + 0.1 * rng.normal(size=n)
    return pd.DataFrame({"a": a, "b": b, "c": b - a + 0.1 * rng.normal(size=n), "other": 1.0})


@pytest.mark.parametrize("with_data", [False, True])
def test_dowhy_model_can_be_fitted_and_set(with_data):
    gcm = pytest.importorskip("dowhy.gcm")
    gcm.config.disable_progress_bars()
    p = np.zeros((3, 3))
    p[0, 1] = p[0, 2] = p[1, 2] = 0.9
    graph = CausalGraph(p, ["a", "b", "c"])
    data = cascade(300)
    model = graph.to_dowhy(data if with_data else None)
    gcm.fit(model, data)
    made = gcm.interventional_samples(model, {"a": lambda a: 1.0}, num_samples_to_draw=200)
    assert made["b"].mean() == pytest.approx(2.0, abs=0.3)
    assert nx.utils.graphs_equal(graph.dag(), graph.dag())
    assert "causal_mechanism" not in graph.dag().nodes["a"]


def test_dowhy_data_must_hold_the_variables():
    pytest.importorskip("dowhy")
    with pytest.raises(DataError, match="no column 'z'"):
        CausalGraph(np.zeros((2, 2)), ["a", "z"]).to_dowhy(cascade(10))


@pytest.mark.parametrize(
    ("package", "method", "extra"),
    [("dowhy", "to_dowhy", "interop"), ("causallearn.graph.Edge", "to_causallearn", "baselines")],
)
def test_a_missing_tool_is_named_with_the_way_to_get_it(graph, monkeypatch, package, method, extra):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=rf"pip install 'amortize\[{extra}\]'"):
        getattr(graph, method)()
