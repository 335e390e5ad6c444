"""What tables of a checkpoint's own training prior look like, for the warning of unlike tables.

    python benchmarks/reference.py base --write     draw them and write reference.npz beside it

Tables are drawn from the prior in the checkpoint's config.json, TABLES for every shape of its
training stream. Takes minutes, most of them to compile the simulator for each shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import amortize  # noqa: F401  it sets the level of JAX's log

# isort: split
import jax
import numpy as np
import typer

from amortize.bundled import resolve
from amortize.checkpoint import load_checkpoint
from amortize.compilation import enable_cache
from amortize.config import Bucket
from amortize.inputs import Inputs, read
from amortize.mismatch import Bin, save_reference
from amortize.training import draw_data
from amortize.traits import TRAITS, traits
from simulators import Dataset, Prior

TABLES = 512
SEED = 41_000  # training and evaluation use others
CHUNK = 32


def tables(
    prior: Prior, buckets: Sequence[Bucket], count: int, seed: int
) -> Iterator[tuple[Bucket, list[Inputs]]]:
    """`count` tables for each shape of a training stream, as the network reads them.

    Shapes with the same rows are drawn as one and told apart by their variables, because compiling
    the simulator takes longer than running it.
    """
    shapes = list({(b.rows, b.variables): b for b in buckets}.values())
    for rows in dict.fromkeys(shape.rows for shape in shapes):
        found = {shape.variables: [] for shape in shapes if shape.rows == rows}
        least, most = min(low for low, _ in found), max(high for _, high in found)
        together = Bucket(rows, (least, most), CHUNK, 1.0)
        draw = jax.jit(lambda key, bucket=together: draw_data(key, prior, bucket))
        start = jax.random.fold_in(jax.random.key(seed), rows[1])
        chunk = 0
        while any(len(some) < count for some in found.values()):
            data = draw(jax.random.fold_in(start, chunk))
            chunk += 1
            for k in range(CHUNK):
                table = unpadded(Dataset(*(np.asarray(part[k]) for part in data)))
                for (low, high), some in found.items():
                    if low <= table.values_nd.shape[1] <= high and len(some) < count:
                        some.append(table)
        for shape in shapes:
            if shape.rows == rows:
                yield shape, found[shape.variables]


def unpadded(data: Dataset) -> Inputs:
    """The real rows and variables of one dataset, without its truth."""
    n, d = int(data.rows.sum()), int(data.variables.sum())
    return read(
        np.asarray(data.values)[:n, :d].astype(np.float64),
        np.asarray(data.observed)[:n, :d],
        np.asarray(data.intervened)[:n, :d],
        np.asarray(data.regime)[:n],
        np.asarray(data.kind)[:d],
    )


def main(
    checkpoint: Annotated[str | None, typer.Argument(help="Name or folder.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Write it beside the checkpoint.")] = False,
    count: Annotated[int, typer.Option(help="Tables of each shape.", min=64)] = TABLES,
) -> None:
    """Draw the reference and print what is usual."""
    enable_cache()
    folder = resolve(checkpoint)
    config = load_checkpoint(folder).config
    reference = []
    for bucket, drawn in tables(config.prior, config.buckets, count, SEED):
        found = np.array([traits(table, bucket.rows[1]) for table in drawn], np.float32)
        reference.append(Bin(bucket.rows, bucket.variables, found))
        usual = np.quantile(found, (0.5, 0.9, 0.99), axis=0).T
        print(f"rows {bucket.rows}, variables {bucket.variables}: median, 90 %, 99 %", flush=True)
        for name, values in zip(TRAITS, usual, strict=True):
            print(f"  {name:22s}" + "".join(f"{value:9.3f}" for value in values))
    if write:
        print(f"written to {save_reference(folder, reference)}")


if __name__ == "__main__":
    typer.run(main)
