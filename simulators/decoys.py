"""Extra variables that a real table holds beside the studied ones: near-copies and bystanders.

They are made from the values that the structural model produced, before anything is hidden or
recorded, and stand behind the real variables, so that the index remains a topological order.
Exact copies are not made: nothing in the data would tell which of the two is the original, nor
which of them a third variable depends on. A near-copy is a child of its original with very little
noise, and labelled so: original -> copy. What the original causes, the copy does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw
from simulators.checks import check_numbers
from simulators.columns import CONTINUOUS, log_within, moments, within


@dataclass(frozen=True)
class DecoyPrior:
    """How often and how many. Ranges are (low, high), drawn uniformly unless said otherwise."""

    copies: float = 0.15  # chance that a dataset has near-copies
    bystanders: float = 0.15  # chance that a dataset has variables that nothing is related to
    share: tuple[float, float] = (0.05, 0.3)  # of the variables: how many are added, of either
    noise_share: tuple[float, float] = (3e-4, 0.05)  # log-uniform, of a near-copy's variance
    blend: float = 0.3  # chance that a near-copy is a weighted sum of two variables
    relabel: tuple[float, float] = (0.005, 0.05)  # cells of a discrete near-copy drawn afresh

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be drawn from."""
        shares = ("copies", "bystanders", "share", "noise_share", "blend", "relabel")
        check_numbers(self, "decoys", shares, {"noise_share": 1e-12})


class Extended(NamedTuple):
    """A complete table with the extra variables in place."""

    values_nd: Array  # float32
    graph_dd: Array  # bool
    kind_d: Array  # int32
    active: Array  # int32, real variables now


def add_decoys(
    key: Array,
    prior: DecoyPrior,
    values_nd: Array,
    graph_dd: Array,
    kind_d: Array,
    rows_n: Array,
    active: Array,
) -> Extended:
    """Fill padding variables with near-copies, then with bystanders, as far as there is room.

    A near-copy follows its original in every row, so also where an experiment set the original. A
    bystander is drawn from the values of a real variable with replacement, independently of
    everything, and smoothed if continuous: its own distribution gives nothing away.

    Args:
        key: PRNG key.
        prior: chances and ranges.
        values_nd: [n, d] values of the structural model; real rows and variables come first.
        graph_dd: [d, d] bool.
        kind_d: [d] int32, CONTINUOUS, ORDINAL or BINARY.
        rows_n: [n] bool, False = padding.
        active: number of real variables.
    """
    n, d = values_nd.shape
    k_column, k_noise, k_cell = jax.random.split(key, 3)
    flat = draw.unit(k_column, (8 * d + 4,))
    u_8d, u_4 = flat[4:].reshape(8, d), flat[:4]
    index_d = jnp.arange(d)

    def number(u_some: Array, u_share: Array, chance: float) -> Array:
        wanted = jnp.maximum(jnp.round(within(u_share, prior.share) * active), 1)
        return jnp.where(u_some < chance, wanted, 0).astype(jnp.int32)

    end_copies = jnp.minimum(active + number(u_4[0], u_4[1], prior.copies), d)
    end = jnp.minimum(end_copies + number(u_4[2], u_4[3], prior.bystanders), d)
    copy_d = (index_d >= active) & (index_d < end_copies)
    extra_d = (index_d >= active) & (index_d < end)

    first_d: Array
    second_d: Array
    first_d, second_d = jnp.floor(u_8d[:2] * active).astype(jnp.int32)
    discrete_d = kind_d[first_d] != CONTINUOUS
    blend_d = (u_8d[2] < prior.blend) & (first_d != second_d)
    blend_d &= ~discrete_d & (kind_d[second_d] == CONTINUOUS)

    mean_d, std_d = moments(values_nd, rows_n)
    sign_2d = jnp.where(u_8d[3:5] < 0.5, -1.0, 1.0)
    part_d = within(u_8d[5], (0.3, 1.0)) * sign_2d[0] * blend_d
    z_nd = (values_nd - mean_d) / std_d
    mixed_nd = z_nd[:, first_d] + part_d * z_nd[:, second_d]
    noise_share_d = log_within(u_8d[6], prior.noise_share)
    signal_std_d = moments(mixed_nd, rows_n)[1]
    noise_std_d = signal_std_d * jnp.sqrt(noise_share_d / jnp.maximum(1 - noise_share_d, 1e-6))
    noise_nd = draw.normal(k_noise, (n, d))
    scale_d = std_d[first_d] * log_within(u_8d[7], (0.5, 2.0)) * sign_2d[1]
    continuous_nd = mean_d[first_d] + scale_d * (mixed_nd + noise_std_d * noise_nd)

    # One uniform draw a cell: its whole part chooses a row, what is left decides on a new label.
    place_nd = draw.unit(k_cell, (n, d)) * rows_n.sum()
    row_nd = jnp.floor(place_nd).astype(jnp.int32)
    drawn_nd = values_nd[row_nd, first_d]
    relabelled_nd = place_nd - row_nd < within(u_8d[6], prior.relabel)
    discrete_nd = jnp.where(relabelled_nd, drawn_nd, values_nd[:, first_d])
    smooth_nd = drawn_nd + 0.1 * std_d[first_d] * noise_nd
    near_nd = jnp.where(discrete_d, discrete_nd, continuous_nd)
    bystander_nd = jnp.where(discrete_d, drawn_nd, smooth_nd)

    cause_dd = (index_d[:, None] == first_d) | (blend_d & (index_d[:, None] == second_d))
    return Extended(
        jnp.where(extra_d, jnp.where(copy_d, near_nd, bystander_nd), values_nd),
        jnp.where(extra_d, cause_dd & copy_d, graph_dd),
        jnp.where(extra_d, kind_d[first_d], kind_d),
        end.astype(jnp.int32),
    )
