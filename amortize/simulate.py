"""What `amortize simulate` does: datasets of a scenario with their truth, or the list of all."""

import json
import os
import re
import shutil
from itertools import groupby
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING

from amortize.errors import DataError, UsageError, quoted

if TYPE_CHECKING:
    from simulators.scm import Dataset

MANIFEST = "scenario.json"
DATASET = re.compile(r"\d{4,}")  # names of the folders of single datasets


def run_simulate(
    name: str,
    out: Path,
    variables: int | None = None,
    rows: int | None = None,
    count: int | None = None,
    seed: int = 0,
    networks: tuple[Path, ...] = (),
    force: bool = False,
) -> None:
    """Write datasets: data.csv, graph.csv and, where cells were set, interventions.csv.

    Sizes that are None are the scenario's own, as published.

    Raises:
        UsageError: no such scenario, the output exists, or a network is missing or of no use.
        DataError: a network cannot be used, or the output cannot be written.
    """
    check_output(out, force)
    from amortize import compilation
    from amortize.folder import drafted
    from simulators.benchmarks import NetworkError
    from simulators.edge_list import EdgeListError
    from simulators.scenarios import ScenarioError, sample, scenario

    try:
        found = scenario(name)
    except ScenarioError as error:
        raise UsageError(f"{error} (amortize simulate --list)") from error
    variables = variables or found.variables[0]
    rows, count = rows or found.rows, count or found.datasets
    compilation.enable_cache()
    try:
        datasets = sample(name, count, rows, variables, seed, networks)
    except NetworkError as error:
        hint = "give it as --network FILE" if found.needs_network else "leave --network out"
        raise UsageError(f"{error}; {hint}") from error
    except EdgeListError as error:
        raise DataError(f"--network: {str(error).removeprefix('prior.edge_lists: ')}") from error
    except FloatingPointError as error:
        raise UsageError(f"{error}; ask for fewer --variables") from error
    about = {
        "scenario": name,
        "description": found.description,
        "source": found.source,
        "interventions": found.interventional,
        "variables": variables,
        "rows": rows,
        "datasets": count,
        "seed": seed,
        "networks": [path.name for path in networks],
        "measured": [measured(dataset) for dataset in datasets],
    }
    with drafted(out) as draft:
        for index, dataset in enumerate(datasets):
            _write_dataset(draft / f"{index:04d}", dataset)
        text = json.dumps(about, indent=2, allow_nan=False)
        (draft / MANIFEST).write_text(text + "\n", encoding="utf-8")
        _clear(out)
    print(f"{count} dataset(s) of {rows} rows and {variables} variables written to {out}{os.sep}")


def check_output(out: Path, force: bool) -> None:
    """Refuse a folder that holds anything but earlier datasets that may be replaced.

    Raises:
        UsageError: the output exists.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"the output {quoted(out)} exists and is a file; give --out a new folder")
    if not out.exists() or not any(out.iterdir()):
        return
    if not (out / MANIFEST).exists():
        problem = "exists and holds other files; give --out a new folder"
        raise UsageError(f"the output {quoted(out)} {problem}")
    if not force:
        problem = "exists and holds datasets; give --force to replace them, or another --out"
        raise UsageError(f"the output {quoted(out)} {problem}")


def measured(dataset: "Dataset") -> dict[str, float | int | None]:
    """Edges and both sortabilities of a dataset; None where there is no edge.

    Sortabilities are those of the raw values, in the rows without an intervention where these
    outnumber the variables, else in all rows.
    """
    import numpy as np

    from amortize.case import fill
    from amortize.sortability import r2_sortability, varsortability

    values, observed, intervened, graph, *_ = map(np.asarray, dataset)
    raw = fill(values.astype(float), observed)
    plain = ~intervened.any(axis=1)
    raw = raw[plain] if plain.sum() > len(graph) else raw
    scores = {"varsortability": varsortability, "r2_sortability": r2_sortability}
    found = {name: score(raw, graph) for name, score in scores.items()}
    return {
        "edges": int(graph.sum()),
        **{name: None if isnan(value) else round(value, 4) for name, value in found.items()},
    }


def list_scenarios() -> None:
    """Print every scenario with its sizes and description, by source."""
    from simulators.scenarios import SCENARIOS

    width = max(map(len, SCENARIOS))
    print("Each line: name, variables x rows x datasets, description.")
    for source, group in groupby(SCENARIOS.values(), key=lambda found: found.source):
        print(f"\n{source}")
        for found in group:
            sizes = f"{'/'.join(map(str, found.variables))} x {found.rows} x {found.datasets}"
            network = " (needs --network)" if found.needs_network else ""
            print(f"  {found.name.ljust(width)}  {sizes.ljust(27)}  {found.description}{network}")


def _write_dataset(folder: Path, dataset: "Dataset") -> None:
    import numpy as np
    import pandas as pd

    folder.mkdir()
    names = [f"x{i}" for i in range(dataset.values.shape[1])]
    values = np.where(dataset.observed, dataset.values, np.nan)
    pd.DataFrame(values, columns=pd.Index(names)).to_csv(folder / "data.csv", index=False)
    truth = pd.DataFrame(dataset.graph.astype(int), index=names, columns=pd.Index(names))
    truth.to_csv(folder / "graph.csv", index_label="cause")
    if dataset.intervened.any():
        mask = pd.DataFrame(dataset.intervened.astype(int), columns=pd.Index(names))
        mask.to_csv(folder / "interventions.csv", index=False)


def _clear(out: Path) -> None:
    """Remove the datasets of an earlier call; other files stay."""
    if not (out / MANIFEST).exists():
        return
    for path in out.iterdir():
        if DATASET.fullmatch(path.name) and (path / "graph.csv").exists():
            shutil.rmtree(path)
