"""How often the warning of unlike tables is raised: falsely, and when it should be.

    python benchmarks/mismatch.py [CHECKPOINT]

False alarms: on fresh tables of the checkpoint's own prior, of every shape of its training stream.
Detection: on tables of the same sizes with Cauchy noise, with rows of a time series, and with
counts of which 90 % are zero; none of them made by the package's simulator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np
import typer
from reference import tables

from amortize.bundled import resolve
from amortize.checkpoint import load_checkpoint
from amortize.compilation import enable_cache
from amortize.config import Bucket
from amortize.inputs import Inputs, read
from amortize.mismatch import ALARM, load_reference, mismatch

SEED = 42_000  # the reference is drawn from another
MOST_FALSE = 0.05
LEAST_DETECTED = 0.80

Noise = Callable[[tuple[int, ...]], np.ndarray]


def linear(rng: np.random.Generator, n: int, d: int, noise: Noise) -> np.ndarray:
    """A linear system over a random graph with 1 to 6 edges per variable on average, [n, d]."""
    rate = min(1.0, 2 * rng.uniform(0.5, 3) / max(d - 1, 1))
    sign = rng.choice([-1, 1], (d, d))
    weights = np.triu(rng.random((d, d)) < rate, k=1) * rng.uniform(0.5, 2, (d, d)) * sign
    x = np.zeros((n, d))
    for j in range(d):
        x[:, j] = x @ weights[:, j] + noise((n,))
    return x[:, rng.permutation(d)]


def cauchy_noise(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """A linear system whose noise has no variance."""
    return linear(rng, n, d, rng.standard_cauchy)


def time_series(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Rows of a stationary vector autoregression with coefficients of 0.5 to 0.95 on itself."""
    burn_in = 100
    rate = min(1.0, 2 * rng.uniform(0.5, 3) / max(d - 1, 1))
    sign = rng.choice([-1, 1], (d, d))
    weights = np.triu(rng.random((d, d)) < rate, k=1) * rng.uniform(0.3, 1, (d, d)) * sign
    keep = rng.uniform(0.5, 0.95, d)
    x = rng.normal(size=(n + burn_in, d))
    for t in range(1, len(x)):
        x[t] += keep * x[t - 1]
        for j in range(d):
            x[t, j] += x[t, :j] @ weights[:j, j]
    return x[burn_in:, rng.permutation(d)]


def sparse_counts(rng: np.random.Generator, n: int, d: int) -> np.ndarray:
    """Counts that depend on each other through their logarithms; nine in ten cells are zero."""
    z = linear(rng, n, d, lambda shape: rng.normal(size=shape))
    counts = rng.poisson(np.exp(1 + 0.7 * (z - z.mean(0)) / z.std(0))) + 1.0
    counts[rng.random((n, d)) < 0.9] = 0.0
    return counts


UNLIKE = {
    "Cauchy noise": cauchy_noise,
    "time series rows": time_series,
    "counts, 90 % zeros": sparse_counts,
}


def unlike(name: str, bucket: Bucket, count: int) -> list[Inputs]:
    """Tables of one kind with the sizes of a bucket: rows log-uniform, variables uniform."""
    rng = np.random.default_rng((SEED, list(UNLIKE).index(name)))
    low, high = np.log(bucket.rows[0]), np.log(bucket.rows[1] + 1)
    sizes = [
        (int(np.exp(rng.uniform(low, high))), int(rng.integers(*bucket.variables, endpoint=True)))
        for _ in range(count)
    ]
    return [read(UNLIKE[name](rng, n, d)) for n, d in sizes]


def main(
    checkpoint: Annotated[str | None, typer.Argument(help="Name or folder.")] = None,
    count: Annotated[int, typer.Option(help="Tables of each kind and shape.", min=16)] = 128,
) -> None:
    """Print both rates for every shape, and over the training stream."""
    enable_cache()
    folder = resolve(checkpoint)
    config, reference = load_checkpoint(folder).config, load_reference(folder)
    if not reference:
        raise SystemExit(f"{folder} has no reference; run benchmarks/reference.py --write")

    def alarms(found: list[Inputs]) -> float:
        return float(np.mean([mismatch(reference, table).p_value <= ALARM for table in found]))

    rates: dict[str, list[float]] = {name: [] for name in ("own prior", *UNLIKE)}
    weights = []
    for bucket, drawn in tables(config.prior, config.buckets, count, SEED):
        same = [
            b.weight
            for b in config.buckets
            if (b.rows, b.variables) == (bucket.rows, bucket.variables)
        ]
        weights.append(sum(same))
        rates["own prior"].append(alarms(drawn))
        for name in UNLIKE:
            rates[name].append(alarms(unlike(name, bucket, count)))
        told = ", ".join(f"{name} {values[-1]:.1%}" for name, values in rates.items())
        print(f"rows {bucket.rows}, variables {bucket.variables}: {told}", flush=True)
    print(f"over the training stream ({count} tables of each kind and shape):")
    for name, values in rates.items():
        rate = np.average(values, weights=weights)
        false = name == "own prior"
        wanted = f"at most {MOST_FALSE:.0%}" if false else f"at least {LEAST_DETECTED:.0%}"
        print(f"  {name:20s} {rate:6.1%}  ({wanted} wanted)")


if __name__ == "__main__":
    typer.run(main)
