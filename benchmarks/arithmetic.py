"""Floating-point operations of training, as XLA counts them."""

from __future__ import annotations

from collections import Counter
from functools import partial

import amortize  # noqa: F401  it sets the level of JAX's log

# isort: split
import jax

from amortize.config import Bucket, TrainConfig
from amortize.training import abstract_state, bucket_of, draw_data, objective


def operations(config: TrainConfig, bucket: Bucket) -> float:
    """Per dataset of a bucket, of the network's forward and backward pass alone.

    Of the searches inside the network one round counts, since XLA does not know how many there are.
    """
    key = jax.random.key(0)
    data = jax.eval_shape(lambda: draw_data(key, config.prior, bucket))
    loss = partial(objective, config.model, config.prior, config.questions)
    params = abstract_state(config).params
    lowered = jax.jit(jax.grad(loss, has_aux=True)).lower(params, data, key)
    return float((lowered.cost_analysis() or {})["flops"]) / bucket.batch


def operations_of_run(config: TrainConfig, steps: int) -> float:
    """Of a run's first steps, bucket by bucket."""
    drawn = Counter(bucket_of(config, step) for step in range(steps))
    return sum(count * bucket.batch * operations(config, bucket) for bucket, count in drawn.items())
