"""Where the time of training goes, and how much of the machine's arithmetic it reaches.

    python benchmarks/throughput.py base --write docs/results/throughput/base.txt
    python benchmarks/throughput.py base --set model.rematerialise=true
    python benchmarks/throughput.py base --buckets      every shape, and batches of equal cost

Shares are of one step on the middle bucket by cost, unless --shape names another. On a CPU the
clock is processor time, which other work on the machine adds little to; elsewhere it is wall time.
Memory is kept and XLA is told the same as by train.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import amortize  # noqa: F401  it sets the level of JAX's log

# isort: split
import jax
import jax.numpy as jnp
import numpy as np
import typer
from clock import seconds
from curve import prepare

from amortize import compilation
from amortize.config import Bucket, TrainConfig, override, preset
from amortize.mesh import data_mesh, replicate
from amortize.question import ask
from amortize.reading import read
from amortize.training import HeldOut, compiled_step, draw_data, initial_state, objective

EVAL_MINUTES = 5.0  # train.py's default between evaluations
EVAL_DATASETS = 64  # and its default number of held-out datasets
PRODUCT = 2048  # size of the square matrices that measure the machine


def spent(call: Callable[[], object], repeats: int = 5) -> float:
    """Median seconds of a call: of the processor on a CPU, else of the wall."""
    on_cpu = jax.default_backend() == "cpu"
    return seconds(call, repeats, time.process_time if on_cpu else time.perf_counter)


def matrix_rate(dtype: Any) -> float:
    """Floating-point operations per second of a large matrix product on one device."""
    x = jax.random.normal(jax.random.key(0), (PRODUCT, PRODUCT)).astype(dtype)
    product = jax.jit(lambda x: x @ x)
    return 2 * PRODUCT**3 / spent(lambda: product(x))


def step_of(config: TrainConfig, bucket: Bucket) -> tuple[float, float]:
    """Seconds and floating-point operations of a whole step."""
    mesh = data_mesh(1)
    state = replicate(mesh, initial_state(config))
    scalars = np.int32(0), np.int32(config.seed), np.float32(0)
    step = compiled_step(config, bucket, mesh).lower(state, *scalars).compile()

    def call() -> Any:
        nonlocal state
        state = state._replace(step=jnp.int32(0))  # or the step would take it for a later one
        state, metrics = step(state, *scalars)
        return metrics

    operations = (step.cost_analysis() or {}).get("flops", float("nan"))
    return spent(call), operations


def shares(config: TrainConfig, bucket: Bucket) -> Iterator[str]:
    """Lines on the parts of a step and the rate of its arithmetic."""
    key = jax.random.key(0)
    options = compilation.compiler_options(len(config.buckets))  # as of the whole step
    draw = jax.jit(lambda key: draw_data(key, config.prior, bucket), compiler_options=options)
    data, params = draw(key), initial_state(config).params
    loss = partial(objective, config.model, config.prior, config.questions)
    forward = jax.jit(loss, compiler_options=options)
    reading = jax.jit(
        lambda data, key: read(config.model, ask(key, config.questions, data)),
        compiler_options=options,
    )
    both = jax.jit(jax.value_and_grad(loss, has_aux=True), compiler_options=options)
    whole, operations = step_of(config, bucket)
    simulation = spent(lambda: draw(key))
    found = 0.0
    if config.model.architecture == "two_stream":
        found = spent(lambda: reading(data, key))
    ahead = spent(lambda: forward(params, data, key))
    gradient = spent(lambda: both(params, data, key))
    held_out = HeldOut("mixture", EVAL_DATASETS, 200, 10)
    evaluation = spent(lambda: held_out.score(config.model, params), repeats=3)
    parts = {
        "simulation": simulation,
        "searches and features": found,
        "forward": ahead - found,
        "backward": gradient - ahead,
        "optimiser and rest": whole - simulation - gradient,
    }
    n, d = bucket.rows[1], bucket.variables[1]
    yield f"one step of {bucket.batch} datasets of {n} rows and {d} variables: {whole * 1e3:.0f} ms"
    yield from (f"  {name:22s} {part / whole:6.1%}" for name, part in parts.items())
    every = 60 * EVAL_MINUTES
    yield f"  evaluation             {evaluation / (every + evaluation):6.1%} of a run, every 5 min"
    dtype = jnp.bfloat16 if config.model.bfloat16 else jnp.float32
    rate = matrix_rate(dtype)
    yield (
        f"{operations / whole / 1e9:.2f} GFLOP/s of {rate / 1e9:.1f} that matrix products of "
        f"{PRODUCT} reach in {jnp.dtype(dtype).name}: {operations / whole / rate:.1%} "
        f"({operations / bucket.batch / 1e9:.2f} GFLOP per dataset)"
    )


def balance(config: TrainConfig) -> Iterator[str]:
    """The cost of every bucket, and batches with which all steps cost the same."""
    costs = [step_of(config, bucket)[0] for bucket in config.buckets]
    target = float(np.median(costs))
    yield "rows | variables | batch | ms a step | ms a dataset | batch of equal cost"
    for bucket, cost in zip(config.buckets, costs, strict=True):
        each = cost / bucket.batch
        equal = max(1, round(target / each))
        yield (
            f"{bucket.rows} | {bucket.variables} | {bucket.batch} | {cost * 1e3:.0f} | "
            f"{each * 1e3:.1f} | {equal}"
        )


def main(
    name: Annotated[str, typer.Argument(help="preset")] = "base",
    set_: Annotated[list[str] | None, typer.Option("--set", help="as of train.py")] = None,
    shape: Annotated[
        tuple[int, int, int] | None, typer.Option(help="rows, variables, datasets")
    ] = None,
    buckets: Annotated[bool, typer.Option(help="the cost of every shape instead")] = False,
    write: Annotated[Path | None, typer.Option(help="file for what is printed")] = None,
) -> None:
    """Print shares and rates, or the costs of all buckets."""
    prepare()
    config = override(preset(name), set_ or [])
    if shape is None:
        size = [b.batch * b.rows[1] * b.variables[1] for b in config.buckets]
        middle = config.buckets[int(np.argsort(size)[len(size) // 2])]
    else:
        middle = replace(config.buckets[0], rows=(shape[0],) * 2, variables=(shape[1],) * 2)
        middle = replace(middle, batch=shape[2])
    clock = "processor" if jax.default_backend() == "cpu" else "wall"
    lines = [f"{name} on {compilation.hardware()}, one thread, {clock} time"]
    lines += balance(config) if buckets else shares(config, middle)
    print("\n".join(lines))
    if write is not None:
        write.parent.mkdir(parents=True, exist_ok=True)
        write.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    typer.run(main)
