"""A stack of equal blocks: one set of arrays with a leading depth axis, run by one scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from flax import nnx


def stack(block: Callable[[nnx.Rngs], nnx.Module], depth: int, rngs: nnx.Rngs) -> nnx.Module:
    """`depth` blocks with parameters of their own, as one module with a leading axis."""

    @nnx.split_rngs(splits=depth)
    @nnx.vmap(in_axes=(0,), out_axes=0)
    def build(rngs: nnx.Rngs):
        return block(rngs)

    return build(rngs)


def run(
    step: Callable[[Any, Any], Any],
    carry: Any,
    blocks: nnx.Module,
    unroll: bool | None = None,
    rematerialise: bool = False,
) -> Any:
    """`step(carry, block)` for every block of a stack in turn; the last carry.

    Args:
        step: one block's work.
        carry: arrays that keep their shapes.
        blocks: what `stack` made.
        unroll: write the loop out, which is 10-25 % faster on a CPU (docs/experiments.md) and
            costs compile time; None = on a CPU only.
        rematerialise: keep only the carries for the backward pass and compute each block anew.
    """
    unrolled = jax.default_backend() == "cpu" if unroll is None else unroll
    graph, state = nnx.split(blocks)

    def body(carry: Any, layer: nnx.State) -> tuple[Any, None]:
        return step(carry, nnx.merge(graph, layer)), None

    if rematerialise:
        body = jax.checkpoint(body, prevent_cse=unrolled)  # a rolled scan keeps them apart itself
    return jax.lax.scan(body, carry, state, unroll=unrolled)[0]


def layers(blocks: nnx.Module) -> list[Any]:
    """The blocks of a stack one by one, as modules of their own."""
    graph, state = nnx.split(blocks)
    depth = len(jax.tree.leaves(state)[0])
    return [nnx.merge(graph, jax.tree.map(lambda leaf, k=k: leaf[k], state)) for k in range(depth)]
