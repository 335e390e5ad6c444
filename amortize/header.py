"""Column names: how they are cleaned, and which of them cannot be used."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from math import isnan

from amortize.errors import DataError, quoted

LONGEST = 200  # characters
# Would reorder, hide or break the text around them in a report or a graph file.
DIRECTION_MARKS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff")
INVISIBLE = re.compile("[\u200b\u2060\ufeff]")
# A spreadsheet that opens the results would run these (CWE-1236).
FORMULA = re.compile(r"=|[+\-@].*\|")


def cleaned(name: object) -> str:
    """A name as text, with runs of white space and composed characters written in one way."""
    text = "" if name is None or (isinstance(name, float) and isnan(name)) else str(name)
    return unicodedata.normalize("NFC", " ".join(INVISIBLE.sub("", text).split()))


def check_names(names: Sequence[str], where: str = "the table") -> None:
    """Refuse names that cannot be told apart or shown. Empty ones are left to the caller.

    `where` names the table in the message.

    Raises:
        DataError: control characters, a formula, too long, or standing twice.
    """
    seen: dict[str, int] = {}
    for position, name in enumerate(names, start=1):
        if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name):
            raise DataError(
                f"the name of column {position} of {where} holds a control character; rename it"
            )
        if DIRECTION_MARKS & set(name):
            raise DataError(
                f"the name of column {position} of {where} holds an invisible mark that turns the "
                "direction of text; rename it"
            )
        if len(name) > LONGEST:
            raise DataError(
                f"the name of column {position} of {where} ({quoted(name, 30)}) has {len(name)} "
                f"characters, at most {LONGEST} are allowed; rename it"
            )
        if FORMULA.match(name):
            raise DataError(
                f"the name of column {position} of {where}, {quoted(name, 30)}, starts like a "
                "formula, which a spreadsheet would run; rename it"
            )
        if name and seen.setdefault(name, position) != position:
            raise DataError(
                f"the column name {quoted(name)} stands twice in the header of {where} "
                f"(columns {seen[name]} and {position}); rename one"
            )


def is_header(names: Sequence[str]) -> bool:
    """Whether a line of names is one, and not the first row of data.

    0, 1, 2, ... or 1, 2, 3, ... are names, as pandas and R write them.
    """
    given = list(names[1:]) if names and not names[0] else list(names)
    counted = any(given == [str(i + start) for i in range(len(given))] for start in (0, 1))
    return counted or not all(_is_number(name) for name in given if name)


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True
