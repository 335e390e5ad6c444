"""Structural functions f_j(parents), all in one form: a bank of ridge functions.

f(u) = sum_k amplitude_k * phi(weight_k . u + bias_k), with phi one of a few scalar functions. A
linear function, random Fourier features (Rahimi and Recht 2007) of all parents jointly, smooth or
rough, or of one parent each, a network with one hidden layer, a polynomial, a sum of sigmoids,
steps and a tree differ only in how the bank is drawn. So children of one graph mix families at the
price of one matrix product.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.checks import weights_of
from simulators.prior import Prior

LINEAR, RFF, RFF_ADDITIVE, MLP, POLYNOMIAL, SATURATING, THRESHOLD, TREE, MATERN = range(9)
FAMILIES = tuple(range(9))
MATERN_DEGREES = (1, 3, 5)  # of freedom: twice the smoothness, 1/2, 3/2 or 5/2
TREE_DEPTH = 3
STEPS = 4  # of a threshold function


class Bank(NamedTuple):
    """Ridge functions of every variable: k features, d variables."""

    weight_dkd: Array  # child, feature, parent; zero where there is no edge
    bias_dk: Array
    amplitude_dk: Array
    family_d: Array  # int32, one of the module's constants
    leaky_d: Array  # bool, MLP units are leaky-ReLU instead of tanh; polynomials cubic
    size_d: Array  # standard deviation that a nonlinear function is scaled to


def families_of(prior: Prior) -> tuple[int, ...]:
    """The families that the prior can draw: no other is computed."""
    weights = weights_of(prior.mechanisms, "mechanisms")
    if prior.pure is not None:
        pure = weights_of(prior.pure.mechanisms, "pure.mechanisms")
        weights = tuple(a + b for a, b in zip(weights, pure, strict=True))
    return tuple(family for family, weight in enumerate(weights) if weight > 0)


def sample_bank(key: Array, prior: Prior, parents_dd: Array, family_d: Array | None = None) -> Bank:
    """Draw the function of every variable given its parents.

    Args:
        key: PRNG key.
        prior: weights and ranges.
        parents_dd: [d, d] bool, row = child, column = parent.
        family_d: [d] the family of each variable. None: drawn.
    """
    d, k = parents_dd.shape[0], prior.features
    keys = jax.random.split(key, 10)
    if family_d is None:
        weights = weights_of(prior.mechanisms, "mechanisms")
        one = draw.option(keys[0], weights)
        each_d = draw.option(keys[1], weights, (d,))
        family_d = jnp.where(draw.chance(keys[2], prior.mixed_mechanisms), each_d, one)

    normal_dkd = draw.normal(keys[3], (d, k, d))
    length_d = draw.log_between(keys[4], prior.length_scale, (d,))
    # One parent a feature, each parent in turn, so that none is left without an effect.
    count_d1 = jnp.maximum(parents_dd.sum(1, keepdims=True), 1)
    rank_dd = jnp.cumsum(parents_dd, axis=1) - 1
    turn_dk = jnp.arange(k)[None, :] % count_d1
    chosen_dkd = rank_dd[:, None, :] == turn_dk[:, :, None]

    sign_dd = draw.sign(keys[7], (d, d))
    factor = draw.log_between(jax.random.fold_in(keys[6], 1), prior.weight_factor)
    coefficient_dd = draw.between(keys[6], prior.weight, (d, d)) * sign_dd * factor
    first_k = jnp.arange(k) == 0
    slope_dkd = jnp.where(chosen_dkd, coefficient_dd[:, None, :], 0.0)
    rff_dkd = normal_dkd / length_d[:, None, None]
    # Of many parents, a joint function of short length scale is all interaction: no parent has an
    # effect of its own.
    wider_d11 = count_d1[:, :, None] ** prior.length_growth
    by_family = {
        LINEAR: jnp.where(first_k[None, :, None], coefficient_dd[:, None, :], 0.0),
        RFF: rff_dkd / wider_d11 if prior.length_growth > 0 else rff_dkd,
        RFF_ADDITIVE: rff_dkd * chosen_dkd,
        MLP: normal_dkd,
        POLYNOMIAL: normal_dkd,
        SATURATING: slope_dkd,
        THRESHOLD: normal_dkd,
        TREE: chosen_dkd.astype(jnp.float32),
    }
    present = families_of(prior)
    if MATERN in present:
        by_family[MATERN] = _matern(keys[9], prior, normal_dkd)
    k_bias, k_amplitude, k_leaky, k_size = jax.random.split(keys[8], 4)
    phase_dk = draw.between(k_bias, (-jnp.pi, jnp.pi), (d, k))
    normal_dk = draw.normal(k_amplitude, (d, k)) * jnp.sqrt(2.0 / k)
    used_dk = jnp.arange(k)[None, :] < count_d1  # one feature a parent
    some_dk = jnp.broadcast_to(jnp.arange(k) < STEPS, (d, k))
    amplitudes = {
        LINEAR: jnp.broadcast_to(first_k, (d, k)).astype(jnp.float32),
        SATURATING: jnp.where(used_dk, 1 + jnp.abs(normal_dk), 0.0),
        THRESHOLD: jnp.where(some_dk, normal_dk, 0.0),
    }
    biases = {
        LINEAR: jnp.zeros((d, k)),
        RFF: phase_dk,
        RFF_ADDITIVE: phase_dk,
        MATERN: phase_dk,
        THRESHOLD: phase_dk / 3,
        TREE: phase_dk / 3,
    }

    def choose(options: dict[int, Array], otherwise: Array) -> Array:
        chosen = otherwise
        for family in present:
            if family in options:
                mask_d = family_d == family
                shape = (d,) + (1,) * (otherwise.ndim - 1)
                chosen = jnp.where(mask_d.reshape(shape), options[family], chosen)
        return chosen

    return Bank(
        weight_dkd=choose(by_family, jnp.zeros((d, k, d))) * parents_dd[:, None, :],
        bias_dk=choose(biases, phase_dk / 2),
        amplitude_dk=choose(amplitudes, normal_dk),
        family_d=family_d,
        leaky_d=draw.chance(k_leaky, 0.5, (d,)),
        size_d=draw.log_between(k_size, prior.amplitude, (d,)),
    )


def evaluate(
    bank: Bank,
    child: Array,
    parents_nd: Array,
    families: tuple[int, ...] = FAMILIES,
    extra_nk: Array | None = None,
) -> Array:
    """f_child on every row, [n]; `child` is one index into the bank and may be traced.

    Args:
        bank: functions of all children.
        child: whose function.
        parents_nd: [n, d] values of all variables; those without an edge do not enter.
        families: those that occur (static).
        extra_nk: added to the features before phi: a further argument such as noise.
    """
    h_nk = parents_nd @ bank.weight_dkd[child].T + bank.bias_dk[child]
    h_nk = h_nk if extra_nk is None else h_nk + extra_nk
    family, leaky = bank.family_d[child], bank.leaky_d[child]
    functions = {
        LINEAR: lambda: h_nk,
        RFF: lambda: draw.cosine(h_nk / (2 * jnp.pi)),
        RFF_ADDITIVE: lambda: draw.cosine(h_nk / (2 * jnp.pi)),
        MLP: lambda: jnp.where(leaky, jnp.where(h_nk > 0, h_nk, 0.1 * h_nk), jnp.tanh(h_nk)),
        POLYNOMIAL: lambda: h_nk**2 * jnp.where(leaky, h_nk, 1.0),
        SATURATING: lambda: h_nk / (1 + jnp.abs(h_nk)),
        THRESHOLD: lambda: (h_nk > 0).astype(h_nk.dtype),
        TREE: lambda: _tree(h_nk),
        MATERN: lambda: draw.cosine(h_nk / (2 * jnp.pi)),
    }
    phi_nk = functions[families[0]]()
    for other in families[1:]:
        phi_nk = jnp.where(family == other, functions[other](), phi_nk)
    return phi_nk @ bank.amplitude_dk[child]


def _matern(key: Array, prior: Prior, normal_dkd: Array) -> Array:
    """Frequencies of a Matern kernel of drawn smoothness with a length scale for every parent.

    Its spectral density is a Student-t (Rasmussen and Williams 2006, equation 4.15): a normal
    over the root of a mean of squared normals, as many as there are degrees of freedom.
    """
    d, k, _ = normal_dkd.shape
    k_length, k_degrees, k_square = jax.random.split(key, 3)
    length_dd = draw.log_between(k_length, prior.matern_length, (d, d))
    which_d = draw.option(k_degrees, (1.0,) * len(MATERN_DEGREES), (d,))
    degrees_d = jnp.asarray(MATERN_DEGREES)[which_d]
    square_dkm = draw.normal(k_square, (d, k, max(MATERN_DEGREES))) ** 2
    counted_dm = jnp.arange(max(MATERN_DEGREES)) < degrees_d[:, None]
    mean_dk = (square_dkm * counted_dm[:, None, :]).sum(2) / degrees_d[:, None]
    root_dk = jnp.sqrt(jnp.maximum(mean_dk, 1e-4))
    return normal_dkd / root_dk[:, :, None] / length_dd[:, None, :]


def _tree(h_nk: Array) -> Array:
    """Indicator of the leaf of an oblivious tree: the first features are its splits."""
    depth = min(TREE_DEPTH, (h_nk.shape[1]).bit_length() - 1)
    leaf_n = ((h_nk[:, :depth] > 0) * 2 ** jnp.arange(depth)).sum(1)
    return (leaf_n[:, None] == jnp.arange(h_nk.shape[1])).astype(h_nk.dtype)
