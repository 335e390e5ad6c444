"""Background knowledge from a file (TOML or JSON; Tetrad's format by its own reader) and flags."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from amortize.errors import DataError, UsageError, nearest, quoted
from amortize.knowledge import Knowledge, Pair
from amortize.source import read_bytes

FIELDS = ("tiers", "required", "forbidden", "exogenous", "outcomes")
ARROW = re.compile(r"\s*(?:-+>|→)\s*")
EDGE_HELP = 'write "cause -> effect" or ["cause", "effect"]'


def read_knowledge(path: str | Path) -> Knowledge:
    """The background knowledge in a TOML or JSON file, or in one of Tetrad's.

    The keys of TOML and JSON are the fields of `Knowledge`, all optional; an edge is
    "cause -> effect" or a list of two names.

    Raises:
        DataError: the file cannot be read, or does not hold what it should.
    """
    where = f"the knowledge file {quoted(path)}"
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{where} is not text in UTF-8 (byte {error.start}); save it as UTF-8"
        ) from error
    if not text.strip():
        raise DataError(f"{where} is empty; give {', '.join(FIELDS[:-1])} or {FIELDS[-1]}")
    if re.search(r"^\s*(/knowledge|addtemporal|forbiddirect|requiredirect)\b", text, re.M | re.I):
        from amortize.knowledge_tetrad import parse_tetrad

        return parse_tetrad(text, where)
    try:
        content = json.loads(text) if text.lstrip()[0] in "{[" else tomllib.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(
            f"{where} is not valid JSON (line {error.lineno}, column {error.colno}: {error.msg}); "
            "mend that line"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{where} is not valid TOML: {error}; see docs/input.md") from error
    return from_mapping(content, where)


def from_mapping(content: Any, where: str) -> Knowledge:
    """Knowledge from parsed TOML or JSON. `where` starts the message of an error.

    Raises:
        DataError: a key, a type or an edge is wrong, or the content contradicts itself.
    """
    if not isinstance(content, Mapping):
        raise DataError(f"{where} holds a list; give the keys {', '.join(FIELDS)}")
    for key in content:
        if key not in FIELDS:
            raise DataError(f"{where} has an unknown key {quoted(key)}{nearest(str(key), FIELDS)}")
    tiers = content.get("tiers", [])
    if not _is_list(tiers) or not all(_is_list(tier) for tier in tiers):
        raise DataError(f'\'tiers\' in {where} is no list of lists of names; write [["a"], ["b"]]')
    return _located(
        where,
        tiers=tuple(_names(tier, f"tier {i} in {where}") for i, tier in enumerate(tiers, start=1)),
        required=_edges(content, "required", where),
        forbidden=_edges(content, "forbidden", where),
        exogenous=_names(content.get("exogenous", []), f"'exogenous' in {where}"),
        outcomes=_names(content.get("outcomes", []), f"'outcomes' in {where}"),
    )


def from_flags(required: Sequence[str], forbidden: Sequence[str]) -> Knowledge:
    """Knowledge from edges written "cause -> effect" on the command line.

    Raises:
        UsageError: an edge is not written so.
        DataError: the edges contradict each other.
    """
    pairs: dict[str, list[Pair]] = {}
    for flag, edges in (("--require", required), ("--forbid", forbidden)):
        pairs[flag] = []
        for text in edges:
            pair = split_edge(text)
            if pair is None:
                raise UsageError(f'{flag} {quoted(text)} is no edge; write it as "cause -> effect"')
            pairs[flag].append(pair)
    return Knowledge(required=tuple(pairs["--require"]), forbidden=tuple(pairs["--forbid"]))


def split_edge(text: str) -> Pair | None:
    """(cause, effect) of "cause -> effect", or None where the text is not of that form."""
    parts = [part.strip() for part in ARROW.split(text)]
    return (parts[0], parts[1]) if len(parts) == 2 and all(parts) else None


def _located(where: str, **fields: Any) -> Knowledge:
    try:
        return Knowledge(**fields)
    except DataError as error:
        raise DataError(f"{where} contradicts itself: {error}") from error


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _names(value: object, where: str) -> tuple[str, ...]:
    if not _is_list(value) or not all(isinstance(name, str) for name in value):  # type: ignore
        raise DataError(f'{where} is no list of names; write ["a", "b"]')
    return tuple(value)  # type: ignore[arg-type]


def _edges(content: Mapping, key: str, where: str) -> tuple[Pair, ...]:
    edges = content.get(key, [])
    if not _is_list(edges):
        raise DataError(f"{quoted(key)} in {where} is no list of edges; {EDGE_HELP}")
    found = []
    for edge in edges:
        pair = split_edge(edge) if isinstance(edge, str) else edge
        if pair is None or not _is_list(pair) or len(pair) != 2:
            raise DataError(
                f"{quoted(edge)} under {quoted(key)} in {where} is no edge; {EDGE_HELP}"
            )
        if not all(isinstance(name, str) for name in pair):
            raise DataError(
                f"{quoted(edge)} under {quoted(key)} in {where} holds no two names; {EDGE_HELP}"
            )
        found.append((pair[0], pair[1]))
    return tuple(found)
