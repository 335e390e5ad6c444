"""Running a structural model row by row of its graph, with interventions, in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simulators.benchmarks.benchmark import Table
from simulators.benchmarks.random_graphs import Graph, topological_order

OBSERVED = -1  # in place of a target: nothing was set in this row

Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]


class Mechanism(Protocol):
    """How a variable follows from its parents, noise included."""

    def __call__(
        self,
        rng: np.random.Generator,
        parents_nk: NDArray[np.float64],
        target_n: NDArray[np.int64],
        /,
    ) -> NDArray[np.float64]:
        """Values [n] given the parents (k may be 0) and the target of each row's regime."""
        ...


def run(
    rng: np.random.Generator,
    graph_dd: Graph,
    mechanisms: Sequence[Mechanism],
    target_n: NDArray[np.int64],
    setting: Draw,
) -> Table:
    """One table from a graph, a mechanism for each variable and an experiment.

    Args:
        rng: generator of noise and settings.
        graph_dd: acyclic, [i, j] = True for i -> j.
        mechanisms: one for each variable; its parents come in the order of the index.
        target_n: the variable set in each row (a perfect intervention), or `OBSERVED`.
        setting: draws the values that an experiment sets, one for each row.
    """
    n, d = len(target_n), len(graph_dd)
    values_nd = np.zeros((n, d))
    intervened_nd = target_n[:, None] == np.arange(d)
    for j in topological_order(graph_dd):
        free_n = mechanisms[j](rng, values_nd[:, graph_dd[:, j]], target_n)
        set_n = intervened_nd[:, j]
        values_nd[:, j] = np.where(set_n, setting(rng, n), free_n) if set_n.any() else free_n
    return Table(values_nd, intervened_nd, graph_dd)


def observational(n: int) -> NDArray[np.int64]:
    """The plan of n rows in which nothing is set."""
    return np.full(n, OBSERVED)


def by_turns(
    rng: np.random.Generator, n: int, interventional: int, targets: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Observed rows first, then `interventional` rows whose targets take turns in random order."""
    return np.concatenate(
        [observational(n - interventional), np.resize(rng.permutation(targets), interventional)]
    )


def in_blocks(rng: np.random.Generator, n: int, d: int) -> NDArray[np.int64]:
    """n rows over d + 1 regimes as evenly as can be: nothing set, then each variable in turn.

    n // (d + 1) rows are observed; the others are spread over the variables in random order, the
    first ones getting one row more where the division leaves a rest.
    """
    observed = n // (d + 1)
    each = np.full(d, (n - observed) // d)
    each[: (n - observed) % d] += 1
    return np.concatenate([observational(observed), np.repeat(rng.permutation(d), each)])


def signed(rng: np.random.Generator, bounds: tuple[float, float], size: int) -> NDArray[np.float64]:
    """Numbers of random sign whose sizes are uniform between the bounds."""
    return rng.uniform(*bounds, size) * rng.choice([-1.0, 1.0], size)


def fourier(
    rng: np.random.Generator, inputs: int, length: float, scale: float, features: int = 100
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """A random function of `inputs` variables, nearly a draw of a Gaussian process.

    f(x) = sqrt(2) scale w.cos(Omega x + b) / sqrt(features), Omega ~ N(0, 1 / length^2), w ~
    N(0, 1), b ~ U(0, 2 pi): a squared-exponential kernel (Rahimi and Recht 2007).
    """
    omega_kf = rng.normal(0.0, 1.0 / length, (inputs, features))
    phase_f = rng.uniform(0.0, 2.0 * np.pi, features)
    weight_f = rng.normal(size=features) * (scale * np.sqrt(2.0 / features))
    return lambda x_nk: np.cos(x_nk @ omega_kf + phase_f) @ weight_f
