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
MOST = 100  # up to so many where there are experiments for certain: a gigabyte
SET_ROWS = 128  # of a target that are subtracted at once


class AdditiveSums(NamedTuple):
    """Sums over the rows in which v is not set, for each v, or over all rows.

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


def additive_sums(batch: Batch, filled: Filled, experiments: bool = False) -> AdditiveSums:
    """The sums of a batch, or of one chunk of its rows, the same with missing cells filled in.

    Args:
        batch: the tables.
        filled: their values.
        experiments: whether variables are known to be set in some rows. Rows are summed for each
            variable alone up to MOST variables with experiments, up to PER_TARGET without.
    """
    real_bnd = batch.rows_bn[..., None] & batch.variables_bd[:, None]
    set_bnd = batch.intervened_bnd & real_bnd
    b, n, d = set_bnd.shape
    if d > (MOST if experiments else PER_TARGET):
        set_bnd = jnp.zeros_like(set_bnd[..., :1])
    phi_bne = functions(filled.scaled_bnd) * real_bnd[..., None]
    phi_bne = phi_bne.reshape(b, n, -1)
    with jax.enable_x64(True):
        rows_bv, sum_bve, product_bvee = jax.vmap(_free_sums)(
            phi_bne.astype(jnp.float64), set_bnd, batch.rows_bn
        )
        return AdditiveSums(
            rows_bv=rows_bv,
            sum_bve=sum_bve,
            product_bvee=product_bvee,
            all_rows_b=batch.rows_bn.sum(1).astype(jnp.float64),
            observed_b=(real_bnd & batch.observed_bnd).sum((1, 2)).astype(jnp.float64),
        )


def _free_sums(phi_ne: Array, set_nv: Array, rows_n: Array) -> tuple[Array, Array, Array]:
    """Rows, sums and sums of products of one table, without the rows in which each v is set."""
    n = len(phi_ne)
    size = min(SET_ROWS, n)
    parts = -(-n // size)
    rows, total_e, product_ee = rows_n.sum(), phi_ne.sum(0), phi_ne.T @ phi_ne

    def without(set_n: Array) -> tuple[Array, Array, Array]:
        first_n = jnp.argsort(~set_n)  # rows to subtract first
        first_n = jnp.pad(first_n, (0, parts * size - n))

        def part(k: Array, left: tuple[Array, Array]) -> tuple[Array, Array]:
            at_k = jax.lax.dynamic_slice_in_dim(first_n, k * size, size)
            counts_k = set_n[at_k] & (k * size + jnp.arange(size) < n)
            phi_ke = phi_ne[at_k] * counts_k[:, None]
            return left[0] - phi_ke.sum(0), left[1] - phi_ke.T @ phi_ke

        used = -(-set_n.sum() // size)
        sums = jax.lax.fori_loop(0, used, part, (total_e, product_ee))
        return (rows - set_n.sum()).astype(jnp.float64), *sums

    return jax.lax.map(without, set_nv.T)
