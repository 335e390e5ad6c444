"""What simulation costs: its share of a training step, and its speed against a plain NumPy loop.

    python benchmarks/simulation.py

Every ratio is of two things timed in this one run. Shares are of wall time; the comparison with
NumPy is of processor time, NumPy's products on one thread, so that it holds for one core each.
"""

from __future__ import annotations

from functools import partial

import jax
import numpy as np
from clock import REPEATS, core_seconds, seconds
from threadpoolctl import threadpool_limits

from amortize.compilation import enable_cache
from amortize.config import Bucket, small
from amortize.mesh import data_mesh
from amortize.training import draw_data, initial_state, train_step
from simulators import Prior


def numpy_dataset(rng: np.random.Generator, n: int, d: int, features: int) -> np.ndarray:
    """The same model family, one dataset, written plainly: a graph, mechanisms, noise, in order."""
    graph = np.triu(rng.random((d, d)) < min(1.0, 2 * rng.uniform(0.5, 3) / (d - 1)), 1)
    unit, raw = np.zeros((n, d)), np.zeros((n, d))
    noises = (
        lambda: rng.normal(size=n),
        lambda: rng.laplace(size=n) / np.sqrt(2),
        lambda: rng.uniform(-np.sqrt(3), np.sqrt(3), n),
        lambda: rng.standard_t(5, n) * np.sqrt(3 / 5),
        lambda: rng.exponential(size=n) - 1,
    )
    for j in range(d):
        parents = np.flatnonzero(graph[:, j])
        value = rng.uniform(0.2, 1.5) * noises[rng.integers(5)]()
        family = rng.integers(4)
        if len(parents) and family == 0:
            weights = rng.uniform(0.5, 2, len(parents)) * rng.choice([-1, 1], len(parents))
            value = value + raw[:, parents] @ weights
        elif len(parents):
            weights = rng.normal(size=(len(parents), features))
            if family == 2:
                weights *= (
                    rng.integers(0, len(parents), features) == np.arange(len(parents))[:, None]
                )
            if family != 3:
                weights /= np.exp(rng.uniform(np.log(0.8), np.log(6)))
            h = unit[:, parents] @ weights + rng.uniform(-np.pi, np.pi, features)
            f = (np.tanh(h) if family == 3 else np.cos(h)) @ rng.normal(size=features)
            size = np.exp(rng.uniform(np.log(0.7), np.log(3)))
            value = value + (f - f.mean()) * size / max(f.std(), 1e-6)
        mean, std = value.mean(), value.std()
        unit[:, j] = (value - mean) / std
        raw[:, j] = value
    return raw


def main() -> None:
    """Print the shares and the ratio."""
    enable_cache()
    config, mesh = small(), data_mesh(1)
    key = jax.random.key(0)
    n, d, b = 200, 10, 16
    # The NumPy loop is of the plain prior's kind.
    plain_prior = jax.jit(lambda key: draw_data(key, Prior(), Bucket((n, n), (d, d), b, 1.0)))
    ours = core_seconds(lambda: plain_prior(key)) / b
    with threadpool_limits(1):
        one = partial(numpy_dataset, np.random.default_rng(0), n, d, Prior().features)
        theirs = core_seconds(lambda: [one() for _ in range(b)]) / b
    print(
        f"d={d} n={n}: {theirs / ours:.1f} times the datasets per core and second of a plain "
        f"NumPy loop ({1 / ours:.0f} against {1 / theirs:.0f})"
    )
    for n, d, b in ((200, 20, 8), (200, 50, 2)):
        bucket = Bucket((n, n), (d, d), b, 1.0)
        draw = jax.jit(lambda key, bucket=bucket: draw_data(key, config.prior, bucket))
        simulating = seconds(lambda draw=draw: draw(key))
        # The step's first input is given up to it, so that each call needs a state of its own.
        states = iter([initial_state(config) for _ in range(REPEATS + 1)])
        step = seconds(
            lambda s=states, bucket=bucket: train_step(config, bucket, next(s), 0, mesh)[0].params
        )
        print(
            f"d={d} n={n}: simulation is {simulating / step:.1%} of a training step of {b} "
            f"datasets ({1e3 * simulating / b:.1f} ms a dataset)"
        )


if __name__ == "__main__":
    main()
