"""Bayesian networks read from files and sampled from: discrete (BIF) and linear-Gaussian (JSON).

The formats are those of the bnlearn repository (Scutari 2010) as pgmpy packs them. NumPy only.
"""

from __future__ import annotations

import gzip
import json
import re
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

VARIABLE = re.compile(r"variable\s+(\S+)\s*\{\s*type\s+discrete\s*\[\s*\d+\s*\]\s*\{([^}]*)\}")
PROBABILITY = re.compile(r"probability\s*\(([^)|]*)(?:\|([^)]*))?\)\s*\{(.*?)\n\s*\}", re.DOTALL)
ROW = re.compile(r"\(([^)]*)\)([^;]*);")
TABLE = re.compile(r"table\s([^;]*);")


class Discrete(NamedTuple):
    """A variable with k states: a distribution over them for each state of its parents."""

    states: list[str]
    parents: list[str]
    table: NDArray[np.float64]  # [states of each parent in order, k]


class Gaussian(NamedTuple):
    """A variable that is a linear function of its parents plus normal noise."""

    parents: list[str]
    weights: NDArray[np.float64]  # one for each parent
    intercept: float
    variance: float


Network = dict[str, Discrete] | dict[str, Gaussian]


def read_bif(path: Path) -> dict[str, Discrete]:
    """A discrete network from a .bif or .bif.gz file.

    Raises ValueError when the file is not one, or a table is incomplete.
    """
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    states = {name: _names(inside) for name, inside in VARIABLE.findall(text)}
    if not states:
        raise ValueError(f"{path.name}: no discrete variable was found")
    network = {}
    for child, given, body in PROBABILITY.findall(text):
        name, parents = child.strip(), _names(given)
        shape = [len(states[parent]) for parent in parents] + [len(states[name])]
        table = np.full(shape, np.nan)
        for row in TABLE.findall(body):
            table[...] = np.reshape(_numbers(row), shape)
        for given_states, row in ROW.findall(body):
            pairs = zip(parents, _names(given_states), strict=True)
            table[tuple(states[parent].index(state) for parent, state in pairs)] = _numbers(row)
        if np.isnan(table).any():
            raise ValueError(f"{path.name}: the table of {name} is incomplete")
        network[name] = Discrete(states[name], parents, table / table.sum(axis=-1, keepdims=True))
    return {name: network[name] for name in states}


def read_gaussian(path: Path) -> dict[str, Gaussian]:
    """A linear-Gaussian network from JSON with `nodes` and `cpds`."""
    found = json.loads(path.read_text(encoding="utf-8"))
    network = {}
    for name in found["nodes"]:
        part = found["cpds"][name]
        weights = {parent: value[0] for parent, value in part["coefficients"].items()}
        intercept = weights.pop("(Intercept)")
        network[name] = Gaussian(
            list(part["parents"]),
            np.array([weights[parent] for parent in part["parents"]]),
            intercept,
            part["variance"][0],
        )
    return network


def graph_of(network: Network) -> NDArray[np.bool_]:
    """The true graph, g[i, j] for i -> j, variables in the network's order."""
    place = {name: i for i, name in enumerate(network)}
    graph = np.zeros((len(network), len(network)), bool)
    for name, part in network.items():
        graph[[place[parent] for parent in part.parents], place[name]] = True
    return graph


def draw(network: Network, n: int, random: np.random.Generator) -> NDArray[np.float64]:
    """n independent rows [n, d], causes before effects; a state is its number, from 0."""
    place = {name: i for i, name in enumerate(network)}
    values = np.zeros((n, len(network)))
    order = TopologicalSorter({name: part.parents for name, part in network.items()})
    for name in order.static_order():
        part = network[name]
        given = values[:, [place[parent] for parent in part.parents]]
        if isinstance(part, Gaussian):
            noise = random.normal(0.0, np.sqrt(part.variance), n)
            values[:, place[name]] = part.intercept + given @ part.weights + noise
        else:
            chances = part.table[tuple(given.astype(int).T)]  # [k] without parents, else [n, k]
            reached = np.cumsum(np.broadcast_to(chances, (n, chances.shape[-1])), axis=1)
            drawn = (random.random((n, 1)) > reached).sum(axis=1)
            values[:, place[name]] = np.minimum(drawn, chances.shape[-1] - 1)
    return values


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]
