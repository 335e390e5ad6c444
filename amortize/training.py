"""One training step (simulate, forward, backward, update in one jitted function) and evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax.traverse_util import flatten_dict, unflatten_dict
from jax import Array
from jax.sharding import Mesh

from amortize.batch import Batch
from amortize.compilation import compiler_options
from amortize.config import Bucket, OptimiserConfig, TrainConfig
from amortize.errors import UsageError
from amortize.loss import confounding_cross_entropy, pair_cross_entropy
from amortize.mesh import everywhere, split
from amortize.metrics import average_precision
from amortize.model import (
    ModelConfig,
    Params,
    edge_probabilities,
    init,
    predict_logits,
)
from amortize.optimiser import learning_rate, optimiser
from amortize.question import QuestionConfig, ask
from amortize.reading import Reading, read
from simulators import Dataset, Prior, sample, simulate_batch
from simulators.host import Simulator, draw_batch, load_simulator

HELD_OUT_SEED = 1
QUESTION_STREAM = 0x0A5C  # folded into a step's key for what a dataset is asked with


class TrainState(NamedTuple):
    """All that a run needs to go on; the data of a step depend on (config.seed, step) alone."""

    step: Array  # int32, steps done
    params: Params
    average: Params  # exponential moving average of params: what is released
    optimiser: Any  # optax state


class Prepared(NamedTuple):
    """A batch of datasets as the network reads it, and their truth."""

    reading: Reading
    graph: Array
    confounded: Array
    variables: Array


def initial_state(config: TrainConfig, params: Params | None = None) -> TrainState:
    """State before step 0, from fresh parameters or from given ones.

    Made on the CPU, as it is hundreds of small operations, each a program of its own.
    """
    with jax.default_device(jax.local_devices(backend="cpu")[0]):
        fresh = init(config.model, config.seed)
        first: Params = fresh if params is None else carry_over(params, fresh)
        start = optimiser(config.optimiser).init(first)
        return TrainState(jnp.int32(0), first, jax.tree.map(jnp.copy, first), start)


def abstract_state(config: TrainConfig) -> TrainState:
    """Shapes of the state; nothing is computed or held."""
    return jax.eval_shape(lambda: initial_state(config))


def carry_over(params: Params, fresh: Params) -> Params:
    """Parameters of an earlier network in the shapes of a new one.

    Where the new one reads more features of pairs or cells, these start with weight 0, and blocks
    that it has more of start by adding nothing: it begins as the same function.

    Raises:
        UsageError: a parameter is missing or has another shape; the message names the first.
    """
    new: Params = flatten_dict(fresh, sep=".")  # its annotation is wider than what it gives
    given: Params = flatten_dict(params, sep=".")
    out: Params = {}
    for name, leaf in new.items():
        old = jnp.asarray(given[name]) if name in given else None
        if old is not None and old.ndim == leaf.ndim and old.shape[0] < leaf.shape[0]:
            if name in ("pair_in.kernel", "cell_in.kernel"):
                old = jnp.pad(old, ((0, leaf.shape[0] - old.shape[0]), (0, 0)))
            elif name.startswith(("pair_stack.", "row_stack.")):
                more = leaf[old.shape[0] :]  # fresh blocks end in zeros, but for outer products
                if name.startswith("row_stack.outer.out."):
                    more = jnp.zeros_like(more)
                old = jnp.concatenate([old, more])
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


def draw_data(
    key: Array, prior: Prior, bucket: Bucket, simulator: Simulator | None = None
) -> Dataset:
    """A padded batch of datasets of one bucket, of the prior or of a user's JAX function."""
    (least_n, n), (least_d, d) = bucket.rows, bucket.variables
    if simulator is not None and not simulator.streams:
        return draw_batch(simulator, key, bucket.batch, n, d, least_n)
    return simulate_batch(key, prior, bucket.batch, n, d, least_n, least_d)


def train_step(
    config: TrainConfig,
    bucket: Bucket,
    state: TrainState,
    step: int,
    mesh: Mesh,
    given: Dataset | Prepared | None = None,
    rate: float | None = None,
) -> tuple[TrainState, dict[str, Array]]:
    """The state after one more step on data of `bucket`, and the step's metrics.

    The step simulates its data itself, unless they are given. The learning rate is the schedule's,
    unless it is given.

    Datasets are split over the mesh; they are the same on any mesh. The old state's memory is
    reused: it may not be read again. Where the loss or the gradient is not finite the state stays
    as it was, and so it does in every later step: the host hears of it late.
    """
    if rate is None:
        rate = learning_rate(config.optimiser, config.steps, step)
    return compiled_step(config, bucket, mesh)(
        state, np.int32(step), np.int32(config.seed), np.float32(rate), given
    )


def objective(
    model: ModelConfig,
    prior: Prior,
    questions: QuestionConfig,
    params: Params,
    data: Dataset | Prepared,
    key: Array,
) -> tuple[Array, tuple[Array, Array]]:
    """What is minimised, and its parts: nats per pair of the edges and of the confounding."""
    asked = data.reading if isinstance(data, Prepared) else ask(key, questions, data)
    logits = predict_logits(model, params, asked)
    nats = pair_cross_entropy(logits, data.graph, data.variables).mean()
    if prior.latent is None:
        return nats, (nats, jnp.float32(0))
    hidden = confounding_cross_entropy(logits, data.confounded, data.variables).mean()
    return nats + questions.confounding_weight * hidden, (nats, hidden)


def prepared(config: TrainConfig, bucket: Bucket, key: Array) -> Prepared:
    """A batch of the prior, simulated, asked and read, all but the network's own work."""
    data = draw_data(key, config.prior, bucket)
    asked = ask(jax.random.fold_in(key, QUESTION_STREAM), config.questions, data)
    return _with_truth(config.model, asked, data)


def read_plainly(model: ModelConfig, data: Dataset) -> Prepared:
    """Datasets as the network reads them when nothing is known of them."""
    return _with_truth(model, ask(jax.random.key(0), QuestionConfig(), data), data)


def _with_truth(model: ModelConfig, asked: Batch, data: Dataset) -> Prepared:
    return Prepared(read(model, asked), data.graph, data.confounded, data.variables)


def compiled_step(config: TrainConfig, bucket: Bucket, mesh: Mesh) -> Any:
    """The jitted step of one shape: (state, step, seed, learning rate) -> (state, metrics).

    Data made elsewhere are a fifth argument.
    """
    simulator = load_simulator(config.simulator) if config.simulator else None
    parts = (config.model, config.prior, config.questions, config.optimiser)
    return _compiled_step(*parts, bucket, mesh, simulator, len(config.buckets))


@lru_cache(maxsize=64)
def _compiled_step(
    model: ModelConfig,
    prior: Prior,
    questions: QuestionConfig,
    optimiser_config: OptimiserConfig,
    bucket: Bucket,
    mesh: Mesh,
    simulator: Simulator | None,
    programs: int,
) -> Any:
    update = optimiser(optimiser_config).update
    gradient_of = jax.value_and_grad(partial(objective, model, prior, questions), has_aux=True)

    options = compiler_options(programs)

    @partial(jax.jit, donate_argnums=0, out_shardings=everywhere(mesh), compiler_options=options)
    def step(state: TrainState, number: Array, seed: Array, rate: Array, given=None):
        key = jax.random.fold_in(jax.random.key(seed), number)
        drawn = draw_data(key, prior, bucket, simulator) if given is None else given
        data = split(mesh, drawn)
        k_ask = jax.random.fold_in(key, QUESTION_STREAM)
        (_, (nats, hidden)), gradient = gradient_of(state.params, data, k_ask)
        updates, opt_state = update(gradient, state.optimiser, state.params)
        params = jax.tree.map(lambda p, u: p - rate * u, state.params, updates)
        # The average forgets its start: early steps weigh less than a plain decay would give them.
        decay = jnp.minimum(optimiser_config.ema, (1.0 + number) / (10.0 + number))
        average: Params = jax.tree.map(
            lambda new, old: decay * old + (1 - decay) * new, params, state.average
        )
        norm = optax.tree.norm(gradient)
        metrics = {"loss": nats, "confounding": hidden, "gradient_norm": norm, "rate": rate}
        sound = jnp.isfinite(nats) & jnp.isfinite(hidden) & jnp.isfinite(norm)
        sound = sound & (state.step == number)  # else an earlier step was not sound
        new = TrainState(number + 1, params, average, opt_state)
        return jax.tree.map(lambda n, old: jnp.where(sound, n, old), new, state), metrics

    return step


@partial(jax.jit, static_argnums=0)
def _posterior(
    config: ModelConfig, params: Params, data: Dataset | Prepared
) -> tuple[Array, Array]:
    if isinstance(data, Prepared):
        asked = data.reading
    else:
        asked = ask(jax.random.key(0), QuestionConfig(), data)
    logits = predict_logits(config, params, asked)
    return edge_probabilities(logits), pair_cross_entropy(logits, data.graph, data.variables)


def held_out_chunks(scenario: str, count: int, n: int, d: int, chunk: int = 8) -> list[Dataset]:
    """Fixed datasets of one scenario that training never sees, in batches of `chunk`."""
    found = sample(scenario, count, n, d, HELD_OUT_SEED)
    return [
        Dataset(*(jnp.stack(field) for field in zip(*found[k : k + chunk], strict=True)))
        for k in range(0, count, chunk)
    ]


class HeldOut:
    """Held-out datasets, and the scores on them."""

    def __init__(self, scenario: str, count: int, n: int, d: int, chunk: int = 8) -> None:
        self.name = f"{scenario} n={n} d={d}"
        self._chunks = held_out_chunks(scenario, count, n, d, chunk)

    def score(self, config: ModelConfig, params: Params) -> dict[str, float]:
        """Mean over datasets of the loss (nats per pair) and of the average precision of edges."""
        return scores_of(config, params, self._chunks)


def scores_of(
    config: ModelConfig, params: Params, chunks: Sequence[Dataset | Prepared]
) -> dict[str, float]:
    """Mean over datasets of the loss (nats per pair) and of the average precision of edges."""
    losses, precisions = [], []
    for data in chunks:
        p_bdd, nats_b = _posterior(config, params, data)
        losses += np.asarray(nats_b).tolist()
        pairs = zip(np.asarray(p_bdd), np.asarray(data.graph), strict=True)
        precisions += [average_precision(p_dd, g_dd) for p_dd, g_dd in pairs]
    return {"loss": float(np.mean(losses)), "auprc": float(np.nanmean(precisions))}
