"""AVICI's axial transformer (Lorch et al. 2022): what the two-stream network must beat.

One token per cell. Layers attend by turns over the variables of a row and over the rows of a
variable; a maximum over rows leaves one vector per variable, and the logit of an edge is a scaled
cosine of two projections. Differences: missing cells, variable kinds and knowledge are read, one
norm serves query, key and value, no dropout, and confounding has a head of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

from amortize.batch import Batch
from amortize.cell_features import CELL_FEATURES, cell_features
from amortize.stack import run, stack

SCORES_AT_ONCE = 1 << 27  # attention scores held at a time, 512 MiB in float32
NO_EDGE_BIAS = -3.0  # AVICI's initial bias: edges are rare


@dataclass(frozen=True)
class AxialConfig:
    """Shape of the network; the defaults are AVICI's."""

    pairs: int = 8  # of layers: over variables, then over rows
    width: int = 128  # channels of a token
    heads: int = 8
    head_width: int = 32  # channels of a head
    expansion: int = 4  # width of the hidden layer of the feed-forward part, in widths


def attention(query_sthe: Array, key_sthe: Array, value_sthe: Array, real_st: Array) -> Array:
    """Attention within s sequences of t tokens, [s, t, h, e]; tokens that are not real go unread.

    At most SCORES_AT_ONCE scores exist at a time: longer sequences are done in groups of queries,
    forward and backward, with the same result.
    """
    s, t, h, _ = query_sthe.shape
    attend = partial(
        jax.nn.dot_product_attention,
        key=key_sthe,
        value=value_sthe,
        mask=real_st[:, None, None, :],
    )
    together = max(1, SCORES_AT_ONCE // (s * t * h))
    if together >= t:
        return attend(query_sthe)

    @jax.checkpoint
    def one(query_she: Array) -> Array:
        return attend(query_she[:, None])[:, 0]

    return jax.lax.map(one, query_sthe.swapaxes(0, 1), batch_size=together).swapaxes(0, 1)


class Layer(nnx.Module):
    """Attention along one axis and a feed-forward part, each pre-normalised and residual."""

    def __init__(self, c: AxialConfig, rngs: nnx.Rngs, dtype) -> None:
        linear = partial(nnx.Linear, rngs=rngs, dtype=dtype)
        inner = c.heads * c.head_width
        self.heads = c.heads
        self.norm = nnx.LayerNorm(c.width, rngs=rngs)
        self.query_key_value = linear(c.width, 3 * inner)
        self.out = linear(inner, c.width)
        self.norm_hidden = nnx.LayerNorm(c.width, rngs=rngs)
        self.up = linear(c.width, c.expansion * c.width)
        self.down = linear(c.expansion * c.width, c.width)

    def __call__(self, x_bptc: Array, real_bt: Array) -> Array:
        """Tokens [b, p, t, c] attend over t, for each of p; `real_bt` says which may be read."""
        b, p, t, _ = x_bptc.shape
        split = (b * p, t, self.heads, -1)
        sides = jnp.split(self.query_key_value(self.norm(x_bptc)), 3, axis=-1)
        real_st = jnp.repeat(real_bt, p, axis=0)
        query, key, value = (side.reshape(split) for side in sides)
        read = attention(query, key, value, real_st)
        x_bptc = x_bptc + self.out(read.reshape(b, p, t, -1)).astype(x_bptc.dtype)
        hidden = jax.nn.relu(self.up(self.norm_hidden(x_bptc)))
        return x_bptc + self.down(hidden).astype(x_bptc.dtype)


class LayerPair(nnx.Module):
    """A layer over variables and one over rows."""

    def __init__(self, c: AxialConfig, rngs: nnx.Rngs, dtype) -> None:
        self.variables = Layer(c, rngs, dtype)
        self.rows = Layer(c, rngs, dtype)


class CosineHead(nnx.Module):
    """Logit of an ordered pair: scaled cosine of the cause's and the effect's projection."""

    def __init__(self, width: int, bias: float, rngs: nnx.Rngs) -> None:
        self.sides = nnx.Linear(width, 2 * width, rngs=rngs)
        self.log_scale = nnx.Param(jnp.zeros(()))
        self.bias = nnx.Param(jnp.full((), bias))

    def __call__(self, x_bdc: Array) -> Array:
        """Logits [b, d, d] in float32."""
        cause_bdc, effect_bdc = jnp.split(self.sides(x_bdc).astype(jnp.float32), 2, axis=-1)
        cosine_bdd = jnp.einsum("bic,bjc->bij", _unit(cause_bdc), _unit(effect_bdc))
        return cosine_bdd * jnp.exp(self.log_scale[...]) + self.bias[...]


class Axial(nnx.Module):
    """The network; pairs of layers are stacked and scanned."""

    def __init__(
        self,
        config: AxialConfig,
        rngs: nnx.Rngs,
        dtype=jnp.float32,
        unroll: bool | None = None,
        rematerialise: bool = False,
    ) -> None:
        self.run = partial(run, unroll=unroll, rematerialise=rematerialise)
        self.cell_in = nnx.Linear(CELL_FEATURES + 2, config.width, rngs=rngs)
        self.stack = stack(lambda rngs: LayerPair(config, rngs, dtype), config.pairs, rngs)
        self.norm = nnx.LayerNorm(config.width, rngs=rngs)
        self.norm_variable = nnx.LayerNorm(config.width, rngs=rngs)
        self.edge = CosineHead(config.width, NO_EDGE_BIAS, rngs)
        self.confounded = CosineHead(config.width, NO_EDGE_BIAS / 2, rngs)  # summed both ways
        self.knowledge = nnx.Param(jnp.zeros((2, 2)))  # forbidden, required; i -> j and j -> i

    def __call__(self, batch: Batch) -> Array:
        """Logits per ordered pair [b, d, d, 3]: i -> j, no edge (0), confounded."""
        rows_bn, variables_bd = batch.rows_bn, batch.variables_bd
        cells_bdnc = cell_features(batch)
        kinds_bdc = jax.nn.one_hot(batch.kind_bd, 3)[..., 1:]
        kinds_bdnc = jnp.broadcast_to(kinds_bdc[:, :, None], (*cells_bdnc.shape[:3], 2))
        x_bdnc = self.cell_in(jnp.concatenate([cells_bdnc, kinds_bdnc], -1))

        def step(x_bdnc: Array, pair: LayerPair) -> Array:
            x_bndc = pair.variables(x_bdnc.swapaxes(1, 2), variables_bd)
            return pair.rows(x_bndc.swapaxes(1, 2), rows_bn)

        x_bdnc = self.norm(self.run(step, x_bdnc, self.stack))
        x_bdc = jnp.where(rows_bn[:, None, :, None], x_bdnc, -jnp.inf).max(2)
        x_bdc = self.norm_variable(x_bdc)
        known_bddk = jax.nn.one_hot(batch.knowledge_bdd, 3)[..., 1:]
        weight = self.knowledge[...]
        edge_bdd = self.edge(x_bdc) + known_bddk @ weight[:, 0]
        edge_bdd = edge_bdd + known_bddk.swapaxes(1, 2) @ weight[:, 1]
        return jnp.stack([edge_bdd, jnp.zeros_like(edge_bdd), self.confounded(x_bdc)], -1)


def _unit(x: Array) -> Array:
    return x * jax.lax.rsqrt((x**2).sum(-1, keepdims=True) + 1e-12)
