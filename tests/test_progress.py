"""The bar is for terminals, and for work that takes a while."""

import io
import time

from rich.console import Console

from amortize.progress import progress_bar


def shown(terminal: bool, delay: float, quiet: bool = False) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=80)
    with progress_bar("Reading [b]data[/b]", quiet, console, delay) as told:
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and not console.file.getvalue():
            told(0.5)
            time.sleep(0.01)
            if not terminal or quiet or delay > 5:
                break
        told(1.0)
    return console.file.getvalue()


def test_a_terminal_sees_the_bar_and_the_label_as_it_is():
    assert "Reading [b]data[/b]" in shown(True, 0.0)


def test_short_work_pipes_and_quiet_runs_see_nothing():
    assert shown(True, 60.0) == "" and shown(False, 0.0) == "" and shown(True, 0.0, True) == ""
