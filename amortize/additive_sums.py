"""What a search for additive graphs reads: every variable as a few smooth functions of itself.

The functions are the value, scaled so that tails do not count (`amortize.quantile_scale`), and four
sigmoids of it, enough for curves with two or three bends. Sums of their products over rows add up
over chunks of a table, as those of `amortize.pair_sums` do.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from amortize.batch import Batch
from amortize.imputation import Filled

FUNCTIONS = 5  # of every variable: itself and the sigmoids
KNOTS = (-1.6, -1.6 / 3, 1.6 / 3, 1.6)  # where the sigmoids bend, in standard deviations
STEEPNESS = 1.5
PER_TARGET = 32  # up to so many variables the rows that count for each are summed for themselves


class AdditiveSums(NamedTuple):
    """Sums over the rows in which v is not set, for each v; beyond PER_TARGET over all rows.

    d variables have e = d * FUNCTIONS functions, those of one variable together. In double
    precision, so that those of chunks lead to the same graphs as those of the whole.
    """

    rows_bv: Array  # [b, 1] over all rows
    sum_bve: Array
    product_bvee: Array
    all_rows_b: Array
    observed_b: Array  # observed cells of real variables


def functions(scaled_bnd: Array) -> Array:
    """Of values by `quantile_scaled`, [b, n, d, FUNCTIONS]."""
    bent = [jnp.tanh(STEEPNESS * (scaled_bnd - knot)) for knot in KNOTS]
    return jnp.stack([scaled_bnd, *bent], -1)


def additive_sums(batch: Batch, filled: Filled) -> AdditiveSums:
    """The sums of a batch, or of one chunk of its rows, the same with missing cells filled in."""
    real_bnd = batch.rows_bn[..., None] & batch.variables_bd[:, None]
    set_bnd = batch.intervened_bnd
    b, n, d = set_bnd.shape
    if d > PER_TARGET:
        set_bnd = jnp.zeros_like(set_bnd[..., :1])
    phi_bne = functions(filled.scaled_bnd) * real_bnd[..., None]
    phi_bne = phi_bne.reshape(b, n, -1)
    with jax.enable_x64(True):
        phi_bne = phi_bne.astype(jnp.float64)

        def over(free_bn: Array) -> tuple[Array, Array, Array]:
            free_bn = free_bn & batch.rows_bn
            free_bne = phi_bne * free_bn[..., None]
            product_bee = jnp.einsum("bne,bnf->bef", free_bne, phi_bne)
            return free_bn.sum(1).astype(jnp.float64), free_bne.sum(1), product_bee

        def each() -> tuple[Array, ...]:
            return jax.lax.map(over, jnp.moveaxis(~set_bnd, 2, 0))

        def alike() -> tuple[Array, ...]:
            found = over(jnp.ones_like(batch.rows_bn))
            return jax.tree.map(lambda x: jnp.broadcast_to(x, (set_bnd.shape[2], *x.shape)), found)

        rows, total, product = jax.lax.cond(set_bnd.any(), each, alike)
        observed_b = (real_bnd & batch.observed_bnd).sum((1, 2)).astype(jnp.float64)
        all_rows_b = batch.rows_bn.sum(1).astype(jnp.float64)
        return AdditiveSums(
            rows_bv=jnp.moveaxis(rows, 0, 1),
            sum_bve=jnp.moveaxis(total, 0, 1),
            product_bvee=jnp.moveaxis(product, 0, 1),
            all_rows_b=all_rows_b,
            observed_b=observed_b,
        )
