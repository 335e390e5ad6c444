"""The child process: reads one JSON request a line, writes one JSON reply a line.

Never imports JAX. Whatever a library prints goes to stderr, so replies stay readable.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import signal
import sys
import time
import traceback
import warnings
from typing import Any

import numpy as np

from amortize.baselines import METHODS
from amortize.baselines.method import INSTALL_HINT, Method, Question


def main() -> None:
    """Answers requests until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when this process ends
    # Replies leave by a private copy of stdout; C code that writes to descriptor 1 meets stderr.
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    warnings.simplefilter("ignore")

    for line in sys.stdin:
        request = json.loads(line)
        reply = respond(METHODS[request["method"]], request)
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


def respond(method: Method, request: dict[str, Any]) -> dict[str, Any]:
    """The reply to one request: `prepare` imports the library, `run` answers a table."""
    try:
        if request["do"] == "prepare":
            return prepare(method)
        return run(method, request)
    except Exception as error:
        # A library may raise anything at all; that is a result about it, not a failure of ours.
        where = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"{type(error).__name__}: {error} ({os.path.basename(where.filename)})"
        return {"status": "error", "reason": reason.replace("\n", " ")[:300]}


def prepare(method: Method) -> dict[str, Any]:
    """Imports what the method needs, so that no run is charged for it."""
    found = method.installed_version()
    if found is None:
        return {"status": "not installed", "reason": INSTALL_HINT}
    for name in method.modules:
        importlib.import_module(name)
    return {"status": "ok", "version": found, "jax": "jax" in sys.modules}


def run(method: Method, request: dict[str, Any]) -> dict[str, Any]:
    """Answers one table; `seconds` is the wall time of the method alone."""
    question = Question(
        np.asarray(request["values"], dtype=np.float64), request["edges"], request["seed"]
    )
    random.seed(question.seed)
    np.random.seed(question.seed % 2**32)  # libraries read the global state
    start = time.perf_counter()
    answer = method.answer(question)
    seconds = time.perf_counter() - start
    return {
        "status": "ok",
        "seconds": seconds,
        "graph": np.asarray(answer.graph_dd).astype(int).tolist(),
        "scores": None if answer.scores_dd is None else np.asarray(answer.scores_dd).tolist(),
    }


if __name__ == "__main__":
    main()
