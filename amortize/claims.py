"""Which cells the programs that share a folder are at, so that none is computed twice.

A program keeps a file of its own locked while it lives. The system gives the lock up when the
program ends, however it ends, so a claim needs no date of expiry. Its cells stand in a file beside.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path

from filelock import FileLock, Timeout


class Claims:
    """The claims of one program on the cells of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / ".sweeps"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._turn = FileLock(self._folder / "turn")  # between threads too
        self._own = self._folder / f"{uuid.uuid4().hex}.alive"
        self._alive = _lock(self._own)
        self._keys: set[str] = set()
        with self._turn:  # or another would take the new file for a dead program's
            self._alive.acquire()

    def take(self, key: str) -> bool:
        """Claims a cell; False when another living program has it.

        Look at the results again afterwards: the other may have finished it just before.
        """
        with self._turn:
            if key in self._elsewhere():
                return False
            self._write(self._keys | {key})
        return True

    def release(self, key: str) -> None:
        """Gives up a cell, after its result has been written."""
        with self._turn:
            self._write(self._keys - {key})

    def close(self) -> None:
        """Gives up all."""
        with self._turn:
            self._alive.release()
            _remove(self._own)

    def _write(self, keys: set[str]) -> None:
        self._keys = keys
        _cells(self._own).write_text(json.dumps(sorted(keys)), encoding="utf-8")

    def _elsewhere(self) -> set[str]:
        """The cells of the other living programs; what dead ones left is removed."""
        found: set[str] = set()
        for path in sorted(self._folder.glob("*.alive")):
            if path == self._own:
                continue
            try:
                with _lock(path):
                    pass
            except Timeout:
                if _cells(path).exists():
                    found.update(json.loads(_cells(path).read_text(encoding="utf-8")))
            else:
                _remove(path)
        return found


def _lock(path: Path) -> FileLock:
    """A lock that does not wait and may be released by another thread."""
    return FileLock(path, timeout=0, thread_local=False)


def _cells(alive: Path) -> Path:
    return alive.with_suffix(".json")


def _remove(alive: Path) -> None:
    alive.unlink(missing_ok=True)
    _cells(alive).unlink(missing_ok=True)
