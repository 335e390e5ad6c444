"""What an answer costs: processor seconds against a reference of the same run, and peak memory.

    python benchmarks/prediction.py [CHECKPOINT]

Every case runs in a fresh process. The reference is a fresh process that imports JAX and pandas and
multiplies two matrices: nobody can answer sooner with these libraries. "empty" and "warm" tell
whether compiled programs were kept from an earlier process. Processor seconds do not depend on what
else the machine does; on quiet cores the wall shows no more than these.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
import typer

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = "import jax, pandas; x = jax.numpy.ones((512, 512)); (x @ x).block_until_ready()"
FORWARD = """
import json, sys, time
import numpy as np
import amortize
from amortize.enquiry import readable
from amortize.inputs import read
from simulators import sample

model = amortize.load(sys.argv[1])
fields = ("values", "observed", "intervened", "regime", "kind")
for name in sys.argv[2:]:
    for data in sample(name, 3, 1000, 100, 77):
        table = [readable(read(*(getattr(data, field) for field in fields)), model.inputs)]
        model._forward.answer(table)  # compiles
        wall, processor = [], []
        for _ in range(7):
            starts = time.perf_counter(), time.process_time()
            model._forward.answer(table)
            wall.append(time.perf_counter() - starts[0])
            processor.append(time.process_time() - starts[1])
        print(json.dumps([name, float(np.median(wall)), float(np.median(processor))]))
"""
# Searches take longest where variables have many strong causes or where nothing is linear.
SYSTEMS = ("avici-linear", "avici-rff", "avici-linear-ood", "avici-linear-ood-interventional")
# Name, rows, variables, cache, seconds wanted on two quiet cores, GiB wanted.
CASES = (
    ("first answer, empty cache", 1_000, 20, "empty", 15.0, None),
    ("first answer, warm cache", 1_000, 20, "warm", 6.0, None),
    ("many variables, empty cache", 1_000, 200, "empty", 60.0, None),
    ("many rows, empty cache", 100_000, 50, "empty", None, 4.0),
)


class Cost(NamedTuple):
    """Of a process."""

    processor: float  # seconds, all cores
    wall: float  # seconds
    memory: float  # peak, GiB
    printed: str


def run(arguments: list[str], cache: Path) -> Cost:
    """What a Python process of its own costs.

    Raises:
        SystemExit: it failed.
    """
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "AMORTIZE_CACHE": str(cache), "PYTHONPATH": path}
    with tempfile.TemporaryFile("w+") as out:
        started = time.perf_counter()
        process = subprocess.Popen([sys.executable, *arguments], env=environment, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        printed = out.read()
    if process.returncode:
        raise SystemExit(f"{arguments} ended with {process.returncode}")
    kibibytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Cost(usage.ru_utime + usage.ru_stime, seconds, kibibytes / 2**20, printed)


def table(folder: Path, n: int, d: int) -> Path:
    """A CSV of a sparse linear system with Laplace noise."""
    path = folder / f"{n}x{d}.csv"
    if not path.exists():
        rng = np.random.default_rng(0)
        x = rng.laplace(size=(n, d))
        for j in range(1, d):
            causes = rng.choice(j, min(j, 2), replace=False)
            x[:, j] += x[:, causes] @ rng.choice([-0.8, 0.8], len(causes))
        names = [f"v{j}" for j in range(d)]
        pd.DataFrame(x, columns=pd.Index(names)).to_csv(path, index=False, float_format="%.6g")
    return path


def main(
    checkpoint: Annotated[str, typer.Argument(help="Name or folder; default: bundled.")] = "",
    only: Annotated[str, typer.Option(help="Cases whose name holds this text.")] = "",
    out: Annotated[Path | None, typer.Option(help="JSON of what has a target; all cases.")] = None,
) -> None:
    """Print a line for each case."""
    if out is not None and only:
        raise typer.BadParameter("--out keeps all cases; leave out --only")
    costs: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cache = folder / "cache"
        run(["-c", REFERENCE], cache)  # reads the libraries from disk
        reference = run(["-c", REFERENCE], cache)
        print(
            f"reference process: {reference.processor:.1f} processor seconds, "
            f"{reference.memory:.2f} GiB; {os.cpu_count()} cores",
            flush=True,
        )
        given = ["--checkpoint", checkpoint] if checkpoint else []
        for case, n, d, kept, most_seconds, most_memory in CASES:
            if only not in case:
                continue
            data = str(table(folder, n, d))
            command = ["-m", "amortize", "predict", data, "--force", "--quiet", *given]
            command += ["--out", str(folder / "out")]
            where = cache if kept == "warm" else folder / case.replace(" ", "_")
            if kept == "warm":
                run(command, where)
            cost = run(command, where)
            costs |= {} if most_memory is None else {"memory": cost.memory}
            wanted = [] if most_seconds is None else [f"{most_seconds:g} s"]
            wanted += [] if most_memory is None else [f"{most_memory:g} GiB"]
            print(
                f"{case}, {n} x {d}: {cost.processor / reference.processor:.1f} times the reference"
                f" ({cost.processor:.1f} processor seconds, {cost.wall:.1f} s here), peak "
                f"{cost.memory:.2f} GiB; wanted "
                f"{' and '.join(wanted)} on two quiet cores",
                flush=True,
            )
        if only in "one forward pass":
            from amortize.bundled import resolve

            command = ["-c", FORWARD, str(resolve(checkpoint or None)), *SYSTEMS]
            found = [json.loads(line) for line in run(command, cache).printed.splitlines()]
            for system in SYSTEMS:
                walls, processor = zip(*(f[1:] for f in found if f[0] == system), strict=True)
                costs.setdefault("forward", {})[system] = walls
                print(
                    f"one forward pass, 1000 x 100 of {system}, compiled: "
                    f"{', '.join(f'{s / reference.wall:.2f}' for s in walls)} times the reference's"
                    f" wall ({', '.join(f'{s:.2f}' for s in walls)} s, three tables, medians of "
                    f"seven; {np.mean(processor):.2f} processor seconds); wanted 1 s on two quiet "
                    "cores",
                    flush=True,
                )
        if out is not None:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(json.dumps(costs, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
