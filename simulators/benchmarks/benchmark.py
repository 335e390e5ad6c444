"""What a published benchmark is: its name and source, its published sizes, how a dataset is drawn.

Benchmarks are plain NumPy and know nothing of the prior, so that no change of the one can move the
other.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulators.checks import PriorError


class NetworkError(PriorError):
    """The benchmark needs a network that was not given, or was given one that it does not use."""


class Table(NamedTuple):
    """One dataset of n rows and d variables; columns in no telling order."""

    values_nd: NDArray[np.float64]  # raw scale
    intervened_nd: NDArray[np.bool_]  # True = set by an intervention with known target
    graph_dd: NDArray[np.bool_]  # [i, j] = True for i -> j


@dataclass(frozen=True)
class Benchmark:
    """A published distribution over datasets, with the sizes at which it was published."""

    name: str
    description: str
    source: str  # paper, and what of it
    draw: Callable[..., Table]  # (generator, n, d), and the files where `needs_network`
    variables: tuple[int, ...]  # published sizes, the main one first
    rows: int
    datasets: int  # per size
    interventional: bool = False
    needs_network: bool = False  # its graphs are parts of networks whose files the user names


def draw_table(
    benchmark: Benchmark, n: int, d: int, seed: int, index: int, networks: tuple[Path, ...] = ()
) -> Table:
    """Dataset number `index`; it depends on (name, n, d, seed, index) and the networks alone.

    Raises:
        NetworkError: networks are missing, or given to a benchmark that has no use for them.
        FloatingPointError: the values left the range of float32.
    """
    if bool(networks) != benchmark.needs_network:
        problem = "needs the file of a network" if benchmark.needs_network else "uses no network"
        raise NetworkError(f"scenario {benchmark.name!r} {problem}")
    rng = np.random.default_rng([zlib.crc32(benchmark.name.encode()), n, d, seed, index])
    files = (networks,) if benchmark.needs_network else ()
    table = benchmark.draw(rng, n, d, *files)
    if not np.abs(table.values_nd).max(initial=0.0) < np.finfo(np.float32).max:
        raise FloatingPointError(f"scenario {benchmark.name!r}, {d} variables: values too large")
    return table
