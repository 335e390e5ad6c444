"""Tables of a Markdown page that a command writes, between `<!-- NAME -->` and `<!-- /NAME -->`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from amortize.markdown import md


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table."""
    return "\n".join(md(head, list(rows)))


def holds(text: str, name: str) -> bool:
    """Whether the page has a place of this name."""
    return _place(name).search(text) is not None


def filled(text: str, name: str, body: str) -> str:
    """The page with `body` in the place of this name, and no other change."""
    return _place(name).sub(lambda found: f"{found[1]}{body}\n{found[2]}", text)


def _place(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
