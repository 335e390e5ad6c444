"""The still picture."""

import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from amortize.errors import DataError, UsageError
from amortize.graph import CausalGraph

pytest.importorskip("matplotlib")
MAGIC = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}
HOSTILE = ["<script>alert(1)</script>", "$x^2$", "=cmd()", "a longer name than fits in a box"]


@pytest.fixture
def graph() -> CausalGraph:
    p, confounded = np.zeros((4, 4)), np.zeros((4, 4))
    p[0, 1], p[1, 2] = 0.9, 0.8
    p[0, 2], p[2, 0] = 0.4, 0.4
    confounded[0, 3] = confounded[3, 0] = 0.9
    return CausalGraph(p, HOSTILE, confounded=confounded)


def svg_texts(path: Path) -> list[str]:
    return [e.text or "" for e in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("suffix", MAGIC)
def test_each_format_is_written_and_twice_the_same(graph, tmp_path, suffix):
    first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    assert graph.save_figure(first) == first
    graph.save_figure(second)
    assert first.read_bytes().startswith(MAGIC[suffix])
    assert first.read_bytes() == second.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [first.name, second.name]


def test_names_are_drawn_as_text(graph, tmp_path):
    texts = svg_texts(graph.save_figure(tmp_path / "f.svg"))
    assert texts == ["<script>alert(1)<…", "$x^2$", "=cmd()", "a longer name tha…"]


def test_everything_lies_inside_the_frame(graph):
    from amortize.figure import draw

    figure = draw(graph)
    (axes,) = figure.axes
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    assert len(axes.patches) == 4 + 3 + 1  # boxes, edges, a common cause
    for patch in axes.patches:
        box = patch.get_window_extent().transformed(axes.transData.inverted())
        assert left <= box.x0 and box.x1 <= right and low <= box.y0 and box.y1 <= high


def test_a_graph_without_edges_can_be_drawn(tmp_path):
    graph = CausalGraph(np.zeros((3, 3)), ["a", "b", "c"])
    assert svg_texts(graph.save_figure(tmp_path / "f.svg")) == ["a", "b", "c"]


def test_what_cannot_be_made_is_refused(graph, tmp_path, monkeypatch):
    with pytest.raises(UsageError, match=r"'\.gif'; give \.png"):
        graph.save_figure(tmp_path / "f.gif")
    with pytest.raises(DataError, match="No such file"):
        graph.save_figure(tmp_path / "none" / "f.png")
    (tmp_path / "d.png").mkdir()
    with pytest.raises(UsageError, match="is a directory"):
        graph.save_figure(tmp_path / "d.png")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match=r"pip install 'amortize\[plot\]'"):
        graph.save_figure(tmp_path / "f.png")
