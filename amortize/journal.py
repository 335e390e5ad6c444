"""The log of a run: one JSON record a line, each step once however often the run was killed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Journal:
    """Appends to a file; of several processes only the first writes."""

    def __init__(self, path: Path, step: int, writes: bool = True) -> None:
        """Opens the log of a run that goes on at `step`, without what it wrote beyond that."""
        self._file = None
        if not writes:
            return
        lines = path.read_text().splitlines() if path.exists() else []
        kept = [line for line in lines if line.endswith("}") and _before(json.loads(line), step)]
        partial = path.with_name(path.name + ".partial")
        partial.write_text("".join(f"{line}\n" for line in kept))
        partial.rename(path)
        self._file = path.open("a", buffering=1)

    def write(self, record: dict[str, Any]) -> None:
        """One record; it has a "step"."""
        if self._file is not None:
            self._file.write(json.dumps(record) + "\n")


def _before(record: dict[str, Any], step: int) -> bool:
    """A held-out record is of the state at its step, another of the step that starts there."""
    return record["step"] < step or ("held_out" in record and record["step"] == step)
