"""Coupled nonlinear equations against a plain Euler-Maruyama loop with normal increments."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from worlds import quick_jit

from simulators.dynamics import Coupled, drift, run, sample_coupled
from simulators.systems import DynamicsConfig

D, N = 5, 3000
GRAPH = np.triu(np.ones((D, D), bool), 1)
CONFIG = DynamicsConfig(strength=(0.5, 1.0))


@pytest.fixture(scope="module")
def system() -> Coupled:
    return sample_coupled(jax.random.key(3), CONFIG, jnp.asarray(GRAPH))


def plain_drift(system: Coupled, x: np.ndarray) -> np.ndarray:
    """Variable by variable and parent by parent."""
    own = (lambda v: -v, lambda v: 2 * v - v**3, lambda v: 1.5 * np.tanh(2 * v) - v)
    coupling = (
        lambda v: v,
        lambda v: np.tanh(2 * v),
        lambda v: np.sin(2 * v),
        lambda v: 2 * np.exp(-(v**2)),
    )
    weight = np.asarray(system.weight_4dd).reshape(4, D, D)
    out = np.zeros_like(x)
    for j in range(D):
        out[:, j] = own[int(system.own_d[j])](x[:, j])
        for i in range(D):
            for k in range(4):
                out[:, j] += weight[k, i, j] * coupling[k](x[:, i])
    return out * np.asarray(system.rate_d)


def test_the_drift_is_the_one_that_is_documented(system):
    x = np.random.default_rng(0).normal(size=(20, D))
    np.testing.assert_allclose(drift(system, jnp.asarray(x)), plain_drift(system, x), atol=1e-4)


def test_every_edge_has_one_coupling_and_nothing_else_has(system):
    weight = np.asarray(system.weight_4dd).reshape(4, D, D)
    assert ((weight != 0).sum(0) == GRAPH).all()


def test_states_are_distributed_as_those_of_a_finer_loop(system):
    held = np.zeros((N, D), bool)
    held[: N // 3, 1] = True
    value = jnp.full((N, D), 1.5)
    program = quick_jit(lambda key: run(key, system, CONFIG, jnp.asarray(held), value))
    found = np.asarray(program(jax.random.key(0)))
    rng = np.random.default_rng(1)
    x, dt = np.where(held, 1.5, rng.normal(size=(N, D))), CONFIG.dt / 5
    for _ in range(CONFIG.steps * 5):
        moved = x + dt * plain_drift(system, x)
        moved += np.sqrt(dt) * np.asarray(system.noise_d) * rng.normal(size=x.shape)
        x = np.where(held, x, moved)
    assert (found[: N // 3, 1] == 1.5).all() and np.abs(x).max() < 10
    for rows in (slice(0, N // 3), slice(N // 3, N)):
        for j in range(D):
            if not held[rows, j].any():
                # The coarser step is allowed a small bias.
                assert stats.ks_2samp(found[rows, j], x[rows, j]).statistic < 0.08
