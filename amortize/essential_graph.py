"""Which edges of a directed acyclic graph its Markov equivalence class agrees on."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

TRIPLES = 128  # up to so many variables an array over all triples of them is held


def compelled(graph_bdd: Array, settled_bdd: Array) -> Array:
    """Edges with the same direction in every graph of the class, [b, d, d] bool.

    Edges that end in a common effect of variables that are not adjacent, edges of `settled_bdd`
    (an experiment has set one end of them), and what follows by the first three rules of Meek
    (1995). With settled edges the fourth rule could find more: a few edges then count as reversible
    that are not. So they may beyond TRIPLES variables, where the third rule is left out.

    Args:
        graph_bdd: [b, i, j] bool, i -> j, acyclic.
        settled_bdd: edges whose direction is known otherwise; where there is no edge, nothing.
    """
    edge = graph_bdd.astype(jnp.float32)
    linked = edge + edge.swapaxes(1, 2)
    apart = (1 - linked) * (1 - jnp.eye(graph_bdd.shape[1], dtype=jnp.float32))
    known = graph_bdd & (settled_bdd | (apart @ edge > 0))

    def follow(state: tuple[Array, Array]) -> tuple[Array, Array]:
        known, _ = state
        sure = known.astype(jnp.float32)
        first = sure.swapaxes(1, 2) @ apart > 0  # k -> i - j, k and j apart
        second = sure @ sure > 0  # i -> k -> j
        more = known | (graph_bdd & (first | second))
        if graph_bdd.shape[1] > TRIPLES:
            return more, (more != known).any()
        open_ = linked - sure - sure.swapaxes(1, 2)
        both = open_[:, :, :, None] * sure[:, None]  # [b, i, k, j]: i - k -> j
        third = (both * jnp.einsum("bkl,bilj->bikj", apart, both)).sum(2) > 0
        more = more | (graph_bdd & third)
        return more, (more != known).any()

    return jax.lax.while_loop(lambda state: state[1], follow, (known, jnp.bool_(True)))[0]
