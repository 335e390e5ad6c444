"""Background knowledge in the text format of Tetrad, causal-cmd and py-tetrad.

Sections `addtemporal` (tier number and names; `*` after the number: no edges within the tier, `-`:
it causes only the next tier), `forbiddirect` and `requiredirect` (cause and effect),
`forbiddengroup` and `requiredgroup` (a line of causes, then a line of effects).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from amortize.errors import DataError, nearest, quoted
from amortize.knowledge import Knowledge, Pair

SECTIONS = ("addtemporal", "forbiddirect", "requiredirect", "forbiddengroup", "requiredgroup")
TIER = re.compile(r"(\d+)([*-]*)")
TOKEN = re.compile(r'"([^"]*)"|([^\s,"]+)')


Line = tuple[str, list[str]]  # where it stands, for a message, and its words


def parse_tetrad(text: str, where: str = "the knowledge file") -> Knowledge:
    """Knowledge from the text of a Tetrad knowledge file. `where` starts the message of an error.

    Raises:
        DataError: a line that is not as described, or a contradiction.
    """
    lines: dict[str, list[Line]] = {section: [] for section in SECTIONS}
    for section, here, tokens in _lines(text, where):
        lines[section].append((here, tokens))
    tiers, closed = _tiers(lines["addtemporal"])
    required = _edges(lines["requiredirect"]) + _groups(lines["requiredgroup"], where)
    forbidden = _edges(lines["forbiddirect"]) + _groups(lines["forbiddengroup"], where)
    try:
        return Knowledge(tuple(map(tuple, tiers)), tuple(required), tuple(forbidden + closed))
    except DataError as error:
        raise DataError(f"{where} contradicts itself: {error}") from error


def _lines(text: str, where: str) -> Iterator[tuple[str, str, list[str]]]:
    section = ""
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.split("//", 1)[0].strip()
        if not line or line.lower() == "/knowledge":
            continue
        here = f"line {number} of {where}"
        if line.lower() in SECTIONS:
            section = line.lower()
        elif section:
            yield section, here, [quoted_ or bare for quoted_, bare in TOKEN.findall(line)]
        else:
            raise DataError(
                f"{here} is {quoted(line)}, but a section comes first"
                f"{nearest(line.lower(), SECTIONS)}"
            )


def _tiers(lines: list[Line]) -> tuple[list[list[str]], list[Pair]]:
    """Tiers in order, and the edges that marks of a tier forbid."""
    tiers: dict[int, list[str]] = {}
    marks: dict[int, str] = {}
    for here, (first, *names) in lines:
        match = TIER.fullmatch(first)
        if match is None:
            raise DataError(f"{here} starts with {quoted(first)}; start it with the tier's number")
        tiers.setdefault(int(match[1]), []).extend(names)
        marks[int(match[1])] = marks.get(int(match[1]), "") + match[2]
    ordered = [tiers[number] for number in sorted(tiers)]
    closed: list[Pair] = []
    for position, number in enumerate(sorted(tiers)):
        names = tiers[number]
        later = [name for tier in ordered[position + 2 :] for name in tier]
        if "*" in marks[number]:
            closed += [(a, b) for a in names for b in names if a != b]
        if "-" in marks[number]:
            closed += [(a, b) for a in names for b in later]
    return ordered, closed


def _edges(lines: list[Line]) -> list[Pair]:
    for here, names in lines:
        if len(names) != 2:
            raise DataError(f"{here} has {len(names)} name(s); write a cause and an effect")
    return [(names[0], names[1]) for _, names in lines]


def _groups(lines: list[Line], where: str) -> list[Pair]:
    if len(lines) % 2:
        raise DataError(f"{where} ends within a group; write a line of effects after the causes")
    pairs = zip(lines[::2], lines[1::2], strict=True)
    return [
        (a, b) for (_, causes), (_, effects) in pairs for a in causes for b in effects if a != b
    ]
