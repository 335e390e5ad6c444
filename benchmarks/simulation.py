"""What simulation costs: its share of a training step, and its speed against a plain NumPy loop.

    python benchmarks/simulation.py

Every ratio is of two things timed in this one run. Shares are of wall time; the comparison with
NumPy is of processor time, NumPy's products on one thread, so that it holds for one core each.
"""

from __future__ import annotations

import time

import amortize  # noqa: F401  it sets the level of JAX's log

# isort: split
import jax
import numpy as np
import plain
from clock import REPEATS, core_seconds, seconds
from threadpoolctl import threadpool_limits

from amortize.compilation import enable_cache
from amortize.config import Bucket, base
from amortize.mesh import data_mesh
from amortize.training import draw_data, initial_state, train_step
from simulators import Prior

BATCHES = 40


def against_numpy(n: int, d: int, b: int) -> tuple[float, float]:
    """Processor seconds of one dataset of the plain prior: ours, and the loop in NumPy.

    Means over many batches, taken in turn: what a dataset costs depends on what was drawn.
    """
    prior, rng = Prior(), np.random.default_rng(0)
    bucket = Bucket((n, n), (d, d), b, 1.0)
    program = jax.jit(lambda key: draw_data(key, prior, bucket))
    keys = list(jax.random.split(jax.random.key(0), BATCHES))
    ours, theirs = 0.0, 0.0
    with threadpool_limits(1):
        for key in keys:
            ours += core_seconds(lambda key=key: program(key), 1)
            start = time.process_time()
            for _ in range(b):
                plain.dataset(rng, prior, n, d)
            theirs += time.process_time() - start
    return ours / (b * BATCHES), theirs / (b * BATCHES)


def main() -> None:
    """Print the shares and the ratio."""
    enable_cache()
    config, mesh = base(), data_mesh(1)
    key = jax.random.key(0)
    n, d = 200, 10
    ours, theirs = against_numpy(n, d, 16)
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
