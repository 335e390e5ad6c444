"""AVICI's axial network: what it has beside the properties of every network (test_model.py)."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from amortize import axial
from amortize.axial import AxialConfig, CosineHead, attention
from amortize.config import TrainConfig, override, tiny
from amortize.model import init, parameter_count


@pytest.fixture
def sequences():
    rng = np.random.default_rng(0)
    query, key, value = rng.normal(size=(3, 3, 11, 2, 4)).astype(np.float32)
    return query, key, value, rng.random((3, 11)) > 0.3


def test_attention_matches_numpy(sequences):
    query, key, value, real = sequences
    scores = np.einsum("sthe,suhe->shtu", query, key) / 2
    scores = np.exp(np.where(real[:, None, None], scores, -np.inf))
    share = scores / scores.sum(-1, keepdims=True)
    expected = np.einsum("shtu,suhe->sthe", share, value)
    np.testing.assert_allclose(attention(*sequences), expected, atol=1e-5)


def test_grouped_queries_give_the_same_answer_and_gradient(sequences, monkeypatch):
    query, *rest = sequences

    def both(query):
        return jax.jit(jax.value_and_grad(lambda q: (attention(q, *rest) ** 2).sum()))(query)

    whole = both(query)
    monkeypatch.setattr(axial, "SCORES_AT_ONCE", 3 * 3 * 11 * 2)  # three queries of eleven
    grouped = both(query)
    np.testing.assert_allclose(grouped[0], whole[0], rtol=1e-5)
    np.testing.assert_allclose(grouped[1], whole[1], atol=1e-5)


def test_long_tables_need_no_square_of_their_rows(monkeypatch):
    monkeypatch.setattr(axial, "SCORES_AT_ONCE", 1 << 16)
    shape = jax.ShapeDtypeStruct((2, 2048, 1, 4), jnp.float32)
    real = jax.ShapeDtypeStruct((2, 2048), jnp.bool_)

    def gradient(query, key, value, real):
        return jax.grad(lambda q: attention(q, key, value, real).sum())(query)

    compiled = jax.jit(gradient).lower(shape, shape, shape, real).compile()
    assert compiled.memory_analysis().temp_size_in_bytes < 2 * 2048**2 * 4 / 4


def test_logits_are_bounded_by_the_temperature():
    head = CosineHead(8, -3.0, nnx.Rngs(0))
    head.log_scale.set_value(jnp.log(2.0))
    x = jnp.asarray(np.random.default_rng(1).normal(size=(2, 5, 8)) * 100, jnp.float32)
    logits = head(x)
    assert float(jnp.abs(logits + 3).max()) <= 2 + 1e-5
    assert float(logits.std()) > 0.1


def test_the_default_has_the_size_of_avici():
    """Sixteen layers of 2^18 weights; the rest is biases, norms, inputs and heads."""
    config = override(tiny(), ["model.architecture=axial"])
    shapes = jax.eval_shape(lambda: init(config.model, 0))
    assert 16 * 2**18 < parameter_count(shapes) < 16.5 * 2**18


def test_chosen_from_the_command_line():
    config = override(tiny(), ["model.architecture=axial", "model.axial.pairs=2"])
    assert isinstance(config, TrainConfig)
    assert config.model.axial == AxialConfig(pairs=2)
