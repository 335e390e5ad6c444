"""Batches on a CPU are computed in turn where that saves work: a branch not taken costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax.custom_batching import sequential_vmap


def in_turn(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` of arrays, whose batches under jax.vmap are a loop on a CPU.

    Under a plain vmap both sides of every condition are computed and one is thrown away. That is
    right for an accelerator, which would idle otherwise, and wasteful on a core. The results are
    the same up to rounding.
    """

    def call(*arguments: Any) -> Any:
        on_cpu = jax.default_backend() == "cpu"
        return (sequential_vmap(function) if on_cpu else function)(*arguments)

    return call
