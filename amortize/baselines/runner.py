"""The parent's side: one long-lived worker process, killed and replaced when it overruns."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from amortize.baselines.method import Method

# Importing a library on a busy machine takes seconds; it is not part of a method's time limit.
PREPARE_SECONDS = 180.0

# Timings compare only when every method runs on one thread.
ONE_THREAD = {
    name: "1"
    for name in (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "RAYON_NUM_THREADS",
    )
}


@dataclass(frozen=True)
class Result:
    """What came of one run; `reason` says why when `status` is not "ok"."""

    status: Literal["ok", "timeout", "error", "not installed"]
    reason: str = ""
    seconds: float = float("nan")  # wall time of the method alone, imports excluded
    graph_dd: NDArray[np.int8] | None = None  # undirected edges are 1 in both directions
    scores_dd: NDArray[np.float64] | None = None
    version: str = ""


class Worker:
    """Runs baselines one at a time in a fresh interpreter (never a fork: JAX has threads).

    Use as a context manager, or call `close`.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._replies: queue.Queue[str] = queue.Queue()
        self._versions: dict[str, str] = {}  # methods the present process has imported

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(
        self, method: Method, values_nd: NDArray, seed: int, limit: float, edges: int = 0
    ) -> Result:
        """Answers one table of shape [n, d] within `limit` seconds; never raises for the method.

        `edges`, the true number of edges, reaches only a method that declares "density".
        """
        if method.name not in self._versions:
            ready = self._ask({"do": "prepare", "method": method.name}, PREPARE_SECONDS)
            if ready["status"] != "ok":
                return Result(ready["status"], ready["reason"])
            self._versions[method.name] = ready["version"]
        version = self._versions[method.name]
        request = {
            "do": "run",
            "method": method.name,
            "values": np.asarray(values_nd, np.float64).tolist(),
            "edges": edges if "density" in method.uses else 0,
            "seed": seed,
        }
        reply = self._ask(request, limit)
        if reply["status"] != "ok":
            seconds = limit if reply["status"] == "timeout" else float("nan")
            return Result(reply["status"], reply["reason"], seconds, version=version)
        scores = reply["scores"]
        return Result(
            "ok",
            seconds=reply["seconds"],
            graph_dd=np.asarray(reply["graph"], np.int8),
            scores_dd=None if scores is None else np.asarray(scores, np.float64),
            version=version,
        )

    def close(self) -> None:
        """Ends the process; the next run starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):  # of a request it never read
                    self._process.stdin.close()
        self._process = None
        self._versions = {}

    def _start(self) -> subprocess.Popen[str]:
        """A new interpreter that finds this package wherever the program was started."""
        root = str(Path(__file__).resolve().parents[2])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        process = subprocess.Popen(
            [sys.executable, "-m", "amortize.baselines.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | ONE_THREAD | {"PYTHONPATH": os.pathsep.join(paths)},
            encoding="utf-8",
        )
        # A thread per process reads it, since a pipe has no portable read with a time limit.
        # Each has its own queue: a killed process cannot answer for its successor.
        self._replies = queue.Queue()
        threading.Thread(target=_read, args=(process, self._replies), daemon=True).start()
        return process

    def _ask(self, request: dict[str, Any], limit: float) -> dict[str, Any]:
        if self._process is None:
            self._process = self._start()
        pipe = self._process.stdin
        assert pipe is not None
        try:
            pipe.write(json.dumps(request) + "\n")
            pipe.flush()
            reply = self._replies.get(timeout=limit)
        except queue.Empty:
            self.close()
            return {"status": "timeout", "reason": f"stopped after {limit:g} s"}
        except BrokenPipeError:
            reply = ""
        if reply:
            return json.loads(reply)
        code = self._process.wait()
        self.close()
        return {"status": "error", "reason": f"the worker process died (exit status {code})"}


def _read(process: subprocess.Popen[str], replies: queue.Queue[str]) -> None:
    """Hands on each line of the process, then an empty one when its output ends."""
    assert process.stdout is not None
    for line in process.stdout:
        replies.put(line)
    replies.put("")
