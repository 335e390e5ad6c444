"""Data parallelism: one mesh axis over the devices, parameters on each, a step's datasets split.

Several processes are joined by `jax.distributed`; launchers are other programs' work
(docs/training.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from amortize.errors import UsageError

Tree = TypeVar("Tree")
AXIS = "datasets"


def join(processes: str) -> None:
    """Make this process one of several; before anything else of JAX.

    Args:
        processes: "auto" where JAX can find out by itself (Slurm, Cloud TPU, Kubernetes, Open MPI),
            else "HOST:PORT,PROCESSES,ID" with the address of process 0.

    Raises:
        UsageError: it is neither, or JAX finds no cluster.
    """
    address, *numbers = processes.split(",")
    if processes != "auto" and not (
        ":" in address and len(numbers) == 2 and all(number.isdigit() for number in numbers)
    ):
        raise UsageError(f"--distributed {processes}: write auto, or HOST:PORT,PROCESSES,ID")
    try:
        if processes == "auto":
            jax.distributed.initialize()
        else:
            jax.distributed.initialize(address, int(numbers[0]), int(numbers[1]))
    except (ValueError, RuntimeError) as error:
        raise UsageError(f"--distributed {processes}: {error}") from error
    # Gloo, which joins CPUs, waits 30 s at the first exchange: make it while all are here.
    multihost_utils.sync_global_devices("joined")


def usable_devices(batches: Sequence[int]) -> int:
    """How many devices every batch can be split over equally: all of them, or fewer on one host.

    Raises:
        UsageError: there are several processes, and some batch does not split over all devices.
    """
    found = jax.device_count()
    unequal = next((batch for batch in batches if batch % found), None)
    if unequal is None:
        return found
    if jax.process_count() > 1:
        raise UsageError(
            f"a bucket's batch of {unequal} datasets does not split over {found} devices; "
            f"choose multiples of {found}"
        )
    return max(k for k in range(1, found) if all(batch % k == 0 for batch in batches))


@lru_cache(maxsize=8)
def data_mesh(devices: int) -> Mesh:
    """The first `devices` devices in a row."""
    chosen = jax.devices()[:devices]
    return jax.make_mesh((devices,), (AXIS,), axis_types=(AxisType.Auto,), devices=chosen)


def everywhere(mesh: Mesh) -> NamedSharding:
    """Sharding of what every device holds whole."""
    return NamedSharding(mesh, PartitionSpec())


def replicate(mesh: Mesh, tree: Tree) -> Tree:
    """Every array of the tree on every device; all processes must hold the same ones."""

    def place(x: jax.typing.ArrayLike) -> jax.Array:
        value = np.asarray(x)
        return jax.make_array_from_callback(value.shape, everywhere(mesh), lambda at: value[at])

    return jax.tree.map(place, tree)


def split(mesh: Mesh, tree: Tree) -> Tree:
    """Inside jit: every array of the tree split over the devices along its first axis."""
    return jax.lax.with_sharding_constraint(tree, divided(mesh))


def placed(mesh: Mesh, tree: Tree) -> Tree:
    """Arrays of the host on the devices, split along their first axis."""
    return jax.device_put(tree, divided(mesh))


def divided(mesh: Mesh) -> NamedSharding:
    """Sharding of what is split over the devices along its first axis."""
    return NamedSharding(mesh, PartitionSpec(AXIS))


def local(tree: Tree) -> Tree:
    """This process's own copy of arrays that every device holds."""
    return jax.tree.map(lambda x: x.addressable_data(0), tree)


def any_process(*flags: bool) -> list[bool]:
    """Each flag, or'ed over the processes, so that all of them do the same at the same step."""
    if jax.process_count() == 1:
        return list(flags)
    return multihost_utils.process_allgather(np.array(flags)).any(0).tolist()
