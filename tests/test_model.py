"""The exact properties of both networks: rows, variables and padding."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from amortize.axial import AxialConfig
from amortize.batch import make_batch, standardise
from amortize.config import tiny
from amortize.model import (
    edge_probabilities,
    init,
    pair_log_probabilities,
    parameter_count,
    predict_logits,
)

EVERYTHING = (
    "statistics",
    "conditionals",
    "order_search",
    "additive_search",
    "residual_entropies",
)
NETWORKS = {
    "two_stream": replace(tiny().model, **dict.fromkeys(EVERYTHING, True)),
    "axial": replace(tiny().model, architecture="axial", axial=AxialConfig(1, 16, 2, 8)),
}
N, D = 24, 5


@pytest.fixture(scope="module", params=NETWORKS)
def network(request):
    """Config and random parameters without the zero initialisations: every path has a signal."""
    config = NETWORKS[request.param]
    leaves, tree = jax.tree.flatten(init(config, 0))
    keys = jax.random.split(jax.random.key(1), len(leaves))
    noisy = [x + 0.2 * jax.random.normal(k, x.shape) for x, k in zip(leaves, keys, strict=True)]
    return config, jax.tree.unflatten(tree, noisy)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    return {
        "values_bnd": rng.normal(size=(2, N, D)).astype(np.float32),
        "observed_bnd": rng.random((2, N, D)) > 0.1,
        "intervened_bnd": rng.random((2, N, D)) > 0.8,
        "regime_bn": rng.random((2, N)) > 0.7,
        "kind_bd": rng.integers(0, 3, (2, D)),
        "knowledge_bdd": rng.integers(0, 3, (2, D, D)),
    }


logits_of = jax.jit(predict_logits, static_argnums=0)


def posterior(network, table, **more):
    return edge_probabilities(logits_of(*network, make_batch(**table, **more)))


def test_the_random_network_is_not_constant(network, table):
    p = posterior(network, table)
    assert float(p.std()) > 0.01
    assert not np.allclose(p, p.swapaxes(1, 2), atol=0.01)


def test_row_order_does_not_matter(network, table):
    order = np.random.default_rng(1).permutation(N)
    rows = ("values_bnd", "observed_bnd", "intervened_bnd", "regime_bn")
    shuffled = {k: v[:, order] if k in rows else v for k, v in table.items()}
    np.testing.assert_allclose(posterior(network, shuffled), posterior(network, table), atol=2e-5)


def test_variable_order_is_followed(network, table):
    order = np.random.default_rng(2).permutation(D)
    shuffled = {
        "values_bnd": table["values_bnd"][:, :, order],
        "observed_bnd": table["observed_bnd"][:, :, order],
        "intervened_bnd": table["intervened_bnd"][:, :, order],
        "regime_bn": table["regime_bn"],
        "kind_bd": table["kind_bd"][:, order],
        "knowledge_bdd": table["knowledge_bdd"][:, order][:, :, order],
    }
    expected = posterior(network, table)[:, order][:, :, order]
    np.testing.assert_allclose(posterior(network, shuffled), expected, atol=1e-4)


def test_padding_changes_nothing_whatever_it_holds(network, table):
    rng = np.random.default_rng(3)
    n, d = N + 7, D + 3

    def pad(x, *widths, fill):
        return np.pad(x, [(0, 0), *[(0, w) for w in widths]], constant_values=fill)

    padded = {
        "values_bnd": pad(table["values_bnd"], 7, 3, fill=rng.normal() * 100),
        "observed_bnd": pad(table["observed_bnd"], 7, 3, fill=True),
        "intervened_bnd": pad(table["intervened_bnd"], 7, 3, fill=True),
        "regime_bn": pad(table["regime_bn"], 7, fill=True),
        "kind_bd": pad(table["kind_bd"], 3, fill=2),
        "knowledge_bdd": pad(table["knowledge_bdd"], 3, 3, fill=1),
    }
    rows_bn = np.broadcast_to(np.arange(n) < N, (2, n))
    variables_bd = np.broadcast_to(np.arange(d) < D, (2, d))
    p = posterior(network, padded, rows_bn=rows_bn, variables_bd=variables_bd)[:, :D, :D]
    np.testing.assert_allclose(p, posterior(network, table), atol=2e-5)


def test_missing_cells_may_hold_anything(network, table):
    other = dict(table, values_bnd=np.where(table["observed_bnd"], table["values_bnd"], 1e6))
    np.testing.assert_allclose(posterior(network, other), posterior(network, table), atol=2e-5)


def test_scale_and_shift_of_a_column_do_not_matter(network, table):
    scale = np.array([0.01, 1, 50, 3, 1000], np.float32)
    other = dict(table, values_bnd=table["values_bnd"] * scale + 2 * scale)
    np.testing.assert_allclose(posterior(network, other), posterior(network, table), atol=1e-3)


@pytest.mark.parametrize(
    "field", ["observed_bnd", "intervened_bnd", "regime_bn", "kind_bd", "knowledge_bdd"]
)
def test_every_input_is_read(network, table, field):
    without = {k: v for k, v in table.items() if k != field}
    assert float(jnp.abs(posterior(network, without) - posterior(network, table)).max()) > 1e-4


def test_directions_exclude_each_other(network, table):
    logits = logits_of(*network, make_batch(**table))
    three = jnp.exp(pair_log_probabilities(logits))
    np.testing.assert_allclose(three.sum(-1), 1, atol=1e-5)
    np.testing.assert_allclose(three[..., 1], three[..., 2].swapaxes(1, 2), atol=1e-6)
    p = edge_probabilities(logits)
    assert float((p + p.swapaxes(1, 2)).max()) <= 1 + 1e-5
    assert float(jnp.abs(jnp.diagonal(p, axis1=1, axis2=2)).max()) == 0


def test_standardise_matches_numpy():
    rng = np.random.default_rng(4)
    x, seen = rng.normal(3, 20, (1, 40, 3)).astype(np.float32), rng.random((1, 40, 3)) > 0.3
    z = np.asarray(standardise(jnp.asarray(x), jnp.asarray(seen)))
    for j in range(3):
        cells = x[0, seen[0, :, j], j]
        np.testing.assert_allclose(
            z[0, seen[0, :, j], j], (cells - cells.mean()) / cells.std(), atol=1e-4
        )
    assert (z[~seen] == 0).all()


def test_constant_column_is_zero():
    z = standardise(jnp.full((1, 10, 2), 7.0), jnp.ones((1, 10, 2), bool))
    np.testing.assert_array_equal(z, 0)


def test_parameter_count():
    assert parameter_count({"a": jnp.zeros((3, 4)), "b": {"c": jnp.zeros(5)}}) == 17


@pytest.mark.parametrize("name", NETWORKS)
def test_how_it_is_computed_changes_nothing(name, table):
    """Rolled or written out, kept or computed anew: the same loss and gradient."""
    config = NETWORKS[name]
    deep = replace(config, row_blocks=2, axial=replace(config.axial, pairs=2), unroll=True)
    deep = replace(deep, statistics=False, pair_blocks=0)
    batch, params = make_batch(**table), init(deep, 0)

    def gradient(config):
        def loss(params):
            return (predict_logits(config, params, batch)[..., 0] ** 2).mean()

        return jax.jit(jax.grad(loss))(params)

    found, expected = gradient(replace(deep, unroll=False, rematerialise=True)), gradient(deep)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), found, expected)


def test_bfloat16_is_close_and_answers_in_float32(network, table):
    config, params = network
    batch = make_batch(**table)
    exact = logits_of(config, params, batch)
    rough = logits_of(replace(config, bfloat16=True), params, batch)
    assert rough.dtype == jnp.float32
    assert float(jnp.abs(rough - exact).max()) > 0, "nothing was computed in bfloat16"
    error = jnp.abs(edge_probabilities(rough) - edge_probabilities(exact))
    assert float(error.max()) < 0.05
    assert float(error.mean()) < 0.01
