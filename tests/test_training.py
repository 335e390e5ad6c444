"""The training step and its state: what a new network takes over, and that it learns."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from amortize.config import Bucket, tiny
from amortize.errors import UsageError
from amortize.loss import pair_cross_entropy
from amortize.mesh import data_mesh
from amortize.model import init, predict_logits
from amortize.question import QuestionConfig, ask
from amortize.training import carry_over, draw_data, initial_state, train_step


def test_given_parameters_are_the_start():
    params = init(tiny().model, 5)
    start = initial_state(tiny(), params)
    jax.tree.map(np.testing.assert_array_equal, start.params, params)
    jax.tree.map(np.testing.assert_array_equal, start.average, params)
    assert int(start.step) == 0


def test_a_step_that_is_not_finite_changes_nothing():
    """Nor does the next one, which the host has sent off before it hears of the first."""
    config, mesh = tiny(), data_mesh(1)
    state = initial_state(config)
    broken = state._replace(
        params=state.params | {"head": jax.tree.map(jnp.copy, state.params["head"])}
    )
    broken.params["head"]["bias"] = jnp.full_like(broken.params["head"]["bias"], jnp.nan)
    before = jax.tree.map(np.array, broken)
    for step in (0, 1):
        broken, metrics = train_step(config, config.buckets[0], broken, step, mesh)
        assert not np.isfinite(float(metrics["loss"]))
    jax.tree.map(np.testing.assert_array_equal, broken, before)
    late, _ = train_step(config, config.buckets[0], initial_state(config), 1, mesh)
    assert int(late.step) == 0, "step 1 was done on a state that had not done step 0"


def test_more_pair_features_and_blocks_begin_as_the_same_function():
    old = tiny().model
    new = dataclasses.replace(
        old,
        statistics=True,
        conditionals=True,
        order_search=True,
        additive_search=True,
        residual_entropies=True,
        pair_blocks=3,
        row_blocks=2,
    )
    data = draw_data(jax.random.key(0), tiny().prior, Bucket((32, 32), (4, 4), 4, 1.0))
    batch = ask(jax.random.key(0), QuestionConfig(), data)
    params = init(old, 3)
    grown = carry_over(params, init(new, 4))
    assert grown["pair_in"]["kernel"].shape[0] > params["pair_in"]["kernel"].shape[0]
    logits = jax.jit(predict_logits, static_argnums=0)
    np.testing.assert_allclose(logits(new, grown, batch), logits(old, params, batch), atol=1e-5)
    with pytest.raises(UsageError, match="give the same --set"):
        carry_over(params, init(dataclasses.replace(old, pair_width=24), 0))


def test_overfits_a_few_tables():
    """Every path carries gradient: the network learns sixteen fixed tables by heart."""
    config = tiny()
    data = draw_data(jax.random.key(0), config.prior, Bucket((32, 32), (4, 4), 16, 1.0))
    batch = ask(jax.random.key(0), QuestionConfig(), data)
    update = optax.adam(0.01)

    def loss(params):
        logits = predict_logits(config.model, params, batch)
        return pair_cross_entropy(logits, data.graph, data.variables).mean()

    @jax.jit
    def step(params, state):
        value, gradient = jax.value_and_grad(loss)(params)
        change, state = update.update(gradient, state)
        return optax.apply_updates(params, change), state, value

    params = init(config.model, 0)
    state = update.init(params)
    losses = []
    for _ in range(400):
        params, state, value = step(params, state)
        losses.append(float(value))
    assert losses[0] > 0.8
    assert losses[-1] < 0.1
