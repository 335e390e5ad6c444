"""Wall time of a call that works on a device."""

from __future__ import annotations

import time
from collections.abc import Callable

import jax
import numpy as np

REPEATS = 7


def seconds(call: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median wall time of a call, after one that compiles."""
    jax.block_until_ready(call())
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        jax.block_until_ready(call())
        times.append(time.perf_counter() - start)
    return float(np.median(times))
