"""The registry, what each method gets to see, and workers that are slow, loud or die."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from amortize import batch
from amortize.baselines import METHODS, Worker, make_question, message, question, runner
from amortize.baselines.message import Message
from amortize.baselines.method import INSTALL_HINT, Method
from amortize.baselines.question import Answer
from amortize.baselines.scorebased import bic, regimes
from amortize.baselines.worker import prepare as import_library
from amortize.baselines.worker import respond
from amortize.case import prepare

TRIVIAL = ("empty", "random", "correlation", "inverse-covariance")


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


def test_trivial_baselines():
    table, _ = collider()
    asked = make_question(table, seed=5, edges=3)
    found = {name: METHODS[name].answer(asked) for name in TRIVIAL}
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
        answer = METHODS[name].answer(make_question(table, seed=0, edges=99))
        assert answer.scores_dd is None or np.isfinite(answer.scores_dd).all()


@pytest.mark.parametrize("name", ["random", "random-sort-regress"])
@pytest.mark.parametrize("d", [2, 5])
def test_a_random_order_knows_nothing_of_the_order_that_the_source_had(name, d):
    if METHODS[name].installed_version() is None:
        pytest.skip("CausalDisco is not installed")
    graph, right, found = np.triu(np.ones((d, d), bool), 1), 0, 0
    for seed in range(40):
        noise = np.random.default_rng([seed, 9]).normal(size=(200, d))
        values = np.cumsum(noise, axis=1)
        case = prepare(values, np.ones((200, d), bool), np.zeros((200, d), bool), graph, seed)
        question = make_question(case.values_nd, seed, edges=int(graph.sum()))
        answer = METHODS[name].answer(question).graph_dd.astype(bool)
        right += int((answer & case.truth_dd).sum())
        found += int(answer.sum())
    assert 0.3 < right / found < 0.7


def test_only_a_density_method_learns_the_number_of_edges(worker):
    table, _ = collider(200)
    assert worker.run(METHODS["random"], table, seed=0, limit=10, edges=4).graph_dd.sum() == 4
    blind = replace(METHODS["random"], uses=("values",))
    assert worker.run(blind, table, seed=0, limit=10, edges=4).graph_dd.sum() == 0


def test_a_slow_method_is_killed_and_the_next_one_runs(worker):
    pytest.importorskip("causallearn")
    table = np.random.default_rng(0).normal(size=(500, 40))
    worker.run(METHODS["direct-lingam"], table[:, :3], seed=0, limit=60)
    result = worker.run(METHODS["direct-lingam"], table, seed=0, limit=0.3)
    assert result.status == "timeout" and result.reason == "stopped after 0.3 s"
    assert 0.25 < result.processor_seconds < 3
    assert worker.run(METHODS["empty"], table, seed=0, limit=20).status == "ok"


def test_a_method_that_waits_is_stopped_too(worker):
    table, _ = collider(50)
    worker.run(METHODS["empty"], table, seed=0, limit=20)
    process = worker._process
    process.send_signal(signal.SIGSTOP)
    result = worker.run(METHODS["empty"], table, seed=0, limit=0.2)
    assert result.status == "timeout" and "in which it computed for 0.0 s" in result.reason
    assert result.seconds >= 0.2 * runner.PATIENCE - runner.TICK > result.processor_seconds
    assert worker.run(METHODS["empty"], table, seed=0, limit=20).status == "ok"


def test_a_method_on_a_busy_machine_is_not_taken_for_one_that_waits(worker, monkeypatch):
    table, _ = collider(50)
    worker.run(METHODS["empty"], table, seed=0, limit=20)
    process, start, stood = worker._process, time.monotonic(), 0.2 * runner.PATIENCE + 0.5
    process.send_signal(signal.SIGSTOP)
    threading.Timer(stood, process.send_signal, [signal.SIGCONT]).start()
    monkeypatch.setattr(runner, "queued_seconds", lambda _: time.monotonic() - start)
    assert worker.run(METHODS["empty"], table, seed=0, limit=0.2).status == "ok"
    assert time.monotonic() - start >= stood


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="Linux counts it")
def test_two_programs_on_one_processor_stand_in_a_queue():
    core = min(os.sched_getaffinity(0))
    loop = f"import os; os.sched_setaffinity(0, [{core}])\nwhile True: pass"
    programs = [subprocess.Popen([sys.executable, "-c", loop]) for _ in range(2)]
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        while any(runner.queued_seconds(program.pid) < 0.2 for program in programs):
            assert all(program.poll() is None for program in programs)
            time.sleep(0.05)
        before = runner.queued_seconds(sleeper.pid)
        time.sleep(0.3)
        assert runner.queued_seconds(sleeper.pid) - before < 0.1
    finally:
        for program in (*programs, sleeper):
            program.kill()
            program.wait()
    assert runner.queued_seconds(sleeper.pid) == 0


def test_processor_seconds_leave_waiting_out():
    def answer(question):
        time.sleep(0.2)
        return Answer(np.zeros((3, 3), np.int8))

    header = {"do": "run", "seed": 0, "edges": 0}
    reply = respond(
        Method("lazy", "dag", answer, "none"), Message(header, {"values_nd": np.eye(3)})
    )
    assert reply.header["seconds"] >= 0.2 > 10 * reply.header["processor_seconds"] >= 0


KILLED = """
import os, signal, threading, time
import numpy as np
from amortize.baselines import METHODS, Worker
worker = Worker()
table = np.random.default_rng(0).normal(size=(2000, 120))
threading.Thread(target=worker.run, args=(METHODS["cam"], table, 0, 600), daemon=True).start()
while "cam" not in worker._versions:
    time.sleep(0.05)
time.sleep(0.3)
print(worker._process.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_sweep_leaves_no_method_running():
    found = subprocess.run([sys.executable, "-c", KILLED], check=False, stdout=subprocess.PIPE)
    assert found.returncode == -signal.SIGKILL
    # It may be gone already, and would need minutes for its table otherwise.
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(int(found.stdout)).wait(timeout=20)


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
        assert result.status == "error" and "died (SIGKILL)" in result.reason
        assert worker.run(METHODS["empty"], table, seed=0, limit=20).status == "ok"


def test_a_worker_closed_by_another_thread_is_a_result():
    with Worker() as worker, ThreadPoolExecutor() as pool:
        worker.run(METHODS["inverse-covariance"], np.eye(3), seed=0, limit=20)
        table = np.random.default_rng(0).normal(size=(1500, 60))
        running = pool.submit(worker.run, METHODS["cam"], table, 0, 60)
        while worker._versions.get("cam") is None and not running.done():
            time.sleep(0.01)
        worker.close()
        result = running.result(timeout=20)
        assert result.status == "error" and "died (SIGKILL)" in result.reason


def test_a_python_without_our_libraries_is_a_result():
    with Worker(python="/bin/false") as worker:
        result = worker.run(METHODS["empty"], np.eye(3), seed=0, limit=20)
    assert result.status == "error" and "died (exit status 1)" in result.reason


@pytest.mark.parametrize("error", [BaseException("a Rust\npanic"), SystemExit(3), MemoryError()])
def test_whatever_is_raised_is_a_result(error):
    def answer(_):
        raise error

    header = {"do": "run", "seed": 0, "edges": 0}
    request = Message(header, {"values_nd": np.eye(3)})
    reply = respond(Method("bad", "dag", answer, "none"), request).header
    assert reply["status"] == "error" and reply["reason"].startswith(type(error).__name__)
    assert "\n" not in reply["reason"]


def test_the_worker_has_no_jax(worker):
    for name in METHODS:
        ready = worker._ask(Message({"do": "prepare", "method": name}, {}), 60).header
        assert ready["status"] == "not installed" or not ready["jax"], name


def test_importing_the_registry_imports_no_library():
    loaded = "import sys, amortize.baselines; print([m for m in sys.argv[1:] if m in sys.modules])"
    names = ["jax", "causallearn", "scipy", "sklearn", "torch", "castle", "dagma", "gies", "ges"]
    found = subprocess.run(
        [sys.executable, "-c", loaded, *names], capture_output=True, text=True, check=True
    )
    assert found.stdout == "[]\n"


def test_a_missing_library_is_named():
    absent = replace(METHODS["pc"], package="no-such-distribution")
    assert import_library(absent).header == {"status": "not installed", "reason": INSTALL_HINT}
    assert "(missing)" in absent.record()["version"]
    absent = replace(METHODS["empty"], package="numpy", needs=("no-such-distribution",))
    assert absent.installed_version() is None
    assert METHODS["golem"].install_hint().endswith("pip install 'amortize[baselines-torch]'")


def test_every_method_says_what_stands_beside_its_results():
    for name, method in METHODS.items():
        assert method.name == name and method.source
        assert method.kind in ("dag", "cpdag", "pag", "skeleton")
        assert {*method.uses} <= {"values", "density", "missing", "interventions", "knowledge"}
        assert ("interventions" in method.uses) == (method.rows == "regimes")
        assert method.package is None or method.modules
        record = json.loads(json.dumps(method.record()))
        assert record["method"] == name and record["version"].split()[1]


def test_the_listing_names_every_method(capsys):
    from amortize.baselines.__main__ import main

    main()
    lines = capsys.readouterr().out.splitlines()
    for name, method in METHODS.items():
        assert any(line.startswith(f"{name} ") and method.kind in line for line in lines)


def test_a_method_sees_only_what_it_declares():
    random = np.random.default_rng(0)
    masks = random.random((3, 60, 4)) < 0.1
    asked = make_question(
        random.normal(size=(60, 4)),
        seed=1,
        edges=3,
        observed_nd=masks[0],
        intervened_nd=masks[1],
        regime_n=masks[2, :, 0],
        knowledge_dd=np.eye(4, k=1, dtype=int),
    )
    plain = ~(masks[1].any(1) | masks[2, :, 0])
    pooled = Method("m", "dag", lambda _: Answer(np.eye(1)), "none")
    seen = pooled.view(asked)
    assert len(seen.values_nd) == 60 and seen.observed_nd.all() and seen.edges == 0
    assert not (seen.intervened_nd.any() or seen.regime_n.any() or seen.knowledge_dd.any())
    seen = replace(pooled, rows="observational").view(asked)
    np.testing.assert_array_equal(seen.values_nd, asked.values_nd[plain])
    everything = ("values", "density", "missing", "interventions", "knowledge")
    seen = replace(pooled, rows="regimes", uses=everything).view(asked)
    np.testing.assert_array_equal(seen.intervened_nd, masks[1][~asked.regime_n])
    np.testing.assert_array_equal(seen.knowledge_dd, asked.knowledge_dd)
    assert seen.edges == 3 and not seen.observed_nd.all()


def test_too_few_observational_rows_are_pooled():
    intervened = np.zeros((60, 4), bool)
    intervened[:41, 0] = True
    asked = make_question(np.ones((60, 4)), seed=1, intervened_nd=intervened)
    observational = Method("m", "dag", lambda _: Answer(np.eye(1)), "none", rows="observational")
    assert len(observational.view(asked).values_nd) == 60
    intervened[40] = False
    asked = asked._replace(intervened_nd=intervened)
    assert len(observational.view(asked).values_nd) == 20


def test_a_question_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"observed_nd has shape \(3,\), the table needs \(5, 3\)"):
        make_question(np.ones((5, 3)), seed=0, observed_nd=np.ones(3))


def test_knowledge_is_coded_as_in_the_batch():
    for name in ("UNKNOWN", "FORBIDDEN", "REQUIRED"):
        assert getattr(question, name) == getattr(batch, name)


def test_messages_survive_the_pipe_and_never_hold_objects():
    pipe = io.BytesIO()
    values = np.random.default_rng(0).normal(size=(3, 2))
    message.write(pipe, Message({"do": "run", "line": "a\nb"}, {"x_nd": values, "m": values > 0}))
    message.write(pipe, Message({"do": "prepare"}, {}))
    whole = pipe.getvalue()
    pipe.seek(0)
    first, second = message.read(pipe), message.read(pipe)
    assert first.header == {"do": "run", "line": "a\nb"} and second == Message(
        {"do": "prepare"}, {}
    )
    np.testing.assert_array_equal(first.arrays["x_nd"], values)
    assert first.arrays["m"].dtype == bool and message.read(pipe) is None
    assert message.read(io.BytesIO(whole[:100])) is None
    objects = io.BytesIO()
    message.write(objects, Message({}, {"x": np.array([{}], object)}))
    objects.seek(0)
    with pytest.raises(ValueError, match="pickle"):
        message.read(objects)


def test_bic_prefers_the_truth():
    table, graph = collider()
    complete = np.triu(np.ones((4, 4)), 1)
    assert bic(table, graph) < min(bic(table, np.zeros((4, 4))), bic(table, complete))


def test_regimes_are_the_sets_of_targets():
    intervened = np.zeros((6, 3), bool)
    intervened[[1, 4], 2] = intervened[5, 0] = True
    asked = make_question(np.arange(18).reshape(6, 3), seed=0, intervened_nd=intervened)
    tables, targets = regimes(asked)
    found = {tuple(t): x[:, 0].tolist() for t, x in zip(targets, tables, strict=True)}
    assert found == {(): [0, 6, 9], (2,): [3, 12], (0,): [15]}
