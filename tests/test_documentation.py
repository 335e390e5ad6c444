"""The pages in docs/: what they link to is there, and the code they show is the package's."""

import ast
import re
from pathlib import Path

import pytest

import amortize
from amortize.folder import FILES

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_examples_parse_and_name_what_exists(page):
    from amortize.graph import CausalGraph

    homes = {"amortize": amortize, "graph": CausalGraph}
    for code in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                home = homes.get(node.value.id)
                fields = getattr(home, "__dataclass_fields__", {})
                assert home is None or hasattr(home, node.attr) or node.attr in fields, node.attr


@pytest.mark.parametrize("name", ["your-table.md", "input.md"])
def test_flags_of_the_command_exist(name):
    from typer.main import get_command

    from amortize.cli import app

    known = {
        flag
        for command in get_command(app).commands.values()  # pyright: ignore
        for parameter in command.params
        for flag in parameter.opts
    }
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    for flag in re.findall(r"`(--[a-z][a-z-]+)", page):
        assert flag in known | {"--help"}, flag


def test_every_output_is_explained():
    page = (ROOT / "docs" / "your-table.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in FILES)
