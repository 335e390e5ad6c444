"""The cells of an evaluation, one (dataset, method) each, kept as JSON lines that can be resumed.

A cell is known by the hash of everything that decides its result, the table itself included, so
a finished cell is never computed again and a changed simulator is never mistaken for the old one.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from amortize.errors import UsageError

# Raised when lines of an older version would be misread.
FORMAT = 1

Record = dict[str, Any]

# What names a place in the tables; of several lines for one place the last counts.
PLACE = ("suite", "scenario", "rows", "variables", "scale", "seed", "index", "method")

OUT_OF_TIME = ("timeout", "given up")  # statuses that a longer limit may change


def array_hash(*arrays: NDArray) -> str:
    """Hash of the arrays' shapes, types and bytes."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape}{array.dtype.str}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def content_key(parts: Mapping[str, Any]) -> str:
    """Hash of JSON values, whatever their order."""
    text = json.dumps({**parts, "format": FORMAT}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


class Results:
    """`results.jsonl` and `run.json` of one folder; several programs may share it.

    Each `append` is one write of one line, under a lock, so no line is ever torn by another
    program. Raises UsageError when the folder was written by another version or is not one of
    ours.
    """

    def __init__(self, folder: Path, version: str) -> None:
        self.folder, self.path = folder, folder / "results.jsonl"
        about = {"format": FORMAT, "amortize": version}
        check_folder(folder, about)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "run.json").exists():
            replace_text(folder / "run.json", json.dumps(about, indent=1) + "\n")
        self._lock = FileLock(folder / ".lock")
        self._threads = threading.RLock()  # tasks are drawn by the threads of the local crew
        self._read = 0  # bytes of whole lines
        self._records: list[Record] = []
        self._by_key: dict[str, Record] = {}
        self._places: set[tuple] = set()
        self.refresh()

    def refresh(self) -> None:
        """Reads what was appended since, by this program or another."""
        with self._threads:
            if not self.path.exists() or self.path.stat().st_size == self._read:
                return
            with self.path.open("rb") as file:
                file.seek(self._read)
                text = file.read()
            text = text[: text.rfind(b"\n") + 1]
            self._read += len(text)
            for record in read_lines(text.decode(errors="replace")):
                self._records.append(record)
                self._by_key[record["key"]] = record
                self._places.add((record["key"], record.get("suite")))

    def finished(self, key: str, limit: float) -> bool:
        """Whether the cell needs no run: done, or failed in a way that a new run would repeat.

        A time-out is tried again under a longer limit, a missing library always.
        """
        with self._threads:
            record = self._by_key.get(key)
            if record is None or record["status"] == "not installed":
                return False
            return record["status"] not in OUT_OF_TIME or record["limit"] >= limit

    def record(self, key: str) -> Record | None:
        """The newest record of a cell."""
        with self._threads:
            return self._by_key.get(key)

    def adopt(self, key: str, suite: str) -> None:
        """Enters a finished cell in another suite's tables too, without running it again."""
        if (key, suite) not in self._places:
            self.append({**self._by_key[key], "suite": suite})

    def append(self, record: Record) -> None:
        """Adds one cell; NaN becomes null."""
        line = json.dumps(_plain(record), allow_nan=False) + "\n"
        with self._threads:
            with self._lock:
                if _torn(self.path):
                    line = "\n" + line
                handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
                try:
                    os.write(handle, line.encode())
                finally:
                    os.close(handle)
            self.refresh()

    def latest(self) -> list[Record]:
        """One record for each place in the tables, in the order of their first appearance.

        Answers to another table than the newest of their dataset (a simulator has changed) do not
        count: methods are compared on the same tables alone.
        """
        with self._threads:
            table = {
                tuple(r.get(name) for name in PLACE[:-1]): r.get("table") for r in self._records
            }
            last = {tuple(r.get(name) for name in PLACE): r for r in self._records}
        return [r for place, r in last.items() if r.get("table") == table[place[:-1]]]


def replace_text(path: Path, text: str) -> None:
    """Writes a file so that no reader ever sees half of it."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def check_folder(folder: Path, about: Mapping[str, Any]) -> None:
    """Refuses a results folder that `about` (format and version) does not describe."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--out {folder}: is a file; give a folder")
    marker = folder / "run.json"
    if not marker.exists():
        if (folder / "results.jsonl").exists():
            raise UsageError(f"--out {folder}: holds results without run.json; give another --out")
        return
    try:
        found = json.loads(marker.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if found != about:
        wrote = found.get("amortize", "?") if isinstance(found, dict) else "?"
        raise UsageError(
            f"--out {folder}: holds results of another version (amortize {wrote}, this is "
            f"{about['amortize']}); nothing was written, give another --out"
        )


def read_lines(text: str) -> Iterable[Record]:
    """The records of whole lines; one torn by a kill is left out, its cell will be run again."""
    for line in text.split("\n"):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and "key" in record:
            yield record


def _torn(path: Path) -> bool:
    """Whether the file ends within a line."""
    if not path.exists() or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _plain(value: Any) -> Any:
    """The value in JSON types, NaN as None."""
    if isinstance(value, Mapping):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and math.isnan(value):
        return None
    return value
