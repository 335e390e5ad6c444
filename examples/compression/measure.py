"""Measure a small archiving process whose causal graph is known by construction.

Every variable is one function below. Its arguments are its direct causes, and nothing but these
numbers passes from one function to the next: each builds the bytes it works on afresh, from its
own random generator. So no text, file or memory is shared behind the table's back.
"""

import bz2
import csv
import gc
import hashlib
import inspect
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import typer

Generator = np.random.Generator

REPEATS = 5  # every timing is the least of this many; the rest of the spread is the machine's
PASSES = 20  # one checksum takes microseconds, too short to time alone
SAMPLES_UNSET = 300  # rows of the interventional file in which nothing is set
SAMPLES_SET = 100  # rows of the interventional file for each knob that is set


def cpu_seconds(work: Callable[[], object]) -> float:
    """Least processor time of `work` over `REPEATS` runs, in seconds (waiting is not counted)."""
    spent = []
    for _ in range(REPEATS):
        start = time.process_time_ns()
        work()
        spent.append(time.process_time_ns() - start)
    return min(spent) * 1e-9


def random_words(rng: Generator, count: int) -> list[bytes]:
    """`count` words of 3 to 11 random lower-case letters."""
    letters_wl = rng.integers(97, 123, (count, 11), dtype=np.uint8)
    letters_wl[np.arange(11) >= rng.integers(3, 12, (count, 1))] = 0
    return letters_wl.view("S11")[:, 0].tolist()


def random_text(rng: Generator, size: int, words: int, skew: float) -> bytes:
    """`size` bytes of comma-separated words; word k is drawn with weight (k + 1) ** -skew."""
    weights_w = np.arange(1.0, words + 1) ** -skew
    vocabulary_w = np.array(random_words(rng, words), dtype=object)
    # A word and its comma take 4 bytes at least, so these are always enough.
    drawn = rng.choice(words, size // 4 + 1, p=weights_w / weights_w.sum())
    return b",".join(vocabulary_w[drawn].tolist())[:size]


def pack(text: bytes, effort_pct: float) -> list[bytes]:
    """The first `effort_pct` percent of `text` with bzip2, the rest fast, with a 2 kB window."""
    cut = round(len(text) * effort_pct / 100)
    fast = zlib.compressobj(level=1, wbits=11)
    return [bz2.compress(text[:cut]), fast.compress(text[cut:]) + fast.flush()]


# ---- The variables, causes before effects: arguments after `rng` are the direct causes ----


def rows(rng: Generator) -> float:
    """Knob: rows of the table."""
    return int(rng.integers(300, 901))


def columns(rng: Generator) -> float:
    """Knob: columns of the table."""
    return int(rng.integers(5, 16))


def vocabulary(rng: Generator) -> float:
    """Knob: number of distinct words."""
    return int(rng.integers(40, 401))


def table_kb(rng: Generator, rows: float, columns: float) -> float:
    """Size of a CSV table of random whole numbers, kilobytes; their scale is drawn per table."""
    cells = rng.lognormal(rng.uniform(8, 18), 1.5, (int(rows), int(columns))).astype(np.int64)
    text = "\n".join(",".join(map(str, row)) for row in cells.tolist())
    return len(text.encode()) / 1000


def effort_pct(rng: Generator, vocabulary: float) -> float:
    """Knob under a policy: percent packed with bzip2; less for rich vocabularies, plus a draw."""
    return np.clip(80 - 0.13 * vocabulary + rng.uniform(-25, 25), 0, 100)


def packed_kb(rng: Generator, table_kb: float, vocabulary: float, effort_pct: float) -> float:
    """Size after packing `table_kb` of text from `vocabulary` words, kilobytes."""
    text = random_text(rng, round(1000 * table_kb), int(vocabulary), rng.uniform(0, 1.2))
    return sum(map(len, pack(text, effort_pct))) / 1000


def pack_ms(rng: Generator, table_kb: float, effort_pct: float) -> float:
    """Processor time of a rehearsal: pack `table_kb` of stand-in text, milliseconds."""
    words, skew = int(rng.integers(40, 401)), rng.uniform(0, 1.2)
    text = random_text(rng, round(1000 * table_kb), words, skew)
    return 1e3 * cpu_seconds(lambda: pack(text, effort_pct))


def index_ms(rng: Generator, columns: float, vocabulary: float) -> float:
    """Processor time to sort and number the `vocabulary` words of each column, milliseconds."""
    ordered = round(vocabulary * rng.uniform(0, 0.7))  # words that arrive in order already
    lists = [random_words(rng, int(vocabulary)) for _ in range(int(columns))]
    lists = [sorted(words[:ordered]) + words[ordered:] for words in lists]
    return 1e3 * cpu_seconds(
        lambda: [{word: number for number, word in enumerate(sorted(words))} for words in lists]
    )


def block_bytes(rng: Generator, packed_kb: float) -> float:
    """Knob under a policy: size of a block; larger for large archives, plus a draw."""
    return np.clip(round(60 + 30 * packed_kb + rng.exponential(150)), 60, 2000)


def spot_checks(rng: Generator, pack_ms: float) -> float:
    """Knob under a policy: blocks to verify; more when packing took long, plus a draw."""
    return np.clip(round(40 + 35 * pack_ms + rng.uniform(-50, 50)), 10, 1000)


def checksum_us(rng: Generator, packed_kb: float, block_bytes: float) -> float:
    """Processor time of SHA-256 over `packed_kb` in blocks of `block_bytes`, microseconds."""
    header = int(rng.integers(0, 1500))
    archive = rng.bytes(round(1000 * packed_kb) + header)
    step = int(block_bytes)

    def work() -> None:
        for _ in range(PASSES):
            for start in range(0, len(archive), step):
                hashlib.sha256(archive[start : start + step]).digest()

    return 1e6 * cpu_seconds(work) / PASSES


def verify_ms(rng: Generator, spot_checks: float, block_bytes: float) -> float:
    """Processor time to unpack `spot_checks` blocks of `block_bytes` each, milliseconds."""
    count, step = int(spot_checks), int(block_bytes)
    words, skew = int(rng.integers(40, 401)), rng.uniform(0, 1.2)
    text = random_text(rng, count * step, words, skew)
    blocks = [zlib.compress(text[i * step : (i + 1) * step], 1) for i in range(count)]
    return 1e3 * cpu_seconds(lambda: [zlib.decompress(block) for block in blocks])


STAGES: tuple[Callable[..., float], ...] = (
    rows,
    columns,
    vocabulary,
    table_kb,
    effort_pct,
    packed_kb,
    pack_ms,
    index_ms,
    block_bytes,
    spot_checks,
    checksum_us,
    verify_ms,
)
NAMES = tuple(stage.__name__ for stage in STAGES)
CAUSES = {stage.__name__: tuple(inspect.signature(stage).parameters)[1:] for stage in STAGES}

# What a knob is set to when the experimenter overrides it: uniform between these two values.
SET_RANGES = {
    "rows": (200, 1200),
    "columns": (3, 20),
    "vocabulary": (20, 600),
    "effort_pct": (0, 100),
    "block_bytes": (100, 1200),
    "spot_checks": (20, 400),
}


# ---- The experiment ----


def set_value(rng: Generator, name: str) -> float:
    """A value for a knob that is set, whatever its causes say."""
    low, high = SET_RANGES[name]
    return rng.uniform(low, high) if name == "effort_pct" else int(rng.integers(low, high + 1))


def measuring_order(seed: int, column: int, rows: int) -> np.ndarray:
    """The order in which variable number `column` is measured: row numbers [n]."""
    return np.random.default_rng([seed, column]).permutation(rows)


def measure(targets: list[str | None], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Run the process once per entry of `targets`, setting the knob it names, if any.

    Returns values [n, d] and the 0/1 mask [n, d] of what was set. One variable is measured in all
    rows before the next one, each time in a new random order. So two timings of one row are far
    apart in time, and a moment at which the machine is slow does not become their common cause.
    """
    values_nd = np.full((len(targets), len(NAMES)), np.nan)
    mask_nd = np.array([[name == target for name in NAMES] for target in targets], dtype=int)
    gc.disable()  # a collection would be charged to whichever timing it falls into
    for column, (name, stage) in enumerate(zip(NAMES, STAGES, strict=True)):
        causes = [NAMES.index(cause) for cause in CAUSES[name]]
        for row in measuring_order(seed, column, len(targets)):
            rng = np.random.default_rng([seed, column, row])
            if mask_nd[row, column]:
                values_nd[row, column] = set_value(rng, name)
            else:
                values_nd[row, column] = stage(rng, *values_nd[row, causes])
        typer.echo(f"{name}: {len(targets)} rows")
    gc.enable()
    return values_nd, mask_nd


def write_csv(path: Path, cells_nd: np.ndarray) -> None:
    """Write a header and one line per row, five significant digits."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(NAMES)
        writer.writerows([f"{cell:.5g}" for cell in row] for row in cells_nd)


def main(
    out: Path = Path(__file__).parent,
    samples: int = 1500,
    unset: int = SAMPLES_UNSET,
    per_knob: int = SAMPLES_SET,
    seed: int = 0,
) -> None:
    """Measure both files and the mask, and write them into OUT, replacing older ones."""
    out.mkdir(parents=True, exist_ok=True)
    values_nd, _ = measure([None] * samples, seed)
    write_csv(out / "observational.csv", values_nd)
    # Two seeds from one, so that the two files share no draw.
    targets: list[str | None] = [None] * unset
    targets += [knob for knob in SET_RANGES for _ in range(per_knob)]
    order = np.random.default_rng([seed, 1000]).permutation(len(targets))
    values_nd, mask_nd = measure([targets[i] for i in order], seed + 1_000_000)
    write_csv(out / "interventional.csv", values_nd)
    write_csv(out / "interventional_mask.csv", mask_nd)


if __name__ == "__main__":
    typer.run(main)
