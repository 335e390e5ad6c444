"""How noise joins a function and what becomes of the two, against NumPy formulas."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from worlds import quick_jit

from simulators.columns import BINARY, CONTINUOUS, ORDINAL
from simulators.coupling import (
    ADDITIVE,
    HETEROSCEDASTIC,
    INPUT,
    INPUT_ADDED,
    MULTIPLICATIVE,
    Coupling,
    couple,
    emit,
    kinds_of,
    noise_argument,
    sample_coupling,
)
from simulators.mechanisms import sample_bank
from simulators.prior import CouplingWeights, MechanismWeights, OutputWeights, Prior

COUNT, D, N, CHILD = 400, 4, 300, 3
PARENTS = np.tril(np.ones((D, D), bool), -1)
PRIOR = Prior(
    coupling=CouplingWeights(0.2, 0.2, 0.2, 0.2, 0.2),
    outputs=OutputWeights(0.25, 0.25, 0.25, 0.25),
    features=8,
)
SMOOTH = Prior(mechanisms=MechanismWeights(0.0, 1.0, 0.0, 0.0), features=8)
RNG = np.random.default_rng(0)
F = RNG.normal(size=N).astype(np.float32)
NOISE = (0.5 * RNG.normal(size=N)).astype(np.float32)
UNIT = RNG.normal(size=(N, D)).astype(np.float32)
UNIT = (UNIT - UNIT.mean(0)) / UNIT.std(0)
MEAN, STD = 0.7, 1.8


@pytest.fixture(scope="module")
def drawn() -> tuple[Coupling, dict[str, np.ndarray]]:
    """Many couplings, each applied to the same function, noise and parents."""

    def one(key):
        coupling = sample_coupling(key, PRIOR, jnp.asarray(PARENTS))
        joined = couple(coupling, PRIOR, CHILD, F, NOISE, UNIT, jnp.bool_(True))
        assert coupling.scale is not None
        bank = sample_bank(coupling.scale, SMOOTH, CHILD)
        return coupling, {
            "bank": tuple(bank),
            "joined": joined,
            "root": couple(coupling, PRIOR, CHILD, F, NOISE, UNIT, jnp.bool_(False)),
            "argument": noise_argument(coupling, CHILD, NOISE),
            "emitted": emit(coupling, PRIOR, CHILD, F, MEAN, STD),
            "kinds": kinds_of(coupling),
        }

    keys = jax.random.split(jax.random.key(0), COUNT)
    return jax.tree.map(np.asarray, quick_jit(jax.vmap(one))(keys))


def test_the_ways_and_outputs_are_drawn_by_weight(drawn):
    coupling, _ = drawn
    for index, count in ((coupling.kind_d, 5), (coupling.output_d, 4), (coupling.bend_d, 3)):
        assert stats.chisquare(np.bincount(index.ravel(), minlength=count)).pvalue > 1e-4


def test_additive_multiplicative_and_input(drawn):
    coupling, out = drawn
    kind = coupling.kind_d[:, CHILD]
    expected = {
        ADDITIVE: F + NOISE,
        MULTIPLICATIVE: (1 + F) * np.exp(NOISE / 2),
        INPUT: F,  # the noise has gone into the function
        INPUT_ADDED: F + NOISE,
    }
    for way, joined in expected.items():
        for found in out["joined"][kind == way]:
            np.testing.assert_allclose(found, joined, atol=1e-5)
    np.testing.assert_array_equal(out["root"], np.broadcast_to(NOISE, out["root"].shape))


def test_noise_as_an_argument_enters_every_feature_with_a_weight_of_its_own(drawn):
    coupling, out = drawn
    taken = np.isin(coupling.kind_d[:, CHILD], [INPUT, INPUT_ADDED])
    assert not out["argument"][~taken].any()
    weight = coupling.noise_weight_dk[taken][:, CHILD]
    found = out["argument"][taken]
    np.testing.assert_allclose(found, NOISE[None, :, None] * weight[:, None, :], atol=1e-5)
    assert stats.kstest(weight.ravel(), "norm").pvalue > 1e-4


def test_heteroscedastic_noise_has_the_documented_size(drawn):
    """sqrt(log(1 + exp(h))), h a smooth function of the parents with mean 0 and sd 2."""
    coupling, out = drawn
    chosen = coupling.kind_d[:, CHILD] == HETEROSCEDASTIC
    assert chosen.sum() > 50
    size = (out["joined"][chosen] - F) / NOISE
    clear = np.abs(NOISE) > 0.05  # elsewhere the ratio is rounding
    for k, found in zip(np.flatnonzero(chosen), size, strict=True):
        weight, bias, amplitude = (leaf[k] for leaf in out["bank"])
        h = np.cos(UNIT @ weight + bias) @ amplitude
        h = 2 * (h - h.mean()) / h.std()
        np.testing.assert_allclose(found[clear], np.sqrt(np.log1p(np.exp(h)))[clear], rtol=2e-3)
        assert not weight[CHILD:].any()  # reads its parents alone


def test_outputs_are_the_documented_functions(drawn):
    coupling, out = drawn
    v = (F - MEAN) / STD
    for k in range(COUNT):
        output, bend = coupling.output_d[k, CHILD], coupling.bend_d[k, CHILD]
        a, cut, levels = (
            getattr(coupling, name)[k, CHILD] for name in ("shape_d", "cut_d", "levels_d")
        )
        if output == 0:
            expected = F
        elif output == 1:
            bent = (
                v + a * v**3,
                np.sign(v) * np.log1p(np.abs(v) / a),
                np.exp(np.sqrt(a) * np.clip(v, -6, 6)),
            )
            expected = STD * bent[bend]
            assert (np.diff(out["emitted"][k][np.argsort(F)]) >= -1e-5).all()  # increasing
        elif output == 2:
            expected = (v > cut).astype(float)
        else:
            expected = np.clip(np.floor((v + 2 + cut) / 4 * levels), 0, levels - 1)
        wrong = ~np.isclose(out["emitted"][k], expected, rtol=1e-3, atol=1e-4)
        assert wrong.mean() <= (0.02 if output > 1 else 0.0), output  # a value on a threshold


def test_kinds_follow_outputs(drawn):
    coupling, out = drawn
    table = np.array([CONTINUOUS, CONTINUOUS, BINARY, ORDINAL])
    np.testing.assert_array_equal(out["kinds"], table[coupling.output_d])
    levels = coupling.levels_d
    assert levels.min() == 3 and levels.max() == 7


def test_one_way_for_a_whole_dataset_and_none_in_a_pure_one():
    prior = dataclasses.replace(PRIOR, mixed_coupling=0.0, mixed_outputs=0.5)
    parents = jnp.asarray(PARENTS)

    def one(key):
        mixed = sample_coupling(key, prior, parents, jnp.bool_(False))
        pure = sample_coupling(key, prior, parents, jnp.bool_(True))
        return mixed.kind_d, mixed.output_d, pure.kind_d, pure.output_d

    keys = jax.random.split(jax.random.key(1), COUNT)
    kind, output, *pure = map(np.asarray, quick_jit(jax.vmap(one))(keys))
    assert (kind == kind[:, :1]).all() and len(np.unique(kind)) == 5
    alike = (output == output[:, :1]).all(1)
    assert stats.binomtest(int(alike.sum()), COUNT, 0.5 + 0.5 * 0.25**3).pvalue > 1e-4
    assert not np.stack(pure).any()
