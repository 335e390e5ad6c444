"""Whether experiments help: the same systems of benchmark A without any and with half the rows set.

    python benchmarks/interventions.py [CHECKPOINT]

Graph and mechanisms are equal, so that few systems tell what the suites, which draw other systems
for each scenario, leave to chance. Writes docs/results/interventions/paired.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

import amortize
from amortize.bundled import resolve
from amortize.metrics import average_precision, edge_scores
from amortize.posterior import decode_dag
from simulators.benchmarks.avici import ROWS, draw, ladder

OUT = Path(__file__).resolve().parents[1] / "docs" / "results" / "interventions" / "paired.json"
SEED = 910_000  # no other evaluation's
# Linear, step of the ladder, variables, systems.
CELLS = (
    (True, "", 30, 60),
    (True, "-ood", 30, 120),
    (True, "-ood", 100, 40),
    (False, "", 30, 60),
    (False, "-ood", 30, 60),
)


def scores(
    model: amortize.CausalDiscovery, linear: bool, step: str, d: int, systems: int
) -> np.ndarray:
    """[systems, 2, 2]: AUPRC and F1, without and with experiments."""
    domain, found = ladder(linear)[step], np.empty((systems, 2, 2))
    for k in range(systems):
        for experiments in (False, True):
            table = draw(domain, experiments, np.random.default_rng([SEED, k]), ROWS, d)
            given = table.values_nd[None], None, table.intervened_nd[None]
            p_dd = model.answers(*given)[0].edges_dd
            f1 = edge_scores(decode_dag(p_dd), table.graph_dd).f1
            found[k, :, int(experiments)] = average_precision(p_dd, table.graph_dd), f1
    return found


def main(
    checkpoint: Annotated[str, typer.Argument(help="Name or folder; default: bundled.")] = "",
) -> None:
    """Measure every cell."""
    model = amortize.load(resolve(checkpoint or None))
    cells = {}
    for linear, step, d, systems in CELLS:
        name = f"{'linear' if linear else 'rff'}{step} d={d}"
        found = scores(model, linear, step, d, systems)
        cells[name] = {"systems": systems}
        for place, field in enumerate(("auprc", "f1")):
            without, given = found[:, place].T
            gain = given - without
            error = gain.std(ddof=1) / np.sqrt(systems)
            means = {"without": without.mean(), "with": given.mean(), "error": error}
            cells[name][field] = {key: round(float(value), 4) for key, value in means.items()}
        print(name, json.dumps(cells[name]), flush=True)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(cells, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
