"""Draws docs/gallery.png: one small dataset of every family of the prior and of every benchmark.

    python benchmarks/gallery.py --network ecoli.tsv

Needs the extra `plot`. Graphs are drawn with causes above their effects. The other panels show an
effect (vertical) over one of its causes (horizontal), each axis over the central 98 % of its
values, whole numbers spread a little; orange: rows in which the cause was set, green: the effect
was set, black: neither.
"""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import amortize  # noqa: F401  it sets the level of JAX's log

# isort: split
import jax
import matplotlib as mpl
import networkx as nx
import numpy as np
import typer
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from amortize.compilation import enable_cache
from simulators.graphs import sample_graph
from simulators.noise import sample_noise
from simulators.prior import (
    CouplingWeights,
    GraphWeights,
    InterventionWeights,
    MechanismWeights,
    MissingWeights,
    NoiseWeights,
    OutputWeights,
    Prior,
    ScalingWeights,
)
from simulators.scenarios import PUBLISHED, sample
from simulators.scm import Dataset, simulate

PAGE = Path(__file__).resolve().parents[1] / "docs" / "gallery.png"
COLUMNS, SIZE, DOTS = 9, 1.55, 80  # panels in a row, inches of a panel, dots per inch
NODES, ROWS, SEED = 14, 300, 5
OBSERVED, CAUSE_SET, EFFECT_SET = "#222222", "#d9730d", "#1a7f5a"
LIMIT = 4.0  # standard deviations of noise that are shown
MOST_LEVELS = 40  # distinct values from which points are not moved apart

Panel = tuple[str, Callable[[Axes], None]]


def only(weights: type, name: str):
    """The weights with one option alone."""
    return weights(**{f.name: float(f.name == name) for f in dataclasses.fields(weights)})


def plain(**changes) -> Prior:
    """Two variables, cause and effect; Gaussian noise, complete tables, unless changed."""
    start = {
        "graphs": only(GraphWeights, "path"),
        "mechanisms": only(MechanismWeights, "rff"),
        "noise": only(NoiseWeights, "gaussian"),
        "scaling": only(ScalingWeights, "plain"),
        "interventions": only(InterventionWeights, "none"),
        "missing": only(MissingWeights, "none"),
        "mixed_mechanisms": 0.0,
        "noise_scale": (0.35, 0.35),
        "length_scale": (1.0, 1.5),
        "amplitude": (1.5, 1.5),
        "targeted_share": (1.0, 1.0),
        "intervened_rows": (0.6, 0.6),
        "intervention_size": (1.0, 3.0),
    }
    return Prior(**(start | changes))


def drawn(prior: Prior, seed: int = SEED) -> Dataset:
    """One dataset of two variables, compiled as cheaply as possible: it runs once."""
    program = jax.jit(
        partial(simulate, prior=prior, n=ROWS, d=2),
        compiler_options={"xla_backend_optimization_level": 0},
    )
    return Dataset(*map(np.asarray, program(jax.random.key(seed))))


def show_graph(graph_dd: np.ndarray, axes: Axes) -> None:
    """The graph, every variable one layer below its lowest cause."""
    graph = nx.from_numpy_array(graph_dd, create_using=nx.DiGraph)
    for depth, layer in enumerate(nx.topological_generations(graph)):
        nx.set_node_attributes(graph, dict.fromkeys(layer, depth), "layer")
    place = nx.multipartite_layout(graph, "layer", "horizontal")
    place = {node: (x, -y) for node, (x, y) in place.items()}
    nx.draw_networkx(
        graph, place, ax=axes, with_labels=False, node_size=14, node_color=OBSERVED, width=0.5,
        arrowsize=4, edge_color="#777777",
    )  # fmt: skip
    axes.margins(0.12)


def show_pair(data: Dataset, axes: Axes) -> None:
    """An effect over one of its causes; an effect with few causes is preferred."""
    graph = np.asarray(data.graph)
    edges = np.argwhere(graph)
    cause, effect = edges[np.argmin(graph.sum(0)[edges[:, 1]])]
    rng = np.random.default_rng(0)
    x_n, y_n = (spread(rng, np.asarray(data.values)[:, k]) for k in (cause, effect))
    for rows, colour in (
        (~data.intervened[:, cause] & ~data.intervened[:, effect], OBSERVED),
        (data.intervened[:, cause], CAUSE_SET),
        (data.intervened[:, effect], EFFECT_SET),
    ):
        axes.scatter(x_n[rows], y_n[rows], s=1.5, c=colour, linewidths=0)
    for limit, values_n in ((axes.set_xlim, x_n), (axes.set_ylim, y_n)):
        low, high = np.quantile(values_n, [0.01, 0.99])
        limit(low - 0.15 * (high - low), high + 0.15 * (high - low))


def spread(rng: np.random.Generator, values_n: np.ndarray) -> np.ndarray:
    """The values; few distinct ones, which would hide one another, are moved apart at random."""
    distinct = np.unique(values_n)
    if len(distinct) > MOST_LEVELS:
        return values_n
    gap = np.diff(distinct).min(initial=np.inf) if len(distinct) > 1 else 1.0
    return values_n + rng.uniform(-0.3, 0.3, len(values_n)) * gap


def show_noise(name: str, axes: Axes) -> None:
    """A histogram of one variable's noise."""
    prior = plain(noise=only(NoiseWeights, name), noise_scale=(1.0, 1.0), mixed_noise=0.0)
    noise = np.asarray(sample_noise(jax.random.key(SEED), prior, 4000, 2))[:, 0]
    axes.hist(noise, bins=60, range=(-LIMIT, LIMIT), color=OBSERVED)


def prior_panels(weights: type, field: str, **changes) -> list[Panel]:
    """A pair of variables for every option of one part of the prior."""

    def panel(seed: int, name: str, axes: Axes) -> None:
        show_pair(drawn(plain(**changes, **{field: only(weights, name)}), seed), axes)

    # Mechanisms are other functions; the rest is seen best on the same one.
    step = int(field == "mechanisms")
    names = [f.name for f in dataclasses.fields(weights)]
    return [(name, partial(panel, SEED + step * k, name)) for k, name in enumerate(names)]


def graph_panels() -> list[Panel]:
    """A graph of every family; the subgraph is of a random network, read from a file."""

    def panel(name: str, axes: Axes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "network.tsv"
            network = nx.scale_free_graph(200, seed=SEED)
            file.write_text("\n".join(f"{i}\t{j}" for i, j in set(network.edges())))
            files = (str(file),) if name == "edge_list" else ()
            prior = Prior(
                graphs=only(GraphWeights, name), edge_lists=files, edges_per_variable=(1.4, 1.4)
            )
            graph = np.asarray(sample_graph(jax.random.key(SEED), prior, NODES, NODES))
        show_graph(graph, axes)

    return [(f.name, partial(panel, f.name)) for f in dataclasses.fields(GraphWeights)]


def benchmark_panels(networks: tuple[Path, ...]) -> list[Panel]:
    """A pair of variables of every published benchmark; observed twins are left out."""

    def panel(name: str, axes: Axes) -> None:
        files = networks if PUBLISHED[name].needs_network else ()
        found = sample(name, 8, ROWS, 5, SEED, files)
        show_pair(next(data for data in found if data.graph.any()), axes)

    names = [
        name
        for name, found in PUBLISHED.items()
        if f"{name}-interventional" not in PUBLISHED and (networks or not found.needs_network)
    ]
    return [(name.replace("-interventional", ""), partial(panel, name)) for name in names]


def sections(networks: tuple[Path, ...]) -> dict[str, list[Panel]]:
    """Everything that is drawn, under its heading."""
    noises = [(f.name, partial(show_noise, f.name)) for f in dataclasses.fields(NoiseWeights)]
    tall = {"noise_scale": (0.6, 0.6)}
    return {
        "prior: graphs": graph_panels(),
        "prior: mechanisms": prior_panels(MechanismWeights, "mechanisms"),
        "prior: noise": noises,
        "prior: how the noise enters": prior_panels(CouplingWeights, "coupling", **tall),
        "prior: outputs": prior_panels(OutputWeights, "outputs"),
        "prior: interventions": prior_panels(InterventionWeights, "interventions"),
        "published benchmarks": benchmark_panels(networks),
    }


def main(
    network: Annotated[list[Path] | None, typer.Option(help="edge list; several allowed")] = None,
    out: Annotated[Path, typer.Option(help="where the picture goes")] = PAGE,
) -> None:
    """Draw and write the picture."""
    mpl.use("Agg")
    enable_cache()
    everything = sections(tuple(network or ()))
    heights = [-(-len(panels) // COLUMNS) for panels in everything.values()]
    figure = plt.figure(
        figsize=(SIZE * COLUMNS, SIZE * sum(heights) + 0.3 * len(heights)), layout="constrained"
    )
    parts = figure.subfigures(len(heights), 1, height_ratios=[h + 0.2 for h in heights])
    for part, (title, panels), height in zip(parts, everything.items(), heights, strict=True):
        part.suptitle(title, x=0.005, ha="left", fontsize=9, fontweight="bold")
        grid = part.subplots(height, COLUMNS, squeeze=False).ravel()
        for axes in grid:
            axes.set_axis_off()
        for axes, (name, draw) in zip(grid, panels, strict=False):
            axes.set_axis_on()
            axes.set_xticks([])
            axes.set_yticks([])
            draw(axes)
            axes.set_title(name, fontsize=6.5, pad=2)
            print(title, name, flush=True)
    figure.savefig(out, dpi=DOTS)
    print(f"written to {out}")


if __name__ == "__main__":
    typer.run(main)
