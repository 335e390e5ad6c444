"""One message between parent and worker: a line of JSON, then arrays as npz. Never pickle."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Message(NamedTuple):
    """A header of JSON values and named arrays of numbers."""

    header: dict[str, Any]
    arrays: Mapping[str, NDArray]


def write(stream: IO[bytes], message: Message) -> None:
    """Sends one message and flushes."""
    body = io.BytesIO()
    if message.arrays:
        named: dict[str, Any] = dict(message.arrays)
        np.savez(body, **named)
    head = json.dumps({**message.header, "bytes": len(body.getvalue())}) + "\n"
    stream.write(head.encode() + body.getvalue())
    stream.flush()


def read(stream: IO[bytes]) -> Message | None:
    """The next message, or None when the stream ends, within a message too."""
    head = stream.readline()
    if not head.endswith(b"\n"):
        return None
    header = json.loads(head)
    size = header.pop("bytes")
    body = stream.read(size)
    if len(body) < size:
        return None
    if not size:
        return Message(header, {})
    with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
        return Message(header, dict(arrays))
