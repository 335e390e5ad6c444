"""Who runs the cells of the baselines: threads of this machine, or the workers of a Dask cluster.

Each yields (task, record) as they finish and draws the next task only when somebody is free, so
that a task may depend on what has been finished meanwhile. Either way a method runs in a process
of its own (`contender.solve`); the threads only wait for it.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from joblib import Parallel, delayed

from amortize import __version__
from amortize.contender import Task, dismiss, solve
from amortize.errors import AmortizeError, UsageError
from amortize.results import Record

Finished = Iterator[tuple[Task, Record]]

CONNECT_SECONDS = 20
AHEAD = 2  # tasks in a cluster's hands for each of its threads


def local(tasks: Iterable[Task], jobs: int) -> Finished:
    """Runs the tasks on `jobs` processes of this machine."""
    stopped = threading.Event()

    def drawn() -> Iterator[Task]:
        for task in tasks:
            if stopped.is_set():
                return
            yield task

    crew = Parallel(
        n_jobs=jobs, backend="threading", return_as="generator_unordered", pre_dispatch="n_jobs"
    )
    finished: Any = crew(delayed(_solved)(task) for task in drawn())
    try:
        for pair in finished:  # noqa: UP028  (`yield from` would close it first)
            yield pair
    except BaseException:
        stopped.set()
        dismiss()  # or the threads would wait for their methods to end
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that tasks were cancelled
            finished.close()
        dismiss()
        raise


def on_cluster(tasks: Iterable[Task], address: str) -> Finished:
    """Runs the tasks on the workers that the Dask scheduler at `address` has at each time.

    Workers may come and go: the task of a lost one is given to another, and is an error when
    it has taken several down. Raises UsageError when there is no scheduler, or a worker has
    another version of this package.
    """
    try:
        from distributed import Client, KilledWorker, as_completed
    except ImportError:
        raise UsageError("--cluster needs Dask: pip install 'amortize[cluster]'") from None
    try:
        client: Any = Client(address, timeout=CONNECT_SECONDS)
    except (OSError, TimeoutError, ValueError) as error:
        raise UsageError(f"--cluster {address}: no scheduler answers ({error})") from None
    with client:
        check_workers(address, client)
        left = iter(tasks)
        given: dict[Any, Task] = {}
        running = as_completed()
        while True:
            wanted = AHEAD * max(1, sum(client.nthreads().values()))
            while len(given) < wanted and (task := next(left, None)) is not None:
                future = client.submit(solve, task, pure=False)
                given[future.key] = task
                running.add(future)
            if not given:
                return
            future: Any = next(running)
            task = given.pop(future.key)
            if future.cancelled():
                raise AmortizeError(f"--cluster {address}: the scheduler is gone; run again")
            if isinstance(future.exception(), KilledWorker):
                reason = "the cluster's worker died whenever it ran this"
                yield task, {"status": "error", "reason": reason, "seconds": float("nan")}
            else:
                yield task, future.result()


def check_workers(address: str, client: Any) -> None:
    """UsageError when no worker joins the cluster, or one cannot run this version."""
    try:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    except TimeoutError:
        raise UsageError(
            f"--cluster {address}: no worker joined in {CONNECT_SECONDS} s; start some with: "
            f"dask worker {address} --nthreads 1"
        ) from None
    try:
        found = client.run(installed_version)
    except ImportError as error:
        raise UsageError(
            f"--cluster {address}: a worker lacks this package ({error}); install it there"
        ) from None
    check_versions(address, found)


def installed_version() -> str:
    """The version of this package where this runs."""
    return __version__


def check_versions(address: str, found: dict[str, str]) -> None:
    """UsageError when a worker has another version than this program."""
    for worker, version in found.items():
        if version != __version__:
            raise UsageError(
                f"--cluster {address}: worker {worker} has amortize {version}, this is "
                f"{__version__}; install the same on all"
            )


def _solved(task: Task) -> tuple[Task, Record]:
    return task, solve(task)
