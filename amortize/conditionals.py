"""What conditioning does to correlations: three variables at a time, from the sums over rows.

Whether two variables are linked, and whether a third is a common effect of both, shows in how
their partial correlation changes when the third joins or leaves the conditioning set (Spirtes,
Glymour and Scheines 2000). All sizes are in standard errors, compressed: arcsinh(z) / 3.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

CONDITIONALS = 11
RIDGE = 5e-4  # least shrinkage of the correlations towards the identity, before inversion
AT_ONCE = 128  # up to so many variables the first of three is not looped over


def conditionals(r_bdd: Array, variables_bd: Array, rows_b: Array) -> list[Array]:
    """Eleven features [b, d, d] of every pair (i, j).

    The partial correlation given all others, hardly shrunk; the least size of the correlation
    given one other variable, and given all others but one; then, for the ordered pair as (i, k),
    the most that any j gains or loses: dependence of i and j when k joins all others, when k
    leaves them, when k alone is given, when it is not; each of these four also as (k, i).

    Args:
        r_bdd: correlations, anything in the place of variables that are padding.
        variables_bd: which are real.
        rows_b: rows behind the correlations.
    """
    d = r_bdd.shape[-1]
    eye = jnp.eye(d)
    pairs_bdd = variables_bd[:, :, None] & variables_bd[:, None, :]
    rows_b = jnp.maximum(rows_b, 1)
    share_b11 = jnp.minimum(RIDGE + variables_bd.sum(-1) / (10 * rows_b), 0.5)[:, None, None]
    r_bdd = jnp.where(pairs_bdd, (1 - share_b11) * r_bdd, 0.0) * (1 - eye) + eye
    p_bdd = jnp.linalg.inv(r_bdd)
    root_b1 = jnp.sqrt(rows_b)[:, None]

    def errors(partial: Array) -> Array:
        root = root_b1.reshape(-1, *(1,) * (partial.ndim - 1))
        return jnp.arcsinh(jnp.clip(partial, -1, 1) * root) / 3

    diagonal_bd = jnp.maximum(jnp.diagonal(p_bdd, axis1=1, axis2=2), 1.0)
    rest_bdd = errors(-p_bdd / jnp.sqrt(diagonal_bd[:, :, None] * diagonal_bd[:, None, :]))
    alone_bdd = errors(r_bdd)
    left_bdd = jnp.maximum(1 - r_bdd**2, 1e-6)  # variance of i given k
    kept_bdd = jnp.maximum(1 - p_bdd**2 / (diagonal_bd[:, :, None] * diagonal_bd[:, None, :]), 1e-6)

    def of_first(i: Array) -> Array:
        """[b, 6, d]: of pairs (i, j), then of (i, k); arrays below are [b, j, k]."""
        one = r_bdd[:, i, :, None] - r_bdd[:, i, None, :] * r_bdd
        one = one / jnp.sqrt(left_bdd[:, i, None, :] * left_bdd)
        less = p_bdd[:, i, :, None] - p_bdd[:, i, None, :] * p_bdd / diagonal_bd[:, None, :]
        scale = (diagonal_bd[:, i, None] * diagonal_bd)[:, :, None]
        less = less / jnp.sqrt(scale * kept_bdd[:, i, None, :] * kept_bdd)
        one, less = jnp.abs(errors(one)), jnp.abs(errors(less))
        alone, rest = jnp.abs(alone_bdd[:, i, :, None]), jnp.abs(rest_bdd[:, i, :, None])
        here = jnp.arange(d) == i
        three = pairs_bdd & ~here[:, None] & ~here & (eye == 0)

        def least(sizes: Array, otherwise: Array) -> Array:
            return jnp.minimum(jnp.where(three, sizes, jnp.inf).min(2), otherwise[..., 0])

        def most(gains: Array) -> Array:
            return jnp.where(three, gains, 0.0).max(1)

        pooled = [least(one, alone), least(less, rest)]
        pooled += [most(rest - less), most(less - rest), most(one - alone), most(alone - one)]
        return jnp.stack(pooled, 1)

    if d <= AT_ONCE:
        pooled_dbfd = jax.vmap(of_first)(jnp.arange(d))
    else:
        pooled_dbfd = jax.lax.map(of_first, jnp.arange(d))
    least_one, least_less, *changes = jnp.moveaxis(pooled_dbfd, 2, 0)
    real_bdd = pairs_bdd * (1 - eye)
    features = [rest_bdd, least_one.swapaxes(0, 1), least_less.swapaxes(0, 1)]
    for change in changes:
        features += [change.swapaxes(0, 1), jnp.moveaxis(change, 0, 2)]
    return [feature * real_bdd for feature in features]
