"""The weighted mean of two checkpoints' parameters, where one was trained on from the other.

    python benchmarks/average.py checkpoints/base runs/base/checkpoint --share 0.75 --out runs/mean

Between a network and what further training made of it the loss has no hill, and the mean is often
better than both ends and safer away from the training data (Wortsman et al. 2022,
arXiv 2109.01903). Config and card are the second's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import amortize  # noqa: F401  it sets the level of JAX's log

# isort: split
import jax
import numpy as np
import typer

from amortize.checkpoint import difference, load_checkpoint, save_checkpoint
from amortize.errors import UsageError
from amortize.model import Params


def averaged(first: Params, second: Params, share: float) -> Params:
    """(1 - share) of the first and share of the second, array by array.

    Raises:
        UsageError: they are not of one shape.
    """
    if unlike := difference(second, first):
        raise UsageError(f"the two checkpoints differ: {unlike}")
    return jax.tree.map(
        lambda a, b: (1 - share) * np.asarray(a) + share * np.asarray(b), first, second
    )


def main(
    first: Annotated[Path, typer.Argument(help="Checkpoint that the run started from.")],
    second: Annotated[Path, typer.Argument(help="Checkpoint that the run ended with.")],
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    share: Annotated[float, typer.Option(min=0.0, max=1.0, help="Of the second.")] = 0.5,
) -> None:
    """Write the mean."""
    start, end = load_checkpoint(first), load_checkpoint(second)
    card = end.card | {"averaged": f"{share:g} of the run, {1 - share:g} of what it started from"}
    save_checkpoint(out, averaged(start.params, end.params, share), end.config, card)
    print(f"written to {out}")


if __name__ == "__main__":
    typer.run(main)
