"""How noise joins the function of the parents, and what becomes of the two together."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.checks import weights_of
from simulators.columns import BINARY, CONTINUOUS, ORDINAL
from simulators.mechanisms import RFF, Bank, evaluate, sample_bank
from simulators.prior import MechanismWeights, Prior

ADDITIVE, HETEROSCEDASTIC, MULTIPLICATIVE, INPUT, INPUT_ADDED = range(5)
IDENTITY, POST_NONLINEAR, TWO_LEVELS, LEVELS = range(4)
SCALE_FEATURES = 16  # ridge functions behind the size of heteroscedastic noise
MOST_LEVELS = 7


class Coupling(NamedTuple):
    """Draws for every variable; parts that the prior cannot draw are None."""

    kind_d: Array  # int32
    scale_bank: Bank | None  # of heteroscedastic noise
    noise_weight_dk: Array | None  # of noise as an argument
    output_d: Array  # int32
    shape_d: Array  # strength of the outer function
    bend_d: Array  # which outer function
    levels_d: Array  # of an ordinal variable
    cut_d: Array  # where thresholds lie, in standard deviations


def sample_coupling(
    key: Array, prior: Prior, parents_dd: Array, pure: Array | None = None
) -> Coupling:
    """Draw how noise enters each variable; [d, d] bool parents, row = child.

    Of a pure dataset all noise is additive and nothing is done to the sum.
    """
    d = parents_dd.shape[0]
    keys = jax.random.split(key, 8)
    ways = weights_of(prior.coupling, "coupling")
    scale_bank, noise_weight_dk = None, None
    if ways[HETEROSCEDASTIC] > 0:
        smooth = Prior(
            mechanisms=MechanismWeights(linear=0.0, rff=1.0, rff_additive=0.0, mlp=0.0),
            features=min(SCALE_FEATURES, prior.features),
        )
        scale_bank = sample_bank(keys[0], smooth, parents_dd)
    if ways[INPUT] + ways[INPUT_ADDED] > 0:
        noise_weight_dk = draw.normal(keys[1], (d, prior.features))

    def choose(k: Array, weights: tuple[float, ...], mix: float) -> Array:
        each_d = draw.option(k, weights, (d,))
        if mix < 1:
            one = draw.option(jax.random.fold_in(k, 1), weights)
            each_d = jnp.where(draw.chance(jax.random.fold_in(k, 2), mix), each_d, one)
        return each_d if pure is None else jnp.where(pure, 0, each_d)

    outputs = weights_of(prior.outputs, "outputs")
    return Coupling(
        kind_d=choose(keys[2], ways, prior.mixed_coupling),
        scale_bank=scale_bank,
        noise_weight_dk=noise_weight_dk,
        output_d=choose(keys[3], outputs, prior.mixed_outputs),
        shape_d=draw.log_between(keys[4], (0.1, 1.0), (d,)),
        bend_d=draw.option(keys[5], (1.0, 1.0, 1.0), (d,)),
        levels_d=jnp.floor(draw.between(keys[6], (3.0, MOST_LEVELS + 1.0), (d,))),
        cut_d=draw.between(keys[7], (-1.0, 1.0), (d,)),
    )


def couple(
    coupling: Coupling,
    prior: Prior,
    child: Array,
    f_n: Array,
    noise_n: Array,
    unit_nd: Array,
    has_parents: Array,
) -> Array:
    """Function and noise of one variable together, [n]; a root is its noise.

    The size of heteroscedastic noise is sqrt(log(1 + exp(h))), h a smooth random function of the
    parents with standard deviation 2, as in AVICI's shifted domains (Lorch et al. 2022).
    Multiplicative noise is (1 + f) exp(noise / 2). Noise that is an argument of f may be added to
    it too, as the latent input of BCNP's Gaussian-process tables is (Dhir et al. 2024).
    """
    ways = weights_of(prior.coupling, "coupling")
    kind = coupling.kind_d[child]
    joined_n = f_n + noise_n
    if coupling.scale_bank is not None:
        h_n = evaluate(coupling.scale_bank, child, unit_nd, (RFF,))
        h_n = 2 * (h_n - h_n.mean()) / jnp.maximum(h_n.std(), 1e-6)
        scaled_n = f_n + noise_n * jnp.sqrt(jax.nn.softplus(h_n))
        joined_n = jnp.where(kind == HETEROSCEDASTIC, scaled_n, joined_n)
    if ways[MULTIPLICATIVE] > 0:
        times_n = (1 + f_n) * jnp.exp(jnp.clip(noise_n, -4, 4) / 2)
        joined_n = jnp.where(kind == MULTIPLICATIVE, times_n, joined_n)
    if ways[INPUT] > 0:
        joined_n = jnp.where(kind == INPUT, f_n, joined_n)
    return jnp.where(has_parents, joined_n, noise_n)


def kinds_of(coupling: Coupling) -> Array:
    """Kind of every variable, int32 [d]: continuous, ordinal or binary."""
    kinds = jnp.array([CONTINUOUS, CONTINUOUS, BINARY, ORDINAL], jnp.int32)
    return kinds[coupling.output_d]


def noise_argument(coupling: Coupling, child: Array, noise_n: Array) -> Array | None:
    """What noise adds to the features of a function that takes it as an argument, [n, k]."""
    if coupling.noise_weight_dk is None:
        return None
    taken = coupling.kind_d[child] >= INPUT
    taken_n = jnp.where(taken, noise_n, 0.0)
    return taken_n[:, None] * coupling.noise_weight_dk[child]


def emit(
    coupling: Coupling, prior: Prior, child: Array, joined_n: Array, mean: Array, std: Array
) -> Array:
    """The variable itself: `joined_n` as it is, bent by an increasing function, or in levels.

    Outer functions act on v = (joined - mean) / std: v + a v^3, sign(v) log(1 + |v| / a) and
    exp(sqrt(a) v).
    """
    ways = weights_of(prior.outputs, "outputs")
    if sum(ways[1:]) == 0:
        return joined_n
    output, a = coupling.output_d[child], coupling.shape_d[child]
    v_n = (joined_n - mean) / std
    emitted_n = joined_n
    if ways[POST_NONLINEAR] > 0:
        bent_n = jnp.select(
            [coupling.bend_d[child] == 0, coupling.bend_d[child] == 1],
            [v_n + a * v_n**3, jnp.sign(v_n) * jnp.log1p(jnp.abs(v_n) / a)],
            jnp.exp(jnp.sqrt(a) * jnp.clip(v_n, -6, 6)),
        )
        emitted_n = jnp.where(output == POST_NONLINEAR, bent_n * std, emitted_n)
    if ways[TWO_LEVELS] > 0:
        above_n = (v_n > coupling.cut_d[child]).astype(v_n.dtype)
        emitted_n = jnp.where(output == TWO_LEVELS, above_n, emitted_n)
    if ways[LEVELS] > 0:
        levels = coupling.levels_d[child]
        level_n = jnp.clip(jnp.floor((v_n + 2 + coupling.cut_d[child]) / 4 * levels), 0, levels - 1)
        emitted_n = jnp.where(output == LEVELS, level_n, emitted_n)
    return emitted_n
