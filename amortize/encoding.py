"""Bytes of a text file as text, whatever wrote them."""

from __future__ import annotations

import codecs
from pathlib import Path

from amortize.errors import DataError, UsageError, quoted

MARKS = {  # byte-order marks; UTF-32's starts like UTF-16's, so it comes first
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
HEAD = 4096  # bytes looked at for UTF-16 without a mark


def decoded(path: str | Path, data: bytes, encoding: str | None = None) -> tuple[str, str]:
    """The text and its encoding: the given one, that of the byte-order mark, UTF-8, UTF-16 or,
    failing these, Windows-1252.

    Raises:
        DataError: not text, or empty.
        UsageError: Python knows no encoding of the given name.
    """
    candidates = [encoding] if encoding else _candidates(data)
    for name in candidates:
        try:
            text = data.decode(name)
            break
        except UnicodeError:
            continue
        except LookupError as error:
            raise UsageError(
                f"there is no encoding {quoted(encoding)}; write for example utf-8, latin-1 or "
                "shift_jis"
            ) from error
    else:
        tried = candidates[0].removesuffix("-sig")
        raise DataError(
            f"{quoted(path)} is not text in {tried}; give its --encoding, or save it as UTF-8"
        )
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{quoted(path)} holds a NUL byte in line {line}; save it as plain text")
    if not text.strip():
        raise DataError(f"{quoted(path)} is empty; give a table with a header and at least 5 rows")
    return text, name


def _candidates(data: bytes) -> list[str]:
    for mark, name in MARKS.items():
        if data.startswith(mark):
            return [name]
    head = data[:HEAD]
    # ASCII in UTF-16 has a zero in every second byte.
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > 0.3 * len(head) and not even:
        return ["utf-16-le"]
    if even > 0.3 * len(head) and not odd:
        return ["utf-16-be"]
    return ["utf-8", "cp1252", "latin-1"]
