"""What others printed about the same benchmarks: published.csv, the only place of these figures."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files


@dataclass
class Published:
    """One method's row of a published table, metrics by the names of `score`."""

    suite: str
    scenario: str
    variables: int  # 0: as the data have them
    method: str
    source: str
    note: str
    metrics: dict[str, float] = field(default_factory=dict)


@cache
def published() -> tuple[Published, ...]:
    """Every published row; figures of one method from one source stand together."""
    text = files("amortize").joinpath("published.csv").read_text(encoding="utf-8")
    found: dict[tuple[str, ...], Published] = {}
    for line in csv.DictReader(text.splitlines()):
        names = ("suite", "scenario", "variables", "method", "source", "note")
        place = tuple(line[name] for name in names)
        suite, scenario, variables, method, source, note = place
        row = Published(suite, scenario, int(variables), method, source, note)
        found.setdefault(place, row).metrics[line["metric"]] = float(line["value"])
    return tuple(found.values())


def beside(scenario: str, variables: int) -> list[Published]:
    """The published rows of a scenario at one size."""
    return [p for p in published() if (p.scenario, p.variables) == (scenario, variables)]


def elsewhere(suite: str, scenarios: Iterable[str]) -> list[Published]:
    """The published rows of a suite that belong to none of these scenarios: similar data."""
    here = set(scenarios)
    return [p for p in published() if p.suite == suite and p.scenario not in here]
