"""One training step (simulate, forward, backward, update in one jitted function) and evaluation."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
from flax.traverse_util import flatten_dict, unflatten_dict
from jax import Array

from amortize.config import Bucket, OptimiserConfig, TrainConfig
from amortize.errors import UsageError
from amortize.loss import confounding_cross_entropy, pair_cross_entropy
from amortize.metrics import average_precision
from amortize.model import ModelConfig, Params, edge_probabilities, init, predict_logits
from amortize.question import QuestionConfig, ask
from simulators import Dataset, Prior, sample, simulate_batch

HELD_OUT_SEED = 1
QUESTION_STREAM = 0x0A5C  # folded into a step's key for what a dataset is asked with


class TrainState(NamedTuple):
    """All that a run needs to go on; the data of a step depend on (config.seed, step) alone."""

    step: Array  # int32, steps done
    params: Params
    average: Params  # exponential moving average of params: what is released
    optimiser: Any  # optax state


def schedule(config: OptimiserConfig, steps: int) -> optax.Schedule:
    """Linear warm-up, then cosine to `final_share` of the peak at `steps`, constant after."""
    warmup = min(config.warmup, max(steps // 2, 1))
    return optax.warmup_cosine_decay_schedule(
        0.0, config.learning_rate, warmup, steps, config.learning_rate * config.final_share
    )


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


def initial_state(config: TrainConfig, params: Params | None = None) -> TrainState:
    """State before step 0, from fresh parameters or from given ones."""
    fresh = init(config.model, config.seed)
    first: Params = fresh if params is None else carry_over(params, fresh)
    start = optimiser(config.optimiser).init(first)
    return TrainState(jnp.int32(0), first, jax.tree.map(jnp.copy, first), start)


def carry_over(params: Params, fresh: Params) -> Params:
    """Parameters of an earlier network in the shapes of a new one.

    Where the new one reads more pair features, these start with weight 0, so that it begins as the
    same function.

    Raises:
        UsageError: a parameter is missing or has another shape; the message names the first.
    """
    new, given = flatten_dict(fresh, sep="."), flatten_dict(params, sep=".")
    out = {}
    for name, leaf in new.items():
        old = jnp.asarray(given[name]) if name in given else None
        grows = name == "pair_in.kernel" and old is not None and old.shape[0] < leaf.shape[0]
        if grows:
            old = jnp.pad(old, ((0, leaf.shape[0] - old.shape[0]), (0, 0)))
        if old is None or old.shape != leaf.shape:
            found = "missing" if old is None else f"of shape {old.shape}"
            raise UsageError(
                f"--init-from: parameter {name} is {found}, this config wants {leaf.shape}; "
                "give the same --set model... as the checkpoint's config.json"
            )
        out[name] = old
    return unflatten_dict(out, sep=".")


def bucket_of(config: TrainConfig, step: int) -> Bucket:
    """The shape of a step's data: drawn by weight from (seed, step)."""
    weights = np.array([b.weight for b in config.buckets])
    generator = np.random.default_rng((config.seed, step))
    return config.buckets[generator.choice(len(weights), p=weights / weights.sum())]


def draw_data(key: Array, prior: Prior, bucket: Bucket) -> Dataset:
    """A padded batch of datasets of one bucket."""
    (least_n, n), (least_d, d) = bucket.rows, bucket.variables
    return simulate_batch(key, prior, bucket.batch, n, d, least_n, least_d)


def train_step(config: TrainConfig, bucket: Bucket, state: TrainState):
    """The state after one more step on data of `bucket`, and the step's metrics.

    The old state's memory is reused: it may not be read again.
    """
    rate = schedule(config.optimiser, config.steps)(int(state.step))
    step = _compiled_step(config.model, config.prior, config.questions, config.optimiser, bucket)
    return step(state, jax.random.key(config.seed), jnp.float32(rate))


@lru_cache(maxsize=64)
def _compiled_step(
    model: ModelConfig,
    prior: Prior,
    questions: QuestionConfig,
    optimiser_config: OptimiserConfig,
    bucket: Bucket,
):
    update = optimiser(optimiser_config).update

    def objective(params: Params, data: Dataset, key: Array):
        logits = predict_logits(model, params, ask(key, questions, data))
        nats = pair_cross_entropy(logits, data.graph, data.variables).mean()
        if prior.latent is None:
            return nats, (nats, jnp.float32(0))
        hidden = confounding_cross_entropy(logits, data.confounded, data.variables).mean()
        return nats + questions.confounding_weight * hidden, (nats, hidden)

    @partial(jax.jit, donate_argnums=0)
    def step(state: TrainState, key: Array, rate: Array) -> tuple[TrainState, dict[str, Array]]:
        key = jax.random.fold_in(key, state.step)
        data = draw_data(key, prior, bucket)
        k_ask = jax.random.fold_in(key, QUESTION_STREAM)
        (_, (nats, hidden)), gradient = jax.value_and_grad(objective, has_aux=True)(
            state.params, data, k_ask
        )
        updates, opt_state = update(gradient, state.optimiser, state.params)
        params = jax.tree.map(lambda p, u: p - rate * u, state.params, updates)
        # The average forgets its start: early steps weigh less than a plain decay would give them.
        decay = jnp.minimum(optimiser_config.ema, (1.0 + state.step) / (10.0 + state.step))
        average: Params = jax.tree.map(
            lambda new, old: decay * old + (1 - decay) * new, params, state.average
        )
        metrics = {
            "loss": nats,
            "confounding": hidden,
            "gradient_norm": optax.tree.norm(gradient),
            "rate": rate,
        }
        return TrainState(state.step + 1, params, average, opt_state), metrics

    return step


@partial(jax.jit, static_argnums=0)
def _posterior(config: ModelConfig, params: Params, data: Dataset) -> tuple[Array, Array]:
    logits = predict_logits(config, params, ask(jax.random.key(0), QuestionConfig(), data))
    return edge_probabilities(logits), pair_cross_entropy(logits, data.graph, data.variables)


class HeldOut:
    """Fixed datasets of one scenario that training never sees, and the scores on them."""

    def __init__(self, scenario: str, count: int, n: int, d: int, chunk: int = 8) -> None:
        found = sample(scenario, count, n, d, HELD_OUT_SEED)
        self.name = f"{scenario} n={n} d={d}"
        self._chunks = [
            Dataset(*(jnp.stack(field) for field in zip(*found[k : k + chunk], strict=True)))
            for k in range(0, count, chunk)
        ]

    def score(self, config: ModelConfig, params: Params) -> dict[str, float]:
        """Mean over datasets of the loss (nats per pair) and of the average precision of edges."""
        losses, precisions = [], []
        for data in self._chunks:
            p_bdd, nats_b = _posterior(config, params, data)
            losses += np.asarray(nats_b).tolist()
            pairs = zip(np.asarray(p_bdd), np.asarray(data.graph), strict=True)
            precisions += [average_precision(p_dd, g_dd) for p_dd, g_dd in pairs]
        return {"loss": float(np.mean(losses)), "auprc": float(np.nanmean(precisions))}
