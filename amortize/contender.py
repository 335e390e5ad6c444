"""What competes in an evaluation, the checkpoint and the baselines.

`about` stands beside every result and, with the table, decides it; a run returns the result's
fields and never raises for a method's own failure.
"""

from __future__ import annotations

import atexit
import platform
import threading
import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from amortize import __version__
from amortize.baselines import METHODS, Worker
from amortize.baselines.worker import peak_memory, processor_seconds, reset_peak_memory
from amortize.case import Case
from amortize.contest import OURS
from amortize.posterior import decode_dag
from amortize.results import Record, array_hash
from amortize.score import score

THRESHOLD = 0.5  # a pair is adjacent where its edge, in either direction, is at least as likely
PROBE = (64, 6)  # rows and variables of the table whose answer identifies the parameters


class Network:
    """A checkpoint: one forward pass gives the probabilities, decoded to a DAG.

    `model` is what `amortize.load` returns. The first table of each shape goes through it twice,
    so that compilation is charged to none.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._compiled: set[tuple[int, ...]] = set()
        table = np.random.default_rng(0).normal(size=PROBE)
        answer = self._model.probabilities(table[None])[0]
        self.name = str(model.card.get("name", "checkpoint"))
        self.about: Record = {
            "method": OURS,
            "kind": "dag",
            "version": f"amortize {__version__}, {self.name} {array_hash(answer.round(3))[:8]}",
            "settings": {
                "checkpoint": self.name,
                "threshold": THRESHOLD,
                "heavy_tails": "read twice",
            },
            "source": "this project",
            "uses": sorted(getattr(model, "inputs", ("values", "observed", "intervened"))),
            "intervened_rows": "read with their targets",
            "ranked_by": "probability",
        }

    def run(self, case: Case) -> Record:
        """Status, seconds, edges and metrics of one dataset."""
        from amortize.additive_sums import PER_TARGET

        many = case.values_nd.shape[1] > PER_TARGET  # whose experiments are a program of their own
        program = (*case.values_nd.shape, many and bool(case.intervened_nd.any()))
        if program not in self._compiled:
            self._probabilities(case)
            self._compiled.add(program)
        reset_peak_memory()
        start, spent = time.perf_counter(), processor_seconds()
        p_dd = self._probabilities(case)
        graph_dd = decode_dag(p_dd, THRESHOLD)
        seconds, spent = time.perf_counter() - start, processor_seconds() - spent
        return {
            "status": "ok",
            "reason": "",
            "seconds": seconds,
            "processor_seconds": spent,
            "memory": peak_memory(),
            "host": host(),
            "probabilities": p_dd.round(6).tolist(),
            **answer_fields(graph_dd, p_dd, case, "dag", probabilistic=True),
        }

    def _probabilities(self, case: Case) -> NDArray[np.float64]:
        answer = self._model.probabilities(
            case.values_nd[None],
            case.observed_nd[None],
            case.intervened_nd[None],
            regime_bn=case.regime_n[None],
            kind_bd=case.kind_d[None],
        )
        p_dd = np.array(answer[0], dtype=np.float64)
        np.fill_diagonal(p_dd, 0.0)
        return p_dd


# ----------------------------------------------------------------------------- the baselines


class Task(NamedTuple):
    """One cell of a baseline: everything that decides its result."""

    method: str
    case: Case
    limit: float  # seconds


def solve(task: Task) -> Record:
    """Status, seconds, edges and metrics of one cell, on this machine or a cluster's.

    The method runs in a process of its own, which is killed at the limit; processes are kept for
    the next task. A time-out, a crash and a missing library are results.
    """
    method, case = METHODS[task.method], task.case
    worker = _hire()
    try:
        found = worker.run(
            method,
            case.values_nd,
            seed=case.about["permutation_seed"],
            limit=task.limit,
            edges=int(case.truth_dd.sum()),
            observed_nd=case.observed_nd,
            intervened_nd=case.intervened_nd,
            regime_n=case.regime_n,
        )
    finally:
        _IDLE.append(worker)
    record: Record = {
        "status": found.status,
        "reason": found.reason,
        "seconds": found.seconds,
        "processor_seconds": found.processor_seconds,
        "host": host(),
    }
    if found.graph_dd is None:
        return record
    record |= {"memory": found.memory, "rows_read": found.rows, "note": found.note}
    return record | answer_fields(found.graph_dd, found.scores_dd, case, method.kind)


# Worker processes of this process: importing their libraries takes seconds, so they are kept.
_IDLE: list[Worker] = []
_HIRED: list[Worker] = []
_HIRING = threading.Lock()


def _hire() -> Worker:
    """An idle worker, or a new one."""
    with _HIRING:
        if _IDLE:
            return _IDLE.pop()
        _HIRED.append(Worker())
        return _HIRED[-1]


def dismiss() -> None:
    """Ends all workers of this process, busy or not; a busy one's cell becomes an error."""
    with _HIRING:
        while _HIRED:
            _HIRED.pop().close()
        _IDLE.clear()


atexit.register(dismiss)


# -------------------------------------------------------------------------------- the record


def host() -> str:
    """The machine that computed, by processor and not by name."""
    return f"{platform.system()} {platform.machine()}"


def answer_fields(
    graph_dd: NDArray,
    scores_dd: NDArray | None,
    case: Case,
    kind: str,
    probabilistic: bool = False,
) -> Record:
    """The answer's edges as they were returned (undirected ones twice), and its metrics."""
    edges = np.argwhere(np.asarray(graph_dd) != 0).tolist()
    return {"edges": edges, **score(graph_dd, scores_dd, case.truth_dd, kind, probabilistic)}
