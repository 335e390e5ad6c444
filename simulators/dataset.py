"""The table that every simulator returns, its sizes and the order of its columns."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.columns import CONTINUOUS
from simulators.recording import Recorded


class Dataset(NamedTuple):
    """One table, padded to n rows and d variables; with a leading axis, a batch of them."""

    values: Array  # [n, d] float32, raw scale; 0 where missing or padding
    observed: Array  # [n, d] bool, False = missing cell or padding
    intervened: Array  # [n, d] bool, True = acted on by an intervention with known target
    graph: Array  # [d, d] bool, [i, j] = True for i -> j; a hidden mediator's edge is direct
    rows: Array  # [n] bool, False = padding
    variables: Array  # [d] bool, False = padding
    confounded: Array  # [d, d] bool, symmetric: a hidden common cause; may stand beside an edge
    kind: Array  # [d] int32, columns.CONTINUOUS, ORDINAL or BINARY
    regime: Array  # [n] bool, True = row of an experiment with unknown target


def real_sizes(
    k_n: Array, k_d: Array, n: int, d: int, least_n: int | None, least_d: int | None
) -> tuple[Array, Array]:
    """Numbers of real rows and variables, int32; None: exactly n, exactly d.

    Rows are log-uniform in [least_n, n], variables uniform in [least_d, d].
    """
    active_d = jnp.int32(d) if least_d is None else jax.random.randint(k_d, (), least_d, d + 1)
    active_n = jnp.int32(n)
    if least_n is not None:
        drawn = jnp.floor(draw.log_between(k_n, (float(least_n), n + 1.0)))
        active_n = jnp.clip(drawn, least_n, n).astype(jnp.int32)
    return active_n, active_d


def shuffled(key: Array, table: Recorded, rows_n: Array) -> Dataset:
    """The table as a dataset, its real columns in a random order, so that it says nothing."""
    d = table.values_nd.shape[1]
    variables_d = jnp.arange(d) < table.active
    real_nd = rows_n[:, None] & variables_d[None, :]
    observed_nd = table.observed_nd & real_nd
    shuffle_d = jnp.argsort(jnp.where(variables_d, draw.unit(key, (d,)), jnp.inf))
    return Dataset(
        values=jnp.where(observed_nd, table.values_nd, 0.0)[:, shuffle_d],
        observed=observed_nd[:, shuffle_d],
        intervened=(table.intervened_nd & real_nd)[:, shuffle_d],
        graph=table.graph_dd[shuffle_d][:, shuffle_d],
        rows=rows_n,
        variables=variables_d,
        confounded=table.confounded_dd[shuffle_d][:, shuffle_d],
        kind=jnp.where(variables_d, table.kind_d, CONTINUOUS)[shuffle_d],
        regime=table.regime_n & rows_n,
    )
