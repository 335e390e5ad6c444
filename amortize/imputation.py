"""Expected values of missing cells under a Gaussian model of the table.

Correlations over the rows in which two cells are both observed do not go together into one matrix;
regressions on them find links that are not there. So the linear part of the network reads a table
that is filled in: by expectation-maximisation (Dempster, Laird and Rubin 1977), with one round of
the conditional means of each missing cell, given all others as they stand, for its expectation.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from amortize.quantile_scale import quantile_scaled

ROUNDS = 10
RIDGE = 1e-3  # added to the standardised covariance
LIMIT = 100.0  # of the standardised values, in standard deviations


class Filled(NamedTuple):
    """Standardised tables without missing cells."""

    values_bnd: Array  # missing cells hold what is expected there
    variance_bd: Array  # of a missing cell around that
    scaled_bnd: Array  # the values by `quantile_scaled`


def fill_in(values_bnd: Array, observed_bnd: Array, rows_bn: Array, variables_bd: Array) -> Filled:
    """The tables with their missing cells filled in, and their outliers drawn to LIMIT.

    Args:
        values_bnd: standardised values.
        observed_bnd: which cells are observed.
        rows_bn: which rows are real.
        variables_bd: which variables are real.
    """
    z_bnd = jnp.clip(values_bnd, -LIMIT, LIMIT) * observed_bnd
    missing_bnd = rows_bn[..., None] & variables_bd[:, None] & ~observed_bnd
    d = z_bnd.shape[-1]
    weight_bn = rows_bn.astype(jnp.float32)
    count_b = jnp.maximum(weight_bn.sum(1), 1.0)
    share_bd = missing_bnd.sum(1) / count_b[:, None]
    eye = jnp.eye(d)

    def again(_: int, state: tuple[Array, Array]) -> tuple[Array, Array]:
        f_bnd, variance_bd = state
        mean_bd = f_bnd.sum(1) / count_b[:, None]
        cross_bdd = jnp.einsum("bni,bnj->bij", f_bnd, f_bnd, precision="highest")
        cross_bdd = cross_bdd / count_b[:, None, None] - mean_bd[:, :, None] * mean_bd[:, None]
        extra_bd = share_bd * variance_bd + RIDGE + ~variables_bd
        precision_bdd = jnp.linalg.inv(cross_bdd + extra_bd[:, None] * eye)
        own_bd = jnp.diagonal(precision_bdd, axis1=1, axis2=2)
        slope_bdd = -precision_bdd / own_bd[:, None] * (1 - eye)  # [b, j, v]: of v on j

        def variable(v: Array, f_bnd: Array) -> Array:
            expected_bn = jnp.einsum("bnj,bj->bn", f_bnd - mean_bd[:, None], slope_bdd[:, :, v])
            new_bn = jnp.where(
                missing_bnd[..., v], expected_bn + mean_bd[:, None, v], f_bnd[..., v]
            )
            return f_bnd.at[..., v].set(new_bn)

        f_bnd = jax.lax.fori_loop(0, d, variable, f_bnd)
        return f_bnd, 1 / own_bd

    def rounds(z_bnd: Array) -> tuple[Array, Array]:
        return jax.lax.fori_loop(0, ROUNDS, again, (z_bnd, jnp.ones_like(share_bd)))

    values_bnd, variance_bd = jax.lax.cond(
        missing_bnd.any(), rounds, lambda z: (z, jnp.ones_like(share_bd)), z_bnd
    )
    return Filled(values_bnd, variance_bd, quantile_scaled(values_bnd, rows_bn))
