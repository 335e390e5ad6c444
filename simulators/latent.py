"""Hidden variables: which are hidden, and what the graph looks like to those who see the others.

Selection (rows kept or dropped by a common effect) is a different thing and is not generated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.checks import check_numbers
from simulators.columns import within


@dataclass(frozen=True)
class LatentPrior:
    """How often, how many and which variables are hidden. Ranges are (low, high), uniform."""

    some: float = 0.3  # chance that a dataset has hidden variables at all
    share: tuple[float, float] = (0.05, 0.4)  # of the variables, where some are hidden
    preference: float = 5.0  # odds of hiding one with two or more children, against another
    keep: int = 2  # fewest variables left in sight

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be drawn from."""
        check_numbers(self, "latent", shares=("some", "share"), least={"keep": 1, "preference": 0})


def hidden_count(key: Array, prior: LatentPrior, seen: Array, room: int) -> Array:
    """How many variables are hidden beside `seen` others, int32, at most `room`."""
    u_some, u_share = draw.unit(key, (2,))
    share = within(u_share, prior.share)
    wanted = jnp.clip(jnp.round(share / (1 - share) * seen), 1, room)
    return jnp.where(u_some < prior.some, wanted, 0).astype(jnp.int32)


def choose_hidden(
    key: Array,
    prior: LatentPrior,
    graph_dd: Array,
    active: Array,
    at_most: Array | int | None = None,
) -> Array:
    """Which variables nobody records, [d] bool, never padding.

    Args:
        key: PRNG key.
        prior: rate and preference.
        graph_dd: [d, d] bool, variables beyond `active` have no edges.
        active: number of real variables; they come first.
        at_most: most variables that may stay in sight (the width of the table to be written), so
            that a wider model can be drawn than the table has room for. None: as many as there are.
    """
    d = graph_dd.shape[0]
    u_d2 = draw.unit(key, (d + 2,))
    u_some, u_share, u_d = u_d2[0], u_d2[1], u_d2[2:]
    wanted = jnp.maximum(jnp.round(within(u_share, prior.share) * active), 1)
    wanted = jnp.where(u_some < prior.some, wanted, 0)
    needed = 0 if at_most is None else active - at_most
    count = jnp.maximum(jnp.minimum(wanted, active - prior.keep), jnp.maximum(needed, 0))

    # The largest of log(weight) + Gumbel noise are a weighted draw without replacement. Even a
    # preference of 0 must leave an order among the variables with few children, hence the floor.
    fork_d = graph_dd.sum(1) >= 2
    weight_d = jnp.where(fork_d, jnp.maximum(prior.preference, 1e-6), 1.0)
    u_d = jnp.clip(u_d, 2.0**-24, 1 - 2.0**-24)
    real_d = jnp.arange(d) < active
    score_d = jnp.where(real_d, jnp.log(weight_d) - jnp.log(-jnp.log(u_d)), -jnp.inf)
    rank_d = (score_d[None, :] > score_d[:, None]).sum(-1)
    return (rank_d < count) & real_d


def project(graph_dd: Array, hidden_d: Array) -> tuple[Array, Array]:
    """Latent projection onto the observed variables (Verma 1993; Richardson 2003).

    Args:
        graph_dd: [d, d] bool, [i, j] = True for i -> j; acyclic.
        hidden_d: [d] bool.

    Returns:
        directed [d, d] bool: i -> j where a directed path from i to j has only hidden variables
            between its ends. The diagonal is False (a cycle through hidden variables has no edge).
        confounded [d, d] bool, symmetric: a hidden variable has directed paths to i and to j with
            only hidden variables between the ends. May stand beside a directed edge.

    Rows and columns of hidden variables are False in both.
    """
    d = graph_dd.shape[0]
    edge_dd = graph_dd.astype(jnp.float32)
    reach_dd = jnp.where(hidden_d[:, None] & hidden_d, edge_dd, 0.0)
    reach_dd = jnp.maximum(reach_dd, jnp.eye(d))
    # Paths of at most 2^k edges after k squarings. A mark takes two variables in sight, so that the
    # longest path among hidden ones has d - 3 edges.
    for _ in range(math.ceil(math.log2(max(d - 3, 1)))):
        reach_dd = jnp.minimum(reach_dd @ reach_dd, 1.0)
    # From a hidden variable to any other, all variables between them hidden.
    from_hidden_dd = jnp.where(hidden_d[:, None], jnp.minimum(reach_dd @ edge_dd, 1.0), 0.0)
    directed_dd = edge_dd + edge_dd @ from_hidden_dd
    confounded_dd = from_hidden_dd.T @ from_hidden_dd
    pair_dd = ~hidden_d[:, None] & ~hidden_d & ~jnp.eye(d, dtype=bool)
    return (directed_dd > 0.5) & pair_dd, (confounded_dd > 0.5) & pair_dd


def compact(hidden_d: Array, active: Array) -> tuple[Array, Array]:
    """The order that moves the variables in sight to the front, and how many there are.

    Returns:
        order_d [d] int32: variables in sight in their old order, then all others in theirs. Apply
            it as x_nd[:, order_d] and g_dd[order_d][:, order_d].
        seen: int32, the new number of real variables. What stands behind them is padding now: mask
            it with arange(d) < seen.
    """
    index_d = jnp.arange(hidden_d.shape[0])
    seen_d = (index_d < active) & ~hidden_d
    seen = seen_d.sum()
    place_d = jnp.where(seen_d, jnp.cumsum(seen_d) - 1, seen + jnp.cumsum(~seen_d) - 1)
    order_d = jnp.argmax(place_d[None, :] == index_d[:, None], axis=1)
    return order_d.astype(jnp.int32), seen.astype(jnp.int32)
