"""The notebook in docs/ is the one that its script makes, and ran without an error."""

import json
from pathlib import Path
from runpy import run_path

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"


@pytest.fixture(scope="module")
def book() -> dict:
    return json.loads((DOCS / "example.ipynb").read_text(encoding="utf-8"))


def test_its_cells_are_those_of_the_script(book):
    pytest.importorskip("nbformat")
    pytest.importorskip("nbclient")
    made = run_path(str(DOCS / "make_example.py"))["notebook"]()
    kept = [(cell["cell_type"], "".join(cell["source"])) for cell in book["cells"]]
    assert kept == [(cell.cell_type, cell.source) for cell in made.cells]


def test_every_cell_ran_and_none_failed(book):
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    assert len(code) > 5
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    kinds = {output["output_type"] for cell in code for output in cell["outputs"]}
    assert kinds <= {"execute_result", "stream", "display_data"}
    streams = {o.get("name") for cell in code for o in cell["outputs"]} - {None}
    assert streams == {"stdout"}  # no warning was printed


def test_it_stays_small_and_names_no_machine(book):
    text = json.dumps(book)
    assert len(text) < 100_000
    assert "/home/" not in text and str(Path(__file__).parents[1]) not in text
