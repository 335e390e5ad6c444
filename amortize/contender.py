"""What competes in an evaluation, the checkpoint and the baselines, behind one interface.

`about` stands beside every result and, with the table, decides it; `run` returns the result's
fields and never raises for a method's own failure.
"""

from __future__ import annotations

import time
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from amortize import __version__
from amortize.baselines import Method, Worker
from amortize.case import Case
from amortize.posterior import decode_dag
from amortize.score import score
from amortize.sweep import Record, array_hash

THRESHOLD = 0.5  # a pair is adjacent where its edge, in either direction, is at least as likely


class Contender(Protocol):
    """A method with its name, kind, version, settings and source in `about`."""

    about: Record

    def run(self, case: Case, limit: float) -> Record:
        """Status, seconds, edges and metrics of one dataset, within `limit` seconds."""
        ...


class Network:
    """A checkpoint: one forward pass gives the probabilities, decoded to a DAG.

    `model` is what `amortize.load` returns. A fixed table of shape [n, d] goes through it first:
    this compiles the network, which is not charged to any dataset, and its answer identifies
    the parameters in every result.
    """

    def __init__(self, model: Any, n: int, d: int) -> None:
        self._model = model
        table = np.random.default_rng(0).normal(size=(n, d))
        complete, nowhere = np.ones((n, d), bool), np.zeros((n, d), bool)
        start = time.perf_counter()
        answer = self._probabilities(table, complete, nowhere)
        self.preparation_seconds = time.perf_counter() - start
        self.name = str(model.card.get("name", "checkpoint"))
        self.about: Record = {
            "method": "amortize",
            "kind": "dag",
            "version": f"amortize {__version__}, {self.name} {array_hash(answer.round(3))[:8]}",
            "settings": {"checkpoint": self.name, "threshold": THRESHOLD},
            "source": "this project",
        }

    def run(self, case: Case, limit: float) -> Record:
        """See `Contender`; a forward pass is not stopped by `limit`."""
        start = time.perf_counter()
        p_dd = self._probabilities(case.values_nd, case.observed_nd, case.intervened_nd)
        graph_dd = decode_dag(p_dd, THRESHOLD)
        seconds = time.perf_counter() - start
        return {
            "status": "ok",
            "reason": "",
            "seconds": seconds,
            "probabilities": p_dd.round(6).tolist(),
            **answer_fields(graph_dd, p_dd, case, "dag", probabilistic=True),
        }

    def _probabilities(
        self, values_nd: NDArray, observed_nd: NDArray, intervened_nd: NDArray
    ) -> NDArray[np.float64]:
        answer = self._model.probabilities(values_nd[None], observed_nd[None], intervened_nd[None])
        p_dd = np.array(answer[0], dtype=np.float64)
        np.fill_diagonal(p_dd, 0.0)
        return p_dd


class Baseline:
    """A baseline in a worker process, which several of them may share."""

    def __init__(self, method: Method, worker: Worker) -> None:
        self._method, self._worker = method, worker
        package = method.package or "amortize"
        self.about: Record = {
            "method": method.name,
            "kind": method.kind,
            "version": f"{package} {method.installed_version() or 'not installed'}",
            "settings": dict(method.settings),
            "source": method.source,
        }

    def run(self, case: Case, limit: float) -> Record:
        """See `Contender`; a time-out, a crash and a missing library are results."""
        found = self._worker.run(
            self._method,
            case.values_nd,
            seed=case.about["permutation_seed"],
            limit=limit,
            edges=int(case.truth_dd.sum()),
        )
        record: Record = {
            "status": found.status,
            "reason": found.reason,
            "seconds": found.seconds,
        }
        if found.graph_dd is None:
            return record
        return record | answer_fields(found.graph_dd, found.scores_dd, case, self._method.kind)


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
