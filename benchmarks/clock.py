"""Wall time and processor time of a call that works on a device."""

from __future__ import annotations

import time
from collections.abc import Callable

import amortize  # noqa: F401  it sets the level of JAX's log

# isort: split
import jax
import numpy as np

REPEATS = 7


def seconds(
    call: Callable[[], object],
    repeats: int = REPEATS,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Median wall time of a call, after one that compiles."""
    jax.block_until_ready(call())
    times = []
    for _ in range(repeats):
        start = clock()
        jax.block_until_ready(call())
        times.append(clock() - start)
    return float(np.median(times))


def core_seconds(call: Callable[[], object], repeats: int = 5 * REPEATS) -> float:
    """Median time that the processor's cores spent on a call, summed over them."""
    return seconds(call, repeats, time.process_time)
