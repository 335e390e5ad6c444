"""The cells of an evaluation, one (dataset, method) each, kept as JSON lines that can be resumed.

A cell is known by the hash of everything that decides its result, the table itself included, so
a finished cell is never computed again and a changed simulator is never mistaken for the old one.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from amortize.errors import UsageError

# Raised when lines of an older version would be misread.
FORMAT = 1

Record = dict[str, Any]

# What names a place in the tables; of several lines for one place the last counts.
PLACE = ("scenario", "rows", "variables", "seed", "index", "method")


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
    """`results.jsonl` and `run.json` of one folder; each `append` is one write of one line.

    Raises UsageError when the folder was written by another version or is not one of ours.
    """

    def __init__(self, folder: Path, version: str) -> None:
        self.folder, self.path = folder, folder / "results.jsonl"
        about = {"format": FORMAT, "amortize": version}
        check_folder(folder, about)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "run.json").exists():
            (folder / "run.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
        self._records = [*read_lines(self.path)]
        self._by_key = {record["key"]: record for record in self._records}

    def finished(self, key: str, limit: float) -> bool:
        """Whether the cell needs no run: done, or failed in a way that a new run would repeat.

        A time-out is tried again under a longer limit, a missing library always.
        """
        record = self._by_key.get(key)
        if record is None or record["status"] == "not installed":
            return False
        return record["status"] != "timeout" or record["limit"] >= limit

    def append(self, record: Record) -> None:
        """Adds one cell; NaN becomes null. Several programs may append to one file."""
        record = _plain(record)
        line = json.dumps(record, allow_nan=False) + "\n"
        if _torn(self.path):
            line = "\n" + line
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)
        self._records.append(record)
        self._by_key[record["key"]] = record

    def latest(self) -> list[Record]:
        """One record for each place in the tables, in the order of their first appearance."""
        return list({tuple(r[name] for name in PLACE): r for r in self._records}.values())


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


def read_lines(path: Path) -> Iterable[Record]:
    """The records of a file; a line torn by a kill is left out, its cell will be run again."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
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
