"""Endpoint conventions on asymmetric graphs, and workers that are slow, loud or die."""

import json
import time
from dataclasses import replace

import numpy as np
import pytest

from amortize.baselines import METHODS, Worker
from amortize.baselines.causallearn import bic
from amortize.baselines.endpoints import consistent_extension, from_causallearn, from_lingam
from amortize.baselines.method import INSTALL_HINT, Question

TRIVIAL = ("empty", "random", "correlation", "inverse-covariance")
SEARCHES = ("pc", "ges", "boss", "direct-lingam")


@pytest.fixture(scope="module")
def worker():
    with Worker() as worker:
        yield worker


def collider(n=2000, seed=0):
    """X -> Z <- Y, Z -> W with uniform noise, columns in the order W, X, Z, Y."""
    random = np.random.default_rng(seed)
    x, y, noise_z, noise_w = random.uniform(-1, 1, (4, n))
    z = x + y + 0.5 * noise_z
    w = z + 0.7 * noise_w
    table = np.stack([w, x, z, y], 1)
    graph = np.zeros((4, 4), int)
    graph[1, 2] = graph[3, 2] = graph[2, 0] = 1
    return (table - table.mean(0)) / table.std(0), graph


def test_causallearn_endpoints():
    # 0 -> 1, 2 -> 1, 1 --- 3, 0 <-> 3: marks [a, b] stand at a.
    marks = np.zeros((4, 4))
    marks[1, 0], marks[0, 1] = 1, -1
    marks[1, 2], marks[2, 1] = 1, -1
    marks[1, 3] = marks[3, 1] = -1
    marks[0, 3] = marks[3, 0] = 1
    expected = np.zeros((4, 4), int)
    expected[0, 1] = expected[2, 1] = 1
    expected[1, 3] = expected[3, 1] = expected[0, 3] = expected[3, 0] = 1
    np.testing.assert_array_equal(from_causallearn(marks), expected)
    with pytest.raises(ValueError, match="endpoint marks"):
        from_causallearn(np.array([[0, 2], [1, 0]]))


def test_lingam_weights_are_transposed_and_cut():
    weights = np.array([[0, 0.5, 0.01], [0, 0, 0], [-0.8, np.nan, 0]])
    expected = np.zeros((3, 3), int)
    expected[1, 0] = expected[0, 2] = 1  # effect of 1 on 0, of 0 on 2
    np.testing.assert_array_equal(from_lingam(weights, 0.1), expected)


@pytest.mark.parametrize("name", SEARCHES)
def test_a_collider_comes_out_the_right_way_round(worker, name):
    pytest.importorskip("causallearn")
    table, graph = collider()
    result = worker.run(METHODS[name], table, seed=1, limit=60)
    assert result.status == "ok", result.reason
    np.testing.assert_array_equal(result.graph_dd, graph)
    assert result.version and result.seconds > 0


def test_lingam_ranks_by_weight(worker):
    pytest.importorskip("causallearn")
    table, graph = collider()
    scores = worker.run(METHODS["direct-lingam"], table, seed=1, limit=60).scores_dd
    assert scores[graph == 1].min() > scores[graph == 0].max()


def test_chain_is_left_undirected(worker):
    pytest.importorskip("causallearn")
    random = np.random.default_rng(1)
    a = random.normal(size=1000)
    b = a + random.normal(size=1000)
    c = b + random.normal(size=1000)
    expected = [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    for name in ("pc", "ges", "boss"):
        result = worker.run(METHODS[name], np.stack([a, b, c], 1), seed=0, limit=60)
        np.testing.assert_array_equal(result.graph_dd, expected, err_msg=name)


def test_trivial_baselines():
    table, _ = collider()
    question = Question(table, edges=3, seed=5)
    found = {name: METHODS[name].answer(question) for name in TRIVIAL}
    assert found["empty"].graph_dd.sum() == 0
    random = found["random"].graph_dd
    assert random.sum() == 3 and not np.linalg.matrix_power(random, 4).any()
    # X and Y are marginally independent, and dependent given Z; W and X the other way round.
    assert found["correlation"].graph_dd[1, 3] == 0 and found["correlation"].graph_dd[0, 1] == 1
    partial = found["inverse-covariance"]
    assert partial.graph_dd[1, 3] == 1 and partial.graph_dd[0, 1] == 0
    for answer in (found["correlation"], partial):
        np.testing.assert_allclose(answer.scores_dd, answer.scores_dd.T)
        assert not answer.scores_dd.diagonal().any()


def test_trivial_baselines_survive_constant_columns_and_few_rows():
    table = np.random.default_rng(0).normal(size=(4, 6))
    table[:, 2] = 0
    for name in TRIVIAL:
        answer = METHODS[name].answer(Question(table, edges=99, seed=0))
        assert answer.scores_dd is None or np.isfinite(answer.scores_dd).all()


def test_only_a_density_method_learns_the_number_of_edges(worker):
    table, _ = collider(200)
    assert worker.run(METHODS["random"], table, seed=0, limit=10, edges=4).graph_dd.sum() == 4
    blind = replace(METHODS["random"], uses=("values",))
    assert worker.run(blind, table, seed=0, limit=10, edges=4).graph_dd.sum() == 0


def test_bic_prefers_the_truth_and_extensions_keep_colliders():
    table, graph = collider()
    assert bic(table, graph) < bic(table, np.zeros((4, 4))) and bic(table, graph) < bic(
        table, np.triu(np.ones((4, 4)), 1)
    )
    np.testing.assert_array_equal(consistent_extension(graph), graph)
    chain = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    extension = consistent_extension(chain)
    assert ((extension + extension.T) == chain).all() and extension.sum(0).max() == 1
    square = np.array([[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]])
    assert consistent_extension(square) is None  # a chordless cycle needs a new collider


def test_a_slow_method_is_killed_and_the_next_one_runs(worker):
    pytest.importorskip("causallearn")
    table = np.random.default_rng(0).normal(size=(500, 40))
    worker.run(METHODS["direct-lingam"], table[:, :3], seed=0, limit=60)
    start = time.monotonic()
    result = worker.run(METHODS["direct-lingam"], table, seed=0, limit=0.3)
    assert result.status == "timeout" and result.reason == "stopped after 0.3 s"
    assert time.monotonic() - start < 5
    assert worker.run(METHODS["empty"], table, seed=0, limit=20).status == "ok"


def test_an_error_is_a_result(worker):
    table, _ = collider(100)
    table[0, 0] = np.nan
    result = worker.run(METHODS["pc"], table, seed=0, limit=20)
    assert result.status in ("error", "not installed") and "\n" not in result.reason
    assert worker.run(METHODS["empty"], table, seed=0, limit=20).status == "ok"


def test_a_dead_worker_is_a_result():
    with Worker() as worker:
        table, _ = collider(50)
        assert worker.run(METHODS["empty"], table, seed=0, limit=20).status == "ok"
        worker._process.kill()
        worker._process.wait()
        result = worker.run(METHODS["empty"], table, seed=0, limit=20)
        assert result.status == "error" and "died" in result.reason
        assert worker.run(METHODS["empty"], table, seed=0, limit=20).status == "ok"


def test_the_worker_has_no_jax_and_one_thread(worker):
    for name in METHODS:
        ready = worker._ask({"do": "prepare", "method": name}, 60)
        assert ready["status"] == "not installed" or not ready["jax"], name


def test_a_missing_library_is_named(monkeypatch, capfd):
    from amortize.baselines.worker import prepare

    absent = replace(METHODS["pc"], package="no-such-distribution")
    assert prepare(absent) == {"status": "not installed", "reason": INSTALL_HINT}


def test_every_method_says_what_stands_beside_its_results():
    for name, method in METHODS.items():
        assert method.name == name and method.source and method.kind in ("dag", "cpdag", "skeleton")
        json.dumps(dict(method.settings))
        assert method.package is None or method.modules
