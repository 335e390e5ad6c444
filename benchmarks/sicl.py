"""Classic algorithms on small-world and block graphs beside the figures that SiCL printed of them.

    python benchmarks/sicl.py --count 4          minutes; prints a table
    python benchmarks/sicl.py --write            also into docs/scenarios.md

SiCL (arXiv 2502.10883) retrained AVICI on AVICI's domains; where its settings are not known to us
the graphs and mechanisms are AVICI's (`simulators/benchmarks/avici.py`).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from markers import filled, table

from amortize.baselines import METHODS, Worker
from amortize.case import Case, prepare
from amortize.published import elsewhere
from amortize.score import score
from simulators.benchmarks.avici import Domain, draw
from simulators.benchmarks.random_graphs import stochastic_block, watts_strogatz

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scenarios.md"
SEED = 41_000  # evaluation and training use others
ROWS, VARIABLES = 1000, 30
GRAPHS = {
    "WS": tuple(partial(watts_strogatz, dimensions=k, rewiring=0.3) for k in (2, 3)),
    "SBM": tuple(
        partial(stochastic_block, edges=2.0 * VARIABLES, blocks=k, damping=0.1) for k in (5, 10)
    ),
}
METRICS = ("skeleton_f1", "cpdag_shd")


def tables(graphs: str, linear: bool, count: int) -> list[Case]:
    """Observational tables of a graph family, as the baselines get them."""
    domain = Domain(linear, graphs=GRAPHS[graphs])
    found = []
    for index in range(count):
        rng = np.random.default_rng([SEED, index])
        data = draw(domain, False, rng, ROWS, VARIABLES)
        whole = np.ones(data.values_nd.shape, bool)
        found.append(prepare(data.values_nd, whole, ~whole, data.graph_dd, index))
    return found


def measured(worker: Worker, method: str, cases: list[Case], limit: float) -> list[str]:
    """Mean and standard deviation over the tables of each metric."""
    scores = []
    for case in cases:
        found = worker.run(METHODS[method], case.values_nd, 0, limit)
        if found.graph_dd is not None:
            scores.append(score(found.graph_dd, None, case.truth_dd, METHODS[method].kind))
    if not scores:
        return ["-"] * len(METRICS)
    cells = [np.array([s[name] for s in scores]) for name in METRICS]
    return [f"{cell.mean():.3g} ± {cell.std():.2g}" for cell in cells]


def main(
    count: Annotated[int, typer.Option(help="Tables of each kind.", min=1)] = 10,
    limit: Annotated[float, typer.Option(help="Processor seconds for a table.")] = 60,
    write: Annotated[bool, typer.Option("--write", help="Write the page.")] = False,
) -> None:
    """Run PC and GES wherever SiCL printed them."""
    head = ["data", "true edges", "method", "published skeleton F1", "here"]
    lines: list[list[str]] = []
    cases: dict[str, list[Case]] = {}
    with Worker() as worker:
        for row in elsewhere("A", ()):
            if row.method not in ("PC", "GES"):
                continue
            graphs, kind = row.scenario.split(", ")
            if row.scenario not in cases:
                cases[row.scenario] = tables(graphs, kind == "linear", count)
            mine = cases[row.scenario]
            found = measured(worker, row.method.lower(), mine, limit)
            printed = [f"{row.metrics[name]:g}" for name in METRICS]
            edges = f"{np.mean([case.truth_dd.sum() for case in mine]):.0f}"
            pairs = [cell for pair in zip(printed, found, strict=True) for cell in pair]
            lines.append([row.scenario, edges, row.method, *pairs])
            print(*lines[-1], sep="  ", flush=True)
    if write:
        made = table([*head, "published CPDAG SHD", "here"], lines)
        text = filled(PAGE.read_text(encoding="utf-8"), "sicl", made)
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
