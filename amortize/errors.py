"""The errors a user meets: one line each, saying what was found, where, and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class AmortizeError(Exception):
    """Base of the errors that the command reports as one line instead of a traceback."""

    exit_status = 1

    def __init__(self, message: str) -> None:
        # Column names come from the user's file and may hold line breaks.
        super().__init__(" ".join(str(message).split()))


class UsageError(AmortizeError, ValueError):
    """The request itself is wrong (a flag, an argument, an output that exists). Exit status 2."""

    exit_status = 2


class DataError(AmortizeError, ValueError):
    """The data or the checkpoint cannot be used. Exit status 3."""

    exit_status = 3


def quoted(value: object, width: int = 60) -> str:
    """`value` between single quotes, shortened to `width` characters, for use in a message.

    Of a path the end is kept, which names the file.
    """
    text = " ".join(str(value).split())
    if len(text) > width:
        keep = width - 3
        text = f"...{text[-keep:]}" if isinstance(value, Path) else f"{text[:keep]}..."
    return f"'{text}'"


def listing(values: list[str], limit: int = 5) -> str:
    """The first `limit` of `values`, quoted and joined by commas, with a count of the rest."""
    shown = ", ".join(quoted(value, 40) for value in values[:limit])
    return shown if len(values) <= limit else f"{shown} and {len(values) - limit} more"


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message about a name that is not known: what it may have meant."""
    near = get_close_matches(name, list(known), n=1)
    if not near:
        near = [other for other in known if other.lower() == name.lower()][:1]
    return f"; did you mean {quoted(near[0])}?" if near else f"; there are {listing(list(known))}"
