"""From a structural model's values to the table that somebody has: what is hidden, added, spoilt.

The order is that of the world: near-copies and unrelated columns are measured beside the system,
some variables nobody measures, targets of experiments get lost, cells are recorded with error and
in some format, and cells go missing.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.artefacts import record
from simulators.checks import weights_of
from simulators.decoys import add_decoys
from simulators.in_turn import in_turn
from simulators.latent import choose_hidden, compact, project
from simulators.missingness import sample_observed
from simulators.prior import Prior
from simulators.regimes import forget_targets, hide_targets


class Model(NamedTuple):
    """What a system produced: all variables, real ones first, in causal order if there is one."""

    values_nd: Array  # float32, complete
    graph_dd: Array  # bool
    intervened_nd: Array  # bool
    kind_d: Array  # int32


class World(NamedTuple):
    """A model and how much of it is real and to be seen."""

    values_nd: Array
    graph_dd: Array
    intervened_nd: Array
    kind_d: Array
    rows_n: Array  # bool, False = padding
    active: Array  # int32, real variables, those to be hidden among them
    hidden: Array  # int32, how many are to be hidden
    exact: Array | None = None  # bool, everything is recorded as it is; hidden must be 0. None: no


class Recorded(NamedTuple):
    """A table of d variables, real ones first; what stands behind `active` is padding."""

    values_nd: Array
    observed_nd: Array
    intervened_nd: Array
    regime_n: Array
    graph_dd: Array
    confounded_dd: Array
    kind_d: Array
    active: Array


def tabulate(key: Array, prior: Prior, world: World, d: int) -> Recorded:
    """The table of at most d variables that is recorded of a world, and its true relations."""
    keys = jax.random.split(key, 6)
    values_nd, graph_dd, intervened_nd, kind_d, rows_n, active, hidden, exact = world

    def unless_exact(before: tuple[Array, ...], after: tuple[Array, ...]) -> tuple[Array, ...]:
        if exact is None:
            return after
        return tuple(jnp.where(exact, b, a) for b, a in zip(before, after, strict=True))

    if prior.decoys is not None:
        extended = add_decoys(keys[3], prior.decoys, values_nd, graph_dd, kind_d, rows_n, active)
        before = (values_nd, graph_dd, kind_d, active)
        values_nd, graph_dd, kind_d, active = unless_exact(before, extended)

    n, wide = values_nd.shape
    regime_n = jnp.zeros(n, bool)
    confounded_dd = jnp.zeros((wide, wide), bool)
    if prior.latent is not None:
        # How many are hidden is settled: as many as the model was drawn too large, or more where
        # decoys would not fit.
        seen = jnp.minimum(active - hidden, d)
        settled = dataclasses.replace(prior.latent, some=0.0)
        hidden_d = choose_hidden(keys[4], settled, graph_dd, active, seen)
        graph_dd, confounded_dd = project(graph_dd, hidden_d)
        order_d, active = compact(hidden_d, active)
        intervened_nd, regime_n = hide_targets(intervened_nd, hidden_d)
        values_nd, intervened_nd = values_nd[:, order_d], intervened_nd[:, order_d]
        graph_dd = graph_dd[order_d][:, order_d]
        confounded_dd = confounded_dd[order_d][:, order_d]
        kind_d = kind_d[order_d]
    values_nd, intervened_nd, kind_d = values_nd[:, :d], intervened_nd[:, :d], kind_d[:d]
    graph_dd, confounded_dd = graph_dd[:d, :d], confounded_dd[:d, :d]
    variables_d = jnp.arange(d) < active

    if prior.regimes is not None:
        forgotten = forget_targets(keys[5], prior.regimes, intervened_nd)
        before = (intervened_nd, jnp.zeros(n, bool))
        intervened_nd, lost_n = unless_exact(before, forgotten)
        regime_n = regime_n | lost_n
    if prior.artefacts is not None:
        k_record = jax.random.fold_in(keys[3], 1)
        written = record(k_record, prior.artefacts, values_nd, rows_n, kind_d, intervened_nd)
        values_nd, kind_d = unless_exact((values_nd, kind_d), written)
    if prior.missingness is not None:
        observed_nd = sample_observed(keys[2], prior.missingness, values_nd, rows_n, variables_d)
    else:
        some = draw.option(keys[0], weights_of(prior.missing, "missing")) == 1
        rate = jnp.where(some, draw.between(keys[1], prior.missing_rate), 0.0)
        observed_nd = in_turn(partial(_observed, (n, d)))(keys[2], rate)
    (observed_nd,) = unless_exact((jnp.ones((n, d), bool),), (observed_nd,))
    return Recorded(
        values_nd,
        observed_nd,
        intervened_nd,
        regime_n,
        graph_dd,
        confounded_dd,
        kind_d,
        active,
    )


def _observed(shape: tuple[int, int], key: Array, rate: Array) -> Array:
    """Cells that are not missing completely at random; most tables miss none."""
    complete = partial(jnp.ones, shape, bool)
    return jax.lax.cond(rate > 0, lambda: draw.many(key, shape) >= rate, complete)
