"""Whether a training step fits into memory, from its compiled program, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
import psutil
from jax.sharding import Mesh

from amortize.config import Bucket, TrainConfig
from amortize.feed import shapes_given
from amortize.mesh import everywhere
from amortize.model import ModelConfig
from amortize.training import abstract_state, compiled_step


def largest_bucket(config: TrainConfig) -> Bucket:
    """The bucket with the most activations: tokens of cells and of pairs, weighted by width."""

    def activations(bucket: Bucket) -> int:
        n, d = bucket.rows[1], bucket.variables[1]
        return bucket.batch * d * (n * cell_width(config.model) + d * config.model.pair_width)

    return max(config.buckets, key=activations)


def cell_width(model: ModelConfig) -> int:
    """Channels of a cell's token."""
    return model.axial.width if model.architecture == "axial" else model.row_width


def bytes_needed(config: TrainConfig, bucket: Bucket, mesh: Mesh) -> int:
    """Most bytes that a step of `bucket` holds at a time on one device, the state included.

    Compiles the step; with the compilation cache on, the run itself does not pay for it again.
    """
    state = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=everywhere(mesh)),
        abstract_state(config),
    )
    data = np.int32(0), np.int32(config.seed), np.float32(0), shapes_given(config, bucket)
    return bytes_of(compiled_step(config, bucket, mesh).lower(state, *data).compile())


def bytes_of(program: Any) -> int:
    """Most bytes that a compiled step holds at a time on one device, the state included."""
    found = program.memory_analysis()
    held = found.argument_size_in_bytes + found.output_size_in_bytes - found.alias_size_in_bytes
    return held + found.temp_size_in_bytes


def bytes_available(device: Any) -> int | None:
    """Bytes that a program may still take on `device`; None where the device does not say."""
    if device.platform == "cpu":
        return psutil.virtual_memory().available
    stats = device.memory_stats() or {}
    return stats.get("bytes_limit")


def shortage(config: TrainConfig, mesh: Mesh, programs: Mapping[Bucket, Any] | None = None) -> str:
    """Why the largest step of `config` does not fit, in one line; "" where it does.

    With the compiled steps of all buckets nothing is compiled.
    """
    device = mesh.local_devices[0]
    available = bytes_available(device)
    if available is None:
        return ""
    bucket = largest_bucket(config)
    sharing = len(mesh.local_devices) if device.platform == "cpu" else 1
    program = (programs or {}).get(bucket)
    each = bytes_needed(config, bucket, mesh) if program is None else bytes_of(program)
    needed = sharing * each
    if needed <= available:
        return ""
    n, d = bucket.rows[1], bucket.variables[1]
    return (
        f"a step of {bucket.batch:,} datasets of {n:,} rows and {d} variables needs about "
        f"{needed / 2**30:.1f} GiB, and {available / 2**30:.1f} GiB are free; lower that "
        "bucket's batch, or set model.rematerialise=true"
    )
