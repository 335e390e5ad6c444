"""Edges and sortabilities of every scenario, and parity with a published figure.

\b
    python benchmarks/scenarios.py                       print and write docs/scenarios.md
    python benchmarks/scenarios.py --network FILE ...    also those that need a network
    python benchmarks/scenarios.py bcnp --datasets 5     print those whose names begin so

A table of the page stands between `<!-- NAME -->` and `<!-- /NAME -->`; nothing is typed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from markers import filled, table
from sklearn.covariance import LedoitWolf

from amortize.compilation import enable_cache
from amortize.metrics import auroc, average_precision
from amortize.simulate import measured
from simulators.scenarios import SCENARIOS, Scenario, sample

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scenarios.md"
SEED = 41_000  # evaluation and training use others
PARITY_GRAPHS = 20
# CauScale, arXiv 2602.08629, table 1, 100 variables and 400 edges: mAP and AUROC in percent.
PUBLISHED = {
    "linear": (34.1, 93.6),
    "nn": (23.6, 82.5),
    "sigmoid": (32.9, 90.5),
    "polynomial": (23.7, 72.7),
}


def precision(values_nd: np.ndarray, shrunk: bool) -> np.ndarray:
    """|inverse covariance|, of Ledoit and Wolf's shrunk covariance or of the plain one."""
    if shrunk:
        return np.abs(LedoitWolf().fit(values_nd).get_precision())
    return np.abs(np.linalg.pinv(np.cov(values_nd, rowvar=False), hermitian=True))


def parity() -> str:
    """Inverse covariance on raw data of benchmark B beside the published figures."""
    rows = []
    for name, published in PUBLISHED.items():
        drawn = sample(f"causcale-{name}", PARITY_GRAPHS, 1000, 100, SEED)
        cells = []
        for shrunk in (True, False):
            scores = [precision(data.values.astype(float), shrunk) for data in drawn]
            pairs = list(zip(scores, (data.graph for data in drawn), strict=True))
            cells += [
                f"{100 * np.mean([score(s, g) for s, g in pairs]):.1f}"
                for score in (average_precision, auroc)
            ]
        rows.append([name, *map(str, published), *cells])
    head = [
        "mechanism",
        "published mAP",
        "AUROC",
        "mAP",
        "AUROC",
        "without shrinkage: mAP",
        "AUROC",
    ]
    return table(head, rows)


def describe(found: Scenario, datasets: int, networks: tuple[Path, ...]) -> list[str]:
    """The row of one scenario at its main size."""
    d = found.variables[0]
    files = networks if found.needs_network else ()
    drawn = sample(found.name, datasets, found.rows, d, SEED, files)
    scores = [measured(data) for data in drawn]
    edges = [score["edges"] for score in scores]
    cells = [
        f"{np.mean([s[name] for s in scores if s[name] is not None]):.2f}"
        for name in ("varsortability", "r2_sortability")
    ]
    share = np.mean([data.intervened.any(1).mean() for data in drawn])
    return [
        found.name,
        f"{d} x {found.rows}",
        str(len(drawn)),
        f"{np.mean(edges):.1f} ({min(edges)} to {max(edges)})",
        *cells,
        f"{100 * share:.0f} %",
    ]


HEAD = [
    "scenario",
    "variables x rows",
    "datasets drawn",
    "edges",
    "varsortability",
    "R2-sortability",
    "rows intervened on",
]


def main(
    prefix: Annotated[str, typer.Argument(help="scenarios whose names begin so; all")] = "",
    datasets: Annotated[int, typer.Option(min=1, help="drawn of each scenario")] = 16,
    network: Annotated[list[Path] | None, typer.Option(help="edge list; several allowed")] = None,
) -> None:
    """Print the tables; write the page when all scenarios are asked for."""
    enable_cache()
    networks = tuple(network or ())
    chosen = [s for s in SCENARIOS.values() if s.name.startswith(prefix)]
    rows = []
    for found in chosen:
        if found.needs_network and not networks:
            rows.append([found.name, f"{found.variables[0]} x {found.rows}", "0", *[""] * 4])
            continue
        rows.append(describe(found, datasets, networks))
        print(*rows[-1], sep="  ", flush=True)
    tables = {"scenarios": table(HEAD, rows)}
    if "causcale-linear".startswith(prefix):
        tables["parity"] = parity()
        print("\n" + tables["parity"])
    if prefix:
        return
    text = PAGE.read_text(encoding="utf-8")
    for name, made in tables.items():
        text = filled(text, name, made)
    PAGE.write_text(text, encoding="utf-8")
    print(f"written to {PAGE}")


if __name__ == "__main__":
    typer.run(main)
