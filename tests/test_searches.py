"""Every library's method on tiny tables whose answer is known, through the worker process."""

import numpy as np
import pytest

from amortize.baselines import METHODS, Worker
from amortize.baselines.question import FORBIDDEN, REQUIRED

ORIENT = [
    "pc",
    "pc-rcit",
    "fci",
    "ges",
    "gies",
    "boss",
    "grasp",
    "exact",
    "direct-lingam",
    "ica-lingam",
]
LINGAM = ["direct-lingam", "ica-lingam"]
SEARCHES = [name for name, method in METHODS.items() if method.extra == "baselines"]


@pytest.fixture(scope="module")
def worker():
    with Worker() as worker:
        yield worker


def scaled(*columns):
    table = np.stack(columns, 1)
    return (table - table.mean(0)) / table.std(0)


def collider(n=500, seed=0):
    """X -> Z <- Y, Z -> W with uniform noise, columns in the order W, X, Z, Y."""
    random = np.random.default_rng(seed)
    x, y, noise_z, noise_w = random.uniform(-1, 1, (4, n))
    z = x + y + 0.5 * noise_z
    graph = np.zeros((4, 4), int)
    graph[1, 2] = graph[3, 2] = graph[2, 0] = 1
    return scaled(z + 0.7 * noise_w, x, z, y), graph


def gaussian_chain(n=1000):
    random = np.random.default_rng(1)
    a = random.normal(size=n)
    b = a + random.normal(size=n)
    return scaled(a, b, b + random.normal(size=n))


def answered(result):
    if result.status == "not installed":
        pytest.skip(result.reason)
    assert result.status == "ok", result.reason
    return result


@pytest.mark.parametrize("name", ORIENT + LINGAM)
def test_a_collider_comes_out_the_right_way_round(worker, name):
    table, graph = collider()
    result = answered(worker.run(METHODS[name], table, seed=1, limit=60))
    np.testing.assert_array_equal(result.graph_dd, graph)
    assert result.version and result.seconds > 0 and result.rows == 500 and not result.note
    if result.scores_dd is not None:
        assert result.scores_dd[graph == 1].min() > result.scores_dd[graph == 0].max()


@pytest.mark.parametrize("name", ["pc", "fci", "ges", "gies", "boss", "grasp", "exact"])
def test_a_gaussian_chain_is_left_undirected(worker, name):
    result = answered(worker.run(METHODS[name], gaussian_chain(), seed=0, limit=60))
    np.testing.assert_array_equal(result.graph_dd, [[0, 1, 0], [1, 0, 1], [0, 1, 0]])


@pytest.mark.parametrize("name", SEARCHES)
def test_the_same_seed_gives_the_same_answer(worker, name):
    table, _ = collider(120)
    first, second = (worker.run(METHODS[name], table, seed=3, limit=60) for _ in range(2))
    np.testing.assert_array_equal(answered(first).graph_dd, answered(second).graph_dd)
    assert (first.scores_dd is not None) == bool(METHODS[name].scores)
    assert (first.confounded_dd is not None) == METHODS[name].confounded


def test_interventions_orient_for_gies_alone(worker):
    random = np.random.default_rng(0)
    cause = random.normal(size=300)
    cause[200:] = 2 * random.normal(size=100)
    effect = 0.9 * cause + random.normal(size=300)
    intervened = np.zeros((300, 2), bool)
    effect[100:200] = random.normal(size=100)
    intervened[100:200, 0] = intervened[200:, 1] = True
    table = scaled(effect, cause)
    found = {
        name: answered(
            worker.run(METHODS[name], table, seed=0, limit=60, intervened_nd=intervened)
        ).graph_dd.tolist()
        for name in ("gies", "ges")
    }
    assert found == {"gies": [[0, 0], [1, 0]], "ges": [[0, 1], [1, 0]]}


@pytest.mark.parametrize("name", ["pc", "fci", "exact"])
def test_knowledge_orients_what_the_data_leave_open(worker, name):
    table = gaussian_chain()[:, :2]
    knowledge = np.zeros((2, 2), int)
    knowledge[0, 1] = FORBIDDEN
    result = answered(worker.run(METHODS[name], table, seed=0, limit=60, knowledge_dd=knowledge))
    np.testing.assert_array_equal(result.graph_dd, [[0, 0], [1, 0]])
    knowledge[0, 1], knowledge[1, 0] = REQUIRED, FORBIDDEN
    result = answered(worker.run(METHODS[name], table, seed=0, limit=60, knowledge_dd=knowledge))
    np.testing.assert_array_equal(result.graph_dd, [[0, 1], [0, 0]])


@pytest.mark.parametrize("name", ["pc", "fci"])
def test_missing_cells_are_not_read(worker, name):
    table, graph = collider()
    observed = np.random.default_rng(0).random(table.shape) > 0.05
    result = answered(
        worker.run(
            METHODS[name],
            np.where(observed, table, 50.0),
            seed=0,
            limit=60,
            observed_nd=observed,
        )
    )
    np.testing.assert_array_equal(result.graph_dd, graph)


def test_latent_common_causes_are_claimed(worker):
    random = np.random.default_rng(2)
    hidden = 2 * random.uniform(-1, 1, 300) ** 3
    a, b = hidden + 0.4 * random.uniform(-1, 1, (2, 300))
    cause = random.exponential(size=300) - 1
    effect = cause + 0.7 * (random.exponential(size=300) - 1)
    table = scaled(effect, a, cause, b)
    result = answered(worker.run(METHODS["rcd"], table, seed=0, limit=60))
    assert np.argwhere(result.graph_dd).tolist() == [[2, 0]]
    assert np.argwhere(result.confounded_dd).tolist() == [[1, 3], [3, 1]]


def test_fci_finds_a_confounded_pair(worker):
    random = np.random.default_rng(0)
    hidden, u, v = random.normal(size=(3, 1000))
    a = u + hidden + 0.5 * random.normal(size=1000)
    b = v + hidden + 0.5 * random.normal(size=1000)
    result = answered(worker.run(METHODS["fci"], scaled(u, a, b, v), seed=0, limit=60))
    assert np.argwhere(result.confounded_dd).tolist() == [[1, 2], [2, 1]]
    assert np.argwhere(result.graph_dd).tolist() == [[0, 1], [3, 2]]


def test_orders_by_variance_and_by_r2(worker):
    random = np.random.default_rng(0)
    a = random.normal(size=500)
    b = 2 * a + random.normal(size=500)
    raw = np.stack([2 * b + random.normal(size=500), a, b], 1)
    expected = [[0, 0, 0], [0, 0, 1], [1, 0, 0]]
    result = answered(worker.run(METHODS["var-sort-regress"], raw, seed=0, limit=60))
    np.testing.assert_array_equal(result.graph_dd, expected)
    table, graph = collider()
    result = answered(worker.run(METHODS["r2-sort-regress"], table[:, 1:], seed=0, limit=60))
    np.testing.assert_array_equal(result.graph_dd, graph[1:, 1:])


def test_exact_search_refuses_many_variables(worker):
    table = np.random.default_rng(0).normal(size=(30, 13))
    result = worker.run(METHODS["exact"], table, seed=0, limit=60)
    if result.status != "not installed":
        assert result.status == "refused"
        assert result.reason == "takes at most 12 variables, the table has 13"
