"""The loss against a hand-worked pair posterior."""

import jax.numpy as jnp
import numpy as np

from amortize.loss import confounding_cross_entropy, pair_cross_entropy


def test_matches_hand_computed_softmax():
    logits = np.zeros((1, 3, 3, 3), np.float32)
    logits[0, 0, 1, 0] = 2.0  # i -> j
    logits[0, 1, 0, 0] = -1.0
    logits[0, 0, 1, 1] = 0.5  # "none" is summed over both orders
    logits[0, 1, 0, 1] = 0.25
    graph = np.zeros((1, 3, 3), bool)
    graph[0, 0, 1] = True
    scores = np.array([0.75, 2.0, -1.0])
    expected_01 = -(scores[1] - np.log(np.exp(scores).sum()))
    expected = (expected_01 + 2 * np.log(3)) / 3
    found = pair_cross_entropy(jnp.asarray(logits), jnp.asarray(graph), jnp.ones((1, 3), bool))
    np.testing.assert_allclose(found, [expected], rtol=1e-5)


def test_padding_pairs_do_not_count():
    logits = jnp.asarray(np.random.default_rng(0).normal(size=(1, 4, 4, 3)), jnp.float32)
    graph = jnp.zeros((1, 4, 4), bool).at[0, 2, 0].set(True)
    variables = jnp.array([[True, True, True, False]])
    full = pair_cross_entropy(logits, graph, variables)
    cut = pair_cross_entropy(logits[:, :3, :3], graph[:, :3, :3], variables[:, :3])
    np.testing.assert_allclose(full, cut, rtol=1e-6)


def test_confounding_matches_hand_computed_odds():
    logits = np.zeros((1, 3, 3, 3), np.float32)
    logits[0, 0, 1, 2] = 2.0  # log-odds are summed over both orders
    logits[0, 1, 0, 2] = -0.5
    confounded = np.zeros((1, 3, 3), bool)
    confounded[0, 0, 1] = confounded[0, 1, 0] = True
    expected = (np.log1p(np.exp(-1.5)) + 2 * np.log(2)) / 3
    real = jnp.ones((1, 3), bool)
    found = confounding_cross_entropy(jnp.asarray(logits), jnp.asarray(confounded), real)
    np.testing.assert_allclose(found, [expected], rtol=1e-5)
