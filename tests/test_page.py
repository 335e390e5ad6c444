"""Boards, published rows and the page made of them."""

import math
import re

import numpy as np
import pytest

from amortize.board import COLUMNS, from_json, to_json
from amortize.leaderboard import boards
from amortize.markdown import markdown
from amortize.page import html
from amortize.published import beside, elsewhere, published
from simulators.scenarios import SCENARIOS

NAMES = {column.field for column in COLUMNS}


def cell(method, index, scenario="bcnp-linear-er20", **fields):
    about = {
        "suite": "C",
        "scenario": scenario,
        "rows": 1000,
        "variables": 20,
        "scale": "z-scored",
        "seed": 0,
        "index": index,
        "method": method,
        "kind": "dag",
        "version": "1",
        "settings": {"a": 1},
        "source": "<b>someone</b>",
        "status": "ok",
        "reason": "",
        "truth": [[0, 1]],
        "shape": [1000, 2],
        "varsortability": 0.5,
        "r2_sortability": 0.5,
    }
    return {**about, "key": f"{method}{scenario}{index}", **fields}


def some(count=12):
    random = np.random.default_rng(0)
    records = []
    for index in range(count):
        hard = random.normal(0, 0.1)
        p = [[0.0, 0.8], [0.1, 0.0]]
        ours = {"auprc": 0.8 + hard, "f1": 0.7, "shd": 3, "seconds": 0.1, "probabilities": p}
        records.append(cell("amortize", index, **ours))
        records.append(cell("pc", index, auprc=0.7 + hard, f1=0.6, shd=4, seconds=2.0))
        records.append(cell("ges", index, status="timeout", reason="stopped after 1 s"))
    return records


def test_published_rows_have_known_metrics_and_real_scenarios():
    rows = published()
    assert len(rows) > 50
    for row in rows:
        assert set(row.metrics) <= NAMES and row.source
        assert row.suite in "ABC" or row.suite == "real"
        if row.suite in "BC":
            assert row.variables in SCENARIOS[row.scenario].variables
    by_name = {row.method: row for row in beside("causcale-linear", 100)}
    assert by_name["inverse covariance"].metrics["auprc"] == 0.341
    assert by_name["CauScale"].metrics["shd"] == 15.2
    assert {row.scenario for row in elsewhere("A", [])} == {
        "WS, linear",
        "SBM, linear",
        "WS, RFF",
        "SBM, RFF",
    }


def test_a_board_compares_in_pairs():
    (board,) = boards(some())
    rows = {row.method: row for row in board.methods}
    assert (rows["ges"].finished, rows["ges"].total) == (0, 12)
    assert rows["ges"].trouble == "12 timeout: stopped after 1 s"
    gap = rows["pc"].against["auprc"]
    assert gap.mean == pytest.approx(0.1) and gap.low == pytest.approx(0.1)  # hardness cancels
    assert gap.p_value < 0.01 and not rows["amortize"].against
    assert not rows["ges"].against
    assert math.isnan(board.mean("pc", "brier"))
    assert board.ece["amortize"] > 0 and len(board.calibration["amortize"]) == 20


def test_boards_of_older_lines_without_suite_or_scale():
    new = ("suite", "scale", "shape")
    old = [{k: v for k, v in {**r, "variables": 2}.items() if k not in new} for r in some(2)]
    (board,) = boards(old)
    assert (board.suite, board.scale) == ("default", "z-scored")


def test_the_page_stands_alone_and_shows_published_rows():
    records = some() + [
        record | {"scenario": "bcnp-linear-er40"} for record in some() if record["method"] != "pc"
    ]
    found = boards(records)
    page = html(found, records, "Evaluation: x")
    assert not re.search(r"""(src|href)=["'](?!#)""", page.replace('xlink:href="#', ""))
    assert "<script" not in page and "&lt;b&gt;someone" in page and "<b>someone" not in page
    assert "BCNP, best (published)" in page and "0.897" in page
    assert page.count("<svg") == 2  # seconds, calibration: one size, so no size charts
    assert "2 tables" in page and "1/2" in page
    text = markdown(found, records, "Evaluation: x")
    assert "| BCNP, best | published | 0.897 |" in text and "p <0.001" in text


def test_boards_survive_json():
    found = boards(some())
    again = from_json(to_json(found))
    assert to_json(again) == to_json(found)
    row, other = found[0].methods[0], again[0].methods[0]
    assert other.means["auprc"].mean == pytest.approx(row.means["auprc"].mean, abs=1e-6)
    assert again[0].published == found[0].published and math.isnan(again[0].mean("pc", "brier"))


def test_sizes_make_charts():
    records = some(3) + [{**record, "rows": 100} for record in some(3)]
    page = html(boards(records), records, "x")
    assert "AUPRC against rows (20 variables)" in page
    assert "against variables" not in page
