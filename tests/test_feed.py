"""Training on a user's own simulator, of either kind."""

import dataclasses
import itertools

import jax
import numpy as np
import pytest

from amortize.config import TrainConfig, from_dict, tiny, to_dict
from amortize.errors import DataError, UsageError
from amortize.feed import feed, with_simulator
from amortize.mesh import data_mesh
from amortize.training import bucket_of, draw_data, initial_state, train_step
from simulators.host import load_simulator

MODULE = """
import jax, jax.numpy as jnp, numpy as np

def chain(key, n, d):
    return jnp.cumsum(jax.random.normal(key, (n, d)), axis=1), jnp.eye(d, k=1)

def tables(rng, n, d):
    while True:
        yield np.cumsum(rng.normal(size=(n, d)), axis=1), np.eye(d, k=1)

def holes(rng, n, d):
    while True:
        yield np.full((n, d), np.nan), np.eye(d, k=1)
"""


@pytest.fixture
def config(tmp_path, monkeypatch) -> TrainConfig:
    (tmp_path / "own_model.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    return dataclasses.replace(tiny(), buckets=tiny().buckets[:1])


def test_a_function_is_drawn_from_inside_the_step(config):
    own = with_simulator(config, "own_model:chain")
    simulator = load_simulator(own.simulator)
    data = draw_data(jax.random.key(0), own.prior, own.buckets[0], simulator)
    assert (np.asarray(data.graph).sum((1, 2)) == 3).all()
    assert list(itertools.islice(feed(own, 0), 3)) == [None] * 3
    assert from_dict(to_dict(own)) == own


def test_a_generator_trains_and_a_resumed_run_sees_the_same_data(config):
    own = with_simulator(config, "own_model:tables")
    given = list(itertools.islice(feed(own, 0), 4))
    assert given[0] is not None and given[0].values.shape == (8, 32, 4)
    again = next(feed(own, 2))
    assert all((a == b).all() for a, b in zip(given[2], again, strict=True))
    state, mesh = initial_state(own), data_mesh(1)
    losses = []
    for step in range(3):
        state, metrics = train_step(own, bucket_of(own, step), state, step, mesh, given[step])
        losses.append(float(metrics["loss"]))
    assert int(state.step) == 3 and np.isfinite(losses).all()


def test_faults_are_found_before_training(config):
    with pytest.raises(DataError, match="own_model:holes: row 0, column 0 of the table is nan"):
        with_simulator(config, "own_model:holes")
    with pytest.raises(UsageError, match="has no function chains; did you mean chain"):
        with_simulator(config, "own_model:chains")
    assert with_simulator(config, "") == config


def test_a_fault_that_comes_late_stops_the_run_with_the_same_words(config):
    own = dataclasses.replace(config, simulator="own_model:holes")
    with pytest.raises(DataError, match="own_model:holes: row 0, column 0 of the table is nan"):
        next(feed(own, 5))
