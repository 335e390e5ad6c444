"""The report as text; what it does in a browser is in test_browser.py."""

import json
import re

import numpy as np
import pytest

from amortize.assumptions import ASSUMPTIONS
from amortize.column import Column
from amortize.graph import CausalGraph
from amortize.report import render

HOSTILE = ["<script>alert(1)</script>", "</script><b>x", "=cmd()", "\"&'></svg>", "größe 😀"]


def page_data(page: str) -> dict:
    block = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert block is not None
    return json.loads(block[1])


def graph_of(d: int, seed: int = 0, **fields) -> CausalGraph:
    rng = np.random.default_rng(seed)
    p = np.triu(rng.beta(0.3, 3, (d, d)), k=1)
    return CausalGraph(p, [f"v{i}" for i in range(d)], **fields)


def test_nothing_outside_the_page_is_named():
    page = render(graph_of(6))
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")
    assert "default-src 'none'" in page and page.count("<script") == 2
    assert not re.search(r"\b(src|href)=", page) and "@import" not in page


def test_hostile_names_stay_text_in_every_part():
    p = np.triu(np.full((5, 5), 0.8), k=1)
    columns = tuple(Column(name, "number", note=name) for name in HOSTILE)
    page = render(
        CausalGraph(
            p, HOSTILE, columns=columns, warnings=tuple(HOSTILE), checkpoint=HOSTILE[1],
            run={"data": HOSTILE[0], "versions": {HOSTILE[1]: HOSTILE[3]}},
        )
    )  # fmt: skip
    assert page.count("<script") == 2 and page.count("</script") == 2
    assert "<b>x" not in page and "'></svg>" not in page
    assert page_data(page)["names"] == HOSTILE


def test_numbers_survive_with_six_digits():
    graph = graph_of(7, confounded=np.full((7, 7), 0.25), stability=np.eye(7))
    data = page_data(render(graph))
    found = np.reshape(data["probabilities"], (7, 7))
    np.testing.assert_allclose(found, graph.probabilities, atol=1e-6)
    np.testing.assert_array_equal(np.reshape(data["confounded"], (7, 7)), graph.confounded)
    assert data["threshold"] == 0.5


def test_only_what_is_certain_is_one():
    p = np.array([[0, 1, 0], [0, 0, 1 - 1e-9], [0, 0, 0]])
    assert page_data(render(CausalGraph(p, list("abc"))))["probabilities"][:6] == [
        0, 1, 0, 0, 0, 0.999999,
    ]  # fmt: skip


def test_the_edge_table_without_script_is_that_of_the_graph():
    p, confounded = np.zeros((4, 4)), np.zeros((4, 4))
    p[0, 1], p[1, 2], p[2, 0] = 0.9, 0.8, 0.7
    p[2, 3], p[3, 2] = 0.4, 0.3
    confounded[1, 3] = confounded[3, 1] = 0.9
    graph = CausalGraph(p, list("abcd"), confounded=confounded, stability=p)
    rows = re.findall(r'<tr data-pair="(\d),(\d)"( hidden)?>(.*?)</tr>', render(graph))
    seen = [("abcd"[int(i)], "abcd"[int(j)]) for i, j, hidden, _ in rows if not hidden]
    assert seen == [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("b", "d")]
    text = {row[:2]: row[3] for row in rows}
    assert "closes a cycle" in text["2", "0"]
    assert "direction not identifiable" in text["2", "3"] and "—" in text["2", "3"]
    assert "unmeasured common cause" in text["1", "3"] and "0.900" in text["1", "3"]


def test_what_was_run_and_assumed_is_told():
    columns = (Column("a", "number"), Column("id", "left out", "like a row number", 0.25))
    graph = graph_of(
        3, columns=columns, warnings=("Beware.",), checkpoint="net",
        run={"rows": 9, "data": "d.csv", "versions": {"jax": "1.2"}, "interventions": None},
    )  # fmt: skip
    page = render(graph)
    for told in (ASSUMPTIONS, "Beware.", "like a row number", "25.0%", "jax 1.2", "d.csv", "net"):
        assert told in page
    assert "interventions" not in page


def test_no_edge_is_said():
    page = render(CausalGraph(np.zeros((2, 2)), ["a", "b"]))
    assert '<p id="none">No pair' in page


@pytest.mark.parametrize("d", [2, 200])
def test_size_stays_small(d):
    rng = np.random.default_rng(1)
    p = np.triu(rng.random((d, d)), k=1) * 0.7
    names = [f"a rather long name of variable {i}" for i in range(d)]
    graph = CausalGraph(p, names, confounded=p + p.T, stability=p)
    assert len(render(graph).encode()) < 6_000_000
