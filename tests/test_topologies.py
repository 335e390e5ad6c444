"""Graph families with a shape against networkx generators, NumPy references and counting."""

from functools import lru_cache
from itertools import pairwise

import jax
import networkx as nx
import numpy as np
import pytest
from scipy import stats
from worlds import quick_jit

from simulators import topologies

COUNT, D, ACTIVE = 1500, 16, 13
KEYLESS = ("path", "tree_balanced", "star_out", "star_in")
PAIRS = ACTIVE * (ACTIVE - 1) // 2
NUMBERS = {  # after the key, d and active
    "watts_strogatz": (2, 0.3),
    "stochastic_block": (1.5, 0.8, 3, 0.2),
    "random_geometric": (1.5, 0.8, 0.0),
    "layered": (1.0, 0.8, 3),
    "path": (),
    "banded": (1.5, 0.8, 4),
    "tree_random": (),
    "tree_balanced": (3,),
    "star_out": (),
    "star_in": (),
    "hubs": (1.5, 0.8, 3),
    "bipartite": (1.5, 0.8, 0.4),
}
EVERYTHING = {  # the same with every allowed pair an edge
    "stochastic_block": (50.0, 1.0, 3, 0.0),
    "layered": (50.0, 1.0, 3),
    "banded": (50.0, 1.0, 4),
    "hubs": (50.0, 1.0, 3),
    "bipartite": (50.0, 1.0, 0.4),
}


@lru_cache(maxsize=32)
def program(name, static=()):
    family = getattr(topologies, name)

    def many(key, active, *numbers):
        if name in KEYLESS:
            return family(D, active, *numbers)[None]
        keys = jax.random.split(key, COUNT)
        return jax.vmap(lambda k: family(k, D, active, *numbers, *static))(keys)

    return quick_jit(many)


def drawn(name, *numbers, seed=0, active=ACTIVE, static=()):
    return np.asarray(program(name, static)(jax.random.key(seed), active, *numbers))


def skeletons(g, active=ACTIVE):
    return [nx.from_numpy_array(one[:active, :active] | one[:active, :active].T) for one in g]


def gap(sample, reference):
    """Difference of two means in standard errors."""
    sample, reference = np.asarray(sample, float), np.asarray(reference, float)
    error = np.sqrt(sample.var() / len(sample) + reference.var() / len(reference))
    return abs(sample.mean() - reference.mean()) / max(error, 1e-9)


@pytest.mark.parametrize("name", NUMBERS)
def test_the_index_is_a_topological_order_and_padding_has_no_edges(name):
    for active in (1, 2, ACTIVE, D):
        g = drawn(name, *NUMBERS[name], active=active)
        assert g.dtype == bool and g.shape[1:] == (D, D)
        assert not np.tril(g).any()
        assert not g[:, active:].any() and not g[:, :, active:].any()
        assert g.any() == (active > 1)


@pytest.mark.parametrize("name", [*EVERYTHING, "random_geometric"])
def test_as_many_edges_as_asked(name):
    _, *rest = NUMBERS[name]
    edges = drawn(name, 0.6, *rest, seed=1).sum((1, 2))  # few: even thin layers have room
    assert gap(edges, [0.6 * ACTIVE]) < 4.5
    assert gap(edges, [0.7 * ACTIVE]) > 4.5  # the test can tell


@pytest.mark.parametrize("name", EVERYTHING)
def test_the_density_limit_caps_the_chance_of_every_allowed_pair(name):
    allowed = drawn(name, *EVERYTHING[name], seed=2)
    _, _, *rest = EVERYTHING[name]
    limited = drawn(name, 50.0, 0.6, *rest, seed=2)  # the same keys, so the same shapes
    assert not (limited & ~allowed).any()
    assert stats.binomtest(int(limited.sum()), int(allowed.sum()), 0.6).pvalue > 1e-4


@pytest.mark.parametrize(("dimensions", "side"), [(1, 9), (2, 3)])
def test_a_lattice_that_is_not_rewired_is_networkx_periodic_grid(dimensions, side):
    g = drawn("watts_strogatz", dimensions, 0.0, active=side**dimensions)
    grid = nx.grid_graph([side] * dimensions, periodic=True)
    assert (g.sum((1, 2)) == grid.number_of_edges()).all()
    assert all(nx.is_isomorphic(found, grid) for found in skeletons(g, side**dimensions)[:20])


def test_sites_left_over_are_dropped_with_their_edges():
    """13 of 4 x 4 sites, 13 of 3 x 3 x 3: an edge stays with the chance that both ends do."""
    for dimensions, side in ((2, 4), (3, 3)):
        sites = side**dimensions
        mean = dimensions * sites * ACTIVE * (ACTIVE - 1) / (sites * (sites - 1))
        for rewiring, lost in ((0.0, 0.0), (0.3, (0.3 * dimensions) ** 2)):
            edges = drawn("watts_strogatz", dimensions, rewiring, seed=3).sum((1, 2))
            error = edges.std() / np.sqrt(COUNT)
            assert mean - lost - 4.5 * error < edges.mean() < mean + 4.5 * error


def test_clustering_and_degrees_of_small_worlds_agree_with_networkx():
    def features(found):
        degrees = [k for _, k in found.degree()]
        return nx.average_clustering(found), max(degrees), found.number_of_edges()

    def right(p):
        return np.array([features(nx.watts_strogatz_graph(D, 4, p, k)) for k in range(600)])

    g = drawn("watts_strogatz", 1, 0.2, seed=4, active=D, static=(2,))
    ours = np.array([features(found) for found in skeletons(g, D)])
    same, other = right(0.2), right(0.3)
    assert abs(ours[:, 0].mean() - same[:, 0].mean()) < 0.015
    assert abs(ours[:, 0].mean() - other[:, 0].mean()) > 0.03  # the test can tell
    assert abs(ours[:, 1].mean() - same[:, 1].mean()) < 0.1
    assert 32 - (0.2 * 2) ** 2 - 0.1 < ours[:, 2].mean() <= 32


@pytest.mark.parametrize("name", ["watts_strogatz", "random_geometric", "stochastic_block"])
def test_undirected_families_are_oriented_by_a_random_order(name):
    """All pairs of the order are edges equally often."""
    g = drawn(name, *NUMBERS[name], seed=5)[:, :ACTIVE, :ACTIVE]
    counts = g.sum(0)[np.triu_indices(ACTIVE, 1)]
    share = counts.mean() / COUNT
    z = (counts - COUNT * share) / np.sqrt(COUNT * share * (1 - share))
    assert stats.chi2.sf((z**2).sum(), PAIRS - 1) > 1e-4


def cut_sizes(rng, parts):
    cuts = np.sort(rng.choice(np.arange(1, ACTIVE), parts - 1, replace=False))
    return np.diff([0, *cuts, ACTIVE])


def test_separate_full_blocks_are_cliques_of_the_right_sizes():
    found = skeletons(drawn("stochastic_block", *EVERYTHING["stochastic_block"], seed=6))
    blocks = [[len(c) for c in nx.connected_components(one)] for one in found]
    assert all(len(sizes) == 3 for sizes in blocks)
    for sizes, one in zip(blocks, found, strict=True):
        assert one.number_of_edges() == sum(k * (k - 1) // 2 for k in sizes)
    rng = np.random.default_rng(0)
    reference = [cut_sizes(rng, 3).max() for _ in range(COUNT)]
    assert gap([max(sizes) for sizes in blocks], reference) < 4.5
    even = [np.bincount(rng.integers(0, 3, ACTIVE)).max() for _ in range(COUNT)]
    assert gap([max(sizes) for sizes in blocks], even) > 4.5  # the test can tell


def test_rates_within_and_between_blocks_agree_with_numpy():
    def reference(damping):
        rng, out = np.random.default_rng(1), []
        for _ in range(COUNT):
            label = rng.permutation(np.repeat(np.arange(3), cut_sizes(rng, 3)))
            rate = np.triu(np.where(label[:, None] == label, 1.0, damping), 1)
            g = rng.random(rate.shape) < rate * min(0.8, 2.0 * ACTIVE / rate.sum())
            out.append(g | g.T)
        return np.array(out)

    def features(g):
        g = g[:, :ACTIVE, :ACTIVE].astype(int)
        g = np.maximum(g, g.transpose(0, 2, 1))
        return np.einsum("bij,bjk,bki->b", g, g, g) // 6, g.sum((1, 2)) // 2

    triangles, edges = features(drawn("stochastic_block", 2.0, 0.8, 3, 0.2, seed=7))
    right, right_edges = features(reference(0.2))
    assert gap(triangles, right) < 4.5 and gap(edges, right_edges) < 4.5
    assert gap(triangles, features(reference(0.5))[0]) > 4.5  # the test can tell


def test_full_layers_are_joined_to_the_next_alone():
    g = drawn("layered", *EVERYTHING["layered"], seed=8)[:, :ACTIVE, :ACTIVE]
    rng = np.random.default_rng(2)
    first = []
    for one in g[:200]:
        layers = list(nx.topological_generations(nx.from_numpy_array(one, create_using=nx.DiGraph)))
        assert len(layers) == 3
        expected = np.zeros_like(one)
        for a, b in pairwise(layers):
            expected[np.ix_(a, b)] = True
        assert (one == expected).all()
        first.append(len(layers[0]))
    assert gap(first, [cut_sizes(rng, 3)[0] for _ in range(COUNT)]) < 4.5


def test_geometric_graphs_of_a_given_radius_agree_with_networkx():
    def features(found):
        return nx.transitivity(found), found.number_of_edges()

    g = drawn("random_geometric", 9.0, 0.1, 0.35, seed=9)  # expected and limit play no part
    ours = np.array([features(found) for found in skeletons(g)])
    right = [features(nx.random_geometric_graph(ACTIVE, 0.35, seed=k)) for k in range(COUNT)]
    right = np.array(right)
    assert gap(ours[:, 0], right[:, 0]) < 4.5 and gap(ours[:, 1], right[:, 1]) < 4.5
    chance = right[:, 1].mean() / PAIRS
    free = np.array([features(nx.gnp_random_graph(ACTIVE, chance, k)) for k in range(300)])
    assert gap(ours[:, 0], free[:, 0]) > 4.5  # distance matters


def test_the_distribution_of_distances_in_the_square():
    rng = np.random.default_rng(3)
    distance = np.hypot(*(rng.random((2, 50_000)) - rng.random((2, 50_000))))
    for r in (0.05, 0.3, 0.7, 1.0):
        right = topologies._closer_than(np.float64(r))
        assert stats.binomtest(int((distance < r).sum()), 50_000, right).pvalue > 1e-4


def test_full_bands_hubs_and_screens_have_their_exact_shape():
    i, j = np.indices((ACTIVE, ACTIVE))
    bands = drawn("banded", *EVERYTHING["banded"])[:, :ACTIVE, :ACTIVE]
    assert (bands == ((i < j) & (j - i <= 4))).all()
    screens = drawn("bipartite", *EVERYTHING["bipartite"])[:, :ACTIVE, :ACTIVE]
    causes = round(0.4 * ACTIVE)
    assert (screens == ((i < causes) & (j >= causes))).all()

    g = drawn("hubs", *EVERYTHING["hubs"], seed=10)[:, :ACTIVE, :ACTIVE]
    is_hub = (g.sum(1) + g.sum(2)) == ACTIVE - 1
    assert (is_hub.sum(1) == 3).all()
    assert (g == ((is_hub[:, :, None] | is_hub[:, None, :]) & (i < j))).all()
    assert stats.chisquare(is_hub.sum(0)).pvalue > 1e-4  # anywhere in the order


def test_paths_stars_and_balanced_trees_are_those_of_networkx():
    def edges(name, *numbers):
        (g,) = drawn(name, *numbers)
        return set(zip(*(a.tolist() for a in np.nonzero(g)), strict=True))

    assert edges("path") == set(nx.path_graph(ACTIVE).edges())
    assert edges("star_out") == set(nx.star_graph(ACTIVE - 1).edges())
    assert edges("star_in") == {(k, ACTIVE - 1) for k in range(ACTIVE - 1)}
    for branching in (1, 2, 3):
        tree = nx.full_rary_tree(branching, ACTIVE)
        assert edges("tree_balanced", branching) == set(tree.edges())


def test_a_random_tree_draws_its_parents_evenly():
    g = drawn("tree_random", seed=11)[:, :ACTIVE, :ACTIVE]
    assert (g.sum(1) == (np.arange(ACTIVE) > 0)).all()
    for t in range(2, ACTIVE):
        assert stats.chisquare(g[:, :t, t].sum(0)).pvalue > 1e-5
