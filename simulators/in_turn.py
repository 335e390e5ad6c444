"""Batches on one CPU are computed in turn: a branch that is not taken costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax.custom_batching import sequential_vmap


def in_turn(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` of arrays, whose batches under jax.vmap are a loop on a single CPU device.

    Under a plain vmap both sides of every condition are computed and one is thrown away. That is
    right for an accelerator, which would idle otherwise, and wasteful on a core. A loop over a
    batch that is split over devices would have them wait for each other in every turn, and several
    processes did not survive that. The results are the same up to rounding.
    """

    def call(*arguments: Any) -> Any:
        alone = jax.default_backend() == "cpu" and jax.device_count() == 1
        return (sequential_vmap(function) if alone else function)(*arguments)

    return call
