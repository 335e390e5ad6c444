"""Structural functions f_j(parents), all in one form: a bank of ridge functions.

f(u) = sum_k amplitude_k * phi(weight_k . u + bias_k), with phi one of a few scalar functions. A
linear function, random Fourier features (Rahimi and Recht 2007) of all parents jointly, smooth or
rough, or of one parent each, a network with one hidden layer, a polynomial, a sum of sigmoids,
steps and a tree differ only in how the bank is drawn. So children of one graph mix families.

What is drawn of all variables is in `Functions`; the bank of a variable is made of it only when it
is evaluated: roots and linear functions need none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.checks import weights_of
from simulators.columns import log_within, within
from simulators.prior import Prior

LINEAR, RFF, RFF_ADDITIVE, MLP, POLYNOMIAL, SATURATING, THRESHOLD, TREE, MATERN = range(9)
FAMILIES = tuple(range(9))
MATERN_DEGREES = (1, 3, 5)  # of freedom: twice the smoothness, 1/2, 3/2 or 5/2
TREE_DEPTH = 3
STEPS = 4  # of a threshold function


class Functions(NamedTuple):
    """What is drawn of the functions of all d variables at once."""

    normal_mk: Array  # standard normals that the banks are made of, see `sample_bank`
    u_dk: Array  # uniform draws that phases are made of
    parents_dd: Array  # bool, child, parent
    rank_dd: Array  # int32, child, parent: parents up to this one, less one
    family_d: Array  # int32, one of the module's constants
    coefficient_dd: Array  # child, parent; of linear functions and saturating sums
    length_d: Array  # length scale
    length_dd: Array  # child, parent; of rough functions
    degrees_d: Array  # int32, of freedom of a rough function
    leaky_d: Array  # bool, MLP units are leaky-ReLU instead of tanh; polynomials cubic
    size_d: Array  # standard deviation that a nonlinear function is scaled to


class Bank(NamedTuple):
    """Ridge functions of one variable: k features, d variables."""

    weight_dk: Array  # parent, feature; zero where there is no edge
    bias_k: Array
    amplitude_k: Array


def families_of(prior: Prior) -> tuple[int, ...]:
    """The families that the prior can draw: no other is computed."""
    weights = weights_of(prior.mechanisms, "mechanisms")
    if prior.pure is not None:
        pure = weights_of(prior.pure.mechanisms, "pure.mechanisms")
        weights = tuple(a + b for a, b in zip(weights, pure, strict=True))
    return tuple(family for family, weight in enumerate(weights) if weight > 0)


def sample_functions(
    key: Array, prior: Prior, parents_dd: Array, family_d: Array | None = None
) -> Functions:
    """Draw the function of every variable given its parents.

    Args:
        key: PRNG key.
        prior: weights and ranges.
        parents_dd: [d, d] bool, row = child, column = parent.
        family_d: [d] the family of each variable. None: drawn.
    """
    d, k = parents_dd.shape[0], prior.features
    k_normal, k_bank, k_family, k_pair, k_own, k_factor = jax.random.split(key, 6)
    if family_d is None:
        weights = weights_of(prior.mechanisms, "mechanisms")
        k_one, k_each, k_mixed = jax.random.split(k_family, 3)
        each_d = draw.option(k_each, weights, (d,))
        mixed = draw.chance(k_mixed, prior.mixed_mechanisms)
        family_d = jnp.where(mixed, each_d, draw.option(k_one, weights))
    u_3dd = draw.unit(k_pair, (3, d, d))
    sign_dd = jnp.where(u_3dd[1] < 0.5, 1.0, -1.0)
    factor = draw.log_between(k_factor, prior.weight_factor)
    u_4d = draw.unit(k_own, (4, d))
    which_d = jnp.floor(u_4d[3] * len(MATERN_DEGREES)).astype(jnp.int32)
    return Functions(
        normal_mk=draw.many_normal(k_normal, (_rows(prior, d), k)),
        u_dk=draw.many(k_bank, (d, k)),
        parents_dd=parents_dd,
        rank_dd=jnp.cumsum(parents_dd, axis=1) - 1,
        family_d=family_d,
        coefficient_dd=within(u_3dd[0], prior.weight) * sign_dd * factor * parents_dd,
        length_d=log_within(u_4d[0], prior.length_scale),
        length_dd=log_within(u_3dd[2], prior.matern_length),
        degrees_d=jnp.asarray(MATERN_DEGREES)[which_d],
        leaky_d=u_4d[1] < 0.5,
        size_d=log_within(u_4d[2], prior.amplitude),
    )


def sample_bank(functions: Functions, prior: Prior, child: Array | int) -> Bank:
    """The ridge functions of one child; `child` may be traced. Its parents come before it.

    Of the rows of normals the first d are the amplitudes. Then each child has as many rows as there
    are variables before it; what is read behind them are rows of others, for variables that are no
    parents.
    """
    d, k = functions.parents_dd.shape[0], prior.features
    parents_d, coefficient_d = functions.parents_dd[child], functions.coefficient_dd[child]
    family, length = functions.family_d[child], functions.length_d[child]
    start = d + child * (child - 1) // 2
    normal_dk = jax.lax.dynamic_slice_in_dim(functions.normal_mk, start, d)
    normal_k = functions.normal_mk[child] * jnp.sqrt(2.0 / k)
    phase_k = within(functions.u_dk[child], (-jnp.pi, jnp.pi))
    present = families_of(prior)

    # One parent a feature, each parent in turn, so that none is left without an effect.
    rank_d = functions.rank_dd[child]
    parents = jnp.maximum(rank_d[-1] + 1, 1)
    index_k = jnp.arange(k)
    chosen_dk = rank_d[:, None] == index_k % parents
    first_k = index_k == 0
    # Of many parents, a joint function of short length scale is all interaction: no parent has an
    # effect of its own.
    wider = parents**prior.length_growth if prior.length_growth > 0 else 1.0
    weights = {
        LINEAR: lambda: jnp.where(first_k, coefficient_d[:, None], 0.0),
        RFF: lambda: normal_dk / (length * wider),
        RFF_ADDITIVE: lambda: normal_dk / length * chosen_dk,
        SATURATING: lambda: jnp.where(chosen_dk, coefficient_d[:, None], 0.0),
        TREE: lambda: chosen_dk.astype(jnp.float32),
        MATERN: lambda: _matern(functions, prior, child, normal_dk),
    }
    amplitudes = {
        LINEAR: lambda: first_k.astype(jnp.float32),
        SATURATING: lambda: jnp.where(index_k < parents, 1 + jnp.abs(normal_k), 0.0),
        THRESHOLD: lambda: jnp.where(index_k < STEPS, normal_k, 0.0),
    }
    biases = {
        LINEAR: lambda: jnp.zeros(k),
        RFF: lambda: phase_k,
        RFF_ADDITIVE: lambda: phase_k,
        MATERN: lambda: phase_k,
        THRESHOLD: lambda: phase_k / 3,
        TREE: lambda: phase_k / 3,
    }

    def choose(options: dict, otherwise: Array) -> Array:
        chosen = otherwise
        for other in present:
            if other in options:
                chosen = jnp.where(family == other, options[other](), chosen)
        return chosen

    return Bank(
        weight_dk=choose(weights, normal_dk) * parents_d[:, None],
        bias_k=choose(biases, phase_k / 2),
        amplitude_k=choose(amplitudes, normal_k),
    )


def evaluate(
    bank: Bank,
    family: Array,
    leaky: Array,
    parents_nd: Array,
    families: tuple[int, ...] = FAMILIES,
    extra_nk: Array | None = None,
) -> Array:
    """The bank's function on every row, [n].

    Args:
        bank: ridge functions of one variable.
        family: of the function.
        leaky: which of two forms, for families that have two.
        parents_nd: [n, d] values of all variables; those without an edge do not enter.
        families: those that occur (static).
        extra_nk: added to the features before phi: a further argument such as noise.
    """

    def fourier(h_nk: Array) -> Array:
        return draw.cosine(h_nk / (2 * jnp.pi))

    def network(h_nk: Array) -> Array:
        return jnp.where(leaky, jnp.maximum(h_nk, 0.1 * h_nk), jnp.tanh(h_nk))

    forms = {
        LINEAR: lambda h_nk: h_nk,
        RFF: fourier,
        RFF_ADDITIVE: fourier,
        MLP: network,
        POLYNOMIAL: lambda h_nk: h_nk**2 * jnp.where(leaky, h_nk, 1.0),
        SATURATING: lambda h_nk: h_nk / (1 + jnp.abs(h_nk)),
        THRESHOLD: lambda h_nk: (h_nk > 0).astype(h_nk.dtype),
        TREE: _tree,
        MATERN: fourier,
    }

    def whole(phi: Callable[[Array], Array]) -> Callable[[], Array]:
        def run() -> Array:
            h_nk = parents_nd @ bank.weight_dk + bank.bias_k
            return phi(h_nk if extra_nk is None else h_nk + extra_nk) @ bank.amplitude_k

        return run

    different = list(dict.fromkeys(forms[f] for f in families))
    place = jnp.asarray([different.index(forms[f]) if f in families else 0 for f in FAMILIES])
    return jax.lax.switch(place[family], [whole(phi) for phi in different])


def _matern(functions: Functions, prior: Prior, child: Array | int, normal_dk: Array) -> Array:
    """Frequencies of a Matern kernel of drawn smoothness with a length scale for every parent.

    Its spectral density is a Student-t (Rasmussen and Williams 2006, equation 4.15): a normal
    over the root of a mean of squared normals, as many as there are degrees of freedom.
    """
    most = max(MATERN_DEGREES)
    first = _triangle(normal_dk.shape[0]) + child * most
    square_mk = jax.lax.dynamic_slice_in_dim(functions.normal_mk, first, most) ** 2
    degrees = functions.degrees_d[child]
    counted_m1 = jnp.arange(most)[:, None] < degrees
    mean_k = (square_mk * counted_m1).sum(0) / degrees
    root_k = jnp.sqrt(jnp.maximum(mean_k, 1e-4))
    return normal_dk / root_k / functions.length_dd[child][:, None]


def _triangle(d: int) -> int:
    """Rows of normals for amplitudes and pairs; the last child reads one more."""
    return d + d * (d - 1) // 2 + 1


def _rows(prior: Prior, d: int) -> int:
    """Rows of normals for all variables, those of rough functions at the end."""
    return _triangle(d) + d * max(MATERN_DEGREES) * (MATERN in families_of(prior))


def _tree(h_nk: Array) -> Array:
    """Indicator of the leaf of an oblivious tree: the first features are its splits."""
    depth = min(TREE_DEPTH, (h_nk.shape[1]).bit_length() - 1)
    leaf_n = ((h_nk[:, :depth] > 0) * 2 ** jnp.arange(depth)).sum(1)
    return (leaf_n[:, None] == jnp.arange(h_nk.shape[1])).astype(h_nk.dtype)
