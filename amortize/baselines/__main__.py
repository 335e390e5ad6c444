"""`python -m amortize.baselines` lists every method, installed or not."""

from __future__ import annotations

import sys

import typer
from rich.console import Console
from rich.table import Table

from amortize.baselines import METHODS


def main() -> None:
    """Graph, inputs, treatment of intervened rows, package and version of every method."""
    table = Table(box=None, pad_edge=False)
    for heading in ("method", "graph", "uses", "intervened rows", "version"):
        table.add_column(heading, no_wrap=True)
    missing: dict[str, list[str]] = {}
    for method in METHODS.values():
        found = method.installed_version()
        if found is None:
            missing.setdefault(method.install_hint(), []).append(method.name)
        table.add_row(
            method.name,
            method.kind + (" + confounded" if method.confounded else ""),
            " ".join(method.uses),
            method.rows,
            f"{method.package or 'amortize'} {found or '(missing)'}",
        )
    console = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 120)
    console.print(table)
    for hint, names in missing.items():
        console.print(f"{', '.join(names)}: {hint}", markup=False)


if __name__ == "__main__":
    typer.run(main)
