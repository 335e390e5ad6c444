"""Whole datasets: masks, padding, shuffled columns, and a graph that belongs to its columns."""

import jax
import numpy as np
import pytest
from scipy import stats
from worlds import quick_jit

from simulators.prior import (
    InterventionWeights,
    MechanismWeights,
    MissingWeights,
    NoiseWeights,
    Prior,
    ScalingWeights,
)
from simulators.scm import Dataset, simulate, simulate_batch

B, N, D, LEAST_N, LEAST_D = 500, 160, 8, 20, 2


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


def test_the_marked_cells_are_those_that_were_set(batch):
    """Half of the experiments set one constant per variable: their marked cells show it."""
    constant, elsewhere = [], []
    for x, seen, marked in zip(batch.values, batch.observed, batch.intervened, strict=True):
        targets = np.flatnonzero((marked & seen).sum(0) > 3)
        if len(targets):
            spread = [np.ptp(x[marked[:, j] & seen[:, j], j]) for j in targets]
            rounding = 1e-4 * (1 + np.abs(x).max())  # two free cells are as close once in 10^4
            constant.append(max(spread) < rounding)
            free = [x[~marked[:, j] & seen[:, j], j] for j in targets]
            elsewhere += [np.ptp(cells) > rounding for cells in free if len(cells) > 1]
    assert len(constant) > 100
    assert stats.binomtest(sum(constant), len(constant), 0.5).pvalue > 1e-4
    assert all(elsewhere)


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
