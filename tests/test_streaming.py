"""Rows in chunks: the answer is that of the whole table."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_model import EVERYTHING

from amortize import additive_sums, forward, streaming
from amortize.batch import make_batch
from amortize.config import tiny
from amortize.forward import Forward
from amortize.inputs import read
from amortize.model import ModelConfig, predict_logits
from amortize.streaming import chunk_rows, stream_logits

N, D = 90, 5


def parameters(config: ModelConfig) -> dict:
    """Random parameters of which none is zero, so that every layer has its say."""
    from amortize.model import init

    rng = np.random.default_rng(0)
    shapes = jax.eval_shape(lambda: init(config, 0))
    return jax.tree.map(
        lambda leaf: jnp.asarray(
            rng.normal(0, (leaf.shape[-2] if leaf.ndim > 1 else 4) ** -0.5, leaf.shape), jnp.float32
        ),
        shapes,
    )


def table():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(N, D))
    x[:, 1] += np.tanh(2 * x[:, 0])
    x[rng.random(x.shape) < 0.1] = np.nan
    x[:20, 2] = 3.0
    return read(
        x,
        intervened_nd=(np.arange(N) < 20)[:, None] & (np.arange(D) == 2),
        regime_n=np.arange(N) > 80,
        kind_d=np.array([0, 0, 1, 2, 0]),
        knowledge_dd=np.diag(np.ones(D - 1, int), k=1),
    )


def whole_logits(config: ModelConfig, params: dict) -> np.ndarray:
    given = table()
    batch = make_batch(
        *(part[None] for part in given[:3]),
        regime_bn=given.regime_n[None],
        kind_bd=given.kind_d[None],
        knowledge_bdd=given.knowledge_dd[None],
    )
    return np.asarray(jax.jit(predict_logits, static_argnums=0)(config, params, batch))[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"row_blocks": 2, **dict.fromkeys(EVERYTHING, True)},
        {"pair_blocks": 0},
        {"final_read": False},
    ],
)
def test_chunks_of_any_size_give_the_answer_of_the_whole(changes):
    config = dataclasses.replace(tiny().model, unroll=False, **changes)
    params = parameters(config)
    expected = whole_logits(config, params)
    assert expected.std() > 0.05  # the comparison is of something
    sizes = (64, 7) if "statistics" in changes else (32,)
    for rows in sizes:
        found = np.asarray(stream_logits(config, params, table(), rows, 8))[0, :D, :D]
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_long_tables_are_streamed_unasked_and_tell_their_progress(monkeypatch):
    config = tiny().model
    network = Forward(config, parameters(config))
    expected = network.answer([table()])[0]
    monkeypatch.setattr(forward, "BYTES_STREAMED", 0)
    monkeypatch.setattr(forward, "chunk_rows", lambda *_: 32)
    shares: list[float] = []
    found = network.answer([table(), table()], shares.append)
    for answer in found:
        np.testing.assert_allclose(answer.edges_dd, expected.edges_dd, atol=1e-5)
        np.testing.assert_allclose(answer.confounded_dd, expected.confounded_dd, atol=1e-5)
    assert len(shares) > 6 and shares == sorted(shares) and shares[-1] == 1


@pytest.mark.parametrize("streamed", [False, True])
def test_many_variables_with_experiments_are_searched_as_few_are(monkeypatch, streamed):
    config = dataclasses.replace(tiny().model, **dict.fromkeys(EVERYTHING, True))
    params = parameters(config)
    if streamed:
        monkeypatch.setattr(forward, "BYTES_STREAMED", 0)
        monkeypatch.setattr(forward, "chunk_rows", lambda *_: 64)

    def edges() -> np.ndarray:
        streaming._sums.clear_cache()
        return Forward(config, params).answer([table()])[0].edges_dd

    expected = edges()
    monkeypatch.setattr(additive_sums, "PER_TARGET", 2)
    np.testing.assert_allclose(edges(), expected, atol=1e-5)
    monkeypatch.setattr(additive_sums, "MOST", 2)
    assert abs(edges() - expected).max() > 1e-4
    streaming._sums.clear_cache()


@pytest.mark.parametrize(("streamed", "left_out"), [(False, ""), (True, "additive_search")])
def test_searches_side_by_side_find_what_one_program_finds(monkeypatch, streamed, left_out):
    parts = dict.fromkeys(EVERYTHING, True)
    if left_out:
        parts[left_out] = False
    config = dataclasses.replace(tiny().model, **parts)
    network = Forward(config, parameters(config))
    if streamed:
        monkeypatch.setattr(forward, "BYTES_STREAMED", 0)
        monkeypatch.setattr(forward, "chunk_rows", lambda *_: 64)
    expected = network.answer([table()])[0]
    asked = []
    for module in (forward, streaming):
        monkeypatch.setattr(module, "side_by_side", lambda *_: asked.append(1) or True)
    found = network.answer([table()])[0]
    assert len(asked) == 1
    np.testing.assert_allclose(found.edges_dd, expected.edges_dd, atol=1e-5)
    np.testing.assert_allclose(found.confounded_dd, expected.confounded_dd, atol=1e-5)


def test_chunks_are_bounded_in_cells():
    config = tiny().model
    for variables in (4, 50, 200, 1000):
        rows = chunk_rows(config, variables)
        assert rows & (rows - 1) == 0 and rows >= 256
        assert rows * variables * config.row_width * 32 <= 1 << 28 or rows == 256
