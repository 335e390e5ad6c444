"""Graph families against counting formulas and a preferential attachment written in NumPy."""

import jax
import numpy as np
import pytest
from scipy import stats
from worlds import merged, quick_jit

from simulators.graphs import erdos_renyi, sample_graph, scale_free_in, scale_free_out
from simulators.prior import GraphWeights, Prior

COUNT, D, ACTIVE = 3000, 12, 9


def compiled(family):
    def many(key, active, *numbers):
        keys = jax.random.split(key, COUNT)
        return jax.vmap(lambda k: family(k, D, active, *numbers))(keys)

    program = quick_jit(many)
    return lambda seed, *numbers: np.asarray(program(jax.random.key(seed), *numbers))


@pytest.fixture(scope="module")
def uniform():
    return compiled(erdos_renyi)


@pytest.fixture(scope="module")
def hubs_out():
    return compiled(scale_free_out)


@pytest.fixture(scope="module")
def hubs_in():
    return compiled(scale_free_in)


def attach(rng, d, expected, limit, power):
    """Preferential attachment, one choice at a time."""
    g = np.zeros((d, d), bool)
    for t in range(1, d):
        count = int(expected) + (rng.random() < expected % 1)
        count = min(count, int(limit * t) + 1, t)
        appeal = (1.0 + g.sum(0) + g.sum(1))[:t] ** power
        for _ in range(count):
            new = rng.choice(t, p=appeal / appeal.sum())
            g[new, t] = True
            appeal[new] = 0.0
    return g


def same_counts(a, b):
    """p-value that two samples of small integers have one distribution."""
    size = int(max(a.max(), b.max())) + 1
    table = np.stack([np.bincount(a, minlength=size), np.bincount(b, minlength=size)])
    labels = merged(table.min(0))
    table = np.stack([np.bincount(labels, weights=row) for row in table])
    return stats.chi2_contingency(table).pvalue


def test_the_index_is_a_topological_order_and_padding_has_no_edges(uniform, hubs_out, hubs_in):
    for g in (
        uniform(0, ACTIVE, 2.5, 0.8),
        hubs_out(0, ACTIVE, 2.5, 0.8, 1.2),
        hubs_in(0, ACTIVE, 2.5, 0.8, 1.2),
    ):
        assert g.dtype == bool and g.any(axis=(1, 2)).all()
        assert not np.tril(g).any()
        assert not g[:, ACTIVE:].any() and not g[:, :, ACTIVE:].any()


def test_erdos_renyi_edges_are_binomial_and_pairs_alike(uniform):
    g = uniform(1, ACTIVE, 1.5, 0.8)
    pairs, chance = ACTIVE * (ACTIVE - 1) // 2, 2 * 1.5 / (ACTIVE - 1)
    edges = g.sum((1, 2))

    def pvalue(chance):
        expected = COUNT * stats.binom.pmf(np.arange(pairs + 1), pairs, chance)
        labels = merged(expected)
        found = np.bincount(labels, np.bincount(edges, minlength=pairs + 1))
        return stats.chisquare(found, np.bincount(labels, expected)).pvalue

    assert pvalue(chance) > 1e-4
    assert pvalue(1.05 * chance) < 1e-4  # the test can tell
    assert edges.mean() == pytest.approx(1.5 * ACTIVE, abs=0.3)

    upper = g[:, *np.triu_indices(ACTIVE, 1)].sum(0)
    z = (upper - COUNT * chance) / np.sqrt(COUNT * chance * (1 - chance))
    assert stats.chi2.sf((z**2).sum(), pairs) > 1e-4


def test_the_density_limit_holds(uniform, hubs_out, hubs_in):
    pairs = ACTIVE * (ACTIVE - 1) // 2
    edges = uniform(2, ACTIVE, 50.0, 0.6).sum()
    assert stats.binomtest(int(edges), COUNT * pairs, 0.6).pvalue > 1e-4
    at_most = np.minimum(np.arange(D), np.floor(0.6 * np.arange(D)) + 1)
    at_most = np.where(np.arange(D) < ACTIVE, at_most, 0)
    assert (hubs_out(2, ACTIVE, 50.0, 0.6, 1.0).sum(1) == at_most).all()
    reverse = np.r_[np.arange(ACTIVE)[::-1], np.arange(ACTIVE, D)]
    assert (hubs_in(2, ACTIVE, 50.0, 0.6, 1.0).sum(2) == at_most[reverse]).all()


def test_two_variables_and_one_have_graphs(uniform, hubs_out, hubs_in):
    for active in (1, 2):
        for g in (
            uniform(3, active, 0.3, 0.8),
            hubs_out(3, active, 0.3, 0.8, 1.0),
            hubs_in(3, active, 0.3, 0.8, 1.0),
        ):
            share = g.sum() / COUNT
            assert g.sum() == g[:, 0, 1].sum()
            assert (share == 0) if active == 1 else (0.2 < share < 0.7)


@pytest.mark.parametrize("expected", [0.5, 1.0, 2.7])
def test_scale_free_graphs_have_as_many_edges_as_asked(hubs_out, hubs_in, expected):
    """Variable t takes floor or ceil of `expected` parents, as far as there are any."""
    t = np.arange(ACTIVE)
    low, up = int(expected), expected % 1
    room = np.minimum(t, np.floor(0.8 * t) + 1)
    mean = (1 - up) * np.minimum(low, room) + up * np.minimum(low + 1, room)
    square = (1 - up) * np.minimum(low, room) ** 2 + up * np.minimum(low + 1, room) ** 2
    error = np.sqrt((square - mean**2) / COUNT)
    parents = hubs_out(4, ACTIVE, expected, 0.8, 1.0).sum(1)[:, :ACTIVE]
    children = hubs_in(5, ACTIVE, expected, 0.8, 1.0).sum(2)[:, :ACTIVE][:, ::-1]
    for degrees in (parents, children):
        assert (np.abs(degrees.mean(0) - mean) <= 4.5 * error + 1e-6).all()
        assert degrees.max() <= np.ceil(expected)


def test_attachment_agrees_with_numpy(hubs_out, hubs_in):
    rng = np.random.default_rng(0)
    right, wrong = (
        np.stack([attach(rng, ACTIVE, 1.5, 0.8, power) for _ in range(2500)])
        for power in (1.5, 1.1)
    )
    out = hubs_out(6, ACTIVE, 1.5, 0.8, 1.5)[:, :ACTIVE, :ACTIVE]
    turned = hubs_in(7, ACTIVE, 1.5, 0.8, 1.5)[:, :ACTIVE, :ACTIVE]
    turned = turned[:, ::-1, ::-1].transpose(0, 2, 1)

    def concentration(g):
        return (g.sum(2) ** 2).sum(1)

    for g in (out, turned):
        assert same_counts(concentration(g), concentration(right)) > 1e-4
        means = [stats.ttest_ind(concentration(g), concentration(h)) for h in (right, wrong)]
        assert means[0].pvalue > 1e-4 and means[1].pvalue < 1e-4
        error = np.sqrt(g.var(0) / len(g) + right.var(0) / len(right)) + 1e-9
        assert (np.abs(g.mean(0) - right.mean(0)) < 4.8 * error).all()


def test_the_heavy_tail_is_on_the_right_side(uniform, hubs_out, hubs_in):
    """Largest degrees at equal density: hubs among causes, among effects, or none."""
    causes, effects, neither = (
        g.sum(axis).max(1).mean()
        for g, axis in (
            (hubs_out(8, D, 1.5, 0.8, 1.5), 2),
            (hubs_in(8, D, 1.5, 0.8, 1.5), 1),
            (uniform(8, D, 1.5, 0.8), 2),
        )
    )
    assert causes > 1.3 * neither and effects > 1.3 * neither
    assert hubs_out(8, D, 1.5, 0.8, 1.5).sum(1).max() <= 2  # no hub on the other side
    assert hubs_in(8, D, 1.5, 0.8, 1.5).sum(2).max() <= 2


def test_a_larger_power_makes_larger_hubs(hubs_out):
    largest = [hubs_out(9, D, 1.5, 0.8, power).sum(2).max(1).mean() for power in (0.0, 1.0, 2.0)]
    assert largest[0] + 0.5 < largest[1] and largest[1] + 0.5 < largest[2]


def test_sample_graph_draws_the_families_by_weight():
    def drawn(*weights):
        prior = Prior(graphs=GraphWeights(*weights), edges_per_variable=(1.5, 1.5))
        return compiled(lambda key, d, active: sample_graph(key, prior, d, active))(10, D)

    def thin(g, axis):  # every degree on this side is that of an attachment step
        degrees = np.sort(g.sum(axis), axis=1)
        return (degrees[:, 0] == 0) & (degrees[:, 1:] >= 1).all(1) & (degrees <= 2).all(1)

    mixed = drawn(0.2, 0.5, 0.3)
    assert thin(drawn(0.0, 1.0, 0.0), 1).all() and thin(drawn(0.0, 0.0, 2.0), 2).all()
    both, chance = drawn(1.0, 0.0, 0.0), 3.0 / (D - 1)
    assert both.mean() * D * 2 / (D - 1) == pytest.approx(chance, rel=0.02)
    out, turned = thin(mixed, 1), thin(mixed, 2)
    false_out, false_in = thin(both, 1).mean(), thin(both, 2).mean()
    assert out.mean() == pytest.approx(0.5 + 0.2 * false_out, abs=0.04)
    assert turned.mean() == pytest.approx(0.3 + 0.2 * false_in, abs=0.04)
