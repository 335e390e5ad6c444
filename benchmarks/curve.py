"""One training run under a clock that counts the processor seconds of its steps and nothing else.

Compilation, evaluation and saving are outside of the clock, and so is whatever else the machine
does. A run that was killed goes on from its last saved state with the clock it had then. One
thread, and freed memory kept as train.py keeps it (`prepare`, before JAX computes anything).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import amortize  # noqa: F401  it sets the level of JAX's log

# isort: split
import jax
import numpy as np

from amortize import compilation
from amortize.allocator import keep_pages
from amortize.checkpoint import RunStore, write_json
from amortize.config import Bucket, TrainConfig, differences, from_dict, to_dict
from amortize.errors import UsageError
from amortize.journal import Journal
from amortize.mesh import data_mesh, replicate
from amortize.optimiser import learning_rate
from amortize.training import HeldOut, abstract_state, bucket_of, compiled_step, initial_state

SAVE_SECONDS = 60.0  # of the clock, at most, between saved states

Record = dict[str, Any]  # step, datasets, core_seconds, held_out: {loss, auprc}


class Progress(NamedTuple):
    """How far a run has come."""

    step: int  # steps done
    datasets: int  # seen by them
    core_seconds: float  # processor time of them


def prepare() -> None:
    """One thread, freed memory kept, compiled programs cached; before JAX has threads."""
    keep_pages()
    compilation.enable_cache()
    compilation.one_thread()


def train(
    config: TrainConfig,
    out: Path,
    held_out: HeldOut,
    due: Callable[[Progress, Progress], bool],
    enough: Callable[[list[Record]], bool],
) -> list[Record]:
    """Train until `enough`, which is asked after every evaluation; all evaluations, oldest first.

    Args:
        config: of the run; another than the one that `out` began with is refused.
        out: folder of the run, fresh or to go on with.
        held_out: what the averaged parameters are scored on.
        due: whether to evaluate after a step, from the progress before and after it.
        enough: whether to stop, from the evaluations.

    Raises:
        UsageError: `out` is of another config, or the loss is not finite.
    """
    records = evaluations(out)
    if records and enough(records):
        return records
    out.mkdir(parents=True, exist_ok=True)
    _same_config(out / "config.json", config)
    mesh, store = data_mesh(1), RunStore(out)
    found = store.newest(abstract_state(config))
    now = Progress(0, 0, 0.0)
    if found is None:
        state = initial_state(config)
    else:
        _, state, saved = found
        now = Progress(**saved)
    log = Journal(out / "metrics.jsonl", now.step)
    state = replicate(mesh, state)
    saved_at = now.core_seconds
    steps: dict[Bucket, Any] = {}
    while True:
        bucket = bucket_of(config, now.step)
        rate = np.float32(learning_rate(config.optimiser, config.steps, now.step))
        scalars = np.int32(now.step), np.int32(config.seed), rate, None
        if bucket not in steps:
            steps[bucket] = compiled_step(config, bucket, mesh).lower(state, *scalars).compile()
        begun = time.process_time()
        state, metrics = steps[bucket](state, *scalars)
        jax.block_until_ready(state)
        spent = time.process_time() - begun
        if not np.isfinite(float(metrics["loss"])):
            raise UsageError(f"{out}: the loss of step {now.step} is not finite; lower the rate")
        before = now
        now = Progress(now.step + 1, now.datasets + bucket.batch, now.core_seconds + spent)
        stop = False
        if due(before, now):
            scores = held_out.score(config.model, state.average)
            log.write({**now._asdict(), "held_out": scores})
            print(f"{out.name}: step {now.step:,}, {now.core_seconds:.0f} s, {scores}", flush=True)
            stop = enough(evaluations(out))
        if stop or now.core_seconds - saved_at > SAVE_SECONDS:
            store.save(now.step, state, now._asdict())
            saved_at = now.core_seconds
        if stop:
            store.close()
            return evaluations(out)


def evaluations(out: Path) -> list[Record]:
    """The evaluations of a run so far, the oldest first."""
    path = out / "metrics.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}}")]


def _same_config(path: Path, config: TrainConfig) -> None:
    if path.exists():
        changed = differences(from_dict(json.loads(path.read_text())), config)
        if changed:
            raise UsageError(f"{path} is of another config ({changed[0]}); choose another folder")
    write_json(path, to_dict(config))
