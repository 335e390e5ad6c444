"""What a method that finds the true Markov equivalence class, and nothing else, scores unhelped.

    python benchmarks/ceiling.py D --datasets 30
    python benchmarks/ceiling.py linear-gaussian --datasets 300

Where the data tell no more than the class (linear, Gaussian, free variances), nobody can know more;
the evaluations orient a method's undirected edges as the truth has them, which makes 1.0 of it.
Here an undirected edge has probability 1/2 each way: AUPRC of these, and F1 of the graph in which
a fair coin directs each of them, in expectation. The tables are those of `evaluate.py`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from markers import table
from numpy.typing import NDArray

from amortize import metrics
from amortize.equivalence import cpdag_of
from amortize.suite import SUITES, single

SEED = 20_000  # of evaluate.py


def of_class(graph_dd: NDArray[np.bool_]) -> tuple[float, float]:
    """AUPRC and expected F1 of the graph's equivalence class."""
    class_dd = cpdag_of(graph_dd)
    open_dd = class_dd & class_dd.T
    p_dd = np.where(open_dd, 0.5, class_dd)
    right = 1 - open_dd.sum() / 4 / max(graph_dd.sum(), 1)  # half of the undirected edges is wrong
    return metrics.average_precision(p_dd, graph_dd), float(right)


def main(
    suite: Annotated[str, typer.Argument(help="suite, or one scenario")] = "D",
    datasets: Annotated[int | None, typer.Option(help="of each table")] = None,
    seed: Annotated[int, typer.Option(help="of the tables")] = SEED,
    write: Annotated[Path | None, typer.Option(help="Markdown file")] = None,
) -> None:
    """Print a line for each table."""
    groups = SUITES[suite].groups if suite in SUITES else single(suite)
    rows = []
    for group in groups:
        asked = replace(group, datasets=datasets or group.datasets)
        cases = [of_class(case.truth_dd) for case in asked.tables(seed)]
        auprc, f1 = np.nanmean(cases, axis=0)
        size = [group.scenario, str(group.variables), str(len(cases))]
        rows.append([*size, f"{auprc:.3f}", f"{f1:.3f}"])
        print(*rows[-1], flush=True)
    text = table(["scenario", "variables", "datasets", "AUPRC", "F1"], rows)
    if write is not None:
        write.parent.mkdir(parents=True, exist_ok=True)
        about = "Written by `benchmarks/ceiling.py`: the true equivalence class, unhelped."
        write.write_text(f"# What the equivalence class gives\n\n{about}\n\n{text}\n")


if __name__ == "__main__":
    typer.run(main)
