"""The two-stream network: rows speak to each other only through means over rows.

Row stream s[b, d, n, c]: one token per cell. Pair stream z[b, i, j, c]: one token per ordered pair
of variables. Pairs read rows by outer-product means, reason by triangle multiplicative updates, and
rows read pairs by pair-weighted averaging over variables: the shape of AlphaFold 3's MSA module and
Pairformer (Abramson et al. 2024). No positional code: row invariance and variable equivariance are
exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from amortize.axial import Axial, AxialConfig
from amortize.batch import Batch
from amortize.reading import Reading, feature_counts, read
from amortize.stack import run, stack

Params = dict[str, Any]  # nested dictionary of arrays

HEAD_OUTPUTS = 3


@dataclass(frozen=True)
class ModelConfig:
    """Shape of the network; those of the two-stream network unless said otherwise."""

    row_blocks: int = 3  # blocks with both streams
    pair_blocks: int = 3  # further blocks, pairs alone
    row_width: int = 32  # channels of a cell token
    pair_width: int = 64  # channels of a pair token
    outer_channels: int = 12  # features of each side of the outer-product mean
    triangle_channels: int = 16  # per kind of triangle (chain, common effect, common cause)
    heads: int = 4  # of pair-weighted averaging
    expansion: int = 2  # width of hidden layers, as a multiple of their stream
    final_read: bool = True  # pair blocks read the last row stream once more
    statistics: bool = False  # pairs start from correlations and effects of interventions as well
    conditionals: bool = False  # and from what conditioning on a third variable does to these
    order_search: bool = False  # both streams read the best linear graphs of a search
    additive_search: bool = False  # and the additive nonlinear graph of another
    residual_entropies: bool = False  # pairs read which way the linear graph's links point by noise
    bfloat16: bool = False  # matrix products in bfloat16; statistics and norms stay float32
    architecture: Literal["two_stream", "axial"] = "two_stream"
    axial: AxialConfig = field(default_factory=AxialConfig)  # read by "axial" alone
    unroll: bool | None = None  # blocks written out, not looped over; None = on a CPU only
    rematerialise: bool = False  # compute blocks anew in the backward pass: less memory, more time

    def __post_init__(self) -> None:
        if self.residual_entropies and not self.order_search:
            raise ValueError("model.residual_entropies needs model.order_search")

    @property
    def searches(self) -> int:
        """How many searches for graphs the streams read."""
        return self.order_search + self.additive_search


class Transition(nnx.Module):
    """Gated two-layer network on one stream (SwiGLU, Shazeer 2020), pre-normalised, residual."""

    def __init__(self, width: int, expansion: int, rngs: nnx.Rngs, dtype) -> None:
        linear = partial(nnx.Linear, use_bias=False, rngs=rngs, dtype=dtype)
        self.norm = nnx.LayerNorm(width, rngs=rngs)
        self.up = linear(width, 2 * expansion * width)
        self.down = linear(expansion * width, width, kernel_init=nnx.initializers.zeros)

    def __call__(self, x: Array) -> Array:
        """Tokens of any leading shape in, the same shape out."""
        gate, value = jnp.split(self.up(self.norm(x)), 2, axis=-1)
        return x + self.down(jax.nn.silu(gate) * value).astype(x.dtype)


class OuterProductMean(nnx.Module):
    """Pairs read rows: z_ij += W vec(mean over rows of a_ri (outer) b_rj)."""

    def __init__(self, c: ModelConfig, rngs: nnx.Rngs, dtype) -> None:
        self.channels = c.outer_channels
        self.norm = nnx.LayerNorm(c.row_width, rngs=rngs)
        self.sides = nnx.Linear(c.row_width, 2 * c.outer_channels, rngs=rngs, dtype=dtype)
        self.out = nnx.Linear(c.outer_channels**2, c.pair_width, rngs=rngs, dtype=dtype)

    def sums(self, s_bdnc: Array, observed_bdn: Array) -> Array:
        """Sum over rows of the outer products, [b, d * c, d * c]; adds up over chunks of rows."""
        b, d, n, _ = s_bdnc.shape
        sides_bdnc = self.sides(self.norm(s_bdnc)) * observed_bdn[..., None]
        left, right = jnp.split(sides_bdnc.swapaxes(2, 3), 2, axis=2)
        flat = (b, d * self.channels, n)
        return jnp.einsum(
            "bxn,byn->bxy",
            left.reshape(flat),
            right.reshape(flat),
            preferred_element_type=jnp.float32,
        )

    def read(self, sums_bxy: Array, count_bdd: Array) -> Array:
        """The update of z [b, d, d, c] from the sums and the rows seen by each pair."""
        b, d, c = sums_bxy.shape[0], count_bdd.shape[1], self.channels
        sums = sums_bxy.reshape(b, d, c, d, c).transpose(0, 1, 3, 2, 4).reshape(b, d, d, c * c)
        return self.out(sums / jnp.maximum(count_bdd, 1.0)[..., None])


class Triangle(nnx.Module):
    """Triangle multiplicative update of three kinds at once, residual.

    z_ij hears of every third variable k by chains (i-k, k-j), common effects (i-k, j-k) and common
    causes (k-i, k-j); Jumper et al. 2021 use the last two.
    """

    def __init__(self, c: ModelConfig, rngs: nnx.Rngs, dtype) -> None:
        width = 3 * c.triangle_channels
        self.width = width
        self.norm = nnx.LayerNorm(c.pair_width, rngs=rngs)
        self.sides = nnx.Linear(c.pair_width, 2 * width, rngs=rngs, dtype=dtype)
        self.gates = nnx.Linear(c.pair_width, 2 * width, rngs=rngs, dtype=dtype)
        self.norm_out = nnx.LayerNorm(width, rngs=rngs)
        self.out_gate = nnx.Linear(c.pair_width, c.pair_width, rngs=rngs, dtype=dtype)
        self.out = nnx.Linear(
            width, c.pair_width, rngs=rngs, dtype=dtype, kernel_init=nnx.initializers.zeros
        )

    def __call__(self, z_bddc: Array, pairs_bdd: Array, variables_b: Array) -> Array:
        """Updated pair stream; `variables_b` counts the real variables."""
        x = self.norm(z_bddc)
        sides = self.sides(x) * jax.nn.sigmoid(self.gates(x)) * pairs_bdd[..., None]
        # Channels first, so that each kind is one batched matrix product over k.
        left, right = jnp.split(sides.transpose(0, 3, 1, 2), 2, axis=1)
        kinds = self.width // 3
        a, b = (
            left.reshape(-1, 3, kinds, *left.shape[2:]),
            right.reshape(-1, 3, kinds, *right.shape[2:]),
        )
        first = jnp.stack([a[:, 0], a[:, 1], a[:, 2].swapaxes(-1, -2)], 1)
        second = jnp.stack([b[:, 0], b[:, 1].swapaxes(-1, -2), b[:, 2]], 1)
        product = jnp.matmul(first, second, preferred_element_type=jnp.float32)
        mixed = product.reshape(left.shape).transpose(0, 2, 3, 1)
        mixed = mixed / jnp.sqrt(variables_b)[:, None, None, None]
        return z_bddc + (jax.nn.sigmoid(self.out_gate(x)) * self.out(self.norm_out(mixed))).astype(
            z_bddc.dtype
        )


class RowUpdate(nnx.Module):
    """Rows read pairs, then think: s_ri += MLP(s_ri, sum_j softmax_j(z_ij) v_rj).

    Pair-weighted averaging (AlphaFold 3, algorithm 10) and the transition that follows it in one
    layer with one norm: on a CPU the row stream is most of the cost (docs/experiments.md).
    """

    def __init__(self, c: ModelConfig, rngs: nnx.Rngs, dtype) -> None:
        linear = partial(nnx.Linear, rngs=rngs, dtype=dtype)
        hidden = c.expansion * c.row_width
        self.heads = c.heads
        self.norm_row = nnx.LayerNorm(c.row_width, rngs=rngs)
        self.norm_pair = nnx.LayerNorm(c.pair_width, rngs=rngs)
        self.weights = linear(c.pair_width, c.heads)
        self.values = linear(c.row_width, c.row_width, use_bias=False)
        self.own = linear(c.row_width, hidden)
        self.others = linear(c.row_width, hidden, use_bias=False)
        self.out = linear(hidden, c.row_width, kernel_init=nnx.initializers.zeros)

    def __call__(self, s_bdnc: Array, z_bddc: Array, variables_bd: Array) -> Array:
        """Updated row stream."""
        b, d, n, c = s_bdnc.shape
        x = self.norm_row(s_bdnc)
        logits_bijh = self.weights(self.norm_pair(z_bddc)).astype(jnp.float32)
        logits_bijh = jnp.where(variables_bd[:, None, :, None], logits_bijh, -1e9)
        value_bdnhc = self.values(x).reshape(b, d, n, self.heads, c // self.heads)
        share_bijh = jax.nn.softmax(logits_bijh, axis=2).astype(value_bdnhc.dtype)
        read = jnp.einsum("bijh,bjnhc->binhc", share_bijh, value_bdnhc).reshape(b, d, n, c)
        hidden = jax.nn.relu(self.own(x) + self.others(read))
        return s_bdnc + self.out(hidden).astype(s_bdnc.dtype)


class RowBlock(nnx.Module):
    """Both streams: pairs read rows, pairs reason, rows read pairs."""

    def __init__(self, c: ModelConfig, rngs: nnx.Rngs, dtype) -> None:
        self.outer = OuterProductMean(c, rngs, dtype)
        self.triangle = Triangle(c, rngs, dtype)
        self.pair_transition = Transition(c.pair_width, c.expansion, rngs, dtype)
        self.row_update = RowUpdate(c, rngs, dtype)


class PairBlock(nnx.Module):
    """Pairs alone."""

    def __init__(self, c: ModelConfig, rngs: nnx.Rngs, dtype) -> None:
        self.triangle = Triangle(c, rngs, dtype)
        self.pair_transition = Transition(c.pair_width, c.expansion, rngs, dtype)


class TwoStream(nnx.Module):
    """The network; blocks of a kind are stacked and scanned, so compile time is flat in depth."""

    def __init__(self, config: ModelConfig, rngs: nnx.Rngs) -> None:
        dtype = jnp.bfloat16 if config.bfloat16 else jnp.float32
        self.config = config
        cells, features = feature_counts(config)
        self.cell_in = nnx.Linear(cells, 2 * config.row_width, rngs=rngs)
        self.cell_out = nnx.Linear(2 * config.row_width, config.row_width, rngs=rngs)
        self.pair_in = nnx.Linear(features, config.pair_width, rngs=rngs)

        def blocks(kind, depth: int) -> nnx.Module:
            return stack(lambda rngs: kind(config, rngs, dtype), depth, rngs)

        self.row_stack = blocks(RowBlock, config.row_blocks)
        self.pair_stack = blocks(PairBlock, config.pair_blocks) if config.pair_blocks else None
        self.last_outer = OuterProductMean(config, rngs, dtype) if config.final_read else None
        self.norm = nnx.LayerNorm(config.pair_width, rngs=rngs)
        self.head = nnx.Linear(config.pair_width, HEAD_OUTPUTS, rngs=rngs)

    def __call__(self, batch: Batch | Reading) -> Array:
        """Logits per ordered pair [b, d, d, 3]: i -> j, no edge, confounded."""
        config = self.config
        reading = batch if isinstance(batch, Reading) else read(config, batch)
        variables_bd, observed_bdn = reading.variables_bd, reading.observed_bdn
        count_bdd = reading.count_bdd
        pairs_bdd = variables_bd[:, :, None] & variables_bd[:, None, :]
        variables_b = jnp.maximum(variables_bd.sum(-1), 1).astype(jnp.float32)
        s = self.cell_out(jax.nn.relu(self.cell_in(reading.cells_bdnc)))
        z = self.pair_in(reading.pairs_bddc)

        def row_step(streams: tuple[Array, Array], block: RowBlock):
            s, z = streams
            sums = block.outer.sums(s, observed_bdn)
            z = z + block.outer.read(sums, count_bdd).astype(z.dtype)
            z = block.triangle(z, pairs_bdd, variables_b)
            z = block.pair_transition(z)
            return block.row_update(s, z, variables_bd), z

        def pair_step(z: Array, block: PairBlock) -> Array:
            return block.pair_transition(block.triangle(z, pairs_bdd, variables_b))

        options = {"unroll": config.unroll, "rematerialise": config.rematerialise}
        s, z = run(row_step, (s, z), self.row_stack, **options)
        if self.last_outer is not None:
            sums = self.last_outer.sums(s, observed_bdn)
            z = z + self.last_outer.read(sums, count_bdd).astype(z.dtype)
        if self.pair_stack is not None:
            z = run(pair_step, z, self.pair_stack, **options)
        return self.head(self.norm(z)).astype(jnp.float32)


def pair_log_probabilities(logits_bddk: Array) -> Array:
    """3-way log-softmax per ordered pair, [b, d, d, 3]: none, i -> j, j -> i.

    Exclusive by construction, and consistent: entry [i, j, 1] equals entry [j, i, 2].
    """
    edge, none = logits_bddk[..., 0], logits_bddk[..., 1]
    none = none + none.swapaxes(1, 2)
    return jax.nn.log_softmax(jnp.stack([none, edge, edge.swapaxes(1, 2)], -1), axis=-1)


def edge_probabilities(logits_bddk: Array) -> Array:
    """P(i -> j) as [b, d, d], zero on the diagonal."""
    d = logits_bddk.shape[1]
    return jnp.exp(pair_log_probabilities(logits_bddk)[..., 1]) * (1 - jnp.eye(d))


def confounded_logits(logits_bddk: Array) -> Array:
    """Log-odds of a hidden common cause of each unordered pair, symmetric [b, d, d]."""
    one_way = logits_bddk[..., 2]
    return one_way + one_way.swapaxes(1, 2)


def confounded_probabilities(logits_bddk: Array) -> Array:
    """P(i and j have a hidden common cause) as symmetric [b, d, d], zero on the diagonal."""
    d = logits_bddk.shape[1]
    return jax.nn.sigmoid(confounded_logits(logits_bddk)) * (1 - jnp.eye(d))


def build(config: ModelConfig, rngs: nnx.Rngs) -> TwoStream | Axial:
    """The network of `config`; both read a Batch and answer logits [b, d, d, 3]."""
    if config.architecture == "two_stream":
        return TwoStream(config, rngs)
    dtype = jnp.bfloat16 if config.bfloat16 else jnp.float32
    return Axial(config.axial, rngs, dtype, config.unroll, config.rematerialise)


@lru_cache(maxsize=8)
def _definition(config: ModelConfig) -> tuple[nnx.GraphDef, nnx.State]:
    abstract = nnx.eval_shape(lambda: build(config, nnx.Rngs(0)))
    graph, params = nnx.split(abstract, nnx.Param)
    return graph, params


def init(config: ModelConfig, seed: int) -> Params:
    """Freshly drawn parameters as a nested dictionary of arrays."""
    return nnx.to_pure_dict(nnx.split(build(config, nnx.Rngs(seed)), nnx.Param)[1])


def network(config: ModelConfig, params: Params) -> TwoStream | Axial:
    """The network of `config` with these parameters in it."""
    graph, state = _definition(config)
    state = jax.tree.map(lambda leaf: leaf, state)  # a copy, so that the cached one stays abstract
    nnx.replace_by_pure_dict(state, params)
    return nnx.merge(graph, state)


def predict_logits(config: ModelConfig, params: Params, batch: Batch | Reading) -> Array:
    """Logits [b, d, d, 3] of the network; `config` is static under jit."""
    net = network(config, params)
    if isinstance(batch, Reading):
        assert isinstance(net, TwoStream), "the axial network reads tables as they are"
        return net(batch)
    return net(batch)


def parameter_count(params: Params) -> int:
    """Number of scalars in the parameters."""
    return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(params))
