"""The README's evaluation tables are what the committed results say."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import tables
from markers import filled, holds, table


def test_evaluation_tables_are_current():
    assert tables.renew(tables.evaluations(), check=True) == []


def test_a_stale_table_is_named(tmp_path, monkeypatch):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "README.md").write_text("")
    page = tmp_path / "README.md"
    page.write_text("<!-- evaluation-f1 -->\n| method |\n<!-- /evaluation-f1 -->\n")
    monkeypatch.setattr(tables, "ROOT", tmp_path)
    assert tables.renew(tables.evaluations(), check=True) == ["README.md: evaluation-f1"]
    assert "| method |\n" in page.read_text()
    tables.renew(tables.evaluations(), check=False)
    assert "| amortize |" in page.read_text()
    assert tables.renew(tables.evaluations(), check=True) == []


def test_a_place_is_filled_and_nothing_else_changes():
    page = "a\n<!-- one -->\nold\n<!-- /one -->\nb\n<!-- two -->\n<!-- /two -->\n"
    assert holds(page, "one") and holds(page, "two") and not holds(page, "on")
    body = table(["x", "y"], [["1", r"a|\1"]])
    found = filled(page, "one", body)
    assert found == page.replace("old", "| x | y |\n| --- | --- |\n| 1 | a\\|\\1 |")
    assert filled(found, "one", "old") == page and filled(page, "three", body) == page
