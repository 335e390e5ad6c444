"""Accuracy and calibration of a checkpoint on held-out scenarios.

    python benchmarks/quality.py                  check the default checkpoint against its card
    python benchmarks/quality.py base --write    measure everything and write it into the card

The check fails when the average precision on the prior's mixture (200 rows, 10 variables) falls
more than MARGIN under the figure on the card. The datasets are the same each time, so the margin
only has to cover other versions of JAX and other processors.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from arithmetic import operations_of_run

import amortize
from amortize.bundled import resolve
from amortize.checkpoint import write_json
from amortize.metrics import auroc, average_precision, brier, calibration_error, edge_scores
from amortize.posterior import decode_dag
from simulators import OWN, sample
from simulators.scenarios import sample_prior

SEED = 31_000  # evaluate.py and the training's own held-out set use others
DATASETS = 128
MARGIN = 0.02
THRESHOLD = 0.5
CHECKED = ("mixture", 200, 10)


OWN_PRIOR = "own prior"  # the checkpoint's, from its config.json


def cells() -> list[tuple[str, int, int]]:
    """Scenario, rows, variables: the priors over sizes, every other scenario at one size."""
    sizes = [(50, 10), (200, 5), (200, 10), (200, 20), (1000, 10), (1000, 20)]
    others = [name for name in OWN if name != "mixture"]
    own = [(OWN_PRIOR, 200, 10), (OWN_PRIOR, 200, 40)]
    return [("mixture", n, d) for n, d in sizes] + own + [(name, 200, 10) for name in others]


def measure(model, scenario: str, n: int, d: int) -> dict[str, float]:
    """Means over DATASETS fresh datasets; calibration error pooled over their ordered pairs."""
    if scenario == OWN_PRIOR:
        data = sample_prior(model.config.prior, DATASETS, n, d, SEED)
    else:
        data = sample(scenario, DATASETS, n, d, SEED)
    fields = ("values", "observed", "intervened", "regime", "kind")
    stacked = [np.stack([getattr(x, field) for x in data]) for field in fields]
    answers = model.answers(*stacked)
    pairs = [(a.edges_dd, x.graph) for a, x in zip(answers, data, strict=True)]
    edges = [edge_scores(decode_dag(p, THRESHOLD), g) for p, g in pairs]
    found = {
        "auprc": np.nanmean([average_precision(p, g) for p, g in pairs]),
        "auroc": np.nanmean([auroc(p, g) for p, g in pairs]),
        "f1": np.mean([e.f1 for e in edges]),
        "shd": np.mean([e.shd for e in edges]),
        "brier": np.mean([brier(p, g) for p, g in pairs]),
        "ece": calibration_error([p for p, _ in pairs], [g for _, g in pairs]),
        "edges": np.mean([x.graph.sum() for x in data]),
    }
    hidden = [(a.confounded_dd, x.confounded) for a, x in zip(answers, data, strict=True)]
    if any(truth.any() for _, truth in hidden):
        found["confounded_auprc"] = np.nanmean([average_precision(p, g) for p, g in hidden])
        found["confounded_auroc"] = np.nanmean([auroc(p, g) for p, g in hidden])
        found["confounded_pairs"] = np.mean([g.sum() / 2 for _, g in hidden])
    return {name: round(float(value), 4) for name, value in found.items()}


def main(
    checkpoint: Annotated[str | None, typer.Argument(help="name or path")] = None,
    write: Annotated[bool, typer.Option(help="measure every cell, write the card")] = False,
) -> None:
    """Check, or measure and write."""
    folder: Path = resolve(checkpoint)
    model = amortize.load(folder)
    card = json.loads((folder / "card.json").read_text())
    if write:
        card["training_operations"] = operations_of_run(model.config, card["step"])
        card["measured"] = {}
        card["measured_with"] = {"seed": SEED, "datasets": DATASETS, "threshold": THRESHOLD}
        for scenario, n, d in cells():
            found = measure(model, scenario, n, d)
            card["measured"][f"{scenario} n={n} d={d}"] = found
            print(f"{scenario:32s} n={n:<5d} d={d:<3d}", found, flush=True)
        write_json(folder / "card.json", card)
        return
    scenario, n, d = CHECKED
    name = f"{scenario} n={n} d={d}"
    recorded = card["measured"][name]["auprc"]
    found = measure(model, scenario, n, d)["auprc"]
    print(f"{folder.name}: AUPRC {found:.4f} on {name}, recorded {recorded:.4f}, margin {MARGIN}")
    if found < recorded - MARGIN:
        raise SystemExit("the checkpoint is worse than its card says")


if __name__ == "__main__":
    typer.run(main)
