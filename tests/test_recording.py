"""The whole chain from a model to a recorded table, with every component of the wide prior."""

import dataclasses

import jax
import networkx as nx
import numpy as np
import pytest
from worlds import quick_jit

from simulators import Dataset, Prior, simulate_batch
from simulators.columns import BINARY, CONTINUOUS, ORDINAL
from simulators.latent import LatentPrior
from simulators.recipe import sample_recipe
from simulators.wide import wide

B, N, D = 96, 60, 7


def drawn(prior: Prior, least_d: int | None = None, least_n: int | None = None) -> Dataset:
    program = quick_jit(lambda key: simulate_batch(key, prior, B, N, D, least_n, least_d))
    return Dataset(*(np.asarray(field) for field in program(jax.random.key(3))))


@pytest.fixture(scope="module")
def recorded() -> Dataset:
    return drawn(dataclasses.replace(wide(), features=16, systems=None), least_d=3, least_n=20)


def test_values_are_finite_and_only_where_observed(recorded):
    assert np.isfinite(recorded.values).all()
    assert (recorded.values[~recorded.observed] == 0).all()


def test_padding_holds_nothing(recorded):
    rows, variables = recorded.rows, recorded.variables
    real = rows[:, :, None] & variables[:, None, :]
    assert not (recorded.observed & ~real).any()
    assert not (recorded.intervened & ~real).any()
    assert not (recorded.regime & ~rows).any()
    pairs = variables[:, :, None] & variables[:, None, :]
    assert not (recorded.graph & ~pairs).any()
    assert not (recorded.confounded & ~pairs).any()
    assert (recorded.kind[~variables] == CONTINUOUS).all()


def test_directed_part_is_acyclic_and_confounding_symmetric(recorded):
    for graph in recorded.graph:
        assert nx.is_directed_acyclic_graph(nx.from_numpy_array(graph, create_using=nx.DiGraph))
    np.testing.assert_array_equal(recorded.confounded, recorded.confounded.swapaxes(1, 2))
    assert not np.diagonal(recorded.confounded, axis1=1, axis2=2).any()
    share = recorded.confounded.any((1, 2)).mean()
    assert 0.1 < share < 0.5


def test_kinds_tell_the_levels(recorded):
    for b in range(B):
        for j in np.flatnonzero(recorded.variables[b]):
            levels = len(np.unique(recorded.values[b, recorded.observed[b, :, j], j]))
            if recorded.kind[b, j] == BINARY:
                assert levels <= 2
            elif recorded.kind[b, j] == ORDINAL:
                assert levels <= 20
    assert set(np.unique(recorded.kind)) == {CONTINUOUS, ORDINAL, BINARY}


def test_some_targets_are_unknown(recorded):
    some = recorded.regime.any(1).mean()
    assert 0.05 < some < 0.4


def test_pure_datasets_are_recorded_as_they_are(recorded):
    """Which are pure is drawn again from the same keys."""

    def is_pure(k: int) -> bool:
        keys = jax.random.split(jax.random.fold_in(jax.random.key(3), k), 9)
        return bool(sample_recipe(jax.random.fold_in(keys[2], 2), wide(), D).pure)

    pure = np.array([is_pure(k) for k in range(B)])
    assert 0.3 < pure.mean() < 0.7
    real = recorded.rows[:, :, None] & recorded.variables[:, None, :]
    assert (recorded.observed == real)[pure].all()
    assert (recorded.kind[pure] == CONTINUOUS).all()
    assert not recorded.confounded[pure].any() and not recorded.regime[pure].any()
    assert recorded.intervened[pure].any()
    for lost in (recorded.observed != real, recorded.kind != CONTINUOUS, recorded.confounded):
        assert lost[~pure].any()


def test_hidden_variables_leave_the_number_of_columns_as_asked():
    prior = Prior(features=8, latent=LatentPrior(some=1.0, share=(0.3, 0.4)))
    data = drawn(prior)
    assert data.variables.all()
    assert data.confounded.any((1, 2)).mean() > 0.3


def test_without_the_components_nothing_is_hidden_or_lost():
    data = drawn(Prior(features=8))
    assert not data.confounded.any()
    assert not data.regime.any()
    assert (data.kind == CONTINUOUS).all()
