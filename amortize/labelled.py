"""A user's own datasets with a known graph: data.csv, its true graph, perhaps interventions."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from amortize.column import Column
from amortize.errors import DataError, UsageError, listing, nearest, quoted
from amortize.frame import read_frame
from amortize.interventions import read_interventions
from amortize.table import Table, read_table

LAYOUT = "DATASET/data.csv with DATASET/graph.csv (and perhaps DATASET/interventions.csv)"


class Labelled(NamedTuple):
    """One table of n rows and d variables with its true graph."""

    name: str
    values_nd: np.ndarray  # NaN where missing
    intervened_nd: np.ndarray
    graph_dd: np.ndarray  # [i, j] for i -> j
    kind_d: np.ndarray  # see `Table.kinds`


def read_folder(folder: Path) -> list[Labelled]:
    """Every dataset of a folder: its subfolders, or the folder itself, as `amortize simulate` and
    `data.csv`, `graph.csv`, `interventions.csv` have it.

    Raises:
        UsageError: there is no such folder, or no dataset in it.
        DataError: a table or a graph cannot be used; nothing is read half.
    """
    if not folder.is_dir():
        raise UsageError(f"there is no folder {quoted(folder)}; --data needs {LAYOUT}")
    places = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    found = [
        read_labelled(
            place.name, place / "data.csv", place / "graph.csv", place / "interventions.csv"
        )
        for place in places
        if (place / "data.csv").exists()
    ]
    if not found:
        raise UsageError(f"the folder {quoted(folder)} holds no dataset; --data needs {LAYOUT}")
    return found


def read_labelled(name: str, data: Path, graph: Path, interventions: Path) -> Labelled:
    """One dataset; the interventions' file need not exist.

    Raises:
        DataError: a file cannot be used, or the graph names other columns than the table.
    """
    if not graph.exists():
        raise DataError(f"{quoted(data)} has no true graph beside it: {quoted(graph)} is missing")
    table = read_table(data)
    mask = np.zeros(table.values.shape, bool)
    if interventions.exists():
        mask = read_interventions(interventions, table)
    return Labelled(name, table.values, mask, read_graph(graph, table), table.kinds)


def read_graph(path: Path, table: Table) -> np.ndarray:
    """The true graph bool [d, d] in the table's column order, [i, j] for i -> j.

    The file is a list of edges with the columns cause and effect, or a square 0/1 matrix whose
    first column holds the causes. Raises DataError when it names other columns than the table.
    """
    frame = read_frame(path)
    where = f"the true graph {quoted(path)}"
    if {"cause", "effect"} <= {str(name) for name in frame.columns}:
        pairs = zip(frame["cause"], frame["effect"], strict=True)
        edges = [(str(a).strip(), str(b).strip()) for a, b in pairs]
        check_names(where, [name for edge in edges for name in edge], table)
    else:
        edges = matrix_edges(where, frame, table)
    place = {name: i for i, name in enumerate(table.names)}
    graph = np.zeros((len(place), len(place)), bool)
    for cause, effect in edges:
        if cause == effect:
            raise DataError(f"{where} has an edge from {quoted(cause)} to itself; leave it out")
        graph[place[cause], place[effect]] = True
    return graph


def matrix_edges(where: str, frame: pd.DataFrame, table: Table) -> list[tuple[str, str]]:
    """The edges of a square matrix that names exactly the table's variables on both sides."""
    causes = [str(name).strip() for name in frame.iloc[:, 0]]
    effects = [str(name).strip() for name in frame.columns[1:]]
    for side, names in (("rows", causes), ("columns", effects)):
        check_names(where, names, table)
        absent = [name for name in table.names if name not in names]
        if absent:
            raise DataError(
                f"{where} lacks {listing(absent)} among its {side}; give a row and a column to "
                "every variable, or a list of edges with the columns cause and effect"
            )
    cells = frame.iloc[:, 1:].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    wrong = ~np.isin(cells, (0.0, 1.0))
    if wrong.any():
        i, j = np.argwhere(wrong)[0]
        raise DataError(
            f"{where} holds {quoted(frame.iloc[i, j + 1])} in row {quoted(causes[i])}, column "
            f"{quoted(effects[j])}; write 1 for an edge from row to column and 0 for none"
        )
    return [(causes[i], effects[j]) for i, j in np.argwhere(cells == 1)]


def check_names(where: str, names: list[str], table: Table) -> None:
    """DataError for the first name that is not a variable of the table."""
    left_out: dict[str, Column] = {column.name: column for column in table.left_out}
    for name in names:
        if name in left_out:
            raise DataError(
                f"{where} names {quoted(name)}, a column of the table that cannot be used "
                f"({left_out[name].note}); take it out of both"
            )
        if name not in table.names:
            hint = nearest(name, table.names)
            raise DataError(f"{where} names {quoted(name)}, which the table lacks{hint}")
