"""Whole structural models: against a NumPy loop, closed-form covariances, and by their masks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from worlds import EXPERIMENTS, World, draw_worlds, quick_jit

from simulators.interventions import Experiment
from simulators.mechanisms import LINEAR, MLP, Bank
from simulators.prior import (
    InterventionWeights,
    MechanismWeights,
    MissingWeights,
    NoiseWeights,
    Prior,
    ScalingWeights,
)
from simulators.scm import (
    INTERNAL,
    PLAIN,
    STANDARDISED,
    Dataset,
    _ancestral,
    simulate,
    simulate_batch,
)

B, N, D, LEAST_N, LEAST_D = 500, 160, 8, 20, 2


def table(world: World, b: int, scaling: int) -> np.ndarray:
    """World b computed again, one variable and one parent at a time, in double precision."""
    graph, noise = world.graph[b], world.noise[b].astype(float)
    weight, bias, amplitude, family, leaky, size = (leaf[b] for leaf in world.bank)
    plan = Experiment(*(leaf[b] for leaf in world.experiment))
    raw, unit = np.zeros_like(noise), np.zeros_like(noise)
    for j in range(noise.shape[1]):
        parents = [i for i in range(j) if graph[i, j]]
        f = np.zeros(len(noise))
        if parents and family[j] == LINEAR:
            for i in parents:
                f += weight[j, 0, i] * raw[:, i]
        elif parents:
            h = bias[j] + sum(np.outer(unit[:, i], weight[j, :, i]) for i in parents)
            if family[j] != MLP:
                phi = np.cos(h)
            else:
                phi = np.where(h > 0, h, 0.1 * h) if leaky[j] else np.tanh(h)
            f = phi @ amplitude[j]
            f = size[j] * (f - f.mean()) / f.std()
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
    assert set(world.bank.family_d.ravel()) == {0, 1, 2, 3}
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
    bank = Bank(
        weight_dkd=w.T[:, None, :].astype(np.float32),
        bias_dk=np.zeros((d, 1), np.float32),
        amplitude_dk=np.ones((d, 1), np.float32),
        family_d=np.zeros(d, np.int32),
        leaky_d=np.zeros(d, bool),
        size_d=np.full(d, 7.0, np.float32),  # of nonlinear functions alone
    )
    rest = Experiment(np.zeros((n, d), bool), np.zeros((n, d), np.float32))
    arguments = jax.tree.map(jnp.asarray, (w != 0, bank, noise, rest))
    x = np.asarray(quick_jit(_ancestral)(*arguments, PLAIN), float)

    def worst(weights):
        mixing = np.linalg.inv(np.eye(d) - weights)
        expected = mixing.T @ np.diag(scale**2) @ mixing
        variance = np.diag(expected)
        error = np.sqrt((np.outer(variance, variance) + expected**2) / n)
        return (np.abs(np.cov(x.T) - expected) / error).max()

    assert worst(w) < 4.5
    assert worst(w.T) > 20 and worst(-w) > 20 and worst(1.05 * w) > 10


@pytest.fixture(scope="module")
def batch() -> Dataset:
    """The training prior, padded."""
    program = quick_jit(simulate_batch, static_argnums=(1, 2, 3, 4, 5, 6))
    drawn = program(jax.random.key(5), Prior(), B, N, D, LEAST_N, LEAST_D)
    return Dataset(*(np.asarray(leaf) for leaf in drawn))


def test_shapes_types_and_finite_values(batch):
    assert batch.values.shape == batch.observed.shape == batch.intervened.shape == (B, N, D)
    assert batch.graph.shape == (B, D, D)
    assert batch.values.dtype == np.float32 and batch.graph.dtype == bool
    assert np.isfinite(batch.values).all()


def test_every_graph_is_acyclic_and_without_padding(batch):
    power = batch.graph.astype(np.int64)
    for _ in range(D):
        power = np.minimum(power @ batch.graph, 1)
    assert not power.any()  # no walk of D + 1 edges
    cyclic = batch.graph | batch.graph.transpose(0, 2, 1)
    assert np.linalg.matrix_power(cyclic.astype(float), D + 1).any()  # the check can tell
    pairs = batch.variables[:, :, None] & batch.variables[:, None, :]
    assert not (batch.graph & ~pairs).any()


def test_columns_are_shuffled(batch):
    """As many edges below the diagonal as above, and every variable is as often a root."""
    above, below = np.triu(batch.graph).sum(), np.tril(batch.graph).sum()
    directed = np.triu(batch.graph).sum((1, 2)) - np.tril(batch.graph).sum((1, 2))
    assert abs(directed.sum()) < 4.5 * np.sqrt((directed**2).sum())
    assert min(above, below) > 500
    full = batch.variables.all(1)
    roots = (~batch.graph[full].any(1)).sum(0)
    assert stats.chisquare(roots).pvalue > 1e-4


def test_masks_agree(batch):
    real = batch.rows[:, :, None] & batch.variables[:, None, :]
    assert not (batch.observed & ~real).any() and not (batch.intervened & ~real).any()
    assert not batch.values[~batch.observed].any()
    assert (batch.values[batch.observed] != 0).mean() > 0.9999
    assert batch.intervened.sum(2).max() == 1
    for mask in (batch.rows, batch.variables):  # what is real comes first
        assert (np.diff(mask.astype(int), axis=1) <= 0).all()


def test_numbers_of_rows_and_variables(batch):
    variables = np.bincount(batch.variables.sum(1), minlength=D + 1)
    assert not variables[:LEAST_D].any()
    assert stats.chisquare(variables[LEAST_D:]).pvalue > 1e-4
    rows = batch.rows.sum(1)
    assert rows.min() >= LEAST_N and rows.max() <= N
    jitter = np.random.default_rng(0).random(B)
    assert stats.kstest(rows + jitter, stats.loguniform(LEAST_N, N + 1).cdf).pvalue > 1e-4
    assert stats.kstest(rows + jitter, stats.uniform(LEAST_N, N + 1 - LEAST_N).cdf).pvalue < 1e-8


def test_missing_rates(batch):
    prior = Prior()
    real = batch.rows[:, :, None] & batch.variables[:, None, :]
    cells = real.sum((1, 2))
    missing = cells - batch.observed.sum((1, 2))
    some = missing > 0
    low, high = prior.missing_rate
    silent = np.mean((1 - np.linspace(low, high, 50)[:, None]) ** cells)  # none lost by chance
    assert stats.binomtest(int(some.sum()), B, 0.15 * (1 - silent)).pvalue > 1e-4
    rate, error = missing[some] / cells[some], 0.5 / np.sqrt(cells[some])
    assert (rate < high + 4 * error).all() and rate.max() > 0.2
    large = cells > 500
    assert stats.kstest(rate[large[some]], stats.uniform(low, high - low).cdf).pvalue > 1e-4
    # Completely at random: every column loses as much.
    lost = ((real & ~batch.observed).sum(1)[some] / real.sum(1).clip(1)[some]) - rate[:, None]
    z = lost * np.sqrt(real.sum(1)[some] / (rate * (1 - rate))[:, None])
    assert np.abs(z[batch.variables[some]]).max() < 5.5


def test_a_dataset_depends_on_its_key_alone(batch):
    """Not on the batch around it, nor on compilation: the last one again, one operation a time."""
    for k in (0, B - 1):
        key = jax.random.fold_in(jax.random.key(5), k)
        alone = simulate(key, Prior(), N, D, LEAST_N, LEAST_D)
        for name in ("observed", "intervened", "graph", "rows", "variables"):
            assert (np.asarray(getattr(alone, name)) == getattr(batch, name)[k]).all()
        scale = 1e-6 + batch.values[k].std(0)
        assert (np.abs(np.asarray(alone.values) - batch.values[k]) / scale).max() < 1e-3


def test_datasets_of_a_batch_differ(batch):
    assert len(np.unique(batch.values[:, 0, 0])) > 0.9 * B


@pytest.fixture(scope="module")
def linear() -> Dataset:
    prior = Prior(
        mechanisms=MechanismWeights(1.0, 0.0, 0.0, 0.0),
        noise=NoiseWeights(0.0, 1.0, 0.0, 0.0, 0.0),
        scaling=ScalingWeights(1.0, 0.0, 0.0),
        interventions=InterventionWeights(1.0, 0.0, 0.0),
        missing=MissingWeights(1.0, 0.0),
        edges_per_variable=(0.5, 1.5),
        features=1,
    )
    program = quick_jit(simulate_batch, static_argnums=(1, 2, 3, 4))
    drawn = program(jax.random.key(6), prior, 60, 1000, 6)
    return Dataset(*(np.asarray(leaf) for leaf in drawn))


def test_columns_and_graph_belong_together(linear):
    """Regression on the parents of the graph as given finds the weights and the noise."""
    laplace = stats.laplace(0, np.sqrt(0.5)).cdf
    weights, scales, right, turned = [], [], [], []
    for x, graph in zip(linear.values.astype(float), linear.graph, strict=True):
        z = x - x.mean(0)
        for j in range(graph.shape[0]):
            for edges, pvalues in ((graph[:, j], right), (graph[j], turned)):
                if not edges.any():
                    continue
                w, *_ = np.linalg.lstsq(z[:, edges], z[:, j], rcond=None)
                rest = z[:, j] - z[:, edges] @ w
                pvalues.append(stats.kstest(rest / rest.std(), laplace).pvalue)
                if pvalues is right:
                    weights += list(np.abs(w))
                    scales.append(rest.std())
    assert len(weights) > 200
    assert np.mean((np.array(weights) > 0.4) & (np.array(weights) < 2.1)) > 0.97
    assert min(scales) > 0.18 and max(scales) < 1.7
    assert np.mean(np.array(right) < 0.01) < 0.05 and np.mean(np.array(turned) < 0.01) > 0.3
