"""The parent's side: one long-lived worker process, killed and replaced when it overruns."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from amortize.baselines.message import Message, read, write
from amortize.baselines.method import Method
from amortize.baselines.question import make_question

# Importing a library on a busy machine takes seconds; it is not part of a method's time limit.
PREPARE_SECONDS = 180.0

# A limit counts processor seconds, which a busy machine does not shorten; a method that waits
# instead of computing is stopped after so many times the limit. It does not wait while it could
# compute and other programs have the processors.
PATIENCE = 10
TICK = 0.01  # seconds, the steps of a process's own clock

# Timings compare only when every method runs on one thread, and results repeat only when sets
# of strings are visited in one order. gcastle asks for its backend unless it is told.
ENVIRONMENT = {
    **{
        name: "1"
        for name in (
            "OMP_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "MKL_NUM_THREADS",
            "NUMEXPR_NUM_THREADS",
            "RAYON_NUM_THREADS",
        )
    },
    "PYTHONHASHSEED": "0",
    "CASTLE_BACKEND": "pytorch",
}

Status = Literal["ok", "timeout", "error", "not installed", "refused"]


@dataclass(frozen=True)
class Result:
    """What came of one run; `reason` says why when `status` is not "ok".

    "error" is an exception of the library or the death of its process, "refused" a table that the
    method does not take (`Method.refusal`).
    """

    status: Status
    reason: str = ""
    seconds: float = float("nan")  # wall time of the method alone, imports excluded
    processor_seconds: float = float("nan")  # of the method alone, its threads and children
    graph_dd: NDArray[np.int8] | None = None  # undirected edges are 1 in both directions
    scores_dd: NDArray[np.float64] | None = None
    version: str = ""
    confounded_dd: NDArray[np.int8] | None = None  # symmetric; a latent common cause is claimed
    note: str = ""  # what was done to the library's answer
    rows: int = 0  # rows that the method was given, see `Method.rows`
    memory: float = float("nan")  # largest resident size of the process during the run, MiB


class Worker:
    """Runs baselines one at a time in a fresh interpreter (never a fork: JAX has threads).

    Use as a context manager, or call `close`. `python` is the interpreter, which may be that of
    another environment (one with torch); it needs numpy and the libraries of the methods asked.
    """

    def __init__(self, python: str = sys.executable) -> None:
        self._python = python
        self._process: subprocess.Popen[bytes] | None = None
        self._replies: queue.Queue[Message | None] = queue.Queue()
        self._noise: IO[bytes] | None = None  # what the libraries print
        self._versions: dict[str, str] = {}  # methods the present process has imported

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(
        self,
        method: Method,
        values_nd: ArrayLike,
        seed: int,
        limit: float,
        edges: int = 0,
        *,
        observed_nd: ArrayLike | None = None,
        intervened_nd: ArrayLike | None = None,
        regime_n: ArrayLike | None = None,
        knowledge_dd: ArrayLike | None = None,
    ) -> Result:
        """Answers one table of shape [n, d] within `limit` processor seconds; never raises for
        the method.

        The other arguments are those of `make_question`; the method is given `Method.view` of
        them, so that a caller can pass all it has. Raises ValueError for arrays of other shapes.
        """
        question = make_question(
            values_nd,
            seed,
            edges=edges,
            observed_nd=observed_nd,
            intervened_nd=intervened_nd,
            regime_n=regime_n,
            knowledge_dd=knowledge_dd,
        )
        if method.name not in self._versions:
            request = Message({"do": "prepare", "method": method.name}, {})
            ready = self._ask(request, PREPARE_SECONDS).header
            if ready["status"] != "ok":
                return Result(ready["status"], ready["reason"])
            self._versions[method.name] = ready["version"]
        version = self._versions[method.name]
        if reason := method.refusal(question.values_nd.shape[1]):
            return Result("refused", reason, version=version)
        seen = method.view(question)
        n = len(seen.values_nd)
        header = {"do": "run", "method": method.name, "seed": seen.seed, "edges": seen.edges}
        arrays = {
            name: value for name, value in seen._asdict().items() if isinstance(value, np.ndarray)
        }
        reply, found = self._ask(Message(header, arrays), limit)
        if reply["status"] != "ok":
            return Result(
                reply["status"],
                reply["reason"],
                reply.get("seconds", float("nan")),
                reply.get("processor_seconds", float("nan")),
                version=version,
                rows=n,
            )
        return Result(
            "ok",
            seconds=reply["seconds"],
            processor_seconds=reply["processor_seconds"],
            graph_dd=found["graph_dd"],
            scores_dd=found.get("scores_dd"),
            version=version,
            confounded_dd=found.get("confounded_dd"),
            note=reply["note"],
            rows=n,
            memory=float("nan") if reply["memory"] is None else reply["memory"],
        )

    def close(self) -> None:
        """Ends the process; the next run starts another.

        Another thread may call it, to end a run: that becomes an error.
        """
        process, self._process = self._process, None
        self._versions = {}
        if process is not None:
            process.kill()
            process.wait()
            if process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):  # of a request it never read
                    process.stdin.close()

    def _start(self) -> subprocess.Popen[bytes]:
        """A new interpreter that finds this package wherever the program was started."""
        root = str(Path(__file__).resolve().parents[2])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        self._noise = tempfile.TemporaryFile()  # noqa: SIM115, read after its end
        process = subprocess.Popen(
            [self._python, "-m", "amortize.baselines.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._noise,
            env=os.environ | ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(paths)},
        )
        # A thread per process reads it, since a pipe has no portable read with a time limit.
        # Each has its own queue: a killed process cannot answer for its successor.
        self._replies = queue.Queue()
        threading.Thread(target=_forward, args=(process, self._replies), daemon=True).start()
        return process

    def _ask(self, request: Message, limit: float) -> Message:
        if self._process is None:
            self._process = self._start()
        # `close` in another thread may take the attributes away meanwhile.
        process, noise = self._process, self._noise
        assert process.stdin is not None and noise is not None
        noise.seek(0)
        noise.truncate()
        try:
            before, start = _processor_seconds(process), time.monotonic()
            queued_before = queued_seconds(process.pid)
            write(process.stdin, request)
            left = limit
            while True:
                try:
                    reply = self._replies.get(timeout=left)
                    break
                except queue.Empty:
                    used, waited = _processor_seconds(process) - before, time.monotonic() - start
                queued = queued_seconds(process.pid) - queued_before
                left = min(limit - used, PATIENCE * limit - (waited - queued))
                if left <= TICK:
                    self.close()
                    return _late(limit, waited, used)
        except (BrokenPipeError, ValueError):  # it died, or `close` closed the pipe
            reply = None
        if reply is not None:
            return reply
        cause = _cause_of_death(process.wait())
        if said := _last_line(noise):
            cause = f"{cause}: {said}"
        self.close()
        return _failed("error", f"the worker process died ({cause})")


def _forward(process: subprocess.Popen[bytes], replies: queue.Queue[Message | None]) -> None:
    """Hands on each message of the process, then None when its output ends."""
    assert process.stdout is not None
    with process.stdout as stream:
        while (message := read(stream)) is not None:
            replies.put(message)
        replies.put(None)


def _failed(status: Status, reason: str) -> Message:
    header: dict[str, Any] = {"status": status, "reason": reason}
    return Message(header, {})


def _late(limit: float, waited: float, used: float) -> Message:
    """The reply in place of one that did not come in time."""
    reason = f"stopped after {limit:g} s"
    if used < limit - TICK:
        reason = f"stopped after {waited:.0f} s in which it computed for {used:.1f} s"
    spent = {"seconds": waited, "processor_seconds": used}
    return Message({"status": "timeout", "reason": reason, **spent}, {})


def _processor_seconds(process: subprocess.Popen[bytes]) -> float:
    """Processor time of a process and its ended children; 0 of one that is gone."""
    import psutil  # the worker process, which imports this package too, can do without

    try:
        return float(sum(psutil.Process(process.pid).cpu_times()[:4]))
    except psutil.NoSuchProcess:
        return 0.0


def queued_seconds(pid: int) -> float:
    """For how long a process could have computed while others had the processors.

    0 for one that is gone, and where the system does not say (Linux does).
    """
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def _cause_of_death(code: int) -> str:
    """The exit status in words; a negative one is a signal."""
    if code < 0:
        with contextlib.suppress(ValueError):  # a signal without a name
            return signal.Signals(-code).name
    return f"exit status {code}"


def _last_line(noise: IO[bytes]) -> str:
    """The last line that the process printed, cut to 200 characters."""
    noise.seek(0, os.SEEK_END)
    noise.seek(max(0, noise.tell() - 2000))
    lines = noise.read().decode(errors="replace").split("\n")
    return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "")
