"""What is evaluated on: suites of groups of datasets, simulated, published, real, or the user's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from amortize.case import Case, prepare
from amortize.labelled import read_folder
from amortize.real import REAL
from amortize.real import SUITE as REAL_SUITE
from amortize.wheels import Absent
from simulators.scenarios import COMBINED, OWN, SCENARIOS, sample

YOURS = "yours"


@dataclass(frozen=True)
class Group:
    """Datasets of one distribution and size: one table of the report.

    `rows` and `variables` are 0 where the data decide them.
    """

    scenario: str
    rows: int
    variables: int
    datasets: int
    raw: bool = False  # columns as they came instead of z-scored, for tables published so
    folder: Path | None = None  # of the user's data
    networks: tuple[Path, ...] = ()  # files whose parts are the graphs, where a scenario needs them

    def tables(self, seed: int) -> Iterator[Case]:
        """The datasets; each permutes its columns by a seed of its own.

        Raises DataError for data that cannot be used, and its subclass Absent for data that are
        not on this machine.
        """
        draw = _own if self.folder else _real if self.scenario in REAL else _simulated
        for index, case in enumerate(draw(self, seed)):
            place = {
                "scenario": self.scenario,
                "rows": self.rows,
                "variables": self.variables,
                "seed": seed,
                "index": index,
            }
            yield case._replace(about=place | case.about)


@dataclass(frozen=True)
class Suite:
    """A named part of an evaluation."""

    name: str
    about: str
    groups: tuple[Group, ...]
    without: tuple[str, ...] = ()  # methods that only run on it when they are named


# -------------------------------------------------------------------------------- the suites


def of(names: Iterable[str], raw: bool = False, main: bool = False) -> tuple[Group, ...]:
    """Groups of the scenarios at every size at which they are published, or at the main one."""
    found = []
    for name in names:
        known = SCENARIOS[name]
        for variables in known.variables[:1] if main else known.variables:
            found.append(Group(name, known.rows, variables, known.datasets, raw))
    return tuple(found)


def starting(*prefixes: str) -> list[str]:
    """The names of the scenarios that start so, in their order."""
    return [name for name in SCENARIOS if name.startswith(prefixes)]


def sizes(names: tuple[str, ...], shapes: list[tuple[int, int]], datasets: int):
    """Groups of every scenario at every (rows, variables)."""
    return tuple(Group(name, n, d, datasets) for name in names for n, d in shapes)


FIRST = ("linear-gaussian", "linear-laplace", "rff-gaussian", "rff-laplace", "mixture")
PURE = tuple(name for name in OWN if name != "mixture")
OBSERVED = [name for name in starting("tabcausal-") if not name.endswith("-interventional")]
LADDER = [name for name in starting("avici-") if not name.endswith("-interventional")]
STEPS = ("-ood-graph", "-ood-graph-function")  # of the ladder, between in and out
AVICI = [n for n in starting("avici-") if not n.removesuffix("-interventional").endswith(STEPS)]
ROWS, VARIABLES = (30, 100, 300, 1000), (10, 20, 50, 100)

# Minutes for each table, or torch.
HEAVY = ("pc-rcit", "cam", "notears", "notears-mlp", "golem", "gran-dag", "dagma", "dagma-mlp")
HEAVY_ALONE = (*HEAVY, "gies")  # without experiments it is ges

_ALL = (
    Suite("smoke", "does everything work: minutes", sizes(FIRST[1:3], [(200, 8)], 5), HEAVY_ALONE),
    Suite("default", "this project's own prior, in parts", sizes(FIRST, [(200, 10)], 30)),
    Suite(
        "interventional",
        "hard interventions with known targets",
        sizes(tuple(n for n in PURE if n.endswith("-interventional")), [(200, 10)], 30),
    ),
    Suite("A", "AVICI's domains, in and out of distribution (Lorch et al. 2022)", of(AVICI)),
    Suite(
        "shift",
        "AVICI's ladder: in distribution, then graphs, functions and noise shifted by turns",
        of(LADDER, main=True),
    ),
    Suite("B", "CauScale's and SEA's tables", of(starting("causcale-", "sea-"))),
    Suite("B-raw", "the same on raw scale", of(starting("causcale-"), raw=True)),
    Suite("C", "BCNP's tables", of(starting("bcnp-"))),
    Suite("D", "TabCausal's families", of(OBSERVED), HEAVY_ALONE),
    Suite(
        "D-small",
        "TabCausal's families with 50 rows",
        tuple(replace(group, rows=50) for group in of(OBSERVED)),
        HEAVY_ALONE,
    ),
    Suite(
        "D-interventional",
        "TabCausal's families with experiments",
        of([name for name in starting("tabcausal-") if name not in OBSERVED]),
        HEAVY,
    ),
    Suite(
        "scaling",
        "accuracy against rows (30 variables) and against variables (1,000 rows)",
        sizes(
            ("avici-linear", "avici-rff"),
            [*((n, 30) for n in ROWS), *((1000, d) for d in VARIABLES)],
            30,
        ),
        HEAVY_ALONE,
    ),
    Suite(
        "combinations",
        "graph, mechanism and noise together as training never drew them, and as it did",
        of(COMBINED),
        HEAVY_ALONE,
    ),
    Suite(
        "real",
        "measured data and networks fitted to data, as far as they are installed",
        tuple(Group(name, 0, 0, REAL[name].datasets) for name in REAL_SUITE),
    ),
)
SUITES: dict[str, Suite] = {suite.name: suite for suite in _ALL if suite.groups}


def single(name: str) -> tuple[Group, ...]:
    """One scenario at its main size, or one real dataset."""
    if name in REAL:
        return (Group(name, 0, 0, REAL[name].datasets),)
    return of([name], main=True)


def yours(folder: Path) -> Suite:
    """The user's datasets, all in one table. Raises UsageError or DataError, see `read_folder`."""
    count = len(read_folder(folder))
    name = f"{YOURS}: {folder.resolve().name}"
    return Suite(YOURS, str(folder.name), (Group(name, 0, 0, count, folder=folder),))


# ----------------------------------------------------------------------------------- drawing


def _simulated(group: Group, seed: int) -> Iterator[Case]:
    needed = SCENARIOS[group.scenario].needs_network
    if needed and not group.networks:
        raise Absent("its graphs are parts of a regulatory network: give its file as --network")
    networks = group.networks if needed else ()
    drawn = sample(group.scenario, group.datasets, group.rows, group.variables, seed, networks)
    for index, data in enumerate(drawn):
        yield prepare(
            data.values,
            data.observed,
            data.intervened,
            data.graph,
            seed + index,
            raw=group.raw,
            regime_n=data.regime,
            kind_d=data.kind,
        )


def _real(group: Group, seed: int) -> Iterator[Case]:
    for index, data in enumerate(REAL[group.scenario].tables(group.datasets, seed)):
        observed = ~np.isnan(data.values_nd)
        yield prepare(
            data.values_nd,
            observed,
            data.intervened_nd,
            data.graph_dd,
            seed + index,
            raw=group.raw,
            kind_d=data.kind_d,
        )


def _own(group: Group, seed: int) -> Iterator[Case]:
    assert group.folder is not None
    for index, data in enumerate(read_folder(group.folder)[: group.datasets]):
        case = prepare(
            data.values_nd,
            ~np.isnan(data.values_nd),
            data.intervened_nd,
            data.graph_dd,
            seed + index,
            raw=group.raw,
            kind_d=data.kind_d,
        )
        yield case._replace(about=case.about | {"dataset": data.name})
