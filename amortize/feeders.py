"""Training data that processes on CPU cores make beside an accelerator, as the network reads it.

A search for graphs is a loop of many thousand small steps: an accelerator takes longer to start
each of them than a core to do it, and would wait for the searches more than it computes. With
feeders its step is the network alone. What is fed is used again while nothing new has come.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from amortize.errors import UsageError

if TYPE_CHECKING:
    from amortize.config import Bucket, TrainConfig
    from amortize.training import Prepared

AHEAD = 2  # batches that a process may be ahead of the one that trains, each
KEPT = 160  # batches of a bucket that are kept for another use
ASK_AGAIN = 5.0  # seconds between looks at whether all processes live, while nothing comes
HELD_OUT = -1  # in place of a bucket: the held-out datasets


class Fed(NamedTuple):
    """A batch to train on."""

    bucket: Bucket
    data: Prepared
    fresh: bool  # it was not trained on before


class HeldOutSet(NamedTuple):
    """What `training.HeldOut` is made of."""

    scenario: str
    datasets: int
    rows: int
    variables: int


class _Kept(NamedTuple):
    data: Prepared
    uses: int


class Feeders:
    """Processes that simulate and search, and what they gave.

    The buckets are dealt out to the processes by what their datasets cost. What a step is trained
    on depends on how fast the processes are: such a run cannot be replayed.

    Args:
        config: of the run.
        processes: at least one.
        reuse: how often at most a batch is trained on.
        start: step at which the run begins or goes on; another start gives other data.
        held_out: datasets to be prepared for evaluation as well.

    Raises:
        UsageError: the run is not of the kind that can be fed.
    """

    def __init__(
        self,
        config: TrainConfig,
        processes: int,
        reuse: int,
        start: int,
        held_out: HeldOutSet | None = None,
    ) -> None:
        import jax

        if config.simulator:
            raise UsageError("--feeders are for the prior's own data, not for --simulator")
        if jax.process_count() > 1 or config.model.architecture != "two_stream":
            raise UsageError("--feeders are for one process and the two-stream network")
        context = multiprocessing.get_context("spawn")
        self.config, self.reuse = config, reuse
        self._queue = context.Queue(maxsize=AHEAD * processes)
        self._pools: list[list[_Kept]] = [[] for _ in config.buckets]
        self._fresh: list[list[Prepared]] = [[] for _ in config.buckets]
        self._lock = threading.Condition()
        self._held_out: list[Prepared] | None = None
        self._weights = np.array([b.weight for b in config.buckets])
        self._draw = np.random.default_rng((config.seed, start))
        self._closed = False
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
        jobs = [(k, b) for k, b in enumerate(deal(config, processes))]
        if held_out is not None:
            jobs.append((HELD_OUT, HELD_OUT))
        self._processes = []
        with _environment(JAX_PLATFORMS="cpu", OMP_NUM_THREADS="1"):
            for place, (worker, bucket) in enumerate(jobs):
                core = cores[-1 - place % len(cores)]
                arguments = (self._queue, config, held_out, worker, bucket, start, core)
                process = context.Process(target=_work, args=arguments, daemon=True)
                process.start()
                self._processes.append(process)
        threading.Thread(target=self._receive, daemon=True).start()

    @property
    def held_out(self) -> list[Prepared] | None:
        """The held-out datasets in chunks; None until they are ready."""
        return self._held_out

    def next(self) -> Fed:
        """A batch of a bucket drawn by weight among those that have one; waits for the first.

        Raises:
            UsageError: a process failed, which printed its traceback, or was ended.
        """
        with self._lock:
            while True:
                self._check()
                ready = np.array(
                    [bool(a or b) for a, b in zip(self._fresh, self._pools, strict=True)]
                )
                if ready.any():
                    break
                self._lock.wait(ASK_AGAIN)
            share = self._weights * ready
            at = int(self._draw.choice(len(share), p=share / share.sum()))
            bucket, pool = self.config.buckets[at], self._pools[at]
            fresh = bool(self._fresh[at])
            if fresh:
                data, uses = self._fresh[at].pop(0), 0
            else:
                data, uses = pool.pop(int(self._draw.integers(len(pool))))
            if uses + 1 < self.reuse:
                pool.append(_Kept(data, uses + 1))
                del pool[:-KEPT]
            return Fed(bucket, data, fresh)

    def _check(self) -> None:
        ended = [process.exitcode for process in self._processes if process.exitcode]
        if ended:
            raise UsageError(
                f"a feeder ended with status {ended[0]}; what it printed above says why, and where "
                "it printed nothing memory was short: give fewer --feeders"
            )

    def close(self) -> None:
        """End the processes."""
        self._closed = True
        for process in self._processes:
            process.terminate()

    def _receive(self) -> None:
        while not self._closed:
            try:
                bucket, found = self._queue.get(timeout=ASK_AGAIN)
            except queue.Empty:
                continue
            with self._lock:
                if bucket == HELD_OUT:
                    self._held_out = found
                else:
                    self._fresh[bucket].append(found)
                    del self._fresh[bucket][:-KEPT]
                self._lock.notify_all()


def deal(config: TrainConfig, processes: int) -> list[int]:
    """The bucket of each process: every bucket has one, the rest go where work per process is most.

    Where there are fewer processes than buckets, those with the least work go without.
    """
    work = np.array([b.weight * b.batch * cost(b) for b in config.buckets])
    given = np.zeros(len(work), int)
    for _ in range(processes):
        given[np.argmax(work / np.maximum(given, 1e-9))] += 1
    return [k for k in range(len(work)) for _ in range(given[k])]


def cost(bucket: Bucket) -> float:
    """What a dataset of the bucket takes, in milliseconds of a core, roughly.

    Measured: 7 at most 6 variables and 1,000 rows, 12 at 12 and 250, 65 and 113 at 20 and 250 or
    1,000, 149 at 50 and 500, 633 at 100 and 600; from 33 variables on the search does less.
    """
    n, d = bucket.rows[1], bucket.variables[1]
    return (0.15 if d <= 32 else 0.05) * d**2 * (1 + n / 1000)


@lru_cache(maxsize=32)
def preparation(config: TrainConfig, bucket: Bucket) -> Any:
    """A compiled function (seed, start, worker, number) -> Prepared of a batch."""
    import jax

    from amortize.training import prepared

    @jax.jit
    def prepare(seed, start, worker, number):
        key = jax.random.key(seed)
        for part in (start, worker, number):
            key = jax.random.fold_in(key, part)
        return prepared(config, bucket, key)

    return prepare


def prepared_shapes(config: TrainConfig, bucket: Bucket) -> Prepared:
    """Shapes and types of a batch of `bucket`; nothing is traced, which would take seconds."""
    import jax
    import jax.numpy as jnp

    from amortize.reading import Reading, feature_counts
    from amortize.training import Prepared

    b, n, d = bucket.batch, bucket.rows[1], bucket.variables[1]
    cells, pairs = feature_counts(config.model)

    def array(kind: Any, *shape: int) -> Any:
        return jax.ShapeDtypeStruct((b, *shape), kind)

    reading = Reading(
        array(jnp.float32, d, n, cells),
        array(jnp.float32, d, d, pairs),
        array(jnp.float32, d, d),
        array(bool, d, n),
        array(bool, d),
    )
    return Prepared(reading, array(bool, d, d), array(bool, d, d), array(bool, d))


def _work(
    out: Any,
    config: TrainConfig,
    held_out: HeldOutSet | None,
    worker: int,
    place: int,
    start: int,
    core: int,
) -> None:
    """What a process does: batches of one bucket without end, or the held-out datasets once."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})  # before JAX makes its threads
    from amortize.allocator import keep_pages

    keep_pages()
    import jax

    from amortize import compilation
    from amortize.training import held_out_chunks, read_plainly

    compilation.enable_cache()
    if place == HELD_OUT and held_out is not None:
        read = jax.jit(partial(read_plainly, config.model))
        chunks = [read(chunk) for chunk in held_out_chunks(*held_out)]
        out.put((HELD_OUT, jax.tree.map(np.asarray, chunks)))
        out.close()
        out.join_thread()
        return
    prepare = preparation(config, config.buckets[place])
    number = 0
    while True:
        found = prepare(np.int32(config.seed), np.int32(start), np.int32(worker), number)
        out.put((place, jax.tree.map(np.asarray, found)))
        number += 1


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """What processes that are started meanwhile see."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
