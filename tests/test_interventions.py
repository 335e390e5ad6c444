"""Experiments: what is planned, and what do() does to parents, descendants and all others."""

from types import SimpleNamespace

import jax
import numpy as np
import pytest
from scipy import stats
from worlds import EXPERIMENTS, World, draw_worlds, quick_jit

from simulators.interventions import sample_experiment
from simulators.prior import InterventionWeights, Prior
from simulators.structural import PLAIN

B, N, D, ACTIVE = 1500, 300, 8, 6
SHARE, ROWS, SIZE = (0.2, 1.0), (0.1, 0.9), (0.5, 4.0)
KINDS = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


@pytest.fixture(scope="module")
def plan():
    """One compiled program for each set of weights: the other numbers are its arguments."""

    def many(key, weights, share, rows, size):
        changed = {
            "interventions": InterventionWeights(*weights),
            "targeted_share": share,
            "intervened_rows": rows,
            "intervention_size": size,
        }
        prior = SimpleNamespace(**(vars(Prior()) | changed))
        keys = jax.random.split(key, B)
        return jax.vmap(lambda k: sample_experiment(k, prior, N, D, ACTIVE))(keys)  # type: ignore[arg-type]

    program = quick_jit(many, static_argnums=1)

    def call(weights, share=SHARE, rows=ROWS, size=SIZE, seed=0):
        drawn = program(jax.random.key(seed), weights, share, rows, size)
        return np.asarray(drawn.intervened_nd), np.asarray(drawn.value_nd)

    return call


def test_a_row_has_at_most_one_target_and_never_padding(plan):
    intervened, _ = plan((0.5, 0.25, 0.25))
    assert intervened.sum(2).max() == 1
    assert not intervened[:, :, ACTIVE:].any()
    some = intervened.any((1, 2))
    assert stats.binomtest(int(some.sum()), B, 0.5).pvalue > 1e-4
    assert not plan(KINDS[0])[0].any()


def test_the_share_of_rows_is_uniform(plan):
    intervened, _ = plan(KINDS[1])
    share = intervened.any(2).mean(1)
    rng = np.random.default_rng(0)
    right = rng.binomial(N, rng.uniform(*ROWS, 50_000)) / N
    assert stats.ks_2samp(share, right).pvalue > 1e-4
    wrong = rng.binomial(N, rng.uniform(0.0, 1.0, 50_000)) / N
    assert stats.ks_2samp(share, wrong).pvalue < 1e-4


def test_the_number_of_targets_is_a_uniform_share_of_the_variables(plan):
    intervened, _ = plan(KINDS[2], rows=(0.6, 0.9))
    targets = intervened.any(1)
    counts = np.bincount(targets.sum(1), minlength=ACTIVE + 1)[1:]
    # round(6 share) with the share uniform in [0.2, 1]
    cuts = np.clip(np.array([0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5]) / 6, *SHARE)
    expected = np.diff(cuts) / 0.8
    assert stats.chisquare(counts, expected * B).pvalue > 1e-4
    assert stats.chisquare(counts, np.full(6, B / 6)).pvalue < 1e-4
    each = targets[:, :ACTIVE].mean(0)
    error = np.sqrt(each.mean() * (1 - each.mean()) / B)
    assert np.abs(each - each.mean()).max() < 4.5 * error


def test_targets_share_the_rows_evenly(plan):
    intervened, _ = plan(KINDS[1], share=(0.5, 0.5))
    counts = -np.sort(-intervened.sum(1), axis=1)[:, :3]  # three targets of six
    assert (counts.sum(1) == intervened.sum((1, 2))).all()
    chi2 = ((counts - counts.mean(1, keepdims=True)) ** 2).sum(1) / counts.mean(1)
    assert stats.kstest(chi2, stats.chi2(2).cdf).pvalue > 1e-4


def test_constants_lie_in_the_range_with_both_signs(plan):
    _, value = plan(KINDS[1])
    assert (value == value[:, :1]).all()  # one constant per variable
    constant = value[:, 0].ravel()
    assert stats.kstest(np.abs(constant), stats.uniform(0.5, 3.5).cdf).pvalue > 1e-4
    assert stats.kstest(np.abs(constant), stats.uniform(0.0, 4.0).cdf).pvalue < 1e-4
    assert stats.binomtest(int((constant > 0).sum()), constant.size).pvalue > 1e-4


def test_random_values_are_uniform_within_the_constant(plan):
    _, value = plan(KINDS[2], size=(2.0, 2.0))
    sample = value.ravel()[::17]
    assert stats.kstest(sample, stats.uniform(-2.0, 4.0).cdf).pvalue > 1e-4
    next_row = np.corrcoef(value[:, 1:].ravel(), value[:, :-1].ravel())[0, 1]
    assert abs(next_row) < 4.5 / np.sqrt(value.size)
    assert np.abs(plan(KINDS[2])[1]).max() <= 4.0


@pytest.fixture(scope="module")
def worlds() -> World:
    return draw_worlds(EXPERIMENTS, 120, 600, 7, seed=0, scaling=PLAIN, experimenting=True)


def reachable(graph):
    closed = graph.copy()
    for _ in range(len(graph)):
        closed |= (closed.astype(int) @ graph) > 0
    return closed


def cases(worlds: World):
    """(graph, table, targets, whether every row has its own value) of each world."""
    for b, graph in enumerate(worlds.graph):
        value = worlds.experiment.value_nd[b]
        yield graph, worlds.values[b], worlds.experiment.intervened_nd[b], np.ptp(value[:, 0]) > 0


def test_an_intervened_variable_forgets_its_parents(worlds):
    """sqrt(rows) times its rank correlation with a parent is normal where it was set at random."""
    cut, whole = [], []
    for graph, x, intervened, random in cases(worlds):
        if not random:
            continue
        for i, j in np.argwhere(graph):
            for rows, found in ((intervened[:, j], cut), (~intervened.any(1), whole)):
                r = stats.spearmanr(x[rows, i], x[rows, j]).statistic
                found.append(r * np.sqrt(rows.sum() - 1))
    assert len(cut) > 200
    assert stats.kstest(cut, stats.norm.cdf).pvalue > 1e-4
    assert stats.kstest(whole, stats.norm.cdf).pvalue < 1e-20


def test_others_keep_their_distribution_and_children_respond(worlds):
    """Rows where i was set against untouched rows, one pair (i, j) of each sort a world."""
    rng = np.random.default_rng(0)
    untouched, children = [], []
    for graph, x, intervened, _ in cases(worlds):
        free = ~intervened.any(1)
        others = ~reachable(graph) & ~np.eye(len(graph), dtype=bool)
        for pairs, found in ((others, untouched), (graph, children)):
            options = np.argwhere(pairs)
            if len(options):
                i, j = options[rng.integers(len(options))]
                found.append(stats.ks_2samp(x[intervened[:, i], j], x[free, j]).pvalue)
    assert stats.kstest(untouched, stats.uniform.cdf).pvalue > 1e-4
    assert stats.kstest(children, stats.uniform.cdf).pvalue < 1e-12
    visible = int(np.sum(np.array(children) < 0.01))  # 1,153 of 1,920 over sixteen other draws
    assert stats.binomtest(visible, len(children), 0.6).pvalue > 1e-4


def test_values_are_set_as_planned(worlds):
    """In standard deviations from the mean of what the variable would have been."""
    for b, (graph, x, intervened, random) in enumerate(cases(worlds)):
        for j in range(x.shape[1]):
            rows, planned = intervened[:, j], worlds.experiment.value_nd[b, :, j]
            found, free = x[rows, j], x[~rows, j]
            if not random:  # one constant
                assert np.ptp(found) < 1e-4 * (1 + np.abs(found).max())
                continue
            slope, intercept = np.polyfit(planned[rows], found, 1)
            fit = slope * planned[rows] + intercept
            np.testing.assert_allclose(found, fit, atol=1e-4 * (1 + np.abs(fit).max()))
            assert slope > 0
            if not graph[:, j].any():  # a root: its other rows show its mean and deviation
                assert intercept == pytest.approx(free.mean(), abs=5 * slope / np.sqrt(len(free)))
                assert 0.6 < slope / free.std() < 1.6
