"""Benchmark A: AVICI's domains LINEAR and RFF, in distribution and shifted (Lorch et al. 2022).

The ladder of shifts is graph, then function as well, then noise as well. Interventions set one
variable a row, each row to a value of its own, in half of the rows: every variable takes its turn
in distribution, a random half of them where the graphs are shifted. Every option of a setting (a
graph family with its numbers, a range) is as likely and drawn once for a dataset, as the paper's
repository expands its lists. Laplace and Cauchy noise is not clipped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from simulators.benchmarks.benchmark import Benchmark, Table
from simulators.benchmarks.random_graphs import (
    Graph,
    erdos_renyi,
    geometric,
    scale_free_in,
    scale_free_out,
    stochastic_block,
    watts_strogatz,
)
from simulators.benchmarks.structural import (
    Mechanism,
    by_turns,
    fourier,
    observational,
    run,
    signed,
)

SOURCE = "AVICI, Lorch et al. 2022, arXiv 2205.12934, and its repository"
VARIABLES, LARGE = 30, 100  # LARGE: the full shift alone
SWEEP = (10, 20, 50, 100)  # further sizes, in distribution
ROWS, DATASETS = 1000, 30

Range = tuple[float, float]
DrawGraph = Callable[[np.random.Generator, int], Graph]


def _sparse(per_variable: float, rng: np.random.Generator, d: int) -> Graph:
    return erdos_renyi(rng, d, per_variable * d)


def _blocks(blocks: int, rng: np.random.Generator, d: int) -> Graph:
    return stochastic_block(rng, d, 2.0 * d, blocks, 0.1)


IN_GRAPHS: tuple[DrawGraph, ...] = (
    *(partial(scale_free_out, per_variable=m, power=1.0) for m in (1, 2, 3)),
    *(partial(scale_free_in, per_variable=m, power=1.0) for m in (1, 2, 3)),
    *(partial(_sparse, m) for m in (1.0, 2.0, 3.0)),
)
SHIFTED_GRAPHS: tuple[DrawGraph, ...] = (
    *(partial(scale_free_out, per_variable=2, power=power) for power in (0.5, 1.5)),
    *(partial(watts_strogatz, dimensions=k, rewiring=0.3) for k in (2, 3)),
    *(partial(_blocks, blocks) for blocks in (5, 10)),
    partial(geometric, radius=0.1),
)


@dataclass(frozen=True)
class Domain:
    """What may be drawn for a dataset; of every tuple of options one, as likely as the others."""

    linear: bool
    graphs: tuple[DrawGraph, ...] = IN_GRAPHS
    weights: tuple[Range, ...] = ((1.0, 3.0),)  # of random sign
    lengths: tuple[Range, ...] = ((7.0, 10.0),)
    scales: tuple[Range, ...] = ((10.0, 20.0),)
    noise: tuple[str, ...] = ("gaussian",)
    noise_scale: Range | None = (0.2, 2.0)  # None: a random function of the parents
    targeted: float = 1.0  # share of the variables that experiments set
    setting: Range = (1.0, 3.0)  # of random sign


def ladder(linear: bool) -> dict[str, Domain]:
    """The domain in distribution and its three steps out of it, by the end of their names."""
    start = Domain(linear)
    graph = replace(start, graphs=SHIFTED_GRAPHS, targeted=0.5)
    function = replace(
        graph,
        weights=((0.5, 2.0), (2.0, 4.0)),
        lengths=((5.0, 8.0), (8.0, 12.0)),
        scales=((8.0, 12.0), (18.0, 22.0)),
    )
    noise = replace(function, noise=("laplace", "cauchy"), noise_scale=None, setting=(1.0, 5.0))
    return {"": start, "-ood-graph": graph, "-ood-graph-function": function, "-ood": noise}


def draw(domain: Domain, interventional: bool, rng: np.random.Generator, n: int, d: int) -> Table:
    """One table of a domain."""

    def one(options):
        return options[rng.integers(len(options))]

    graph_dd = one(domain.graphs)(rng, d)
    weights, lengths, scales = one(domain.weights), one(domain.lengths), one(domain.scales)
    noise = one(domain.noise)

    def mechanism(parents: int) -> Mechanism:
        if domain.linear:
            weight_k = signed(rng, weights, parents)
            function = lambda x_nk: x_nk @ weight_k  # noqa: E731
        else:
            function = fourier(rng, parents, rng.uniform(*lengths), rng.uniform(*scales))
        bias = rng.uniform(-3.0, 3.0)
        if domain.noise_scale is None:
            h = fourier(rng, parents, 10.0, 2.0)
            size = lambda x_nk: np.sqrt(np.logaddexp(0.0, h(x_nk)))  # noqa: E731
        else:
            constant = rng.uniform(*domain.noise_scale)
            size = lambda x_nk: constant  # noqa: E731
        return lambda rng, x_nk, _: (
            function(x_nk) + bias + size(x_nk) * NOISES[noise](rng, len(x_nk))
        )

    made = [mechanism(int(k)) for k in graph_dd.sum(0)]
    target_n = observational(n)
    if interventional:
        targets = rng.permutation(d)[: max(1, round(domain.targeted * d))]
        target_n = by_turns(rng, n, n // 2, targets)
    return run(rng, graph_dd, made, target_n, lambda rng, n: signed(rng, domain.setting, n))


NOISES = {
    "gaussian": lambda rng, n: rng.normal(size=n),
    "laplace": lambda rng, n: rng.laplace(size=n),
    "cauchy": lambda rng, n: rng.standard_cauchy(n),
}

STEPS = {
    "": "in distribution",
    "-ood-graph": "graphs shifted",
    "-ood-graph-function": "graphs and functions shifted",
    "-ood": "graphs, functions and noise shifted",
}


def sizes(step: str) -> tuple[int, ...]:
    """Published numbers of variables of a step of the ladder."""
    return (VARIABLES, *{"": SWEEP, "-ood": (LARGE,)}.get(step, ()))


def benchmarks() -> list[Benchmark]:
    """LINEAR and RFF, four steps of the ladder, observed and with interventions."""
    found = []
    for name, linear in (("linear", True), ("rff", False)):
        for step, domain in ladder(linear).items():
            for interventional in (False, True):
                rows = "half of the rows interventional" if interventional else "observational"
                found.append(
                    Benchmark(
                        f"avici-{name}{step}" + "-interventional" * interventional,
                        f"{name.upper()} domain, {STEPS[step]}; {rows}",
                        SOURCE,
                        partial(draw, domain, interventional),
                        sizes(step),
                        ROWS,
                        DATASETS,
                        interventional,
                    )
                )
    return found
