"""The compiled steps of all shapes of a run, made at once by several threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh

from amortize.config import Bucket, TrainConfig
from amortize.mesh import divided, everywhere
from amortize.training import Prepared, abstract_state, compiled_step


def compiled_steps(
    config: TrainConfig, mesh: Mesh, shapes: Callable[[Bucket], Prepared]
) -> dict[Bucket, Any]:
    """A program of (state, step, seed, rate, data) for each bucket, data being given.

    Args:
        config: of the run.
        mesh: the devices.
        shapes: of the data of a bucket.
    """
    state = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=everywhere(mesh)),
        abstract_state(config),
    )

    def program(bucket: Bucket) -> Any:
        data = jax.tree.map(
            lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=divided(mesh)),
            shapes(bucket),
        )
        numbers = np.int32(0), np.int32(config.seed), np.float32(0)
        return compiled_step(config, bucket, mesh).lower(state, *numbers, data).compile()

    with ThreadPoolExecutor(min(len(config.buckets), os.cpu_count() or 1)) as threads:
        return dict(zip(config.buckets, threads.map(program, config.buckets), strict=True))
