"""Properties that every system beside structural models has, and their mixture."""

import dataclasses

import jax
import networkx as nx
import numpy as np
import pytest
from scipy import stats
from worlds import quick_jit

from simulators import simulate_batch
from simulators.cells import cells
from simulators.columns import BINARY, CONTINUOUS, ORDINAL
from simulators.cyclic import cyclic
from simulators.diffusion import diffusion
from simulators.dynamics import dynamics
from simulators.graphs import sample_graph
from simulators.interventions import sample_experiment
from simulators.layered_network import layered_network
from simulators.prior import GraphWeights, InterventionWeights, MechanismWeights, Prior, PriorError
from simulators.probability_tables import probability_tables
from simulators.recording import Model
from simulators.regulation import GeneConfig
from simulators.systems import (
    CyclicConfig,
    DiffusionConfig,
    DynamicsConfig,
    NetworkConfig,
    SystemPrior,
    SystemWeights,
    TableConfig,
)

SYSTEMS = (cells, diffusion, dynamics, layered_network, probability_tables, cyclic)
B, N, D, ACTIVE = 40, 400, 6, 5
PRIOR = Prior(
    graphs=GraphWeights(1.0, 0.0, 0.0),
    edges_per_variable=(0.8, 1.2),
    interventions=InterventionWeights(0.0, 1.0, 0.0),
    intervened_rows=(0.6, 0.6),
    intervention_size=(2.0, 4.0),
    systems=SystemPrior(gene=GeneConfig(platforms=())),
)
_drawn: dict[str, Model] = {}


def models(system) -> Model:
    if system.__name__ not in _drawn:
        keys = jax.random.split(jax.random.key(4), B)

        def one(key):
            k_graph, k_plan, k_system = jax.random.split(key, 3)
            graph = sample_graph(k_graph, PRIOR, D, ACTIVE)
            plan = sample_experiment(k_plan, PRIOR, N, D, ACTIVE)
            return system(k_system, PRIOR, graph, plan, ACTIVE)

        program = quick_jit(jax.vmap(one))
        _drawn[system.__name__] = Model(*(np.asarray(field) for field in program(keys)))
    return _drawn[system.__name__]


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda s: s.__name__)
def test_shapes_and_finite_values_that_vary(system):
    drawn = models(system)
    assert drawn.values_nd.shape == drawn.intervened_nd.shape == (B, N, D)
    assert drawn.graph_dd.shape == (B, D, D) and drawn.graph_dd.dtype == bool
    assert drawn.kind_d.dtype == np.int32
    assert np.isfinite(drawn.values_nd).all()
    assert (drawn.values_nd.std(1)[:, :ACTIVE] > 1e-3).all()
    assert not drawn.graph_dd[:, ACTIVE:].any() and not drawn.graph_dd[:, :, ACTIVE:].any()
    assert drawn.graph_dd.any((1, 2)).mean() > 0.8


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda s: s.__name__)
def test_graphs_are_acyclic_but_for_the_cyclic_system(system):
    acyclic = [
        nx.is_directed_acyclic_graph(nx.from_numpy_array(graph, create_using=nx.DiGraph))
        for graph in models(system).graph_dd
    ]
    assert all(acyclic) if system is not cyclic else 0.2 < np.mean(acyclic) < 0.98


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda s: s.__name__)
def test_experiments_reach_descendants_and_nobody_else(system):
    """Two-sample tests of each variable between rows with a target and rows without any."""
    drawn = models(system)
    below, beside, itself = [], [], []
    for x, graph, plan in zip(drawn.values_nd, drawn.graph_dd, drawn.intervened_nd, strict=True):
        reach = nx.transitive_closure(nx.from_numpy_array(graph, create_using=nx.DiGraph))
        rest = x[~plan.any(1)]
        for target in np.flatnonzero(plan.sum(0) > 25):
            rows = x[plan[:, target]]
            for j in range(ACTIVE):
                p = stats.ks_2samp(rows[:, j], rest[:, j]).pvalue
                if j == target:
                    itself.append(p)
                elif graph[target, j]:
                    below.append(p)
                elif not reach.has_edge(target, j):
                    beside.append(p)
    assert len(beside) > 50 and len(below) > 50
    assert np.mean(np.array(beside) < 0.01) < 0.03
    assert np.mean(np.array(below) < 0.01) > 0.2
    assert np.mean(np.array(itself) < 0.01) > 0.6


def test_kinds_tell_the_levels():
    drawn = models(probability_tables)
    for x, kind_d in zip(drawn.values_nd, drawn.kind_d, strict=True):
        for j in range(ACTIVE):
            levels = np.unique(x[:, j])
            assert (levels == np.round(levels)).all() and levels.min() >= 0
            assert levels.max() < (2 if kind_d[j] == BINARY else 4)
    assert set(np.unique(drawn.kind_d)) == {BINARY, ORDINAL}
    assert (models(cells).kind_d == CONTINUOUS).all()


def test_a_table_of_probabilities_depends_on_the_parents():
    """Chi-square tests of each child against its parents, rows without experiments."""
    drawn = models(probability_tables)
    pvalues = []
    for x, graph, plan in zip(drawn.values_nd, drawn.graph_dd, drawn.intervened_nd, strict=True):
        rest = x[~plan.any(1)]
        for child in np.flatnonzero(graph.any(0)):
            # All parents together: one number for each of their configurations.
            code = rest[:, graph[:, child]] @ 4 ** np.arange(graph[:, child].sum())
            table = stats.contingency.crosstab(code, rest[:, child]).count
            pvalues.append(stats.chi2_contingency(table).pvalue)
    assert np.mean(np.array(pvalues) < 0.001) > 0.7


def test_the_datasets_of_a_group_have_one_kind_of_system_on_any_number_of_devices():
    """Dataset k belongs to group k % 2. The batch is drawn on one device and on eight."""
    prior = dataclasses.replace(
        PRIOR,
        mechanisms=MechanismWeights(1.0, 0.0, 0.0, 0.0),
        features=1,
        systems=SystemPrior(weights=SystemWeights(structural=1.0, tables=1.0), groups=2),
    )

    def program(**options):
        return quick_jit(lambda key: simulate_batch(key, prior, 16, 24, 3), **options)

    mesh = jax.make_mesh((8,), ("data",), devices=jax.devices()[:8])
    spread = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("data"))
    one, eight = program(), program(out_shardings=spread)
    kinds = []
    for seed in range(8):
        alone, shared = one(jax.random.key(seed)), eight(jax.random.key(seed))
        assert len(shared.values.sharding.device_set) == 8
        for a, b in zip(alone, shared, strict=True):
            np.testing.assert_allclose(np.asarray(a, float), np.asarray(b, float), atol=1e-4)
        discrete = (np.asarray(alone.kind) != CONTINUOUS).any(1).reshape(8, 2)
        assert (discrete == discrete[:1]).all()
        kinds.append(discrete[0])
    assert {(False, True), (True, False)} & {tuple(pair.tolist()) for pair in kinds}
    assert 0 < np.mean(kinds) < 1


@pytest.mark.parametrize(
    ("config", "numbers"),
    [
        (DiffusionConfig, {"rate": (0.0, 1.0)}),
        (DynamicsConfig, {"dt": 0.5}),
        (NetworkConfig, {"kept": (0.5, 1.5)}),
        (TableConfig, {"levels": (1, 3)}),
        (CyclicConfig, {"radius": (0.5, 1.0)}),
        (SystemPrior, {"groups": 0}),
        (SystemPrior, {"weights": SystemWeights(structural=-1.0)}),
    ],
)
def test_numbers_that_cannot_be_drawn_from_are_refused_by_name(config, numbers):
    with pytest.raises(PriorError, match=rf"prior\.systems.*{next(iter(numbers))}"):
        config(**numbers)
