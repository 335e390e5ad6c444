"""The child process: answers one `Message` after another, one dataset and method each.

Never imports JAX. Whatever a library prints goes to stderr, so replies stay readable.
"""

from __future__ import annotations

import importlib
import os
import random
import signal
import sys
import threading
import time
import traceback
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from amortize.baselines import METHODS
from amortize.baselines.message import Message, read, write
from amortize.baselines.method import Method
from amortize.baselines.question import make_question


def main() -> None:
    """Answers requests until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when this process ends
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    # Replies leave by a private copy of stdout; C code that writes to descriptor 1 meets stderr.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    warnings.simplefilter("ignore")

    while (request := read(sys.stdin.buffer)) is not None:
        write(replies, respond(METHODS[request.header["method"]], request))


def end_with(parent: int) -> None:
    """Ends this process when its parent is gone (killed, say), though a method still computes."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def respond(method: Method, request: Message) -> Message:
    """The reply to one request: `prepare` imports the library, `run` answers a table."""
    try:
        if request.header["do"] == "prepare":
            return prepare(method)
        return run(method, request)
    # A library may raise anything at all, also what does not derive from Exception (a Rust panic
    # seen through pyo3, sys.exit): a result about it, not a failure of ours.
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"{type(error).__name__}: {error} ({os.path.basename(where.filename)})"
        return Message({"status": "error", "reason": " ".join(reason.split())[:300]}, {})


def prepare(method: Method) -> Message:
    """Imports what the method needs, so that no run is charged for it."""
    found = method.installed_version()
    if found is None:
        return Message({"status": "not installed", "reason": method.install_hint()}, {})
    for name in method.modules:
        importlib.import_module(name)
    return Message({"status": "ok", "version": found, "jax": "jax" in sys.modules}, {})


def run(method: Method, request: Message) -> Message:
    """Answers one table; both times are of the method alone."""
    header, arrays = request
    question = make_question(seed=header["seed"], edges=header["edges"], **arrays)
    random.seed(question.seed)
    np.random.seed(question.seed % 2**32)  # libraries read the global state
    reset_peak_memory()
    start, spent = time.perf_counter(), processor_seconds()
    answer = method.answer(question)
    seconds, spent = time.perf_counter() - start, processor_seconds() - spent
    found: dict[str, NDArray] = {"graph_dd": np.asarray(answer.graph_dd, np.int8)}
    if answer.scores_dd is not None:
        found["scores_dd"] = np.asarray(answer.scores_dd, np.float64)
    if answer.confounded_dd is not None:
        found["confounded_dd"] = np.asarray(answer.confounded_dd, np.int8)
    header = {
        "status": "ok",
        "seconds": seconds,
        "processor_seconds": spent,
        "memory": peak_memory(),
        "note": answer.note,
    }
    return Message(header, found)


def processor_seconds() -> float:
    """Processor time of this process, its threads and its ended children so far."""
    return time.process_time() + sum(os.times()[2:4])


def reset_peak_memory() -> None:
    """Starts a new measurement of `peak_memory`, where the system can (Linux)."""
    control = Path("/proc/self/clear_refs")
    if control.exists() and os.access(control, os.W_OK):
        control.write_text("5")


def peak_memory() -> float | None:
    """Largest resident size of this process since the last reset, in MiB; None if unknown."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
    return int(lines["VmHWM"].split()[0]) / 1024


if __name__ == "__main__":
    main()
