"""Structural functions f_j(parents), all in one form: a bank of ridge functions.

f(u) = sum_k amplitude_k * phi(weight_k . u + bias_k), with phi one of a few scalar functions. A
linear function, random Fourier features (Rahimi and Recht 2007) of all parents jointly or of one
parent each, and a network with one hidden layer differ only in how the bank is drawn. So children
of one graph mix families at the price of one matrix product.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.prior import Prior, weights_of

LINEAR, RFF, RFF_ADDITIVE, MLP = range(4)


class Bank(NamedTuple):
    """Ridge functions of every variable: k features, d variables."""

    weight_dkd: Array  # child, feature, parent; zero where there is no edge
    bias_dk: Array
    amplitude_dk: Array
    family_d: Array  # int32, one of the module's constants
    leaky_d: Array  # bool, MLP units are leaky-ReLU instead of tanh
    size_d: Array  # standard deviation that a nonlinear function is scaled to


def sample_bank(key: Array, prior: Prior, parents_dd: Array) -> Bank:
    """Draw the function of every variable given its parents.

    Args:
        key: PRNG key.
        prior: weights and ranges.
        parents_dd: [d, d] bool, row = child, column = parent.
    """
    d, k = parents_dd.shape[0], prior.features
    keys = jax.random.split(key, 10)
    weights = weights_of(prior.mechanisms, "mechanisms")
    one = draw.option(keys[0], weights)
    each_d = draw.option(keys[1], weights, (d,))
    family_d = jnp.where(draw.chance(keys[2], prior.mixed_mechanisms), each_d, one)

    normal_dkd = draw.normal(keys[3], (d, k, d))
    length_d = draw.log_between(keys[4], prior.length_scale, (d,))
    # Additive: feature k of child j looks at one of its parents, drawn evenly.
    chance_dd = jnp.cumsum(parents_dd, axis=1) / jnp.maximum(parents_dd.sum(1, keepdims=True), 1)
    u_dk = draw.unit(keys[5], (d, k))
    chosen_dk = (u_dk[:, :, None] >= chance_dd[:, None, :]).sum(-1)
    chosen_dkd = chosen_dk[:, :, None] == jnp.arange(d)

    coefficient_dd = draw.between(keys[6], prior.weight, (d, d)) * draw.sign(keys[7], (d, d))
    linear_dkd = jnp.where(jnp.arange(k)[None, :, None] == 0, coefficient_dd[:, None, :], 0.0)
    rff_dkd = normal_dkd / length_d[:, None, None]
    family = family_d[:, None, None]
    weight_dkd = jnp.where(
        family == LINEAR,
        linear_dkd,
        jnp.where(
            family == RFF,
            rff_dkd,
            jnp.where(family == RFF_ADDITIVE, rff_dkd * chosen_dkd, normal_dkd),
        ),
    )
    weight_dkd = weight_dkd * parents_dd[:, None, :]

    k_bias, k_amplitude, k_leaky, k_size = jax.random.split(keys[8], 4)
    fourier_d = (family_d == RFF) | (family_d == RFF_ADDITIVE)
    phase_dk = draw.between(k_bias, (-jnp.pi, jnp.pi), (d, k))
    bias_dk = jnp.where(fourier_d[:, None], phase_dk, phase_dk / 2)
    normal_dk = draw.normal(k_amplitude, (d, k)) * jnp.sqrt(2.0 / k)
    first_k = (jnp.arange(k) == 0).astype(normal_dk.dtype)
    linear_d = family_d == LINEAR
    return Bank(
        weight_dkd=weight_dkd,
        bias_dk=jnp.where(linear_d[:, None], 0.0, bias_dk),
        amplitude_dk=jnp.where(linear_d[:, None], first_k, normal_dk),
        family_d=family_d,
        leaky_d=draw.chance(k_leaky, 0.5, (d,)),
        size_d=draw.log_between(k_size, prior.amplitude, (d,)),
    )


def evaluate(bank: Bank, child: Array, parents_nd: Array) -> Array:
    """f_child on every row, [n]; `child` is one index into the bank and may be traced."""
    h_nk = parents_nd @ bank.weight_dkd[child].T + bank.bias_dk[child]
    family = bank.family_d[child]
    unit_nk = jnp.where(bank.leaky_d[child], jnp.where(h_nk > 0, h_nk, 0.1 * h_nk), jnp.tanh(h_nk))
    fourier = (family == RFF) | (family == RFF_ADDITIVE)
    phi_nk = jnp.where(family == LINEAR, h_nk, jnp.where(fourier, jnp.cos(h_nk), unit_nk))
    return phi_nk @ bank.amplitude_dk[child]
