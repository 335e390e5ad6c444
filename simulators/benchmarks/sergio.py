"""Benchmark A: AVICI's domain GENE (Lorch et al. 2022), single cells by SERGIO's equations.

The cells are those of `simulators.gene` (its time step and its solver are argued there); the graphs
and the constants are drawn here. In half of the rows of an interventional dataset one gene is
knocked out, all in turn. Shifted graphs are parts of regulatory networks whose files the user names
(the paper's: E. coli and yeast), with their signs where a third column holds + or -; other signs
are drawn, each regulator's share of activated targets from a Beta law. Values are UMI counts. For
the other platforms of the full shift see `simulators.single_cell_noise`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import jax
import jax.numpy as jnp
import networkx as nx
import numpy as np
from jax import Array
from numpy.typing import NDArray

from simulators.benchmarks.avici import DATASETS, ROWS, SOURCE, STEPS, sizes
from simulators.benchmarks.benchmark import Benchmark, Table
from simulators.benchmarks.random_graphs import (
    Graph,
    erdos_renyi,
    scale_free_out,
    topological_order,
)
from simulators.benchmarks.structural import by_turns, observational
from simulators.edge_list import EdgeListError, Skeleton, read_network, sample_subgraph
from simulators.gene import express
from simulators.regulation import GeneConfig, Regulation, mean_field
from simulators.single_cell_noise import measure_cells

Range = tuple[float, float]
SIGNS = {"+": 1.0, "-": -1.0}


@dataclass(frozen=True)
class Domain:
    """What may be drawn for a dataset; of every tuple of options one, as likely as the others."""

    solver: GeneConfig  # its time step, number of steps and platforms count, not its ranges
    types: int = 5
    decay: tuple[float, ...] = (0.7, 0.8, 0.9)
    noise: tuple[float, ...] = (0.9, 1.0, 1.1)
    hill: tuple[float, ...] = (1.9, 2.0, 2.1)
    basal: tuple[Range, ...] = ((1.0, 3.0),)
    strength: tuple[Range, ...] = ((1.0, 5.0),)
    activating: tuple[Range, ...] = ((1.0, 1.0), (0.5, 0.5))  # parameters of the Beta law


def domain_of(step: str) -> Domain:
    """The domain of a step of the ladder, given by the end of its name."""
    if step in ("", "-ood-graph"):
        return Domain(GeneConfig())
    return Domain(
        solver=GeneConfig.out_of_distribution()
        if step == "-ood"
        else GeneConfig.shifted_function(),
        types=10,
        decay=(0.5, 1.5),
        noise=(0.5, 1.5),
        hill=(1.5, 2.5),
        basal=((0.5, 2.0), (2.0, 4.0)),
        strength=((1.0, 3.0), (3.0, 7.0)),
        activating=((0.2588, 0.2499),),
    )


IN_GRAPHS: tuple[Callable[[np.random.Generator, int], Graph], ...] = (
    *(
        partial(scale_free_out, per_variable=m, power=power)
        for m in (1, 2, 3)
        for power in (0.5, 0.8, 1.0, 1.2, 1.5)
    ),
    *((lambda rng, d, m=m: erdos_renyi(rng, d, m * d)) for m in (1, 2, 3)),
)


def synthetic(rng: np.random.Generator, d: int) -> tuple[Graph, NDArray[np.float64]]:
    """A random graph in topological order, all signs unknown (0)."""
    graph_dd = IN_GRAPHS[rng.integers(len(IN_GRAPHS))](rng, d)
    order = topological_order(graph_dd)
    return graph_dd[np.ix_(order, order)], np.zeros((d, d))


def subnetwork(
    rng: np.random.Generator, d: int, files: tuple[Path, ...]
) -> tuple[Graph, NDArray[np.float64]]:
    """A part of one of the networks in topological order, and its signs (0 where unknown).

    Raises:
        EdgeListError: a file cannot be read, or its network has fewer than d genes.
    """
    file = files[rng.integers(len(files))]
    skeleton, signs = _network(str(file), file.stat().st_mtime_ns if file.is_file() else 0)
    if len(skeleton.names) < d:
        found = f"{len(skeleton.names)} variables with edges, fewer than the {d} asked for"
        raise EdgeListError(f"prior.edge_lists: {str(file)!r} has {found}")
    part = sample_subgraph(skeleton, d, rng)
    names = list(part)
    graph_dd = nx.to_numpy_array(part, nodelist=names) > 0
    signs_dd = np.array([[signs.get((i, j), 0.0) for j in names] for i in names])
    return graph_dd, signs_dd


@lru_cache(maxsize=4)
def _network(file: str, _stamp: int) -> tuple[Skeleton, dict[tuple[str, str], float]]:
    skeleton = Skeleton(read_network(file))
    lines = Path(file).read_text(encoding="utf-8-sig").splitlines()
    separator = next((s for s in "\t,;" if s in lines[0]), "\t")
    rows = ([c.strip() for c in row] for row in csv.reader(lines, delimiter=separator))
    return skeleton, {(r[0], r[1]): SIGNS[r[2]] for r in rows if len(r) > 2 and r[2] in SIGNS}


def regulation_of(
    rng: np.random.Generator, domain: Domain, graph_dd: Graph, signs_dd: NDArray[np.float64]
) -> Regulation:
    """Constants of one network; half responses are left to the solver."""

    def one(options):
        return options[rng.integers(len(options))]

    d = len(graph_dd)
    basal, strength = one(domain.basal), one(domain.strength)
    share_d = rng.beta(*one(domain.activating), d)
    drawn_dd = np.where(rng.random((d, d)) < share_d[:, None], 1.0, -1.0)
    sign_dd = np.where(signs_dd == 0, drawn_dd, signs_dd)
    fields = {
        "basal_td": rng.uniform(*basal, (domain.types, d)) * ~graph_dd.any(0),
        "strength_dd": graph_dd * sign_dd * rng.uniform(*strength, (d, d)),
        "half_d": np.ones(d),
        "hill_d": np.full(d, one(domain.hill)),
        "decay_d": np.full(d, one(domain.decay)),
        "noise_d": np.full(d, one(domain.noise)),
    }
    arrays = {name: jnp.asarray(value, jnp.float32) for name, value in fields.items()}
    return Regulation(**arrays, types=jnp.int32(domain.types))


@partial(jax.jit, static_argnums=3)
def _counts(key: Array, regulation: Regulation, allowed_nd: Array, config: GeneConfig) -> Array:
    types, d = regulation.basal_td.shape
    even_t = jnp.full(types, 1.0 / types)
    basal_td = regulation.basal_td
    _, half_d = mean_field(regulation, basal_td, jnp.ones((types, d)), even_t)
    k_cells, k_measure = jax.random.split(key)
    x_nd = express(k_cells, regulation._replace(half_d=half_d), config, allowed_nd)
    return measure_cells(k_measure, x_nd, config.platforms, jnp.ones(d, bool))


def _draw(
    step: str,
    interventional: bool,
    rng: np.random.Generator,
    n: int,
    d: int,
    networks: tuple[Path, ...] = (),
) -> Table:
    domain = domain_of(step)
    graph_dd, signs_dd = subnetwork(rng, d, networks) if networks else synthetic(rng, d)
    regulation = regulation_of(rng, domain, graph_dd, signs_dd)
    target_n = by_turns(rng, n, n // 2, np.arange(d)) if interventional else observational(n)
    intervened_nd = target_n[:, None] == np.arange(d)
    key = jax.random.key(int(rng.integers(2**31)))
    allowed_nd = jnp.asarray(~intervened_nd, jnp.float32)
    values_nd = np.asarray(_counts(key, regulation, allowed_nd, domain.solver), float)
    names = rng.permutation(d)
    return Table(values_nd[:, names], intervened_nd[:, names], graph_dd[np.ix_(names, names)])


def benchmarks() -> list[Benchmark]:
    """GENE, four steps of the ladder, observed and with knock-outs."""
    return [
        Benchmark(
            f"avici-gene{step}" + "-interventional" * interventional,
            f"GENE domain, {about}; "
            + ("half of the rows knock-outs" if interventional else "observational"),
            f"{SOURCE}; SERGIO, Dibaeinia and Sinha 2020",
            partial(_draw, step, interventional),
            sizes(step),
            ROWS,
            DATASETS,
            interventional,
            needs_network=step != "",
        )
        for step, about in STEPS.items()
        for interventional in (False, True)
    ]
