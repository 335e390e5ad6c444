"""What the prior does with its graph families: weights, options, draws that stay as they were."""

import jax
import numpy as np
import pytest
from scipy import stats
from worlds import quick_jit

from simulators import graphs, topologies
from simulators.graphs import sample_graph
from simulators.prior import GraphWeights, Prior, PriorError

COUNT, D, ACTIVE = 1500, 16, 13
NEW = [name for name in vars(GraphWeights()) if hasattr(topologies, name)]


def only(**weights):
    zero = dict.fromkeys(vars(GraphWeights()), 0.0)
    return GraphWeights(**{**zero, **weights})


def from_prior(prior, seed=0, active=ACTIVE):
    keys = jax.random.split(jax.random.key(seed), COUNT)
    program = quick_jit(jax.vmap(lambda k: sample_graph(k, prior, D, active)))
    return np.asarray(program(keys))


def test_families_without_weight_are_not_even_traced(monkeypatch):
    def refuse(*_):
        raise AssertionError("a family of weight zero was computed")

    for name in NEW:
        monkeypatch.setattr(topologies, name, refuse)
    for name in ("load_bank", "subgraph_of"):
        monkeypatch.setattr(graphs, name, refuse)
    key = jax.random.key(0)
    jax.eval_shape(lambda k: sample_graph(k, Prior(), D, ACTIVE), key)
    monkeypatch.setattr(graphs, "scale_free_out", refuse)
    prior = Prior(graphs=only(erdos_renyi=1.0))
    jax.eval_shape(lambda k: sample_graph(k, prior, D, ACTIVE), key)
    with pytest.raises(AssertionError, match="weight zero"):
        jax.eval_shape(lambda k: sample_graph(k, Prior(), D, ACTIVE), key)


def test_the_first_three_families_keep_their_draws():
    """The frozen scenarios rest on them: one key for all three, chosen by the first of four."""

    def before(key):
        k_family, k_edges, k_power, k_graph = jax.random.split(key, 4)
        asked = (D, ACTIVE, graphs.draw.between(k_edges, (0.5, 3.0)), 0.8)
        power = graphs.draw.between(k_power, (0.5, 1.5))
        three = [
            graphs.erdos_renyi(k_graph, *asked),
            graphs.scale_free_out(k_graph, *asked, power),
            graphs.scale_free_in(k_graph, *asked, power),
        ]
        return jax.numpy.stack(three)[graphs.draw.option(k_family, (0.5, 0.25, 0.25))]

    keys = jax.random.split(jax.random.key(0), COUNT)
    assert (np.asarray(quick_jit(jax.vmap(before))(keys)) == from_prior(Prior())).all()


def test_new_families_are_drawn_by_weight_and_all_can_be_mixed():
    g = from_prior(Prior(graphs=only(path=1.0, star_out=2.0, star_in=1.0)), seed=12)
    counts = [
        (g == getattr(topologies, name)(D, ACTIVE)).all((1, 2)).sum()
        for name in ("path", "star_out", "star_in")
    ]
    assert sum(counts) == COUNT
    assert stats.chisquare(counts, np.array([0.25, 0.5, 0.25]) * COUNT).pvalue > 1e-4

    mixed = from_prior(Prior(graphs=only(**dict.fromkeys(NEW, 1.0), erdos_renyi=1.0)), seed=13)
    assert not np.tril(mixed).any() and not mixed[:, ACTIVE:].any()
    share = (mixed == topologies.star_in(D, ACTIVE)).all((1, 2)).mean()
    assert share == pytest.approx(1 / 13, abs=0.03)


@pytest.mark.parametrize("most", [3, 5])
def test_a_bound_on_the_parents_changes_no_scale_free_graph(most):
    def both(key):
        asked = (key, D, ACTIVE, 2.4, 0.8, 1.0)
        return graphs.scale_free_out(*asked), graphs.scale_free_out(*asked, most)

    slow, fast = quick_jit(jax.vmap(both))(jax.random.split(jax.random.key(14), COUNT))
    assert (np.asarray(slow) == np.asarray(fast)).all()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lattice_dimensions", (1, 4)),
        ("lattice_dimensions", ()),
        ("lattice_reach", 0),
        ("blocks", (0, 2)),
        ("blocks", (2.5, 5)),
        ("layers", (3, 2)),
        ("rewiring", (0.1, 1.5)),
        ("damping", (-0.1, 0.5)),
        ("geometric_radius", (-0.1, 0.5)),
        ("edge_lists", (3,)),
    ],
)
def test_ranges_without_meaning_are_refused_by_name(name, value):
    with pytest.raises(PriorError, match=rf"prior\.{name}"):
        Prior(**{name: value})
