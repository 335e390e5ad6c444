"""Data of your own simulator in place of the prior's: `train.py --simulator module:function`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import count, repeat

import jax

from amortize.config import Bucket, TrainConfig
from amortize.errors import DataError, UsageError
from amortize.training import bucket_of
from simulators import Dataset, Prior
from simulators.host import (
    SimulatorError,
    blank_batch,
    check_simulator,
    load_simulator,
    stream,
)


def with_simulator(config: TrainConfig, spec: str) -> TrainConfig:
    """`config` with that simulator, after a look at what it gives; an empty spec changes nothing.

    The prior is not drawn from then, so it goes back to the plain one.

    Raises:
        UsageError: there is no such function.
        DataError: it gives something that nothing can be learnt from.
    """
    if not spec:
        return config
    try:
        simulator = load_simulator(spec)
    except SimulatorError as error:
        raise UsageError(str(error)) from error
    try:
        for bucket in {bucket.variables[1]: bucket for bucket in config.buckets}.values():
            check_simulator(simulator, bucket.rows[1], bucket.variables[1], config.seed)
    except SimulatorError as error:
        raise DataError(str(error)) from error
    return dataclasses.replace(config, prior=Prior(), simulator=spec)


def feed(config: TrainConfig, start: int) -> Iterator[Dataset | None]:
    """What step `start` and on are trained on; None where the step itself simulates.

    Raises:
        DataError: a Python generator gave something that nothing can be learnt from.
    """
    simulator = load_simulator(config.simulator) if config.simulator else None
    if simulator is None or not simulator.streams:
        yield from repeat(None)
        return
    shapes = (shape_of(bucket_of(config, step)) for step in count(start))
    try:
        yield from stream(simulator, shapes, config.seed, start)
    except SimulatorError as error:
        raise DataError(str(error)) from error


def shapes_given(config: TrainConfig, bucket: Bucket) -> Dataset | None:
    """Shapes and types of what `feed` gives a step of `bucket`; None where that simulates."""
    if not config.simulator or not load_simulator(config.simulator).streams:
        return None
    blank = blank_batch(shape_of(bucket))
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), blank)


def shape_of(bucket: Bucket) -> tuple[int, int, int]:
    """Datasets, rows and variables of a padded batch."""
    return bucket.batch, bucket.rows[1], bucket.variables[1]
