"""Who runs the cells: threads with killable processes, and a real Dask cluster that loses one."""

import os
import signal

import numpy as np
import pytest

from amortize import contender, crew
from amortize.case import prepare
from amortize.contender import Task
from amortize.errors import UsageError


def case(seed=0, n=60, d=4):
    random = np.random.default_rng(seed)
    values, graph = random.normal(size=(n, d)), np.eye(d, k=1, dtype=bool)
    for j in range(1, d):
        values[:, j] += values[:, j - 1]
    return prepare(values, np.ones((n, d), bool), np.zeros((n, d), bool), graph, seed)


def tasks(count, method="inverse-covariance"):
    return [Task(method, case(seed), 30.0) for seed in range(count)]


@pytest.fixture(autouse=True)
def workers():
    yield
    contender.dismiss()


def test_local_threads_give_what_one_gives():
    given = tasks(5)
    found = {task.case.about["table"]: record for task, record in crew.local(iter(given), 2)}
    assert len(found) == 5
    for task in given:
        alone = contender.solve(task)
        record = found[task.case.about["table"]]
        assert record["status"] == "ok" and record["edges"] == alone["edges"]
        assert record["auprc"] == alone["auprc"]


def test_a_stopped_crew_ends_its_processes():
    finished = crew.local(iter(tasks(4)), 2)
    next(finished)
    finished.close()
    assert not contender._HIRED and not contender._IDLE


def test_tasks_are_drawn_when_somebody_is_free():
    drawn = []

    def endless():
        for task in tasks(40):
            drawn.append(task)
            yield task

    finished = crew.local(endless(), 1)
    for _ in range(3):
        next(finished)
    assert len(drawn) <= 8
    finished.close()


def test_no_scheduler_is_one_line(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(crew, "CONNECT_SECONDS", 1)
    with pytest.raises(UsageError, match=r"--cluster tcp://127\.0\.0\.1:9: no scheduler answers"):
        next(crew.on_cluster(iter(tasks(1)), "tcp://127.0.0.1:9"))


def test_another_version_on_a_worker_is_one_line():
    with pytest.raises(UsageError, match=r"worker w has amortize 0.0.1"):
        crew.check_versions("tcp://x", {"w": "0.0.1"})


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_finishes_everything():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        host="127.0.0.1",
    ) as cluster:
        with distributed.Client(cluster) as client:
            pids = client.run(os.getpid)
        given = tasks(12)
        found = {}
        for task, record in crew.on_cluster(iter(given), cluster.scheduler_address):
            if not found:
                os.kill(next(iter(pids.values())), signal.SIGKILL)
            found[task.case.about["table"]] = record
    assert len(found) == 12
    assert all(record["status"] == "ok" for record in found.values())
    alone = contender.solve(given[7])
    assert found[given[7].case.about["table"]]["edges"] == alone["edges"]
