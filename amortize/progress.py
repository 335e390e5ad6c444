"""A progress bar for people: on a terminal only, and only for work that takes a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

DELAY = 2.0  # seconds of work before anything is shown


@contextmanager
def progress_bar(
    label: str, quiet: bool = False, console: Console | None = None, delay: float = DELAY
) -> Iterator[Callable[[float], None]]:
    """A function that takes the share of the work done, and moves a bar on standard error.

    Until it is first called the bar says only that something is going on. It leaves no trace.
    """
    console = Console(stderr=True) if console is None else console
    if quiet or not console.is_terminal:
        yield lambda share: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.fields[label]}"), BarColumn())
    bar = Progress(*columns, TimeRemainingColumn(), console=console, transient=True)
    task = bar.add_task("", total=None, label=Text(label).markup)
    timer = Timer(delay, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda share: bar.update(task, total=1.0, completed=share)
    finally:
        timer.cancel()
        timer.join()
        bar.stop()
