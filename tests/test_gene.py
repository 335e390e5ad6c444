"""Gene expression against a NumPy fixed point and a NumPy Euler-Maruyama loop; knock-outs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from worlds import quick_jit

from simulators.gene import express, simulate_gene
from simulators.prior import PriorError
from simulators.regulation import GeneConfig, Regulation, mean_field, sample_regulation

N, D, T = 6000, 4, 3
# 0 -> 1, 0 -| 2, 1 -> 2; 3 stands alone.
STRENGTH = np.array([[0, 3.0, -4.0, 0], [0, 0, 2.0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
BASAL = np.array([[1.0, 0, 0, 1.5], [1.7, 0, 0, 2.0], [2.8, 0, 0, 2.5]])
HILL, DECAY = np.array([1.9, 2.0, 2.1, 2.0]), np.array([0.8, 0.7, 0.9, 0.8])


def fixed_point(basal, strength, hill, decay, half=None):
    """Expression [t, d] without noise and half responses [d], written as loops over genes."""
    t, d = basal.shape
    x, found = np.zeros((t, d)), np.zeros(d)
    for j in range(d):
        for c in range(t):
            production = basal[c, j]
            for i in range(j):
                power, edge = x[c, i] ** hill[i], found[i] ** hill[i] if found[i] else 1.0
                rise = power / (edge + power)
                k = strength[i, j]
                production += k * rise if k > 0 else -k * (1 - rise)
            x[c, j] = production / decay[j]
        found[j] = x[:, j].mean() if half is None else half[j]
    return x, found


def network(noise, types=T, strength=STRENGTH, decay=DECAY) -> Regulation:
    _, half = fixed_point(BASAL[:types], strength, HILL, decay)
    return Regulation(
        basal_td=jnp.asarray(BASAL, jnp.float32),
        strength_dd=jnp.asarray(strength, jnp.float32),
        half_d=jnp.asarray(half, jnp.float32),
        hill_d=jnp.asarray(HILL, jnp.float32),
        decay_d=jnp.asarray(decay, jnp.float32),
        noise_d=jnp.full(D, noise, jnp.float32),
        types=jnp.int32(types),
    )


@pytest.fixture(scope="module")
def cells():
    """Cells [N, D] of a network; one compiled program for all tests."""
    program = quick_jit(lambda key, net, allowed: express(key, net, GeneConfig(), allowed))

    def call(net, seed, allowed=None):
        allowed = np.ones((N, D), np.float32) if allowed is None else allowed.astype(np.float32)
        return np.asarray(program(jax.random.key(seed), net, allowed))

    return call


def euler_maruyama(net: Regulation, n, q, dt=0.01, time=10.0, seed=0):
    """The published equation with both its noises, truncated at 0, for the first cell type."""
    rng = np.random.default_rng(seed)
    half, hill, decay = (np.asarray(a, float) for a in (net.half_d, net.hill_d, net.decay_d))
    x = np.ones((n, 3))
    for _ in range(int(time / dt)):
        rise = x ** hill[:3] / (half[:3] ** hill[:3] + x ** hill[:3])
        production = np.stack(
            [
                np.full(n, BASAL[0, 0]),
                STRENGTH[0, 1] * rise[:, 0],
                -STRENGTH[0, 2] * (1 - rise[:, 0]) + STRENGTH[1, 2] * rise[:, 1],
            ],
            axis=1,
        )
        wiener = rng.normal(size=(2, n, 3)) * np.sqrt(dt)
        noise = np.sqrt(production) * wiener[0] + np.sqrt(decay[:3] * x) * wiener[1]
        x = np.maximum(x + (production - decay[:3] * x) * dt + q * noise, 0.0)
    return x


def test_without_noise_cells_sit_at_the_fixed_point(cells):
    net = network(noise=0.02)
    expected, half = fixed_point(BASAL, STRENGTH, HILL, DECAY)
    found, found_half = mean_field(
        net._replace(half_d=jnp.ones(D)), net.basal_td, jnp.ones((T, D)), jnp.full(T, 1 / T)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    np.testing.assert_allclose(found_half, half, rtol=1e-4)
    x = cells(net, 0)
    kind = np.abs(x[:, :1] - expected[:, 0]).argmin(1)  # the first gene tells the types apart
    assert (np.bincount(kind) == N // T).all()
    for c in range(T):
        np.testing.assert_allclose(x[kind == c].mean(0), expected[c], rtol=5e-3)


def test_the_noise_is_that_of_the_langevin_equation(cells):
    net = network(noise=1.0, types=1)
    x, reference = cells(net, 1)[:, :3], euler_maruyama(net, N, q=1.0)
    np.testing.assert_allclose(x.mean(0), reference.mean(0), rtol=0.06)
    np.testing.assert_allclose(x.std(0), reference.std(0), rtol=0.05)
    np.testing.assert_allclose(np.corrcoef(x.T), np.corrcoef(reference.T), atol=0.07)
    assert max(stats.ks_2samp(x[:, j], reference[:, j]).statistic for j in range(3)) < 0.05
    quieter = cells(network(noise=0.8, types=1), 1)
    assert min(stats.ks_2samp(quieter[:, j], reference[:, j]).statistic for j in range(3)) > 0.05


def test_a_lone_gene_has_the_variance_of_the_linear_equation(cells):
    """Stationary variance q^2 b / lambda; q is small enough that no path meets 0."""
    x = cells(network(noise=0.3, types=1), 2)[:, 3]
    mean = BASAL[0, 3] / DECAY[3]
    assert x.mean() == pytest.approx(mean, abs=4.5 * 0.3 * np.sqrt(mean / N))
    assert x.var() == pytest.approx(0.09 * mean, rel=4.5 * np.sqrt(2 / N) + 0.01)


def test_the_steady_state_is_reached_and_cells_are_independent(cells):
    net = network(noise=1.0, types=1)
    longer = quick_jit(
        lambda key: express(key, net, GeneConfig(relaxations=12.0), jnp.ones((N, D)))
    )
    x, later = cells(net, 3), np.asarray(longer(jax.random.key(4)))
    for j in range(D):
        assert stats.ks_2samp(x[:, j], later[:, j]).pvalue > 1e-4
    np.testing.assert_allclose(np.corrcoef(x.T), np.corrcoef(later.T), atol=0.08)
    for lag in (1, 2, 3):
        for j in range(D):
            assert abs(np.corrcoef(x[lag:, j], x[:-lag, j])[0, 1]) < 4.5 / np.sqrt(N)


def test_activation_raises_and_repression_lowers_the_target(cells):
    allowed = np.ones((N, D))
    allowed[: N // 2, 0] = 0
    for k, rises in ((3.0, True), (-3.0, False)):
        strength = np.zeros((D, D))
        strength[0, 1] = k
        x = cells(network(1.0, strength=strength), 5, allowed)
        without, regulated = x[: N // 2, 1], x[N // 2 :, 1]
        assert (regulated.mean() > without.mean()) == rises
        assert stats.ks_2samp(without, regulated).pvalue < 1e-12
        high = x[N // 2 :, 0] > np.median(x[N // 2 :, 0])
        assert (regulated[high].mean() > regulated[~high].mean()) == rises


def test_a_knocked_out_gene_is_silent_and_others_keep_their_distribution(cells):
    allowed = np.ones((N, D))
    allowed[: N // 2, 1] = 0
    x = cells(network(1.0), 6, allowed)
    out, wild = x[: N // 2], x[N // 2 :]
    assert (out[:, 1] == 0).all()
    assert (wild[:, 1] > 0).mean() > 0.99
    for j in (0, 3):
        assert stats.ks_2samp(out[:, j], wild[:, j]).pvalue > 1e-4
    assert stats.ks_2samp(out[:, 2], wild[:, 2]).pvalue < 1e-6
    assert abs(np.corrcoef(out[:, 0], out[:, 3])[0, 1]) < 0.2


def test_a_knock_down_leaves_its_share_of_the_production(cells):
    allowed = np.ones((N, D))
    allowed[:, 3] = 0.4
    x = cells(network(0.1, types=1), 7, allowed)
    assert x[:, 3].mean() == pytest.approx(0.4 * BASAL[0, 3] / DECAY[3], rel=0.02)


GRAPH = np.triu(np.ones((8, 8), bool), 1) & (np.random.default_rng(1).random((8, 8)) < 0.4)


def many(config, b, active, intervened=None, n=150):
    def one(key, graph):
        return simulate_gene(key, graph, config, n, active, intervened)

    keys = jax.random.split(jax.random.key(0), b)
    return np.asarray(quick_jit(jax.vmap(one, in_axes=(0, None)))(keys, GRAPH))


@pytest.mark.parametrize(
    "config",
    [GeneConfig.out_of_distribution(), GeneConfig(cell_types=(5, 10), own_rates=0.5, clean=0.5)],
)
def test_tables_are_finite_never_negative_and_empty_in_the_padding(config):
    intervened = np.zeros((150, 8), bool)
    intervened[:50, 2] = True
    x = many(config, b=30, active=6, intervened=intervened)
    assert np.isfinite(x).all()
    assert (x >= 0).all()
    assert (x[:, :, 6:] == 0).all()
    assert (x[:, :50, 2] == 0).all()
    assert (x[:, :, :6].std(1) > 0).mean() > 0.9
    whole = (x == np.round(x)).all((1, 2))
    assert whole.all() if config.clean == 0 else 5 <= whole.sum() <= 25
    np.testing.assert_array_equal(x, many(config, 30, 6, intervened))
    assert len({table.tobytes() for table in x}) == 30


def test_the_constants_of_a_network_are_drawn_as_configured():
    config = GeneConfig(cell_types=(5, 10), own_rates=0.5)
    signs = np.zeros((8, 8))
    signs[0], signs[1] = 1, -1
    keys = jax.random.split(jax.random.key(3), 400)
    draw_all = jax.vmap(lambda k: sample_regulation(k, jnp.asarray(GRAPH), config, 6, signs))
    r = jax.tree.map(np.asarray, quick_jit(draw_all)(keys))
    active = np.arange(8) < 6
    graph = GRAPH & active & active[:, None]
    masters = ~graph.any(0) & active
    assert ((r.basal_td[:, :5] > 0) == masters).all()
    assert stats.kstest(r.basal_td[:, :, masters].ravel(), stats.uniform(1, 2).cdf).pvalue > 1e-4
    k = r.strength_dd[:, graph]
    assert ((r.strength_dd != 0) == graph).all()
    assert stats.kstest(np.abs(k).ravel(), stats.uniform(1, 4).cdf).pvalue > 1e-4
    assert (r.strength_dd[:, 0][:, graph[0]] > 0).all()
    assert (r.strength_dd[:, 1][:, graph[1]] < 0).all()
    assert stats.binomtest(int((r.types == 5).sum()), 400, 0.5).pvalue > 1e-4
    for values, options in ((r.hill_d, config.hill), (r.decay_d, config.decay)):
        assert set(np.unique(values)) == set(np.float32(options))
        assert 0.3 < (np.ptp(values, axis=1) == 0).mean() < 0.7
    for c in range(3):  # the half response is the mean over the types in use
        t = r.types[c]
        _, half = fixed_point(r.basal_td[c, :t], r.strength_dd[c], r.hill_d[c], r.decay_d[c])
        np.testing.assert_allclose(r.half_d[c], half, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"decay": ()}, "gene.decay"),
        ({"noise": (-1.0,)}, "gene.noise"),
        ({"basal": (3.0, 1.0)}, "gene.basal"),
        ({"clean": 1.5}, "gene.clean"),
        ({"dt": 1.0}, "gene.dt"),
        ({"relaxations": 0.0}, "gene.relaxations"),
    ],
)
def test_a_config_without_meaning_is_refused_by_name(wrong, name):
    with pytest.raises(PriorError, match=name):
        GeneConfig(**wrong)
