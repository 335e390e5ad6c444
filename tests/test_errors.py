"""The list of messages in docs/errors.md is that of the code; messages are one line."""

import ast
import re
from pathlib import Path

import pytest

from amortize.errors import DataError, UsageError, listing, nearest, quoted

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(path.stem for path in (ROOT / "amortize").glob("*.py"))


def template(node: ast.expr) -> str:
    """A message with … for everything that is filled in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(map(template, node.values))
    if isinstance(node, ast.BinOp):
        return template(node.left) + template(node.right)
    return "…"


def messages(module: str) -> set[str]:
    """Templates of the messages that a module raises, apart from those it was handed."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / "amortize" / f"{module}.py").read_text("utf-8"))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
            name = getattr(node.exc.func, "id", "")
            if name in ("DataError", "UsageError"):
                found.add(template(node.exc.args[0]))
    return found - {"…"}


def test_the_page_lists_every_message_and_no_other():
    page = (ROOT / "docs" / "errors.md").read_text("utf-8")
    listed = set(re.findall(r"^- `(.+)`$", page, re.M))
    raised = set().union(*map(messages, MODULES))
    assert raised - listed == set(), "add these to docs/errors.md"
    assert listed - raised == set(), "these are no longer raised; remove them from docs/errors.md"


def test_messages_are_one_line_whatever_is_filled_in():
    for kind, status in ((UsageError, 2), (DataError, 3)):
        error = kind("a\n  b\tc")
        assert str(error) == "a b c" and error.exit_status == status
    assert quoted("x" * 100, 10) == "'xxxxxxx...'"
    assert quoted(Path("folder") / ("x" * 100) / "t.csv", 12) == "'...xxx/t.csv'"
    assert listing(list("abc"), 2) == "'a', 'b' and 1 more"


@pytest.mark.parametrize(
    ("name", "told"),
    [("dosse", "did you mean 'dose'?"), ("DOSE", "did you mean 'dose'?"), ("zzz", "there are 'a'")],
)
def test_unknown_names_come_with_the_nearest(name, told):
    assert told in nearest(name, ["a", "dose"])
