"""Near-copies and bystanders: labels, room, and what they depend on."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from worlds import quick_jit

from simulators.columns import BINARY, CONTINUOUS
from simulators.decoys import DecoyPrior, add_decoys

B, N, D, ROWS, ACTIVE = 300, 420, 12, 400, 7
REAL = np.arange(N) < ROWS
DISCRETE = 6  # one of the real variables is binary


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(0)
    x = rng.gamma(2.0, rng.uniform(0.1, 5.0, D), (B, N, D)) + 3
    x[:, :, 2] += x[:, :, 1]  # not independent, so that a sum of both is neither
    x[:, :, DISCRETE] = rng.random((B, N)) < 0.4
    x[:, ROWS:] = 1e9
    x[:, :, ACTIVE:] = -1e9
    return x.astype(np.float32)


GRAPH = np.zeros((D, D), bool)
GRAPH[1, 2] = GRAPH[0, 5] = True
KIND = np.where(np.arange(D) == DISCRETE, BINARY, CONTINUOUS)


def extend(tables, prior, active=ACTIVE, seed=0):
    keys = jax.random.split(jax.random.key(seed), B)
    one = jax.vmap(
        lambda k, x: add_decoys(
            k,
            prior,
            x,
            jnp.asarray(GRAPH),
            jnp.asarray(KIND),
            jnp.asarray(REAL),
            jnp.int32(active),
        )
    )
    return [np.asarray(a) for a in quick_jit(one)(keys, tables)]


@pytest.fixture(scope="module")
def copies(tables):
    prior = DecoyPrior(copies=1.0, bystanders=0.0, share=(0.3, 0.3), noise_share=(0.04, 0.04))
    return extend(tables, prior)


@pytest.fixture(scope="module")
def bystanders(tables):
    return extend(tables, DecoyPrior(copies=0.0, bystanders=1.0, share=(0.3, 0.3)))


def test_the_real_part_stays_and_the_extra_variables_come_next(tables, copies, bystanders):
    for values, graph, kind, active in (copies, bystanders):
        assert (active == 9).all()  # round(0.3 * 7) are added
        np.testing.assert_array_equal(values[:, :, :ACTIVE], tables[:, :, :ACTIVE])
        np.testing.assert_array_equal(values[:, :, 9:], tables[:, :, 9:])
        assert (graph[:, :ACTIVE, :ACTIVE] == GRAPH[:ACTIVE, :ACTIVE]).all()
        assert not graph[:, ACTIVE:].any() and not graph[:, :, 9:].any()
        assert (kind[:, :ACTIVE] == KIND[:ACTIVE]).all()


def test_a_near_copy_is_a_child_of_its_original_with_little_noise(copies):
    values, graph, kind, _ = copies
    shares, singles, blends, relabelled = [], 0, 0, []
    for b in range(B):
        for j in (7, 8):
            parents = np.flatnonzero(graph[b, :, j])
            x, y = values[b, :ROWS][:, parents].astype(float), values[b, :ROWS, j].astype(float)
            if parents.tolist() == [DISCRETE]:
                assert kind[b, j] == BINARY and set(np.unique(y)) == {0.0, 1.0}
                relabelled.append((x[:, 0] != y).mean())
                continue
            assert kind[b, j] == CONTINUOUS and DISCRETE not in parents and len(parents) in (1, 2)
            singles, blends = singles + (len(parents) == 1), blends + (len(parents) == 2)
            design = np.column_stack([x, np.ones(ROWS)])
            left = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
            shares.append(left.var() / y.var())
    assert np.mean(shares) == pytest.approx(0.04, abs=0.002) and max(shares) < 0.06
    # 0.3 of those of continuous variables, if the second is another continuous one: 5 of 7.
    assert stats.binomtest(blends, singles + blends, 0.3 * 5 / 7).pvalue > 1e-4
    # A cell drawn afresh changes its label with chance 2 * 0.4 * 0.6; 0.0275 of them are.
    assert np.mean(relabelled) == pytest.approx(0.0275 * 0.48, rel=0.25)


def test_noise_of_a_copy_is_its_own(copies):
    """What the original does not explain is unrelated to all other variables."""
    values, graph, _, _ = copies
    found = []
    for b in range(B):
        parents = np.flatnonzero(graph[b, :, 7])
        if DISCRETE in parents:
            continue
        others = [k for k in range(ACTIVE) if k not in parents][:3]
        design = np.column_stack([values[b, :ROWS][:, parents], np.ones(ROWS)]).astype(float)
        projector = np.eye(ROWS) - design @ np.linalg.pinv(design)
        left = projector @ values[b, :ROWS, 7].astype(float)
        for k in others:
            found.append(np.corrcoef(left, projector @ values[b, :ROWS, k])[0, 1])
    z = np.array(found) * np.sqrt(ROWS - 3)
    assert stats.kstest(z, stats.norm.cdf).pvalue > 1e-4


def test_bystanders_have_no_edges_and_depend_on_nothing(bystanders):
    values, graph, kind, _ = bystanders
    assert (graph == GRAPH).all()
    z = values[:, :ROWS, :9].astype(float)
    z = (z - z.mean(1, keepdims=True)) / z.std(1, keepdims=True)
    r = np.einsum("bni,bnj->bij", z[:, :, 7:9], z[:, :, :8]) / ROWS * np.sqrt(ROWS)
    independent = np.concatenate([r[:, 0, :7].ravel(), r[:, 1].ravel()])
    assert stats.kstest(independent, stats.norm.cdf).pvalue > 1e-4
    related = np.einsum("bn,bn->b", z[:, :, 1], z[:, :, 2]) / np.sqrt(ROWS)
    assert stats.kstest(related, stats.norm.cdf).pvalue < 1e-8
    assert stats.binomtest(int((kind[:, 7:9] == BINARY).sum()), 2 * B, 1 / 7).pvalue > 1e-4
    # Its own distribution is that of one of the real variables, up to a little smoothing.
    near = [
        max(
            stats.ks_2samp(values[b, :ROWS, 7], values[b, :ROWS, k], method="asymp").pvalue
            for k in range(ACTIVE)
        )
        for b in range(0, B, 5)
    ]
    assert np.mean(np.array(near) < 0.001) < 0.05


def test_there_is_no_more_than_there_is_room_for(tables):
    prior = DecoyPrior(copies=1.0, bystanders=1.0, share=(0.6, 0.6))
    values, graph, _, active = extend(tables, prior)
    assert (active == D).all() and (graph[:, :, 7:11].any(1)).all()  # 4 copies, then 1 of 4
    assert not graph[:, :, 11].any() and np.isfinite(values).all()


def test_chances_and_the_key(tables):
    prior = DecoyPrior(copies=0.3, bystanders=0.2, share=(0.05, 0.3))
    values, _, _, active = extend(tables, prior)
    assert stats.binomtest(int((active > ACTIVE).sum()), B, 1 - 0.7 * 0.8).pvalue > 1e-4
    again = extend(tables, prior)
    np.testing.assert_array_equal(values, again[0])
    assert (extend(tables, prior, seed=1)[3] != active).any()
