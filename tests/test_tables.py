"""The README's evaluation tables are what the committed results say."""

import importlib.util
from pathlib import Path

TABLES = Path(__file__).parents[1] / "benchmarks" / "tables.py"


def load():
    spec = importlib.util.spec_from_file_location("tables", TABLES)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_evaluation_tables_are_current():
    assert load().renew(load().evaluations(), check=True) == []


def test_a_stale_table_is_named(tmp_path, monkeypatch):
    module = load()
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "README.md").write_text("")
    page = tmp_path / "README.md"
    page.write_text("<!-- evaluation-f1 -->\n| method |\n<!-- /evaluation-f1 -->\n")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    assert module.renew(module.evaluations(), check=True) == ["README.md: evaluation-f1"]
    assert "| method |\n" in page.read_text()
    module.renew(module.evaluations(), check=False)
    assert "| amortize |" in page.read_text()
    assert module.renew(module.evaluations(), check=True) == []
