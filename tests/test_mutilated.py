"""Files mutilated at random are read or refused in one line, never a traceback."""

import gzip
from pathlib import Path

import numpy as np
from malformed import EXPERIMENTS, archive

from amortize.errors import AmortizeError
from amortize.intake import Request, read_intake

SPLINTERS = [
    *[b",", b";", b"\t", b"\n", b"\r", b'"', b" ", b"#", b"=", b"|", b"\x00", b"\xff", b"\x1f"],
    *[b"nan", b"inf", b"1e308", b"1e400", b"1,5", b"1+2j", b"True", b"None", b"9" * 30, b"-"],
    *[b"2024-01-01", b"0x1F", b"1_000", b"\xe2\x80\xa8", b"->", b"[", b"]", b"{", b"//"],
]


def mutilated(content: bytes, rng: np.random.Generator) -> bytes:
    """The content with up to five pieces put in, cut out, replaced everywhere or doubled."""
    for _ in range(rng.integers(1, 6)):
        at = int(rng.integers(len(content) + 1))
        piece = SPLINTERS[rng.integers(len(SPLINTERS))]
        way = rng.integers(4)
        if way == 0:
            content = content[:at] + piece + content[at:]
        elif way == 1:
            content = content[:at] + content[at + int(rng.integers(1, 40)) :]
        elif way == 2:
            content = content.replace(content[at : at + 1] or b"\n", piece, 200)
        else:
            content = content[:at] + content[at:] * 2
    return content


def test_whatever_a_file_holds_it_is_read_or_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    tables = [
        EXPERIMENTS.encode(),
        EXPERIMENTS.replace(",", ";").replace(".", ",").encode("utf-16"),
        gzip.compress(EXPERIMENTS.encode()),
        archive(x=EXPERIMENTS),
    ]
    known = [
        b'tiers = [["a"], ["b", "c"]]\nrequired = ["a -> b"]\n',
        b'{"forbidden": [["a", "b"]], "outcomes": ["c"]}',
        b"/knowledge\naddtemporal\n1 a\n2* b c\nrequiredirect\na b\n",
    ]
    flags = [
        {"target_column": "set"},
        {"regime_column": "site"},
        {"indicators": ["site"]},
        {"ordinal": ["site=n,s,e,w"]},
    ]
    outcomes = set()
    for k in range(160):
        table, knowledge, flag = rng.choice(4), known[rng.choice(3)], flags[rng.choice(4)]
        Path("t").write_bytes(mutilated(tables[table], rng) if k % 2 else EXPERIMENTS.encode())
        Path("k").write_bytes(knowledge if k % 2 else mutilated(knowledge, rng))
        try:
            read_intake(Request(Path("t"), knowledge=Path("k"), **flag))
            outcomes.add("read")
        except AmortizeError as error:
            assert error.exit_status in (2, 3) and len(str(error).splitlines()) == 1
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}
