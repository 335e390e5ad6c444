"""The ancestral pass against a NumPy loop, closed-form covariances, and sortability."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from worlds import EXPERIMENTS, World, draw_worlds, quick_jit

from simulators.coupling import sample_coupling
from simulators.interventions import Experiment
from simulators.mechanisms import LINEAR, MLP, sample_functions
from simulators.prior import MechanismWeights, Prior
from simulators.structural import INTERNAL, PLAIN, STANDARDISED, ancestral


def table(world: World, b: int, scaling: int) -> np.ndarray:
    """World b computed again, one variable and one parent at a time, in double precision."""
    graph, noise = world.graph[b], world.noise[b].astype(float)
    weight, bias, amplitude = (leaf[b] for leaf in world.bank)
    one = jax.tree.map(lambda leaf: leaf[b], world.functions)
    plan = Experiment(*(leaf[b] for leaf in world.experiment))
    raw, unit = np.zeros_like(noise), np.zeros_like(noise)
    for j in range(noise.shape[1]):
        parents = [i for i in range(j) if graph[i, j]]
        f = np.zeros(len(noise))
        if parents and one.family_d[j] == LINEAR:
            for i in parents:
                f += one.coefficient_dd[j, i] * raw[:, i]
        elif parents:
            h = bias[j] + sum(np.outer(unit[:, i], weight[j, i]) for i in parents)
            if one.family_d[j] != MLP:
                phi = np.cos(h)
            else:
                phi = np.where(h > 0, h, 0.1 * h) if one.leaky_d[j] else np.tanh(h)
            f = phi @ amplitude[j]
            f = one.size_d[j] * (f - f.mean()) / f.std()
        natural = f + noise[:, j]
        unit[:, j] = (natural - natural.mean()) / natural.std()
        rows = plan.intervened_nd[:, j]
        unit[rows, j] = plan.value_nd[rows, j]
        raw[:, j] = unit[:, j]
        if scaling != INTERNAL:
            raw[:, j] = natural.mean() + natural.std() * unit[:, j]
    return (raw - raw.mean(0)) / raw.std(0) if scaling == STANDARDISED else raw


@pytest.mark.parametrize("experimenting", [False, True])
@pytest.mark.parametrize("scaling", [PLAIN, STANDARDISED, INTERNAL])
def test_every_table_agrees_with_a_numpy_loop(scaling, experimenting):
    world = draw_worlds(EXPERIMENTS, 120, 600, 7, 0, scaling, experimenting)
    assert world.experiment.intervened_nd.any() == experimenting
    assert set(world.functions.family_d.ravel()) == {0, 1, 2, 3}
    differences = []
    for b in range(40):
        expected = table(world, b, scaling)
        error = np.abs(world.values[b] - expected) / expected.std(0)
        assert error.max() < 1e-4
        other = table(world, b, (scaling + 1) % 3) - expected
        differences.append(np.abs(other / expected.std(0)).max())
    # After standardising, internal scaling shows in linear functions of dependent parents alone.
    assert np.mean(np.array(differences) > 1e-2) > 0.2


def test_scaling():
    by_kind = {
        kind: draw_worlds(EXPERIMENTS, 120, 600, 7, 0, kind, False).values.astype(float)
        for kind in (PLAIN, STANDARDISED, INTERNAL)
    }
    for kind in (STANDARDISED, INTERNAL):
        assert np.abs(by_kind[kind].mean(1)).max() < 1e-4
        assert np.abs(by_kind[kind].var(1) - 1).max() < 1e-3
    assert by_kind[PLAIN].var(1).std() > 0.5
    plain = by_kind[PLAIN]
    unscaled = (plain - plain.mean(1, keepdims=True)) / plain.std(1, keepdims=True)
    np.testing.assert_allclose(unscaled, by_kind[STANDARDISED], atol=1e-3)
    assert np.abs(unscaled - by_kind[INTERNAL]).max() > 0.1


def test_internal_scaling_standardises_what_would_have_been():
    """With experiments, the other rows of a variable without ancestors still have variance 1."""
    world = draw_worlds(EXPERIMENTS, 120, 600, 7, 0, INTERNAL, True)
    first = np.where(world.experiment.intervened_nd[..., 0], np.nan, world.values[..., 0])
    assert np.nanmean(np.nanvar(first, axis=1)) == pytest.approx(1, abs=0.05)


def varsortability(values, graph):
    """Share of directed paths whose end has the larger variance, by length (Reisach 2021)."""
    variance, step = values.var(0), graph.astype(int)
    path, up, all_paths = step.copy(), 0.0, 0
    while path.any():
        i, j = np.nonzero(path)
        up += np.sum(variance[j] > variance[i] * (1 + 1e-4))
        up += 0.5 * np.sum(np.abs(variance[j] / variance[i] - 1) <= 1e-4)
        all_paths += len(i)
        path = path @ step
    return up, all_paths


def test_plain_linear_data_are_varsortable_and_internal_ones_not():
    prior = Prior(mechanisms=MechanismWeights(1.0, 0.0, 0.0, 0.0), features=1)
    share = {}
    for kind in (PLAIN, INTERNAL):
        world = draw_worlds(prior, 100, 160, 10, 1, kind, False)
        pairs = zip(world.values, world.graph, strict=True)
        counts = np.sum([varsortability(x.astype(float), g) for x, g in pairs], axis=0)
        share[kind] = counts[0] / counts[1]
    assert share[PLAIN] > 0.8
    assert share[INTERNAL] == pytest.approx(0.5, abs=0.1)


def test_linear_data_have_the_covariance_of_their_model():
    """x = (I - W)^-T noise has covariance (I - W)^-T D (I - W)^-1, W[i, j] the weight of i -> j."""
    rng = np.random.default_rng(0)
    d, n = 6, 40_000
    w = np.triu(rng.uniform(0.5, 2.0, (d, d)) * rng.choice([-1, 1], (d, d)), 1)
    w *= rng.random((d, d)) < 0.6
    scale = rng.uniform(0.2, 1.5, d)
    noise = (rng.normal(size=(n, d)) * scale).astype(np.float32)
    prior = Prior(mechanisms=MechanismWeights(1.0, 0.0, 0.0, 0.0), features=1)

    def program(weight_dd, noise_nd, rest):
        graph_dd = weight_dd != 0
        functions = sample_functions(jax.random.key(0), prior, graph_dd.T)
        functions = functions._replace(coefficient_dd=weight_dd.T)
        coupling = sample_coupling(jax.random.key(0), prior, graph_dd.T)
        return ancestral(prior, graph_dd, functions, noise_nd, rest, PLAIN, coupling)

    rest = Experiment(jnp.zeros((n, d), bool), jnp.zeros((n, d)))
    x = np.asarray(quick_jit(program)(w.astype(np.float32), noise, rest), float)

    def worst(weights):
        mixing = np.linalg.inv(np.eye(d) - weights)
        expected = mixing.T @ np.diag(scale**2) @ mixing
        variance = np.diag(expected)
        error = np.sqrt((np.outer(variance, variance) + expected**2) / n)
        return (np.abs(np.cov(x.T) - expected) / error).max()

    assert worst(w) < 4.5
    assert worst(w.T) > 20 and worst(-w) > 20 and worst(1.05 * w) > 10
