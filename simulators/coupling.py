"""How noise joins the function of the parents, and what becomes of the two together."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.checks import weights_of
from simulators.columns import BINARY, CONTINUOUS, ORDINAL, log_within, within
from simulators.mechanisms import RFF, Functions, evaluate, sample_bank, sample_functions
from simulators.prior import MechanismWeights, Prior

ADDITIVE, HETEROSCEDASTIC, MULTIPLICATIVE, INPUT, INPUT_ADDED = range(5)
IDENTITY, POST_NONLINEAR, TWO_LEVELS, LEVELS = range(4)
SCALE_FEATURES = 16  # ridge functions behind the size of heteroscedastic noise
MOST_LEVELS = 7


class Coupling(NamedTuple):
    """Draws for every variable; parts that the prior cannot draw are None."""

    kind_d: Array  # int32
    scale: Functions | None  # of heteroscedastic noise
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
    keys = jax.random.split(key, 5)
    ways = weights_of(prior.coupling, "coupling")
    scale, noise_weight_dk = None, None
    if ways[HETEROSCEDASTIC] > 0:
        scale = sample_functions(keys[0], _smooth(prior), parents_dd)
    if ways[INPUT] + ways[INPUT_ADDED] > 0:
        noise_weight_dk = draw.normal(keys[1], (d, prior.features))

    def choose(k: Array, weights: tuple[float, ...], mix: float) -> Array:
        each_d = draw.option(k, weights, (d,))
        if mix < 1:
            one = draw.option(jax.random.fold_in(k, 1), weights)
            each_d = jnp.where(draw.chance(jax.random.fold_in(k, 2), mix), each_d, one)
        return each_d if pure is None else jnp.where(pure, 0, each_d)

    outputs = weights_of(prior.outputs, "outputs")
    u_4d = draw.unit(keys[4], (4, d))
    return Coupling(
        kind_d=choose(keys[2], ways, prior.mixed_coupling),
        scale=scale,
        noise_weight_dk=noise_weight_dk,
        output_d=choose(keys[3], outputs, prior.mixed_outputs),
        shape_d=log_within(u_4d[0], (0.1, 1.0)),
        bend_d=jnp.floor(3 * u_4d[1]).astype(jnp.int32),
        levels_d=jnp.floor(within(u_4d[2], (3.0, MOST_LEVELS + 1.0))),
        cut_d=within(u_4d[3], (-1.0, 1.0)),
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

    def heteroscedastic() -> Array:
        if coupling.scale is None:
            return f_n + noise_n
        smooth = _smooth(prior)
        bank = sample_bank(coupling.scale, smooth, child)
        h_n = evaluate(bank, jnp.int32(RFF), jnp.bool_(False), unit_nd, (RFF,))
        h_n = 2 * (h_n - h_n.mean()) / jnp.maximum(h_n.std(), 1e-6)
        return f_n + noise_n * jnp.sqrt(jax.nn.softplus(h_n))

    ways = {
        ADDITIVE: lambda: f_n + noise_n,
        HETEROSCEDASTIC: heteroscedastic,
        MULTIPLICATIVE: lambda: (1 + f_n) * jnp.exp(jnp.clip(noise_n, -4, 4) / 2),
        INPUT: lambda: f_n,
        INPUT_ADDED: lambda: f_n + noise_n,
    }
    possible = _possible(weights_of(prior.coupling, "coupling"))
    kind = jnp.where(has_parents, coupling.kind_d[child], ADDITIVE)
    joined_n = _one_of(ways, possible, kind)
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
    a, bend = coupling.shape_d[child], coupling.bend_d[child]
    v_n = (joined_n - mean) / std

    def bent() -> Array:
        forms = [
            lambda: v_n + a * v_n**3,
            lambda: jnp.sign(v_n) * jnp.log1p(jnp.abs(v_n) / a),
            lambda: jnp.exp(jnp.sqrt(a) * jnp.clip(v_n, -6, 6)),
        ]
        return jax.lax.switch(bend, forms) * std

    def levels() -> Array:
        count = coupling.levels_d[child]
        return jnp.clip(jnp.floor((v_n + 2 + coupling.cut_d[child]) / 4 * count), 0, count - 1)

    outputs = {
        IDENTITY: lambda: joined_n,
        POST_NONLINEAR: bent,
        TWO_LEVELS: lambda: (v_n > coupling.cut_d[child]).astype(v_n.dtype),
        LEVELS: levels,
    }
    possible = _possible(weights_of(prior.outputs, "outputs"))
    return _one_of(outputs, possible, coupling.output_d[child])


def _smooth(prior: Prior) -> Prior:
    """The prior of the functions behind the size of heteroscedastic noise."""
    return Prior(
        mechanisms=MechanismWeights(linear=0.0, rff=1.0, rff_additive=0.0, mlp=0.0),
        features=min(SCALE_FEATURES, prior.features),
    )


def _possible(weights: tuple[float, ...]) -> list[int]:
    """Options with a weight; the first one too, which pure datasets have."""
    return [k for k, weight in enumerate(weights) if weight > 0 or k == 0]


def _one_of(options: dict[int, Callable[[], Array]], possible: list[int], index: Array) -> Array:
    """The option of that index; the others are not compiled unless possible."""
    place = (jnp.asarray(possible) < index).sum()
    return jax.lax.switch(place, [options[k] for k in possible])
