"""Simulators of users: both kinds, what they give, and one clear error for each fault."""

import itertools
import re
import threading
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from worlds import quick_jit

from simulators.columns import BINARY, CONTINUOUS
from simulators.host import (
    Simulator,
    SimulatorError,
    check_simulator,
    draw_batch,
    host_batch,
    load_simulator,
    stream,
)

N, D = 30, 4


def chain(key, n, d):
    graph = jnp.eye(d, k=1)
    x = jnp.cumsum(jax.random.normal(key, (n, d)), axis=1)
    return x.at[:, 0].set(x[:, 0] > 0), graph


def tables(rng, n, d):
    while True:
        graph = np.triu(rng.random((d - 1, d - 1)) < 0.5, 1)
        table = rng.normal(size=(n - 5, d - 1))
        for j in range(d - 1):
            table[:, j] += table[:, graph[:, j]].sum(1)
        yield table, graph, np.zeros_like(table, bool)


CHAIN, TABLES = Simulator("chain", chain), Simulator("tables", tables)


def test_a_generator_and_a_function_are_told_apart():
    assert TABLES.streams and not CHAIN.streams
    check_simulator(CHAIN, N, D)
    check_simulator(TABLES, N, D)


def test_datasets_of_a_function():
    """Cut rows, shuffled columns with their graph, and the kind of a column with two values."""
    program = quick_jit(lambda key: draw_batch(CHAIN, key, 40, N, D, least_n=10))
    batch = program(jax.random.key(1))
    rows = np.asarray(batch.rows.sum(1))
    assert rows.min() >= 10 and rows.max() <= N and len(set(rows.tolist())) > 5
    assert np.asarray(batch.variables).all()
    assert (np.asarray(batch.graph).sum((1, 2)) == D - 1).all()
    for x, graph, kind, seen in zip(
        batch.values, np.asarray(batch.graph), batch.kind, np.asarray(batch.observed), strict=True
    ):
        root = np.flatnonzero(~graph.any(0))
        assert len(root) == 1 and kind[root[0]] == BINARY
        assert set(np.unique(np.asarray(x)[seen[:, root[0]], root[0]])) <= {0.0, 1.0}
    assert len({tuple(g.ravel().tolist()) for g in np.asarray(batch.graph)}) > 5


def test_batches_of_a_generator_are_padded_and_shuffled_with_their_graph():
    batch = host_batch(TABLES, (30, N, D), seed=3, step=7)
    assert batch.values.shape == (30, N, D) and batch.graph.shape == (30, D, D)
    assert (batch.rows.sum(1) == N - 5).all() and (batch.variables.sum(1) == D - 1).all()
    assert not batch.values[~batch.observed].any() and not batch.graph[:, D - 1].any()
    assert (batch.kind == CONTINUOUS).all()
    assert np.tril(batch.graph, -1).any() and np.triu(batch.graph, 1).any()
    # The sum of the parents explains a variable up to noise of variance 1.
    for x, graph in zip(batch.values, batch.graph, strict=True):
        rest = x[: N - 5] - x[: N - 5] @ graph
        assert (rest[:, : D - 1].var(0) < 3.5).all()


def test_a_step_depends_on_seed_and_step_alone_however_the_stream_was_begun():
    shapes = [(2, N, D), (3, N, D), (1, N, D), (2, N, D)]
    whole = list(stream(TABLES, shapes, seed=5))
    later = list(stream(TABLES, shapes[2:], seed=5, start=2, ahead=1, workers=1))
    assert [len(batch.values) for batch in whole] == [2, 3, 1, 2]
    for a, b in zip(whole[2:], later, strict=True):
        assert all((x == y).all() for x, y in zip(a, b, strict=True))
    assert not (whole[0].values == whole[3].values).all()


def test_batches_are_made_ahead_and_in_threads():
    made, threads = [], set()

    def watched(rng, n, d):
        made.append(n)
        threads.add(threading.current_thread().name)
        yield from tables(rng, n, d)

    batches = stream(Simulator("watched", watched), itertools.repeat((1, N, D)), 0, ahead=3)
    next(batches)
    batches.close()
    assert len(made) >= 1 and all(name.startswith("simulator") for name in threads)
    for _ in stream(Simulator("watched", watched), [(1, N, D)] * 3, 0, ahead=3):
        pass
    assert len(made) >= 4


def test_an_error_in_a_thread_reaches_the_one_who_asks():
    def broken(rng, n, d):
        yield np.full((n, d), np.nan), np.zeros((d, d))

    with pytest.raises(SimulatorError, match="row 0, column 0 of the table is nan"):
        next(stream(Simulator("broken", broken), [(1, N, D)], 0))


X, NONE = np.random.default_rng(0).normal(size=(N, D)), np.zeros((D, D))
CYCLE = np.zeros((D, D))
CYCLE[[0, 1, 2], [1, 2, 0]] = 1
HOLE = X.copy()
HOLE[3, 2] = np.inf
FLAT = X.copy()
FLAT[:, 1] = 7.0


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ((HOLE, NONE), "row 3, column 2 of the table is inf"),
        ((X, CYCLE), "cycle 0 -> 1 -> 2 -> 0"),
        ((X, np.eye(D)), "cycle 0 -> 0"),
        ((X, NONE + 0.5), "the graph holds 0.5"),
        ((X, np.zeros((D, D + 1))), r"the graph \(4, 5\)"),
        ((X, NONE, np.zeros((N, 2))), r"intervened \(30, 2\)"),
        ((X[0], NONE), r"the table has shape \(4,\)"),
        ((FLAT, NONE), "column 1 is 7.0 in every row"),
        (X, "it gave one array"),
        ((X, NONE, NONE, NONE), "it gave a tuple"),
    ],
)
@pytest.mark.parametrize("kind", ["generator", "function"])
def test_one_error_names_the_simulator_and_the_fault(result, message, kind):
    def generator(rng, n, d):
        while True:
            yield result

    def function(key, n, d):
        return jax.tree.map(jnp.asarray, result)

    simulator = Simulator("mine:it", generator if kind == "generator" else function)
    with pytest.raises(SimulatorError, match=rf"^simulator mine:it: .*{message}"):
        check_simulator(simulator, N, D)


def test_sizes_that_do_not_fit_are_refused():
    def large(rng, n, d):
        yield rng.normal(size=(n + 1, d)), np.zeros((d, d))

    def small(key, n, d):
        return jax.random.normal(key, (n - 1, d)), jnp.zeros((d, d))

    with pytest.raises(SimulatorError, match="at most 30 rows and 4 variables, it gave 31 and 4"):
        check_simulator(Simulator("large", large), N, D)
    with pytest.raises(SimulatorError, match="asked for 30 rows and 4 variables, it gave 29 and 4"):
        check_simulator(Simulator("small", small), N, D)


def test_a_generator_that_ends_is_refused():
    def short(rng, n, d):
        yield rng.normal(size=(n, d)), np.zeros((d, d))

    with pytest.raises(SimulatorError, match="stopped after 1 of 3 datasets"):
        check_simulator(Simulator("short", short), N, D)


def test_a_function_that_jax_cannot_compile_is_refused():
    def untraceable(key, n, d):
        return np.asarray(jax.random.normal(key, (n, d))), np.zeros((d, d))

    with pytest.raises(SimulatorError, match="JAX cannot compile it"):
        check_simulator(Simulator("mine", untraceable), N, D)


def test_a_simulator_is_found_by_module_and_function(tmp_path, monkeypatch):
    (tmp_path / "some_model.py").write_text("def simulate(key, n, d):\n    return None\n")
    monkeypatch.chdir(tmp_path)
    assert load_simulator("some_model:simulate").function.__name__ == "simulate"
    with pytest.raises(SimulatorError, match="no function simulat; did you mean simulate"):
        load_simulator("some_model:simulat")
    with pytest.raises(SimulatorError, match="No module named 'no_such_model'"):
        load_simulator("no_such_model:simulate")
    with pytest.raises(SimulatorError, match="write module:function"):
        load_simulator("some_model")


def test_the_examples_of_the_documentation_run():
    page = (Path(__file__).parent.parent / "docs" / "your-simulator.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict = {}
    for block in blocks:
        assert len(block.splitlines()) <= 20
        exec(block, names)
    for name in ("chain", "pendulum"):
        check_simulator(Simulator(name, names[name]), N, D)
