"""The optimiser and its learning rate, a function of the step that is worked out on the host."""

from __future__ import annotations

from functools import lru_cache

import jax
import numpy as np
import optax
import optax.contrib

from amortize.config import OptimiserConfig
from amortize.errors import UsageError
from amortize.model import Params


def optimiser(config: OptimiserConfig) -> optax.GradientTransformation:
    """AdamW or Muon (Jordan 2024) behind a clip of the global gradient norm; only matrices decay.

    The learning rate is not in it: it is applied in the step, as an input, so that runs of another
    length share their compiled programs.

    Raises:
        UsageError: the method is neither.
    """

    def matrices(params: Params) -> Params:
        return jax.tree.map(lambda leaf: leaf.ndim > 1, params)

    clip = optax.clip_by_global_norm(config.clip)
    if config.method == "adamw":
        decay = optax.add_decayed_weights(config.weight_decay, mask=matrices)
        return optax.chain(clip, optax.scale_by_adam(b2=config.beta2), decay)
    if config.method == "muon":
        stacked = optax.contrib.MuonDimensionNumbers(reduction_axis=1, output_axis=2)
        muon = optax.contrib.muon(
            1.0,
            adam_b2=config.beta2,
            weight_decay=config.weight_decay,
            weight_decay_mask=matrices,
            # The kernels of the blocks are [blocks, in, out]; all else is left to Adam.
            muon_weight_dimension_numbers=lambda params: jax.tree.map(
                lambda leaf: stacked if leaf.ndim == 3 else None, params
            ),
            consistent_rms=0.2,  # so that Adam's learning rate fits
        )
        return optax.chain(clip, muon, optax.scale(-1.0))
    raise UsageError(f"optimiser.method is {config.method!r}; choose adamw or muon")


def schedule(config: OptimiserConfig, steps: int) -> optax.Schedule:
    """Linear warm-up to the peak, then down to `final_share` of it at `steps`, constant after.

    "cosine" falls from the end of the warm-up on. "trapezoid" stays at the peak and falls in a
    straight line over the last `decay_share` of the steps (Zhai et al. 2022; Haegele et al. 2024):
    until then nothing depends on `steps`, so a run may be prolonged or cut short.
    """
    peak, last = config.learning_rate, config.learning_rate * config.final_share
    warmup = min(config.warmup, max(steps // 2, 1))
    if config.schedule == "cosine":
        return optax.warmup_cosine_decay_schedule(0.0, peak, warmup, steps, last)
    fall = max(1, min(round(config.decay_share * steps), steps - warmup))
    return optax.join_schedules(
        [
            optax.linear_schedule(0.0, peak, warmup),
            optax.constant_schedule(peak),
            optax.linear_schedule(peak, last, fall),
        ],
        [warmup, steps - fall],
    )


def learning_rate(config: OptimiserConfig, steps: int, step: int) -> float:
    """The rate of a step, without asking the device."""
    table = _rates(config, steps)
    return float(table[min(step, len(table) - 1)])


def rate_by_clock(config: OptimiserConfig, steps: int, step: int, spent: float) -> float:
    """The rate where a share `spent` of the time is over; the warm-up is by steps all the same."""
    warm = min(config.warmup, max(steps // 2, 1))
    place = max(warm, round(min(spent, 1.0) * steps))
    return learning_rate(config, steps, place) * min((step + 1) / max(warm, 1), 1.0)


@lru_cache(maxsize=4)
def _rates(config: OptimiserConfig, steps: int) -> np.ndarray:
    return np.asarray(schedule(config, steps)(np.arange(steps + 1)), np.float32)
