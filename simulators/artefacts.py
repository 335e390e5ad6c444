"""What recording does to a table: noise, outliers, units, limits, rounding, levels.

Artefacts act on the recorded value after the structural model has run: an effect always depends on
the true value of its cause, never on what was written down, and the graph stays that of the true
values. Thresholds and scales are those of the column over all real rows.

A cell that an experiment set was known to the experimenter, so that it has no measurement error,
is no outlier and no spurious zero. It is written in the units, limits and format of its column like
every other cell. Selection of rows by their values (selection bias) is left out on purpose: it
induces dependences that no directed or bidirected edge describes, so there is no label for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from simulators import draw, formats
from simulators.checks import check_numbers, weights_of
from simulators.columns import BINARY, CONTINUOUS, ORDINAL, log_within, moments, quantiles, within
from simulators.missingness import most_likely_kept


@dataclass(frozen=True)
class FormatWeights:
    """How a column with another format is written (relative weights)."""

    rounded: float = 0.4
    ordinal: float = 0.35
    binary: float = 0.25


@dataclass(frozen=True)
class ArtefactPrior:
    """Which artefacts a table has and how strong. Ranges are (low, high), uniform by default."""

    clean: float = 0.5  # chance that a dataset is recorded exactly
    # Chance of each artefact in a dataset that is not, independently of the others.
    error: float = 0.3
    outliers: float = 0.25
    rescaling: float = 0.5
    zeros: float = 0.15
    censoring: float = 0.2
    formatting: float = 0.45
    columns: tuple[float, float] = (0.1, 1.0)  # chance of a column to be touched by one of them

    error_share: tuple[float, float] = (0.02, 0.3)  # of the recorded variance
    outlier_rate: tuple[float, float] = (0.002, 0.03)  # of the cells
    outlier_size: tuple[float, float] = (4.0, 12.0)  # sd from the mean; or factor of the deviation
    outliers_replaced: float = 0.5  # chance that outliers have nothing of the true value left
    scale: tuple[float, float] = (0.01, 100.0)  # log-uniform, random sign
    zero_share: tuple[float, float] = (0.1, 0.6)  # of the cells
    zero_slope: tuple[float, float] = (0.0, 2.0)  # log-odds of a zero, per sd below the mean
    censored_share: tuple[float, float] = (0.05, 0.4)  # of the cells, at one end
    formats: FormatWeights = field(default_factory=FormatWeights)
    rounding_levels: tuple[float, float] = (6.0, 60.0)  # log-uniform, in the central 90 %
    ordinal_levels: tuple[int, int] = (3, 8)  # both ends included
    equal_width: float = 0.5  # chance that ordinal levels are equally wide; else at random cells
    binary_share: tuple[float, float] = (0.15, 0.85)  # of the cells written as 0

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be drawn from."""
        shares = ("clean", "error", "outliers", "rescaling", "zeros", "censoring", "formatting")
        shares += ("columns", "error_share", "outlier_rate", "outliers_replaced", "zero_share")
        shares += ("censored_share", "equal_width", "binary_share")
        least = {"outlier_size": 0.0, "scale": 1e-12, "zero_slope": 0.0}
        check_numbers(
            self, "artefacts", shares, least | {"rounding_levels": 2, "ordinal_levels": 3}
        )


class Recorded(NamedTuple):
    """A table as written down."""

    values_nd: Array  # float32
    kind_d: Array  # int32, CONTINUOUS, ORDINAL (0 to levels - 1) or BINARY (0 and 1)


def record(
    key: Array,
    prior: ArtefactPrior,
    values_nd: Array,
    rows_n: Array,
    kind_d: Array,
    intervened_nd: Array,
) -> Recorded:
    """Write the table down; which columns are touched is drawn anew for each artefact.

    Only continuous columns are touched. A column with levels has no zeros added and is not
    censored, and a column with added zeros is not censored, so that no column turns constant.

    Args:
        key: PRNG key.
        prior: chances and ranges.
        values_nd: [n, d] true values, finite.
        rows_n: [n] bool, False = padding; padding rows stay as they are.
        kind_d: [d] int32, kind of the true values. Padding variables are treated like others: the
            caller masks them.
        intervened_nd: [n, d] bool, cells known to be set by an experiment.
    """
    d = values_nd.shape[1]
    k_column, k_format, k_error, k_outlier, k_zero, k_cut = jax.random.split(key, 6)
    flat = draw.unit(k_column, (17 * d + 14,))
    u_17d, u_14 = flat[14:].reshape(17, d), flat[:14]
    continuous_d = (kind_d == CONTINUOUS) & (u_14[0] >= prior.clean)
    chances = (prior.error, prior.outliers, prior.rescaling)
    chances += (prior.zeros, prior.censoring, prior.formatting)
    present_6 = u_14[1:7] < jnp.asarray(chances)
    touched_6d = u_17d[:6] < within(u_14[7:13], prior.columns)[:, None]
    error_d, outlier_d, scaled_d, zero_d, censored_d, written_d = (
        touched_6d & present_6[:, None] & continuous_d
    )
    format_d = draw.option(k_format, weights_of(prior.formats, "artefacts.formats"), (d,))
    ordinal_d, binary_d = written_d & (format_d == 1), written_d & (format_d == 2)
    rounded_d = written_d & (format_d == 0)
    zero_d &= ~ordinal_d & ~binary_d
    censored_d &= ~ordinal_d & ~binary_d & ~zero_d

    share_d = jnp.where(error_d, within(u_17d[6], prior.error_share), 0.0)
    x_nd = jnp.where(intervened_nd, values_nd, add_error(k_error, values_nd, rows_n, share_d))
    rate_d = jnp.where(outlier_d, within(u_17d[7], prior.outlier_rate), 0.0)
    replaced = u_14[13] < prior.outliers_replaced
    wild_nd = add_outliers(k_outlier, x_nd, rows_n, rate_d, prior.outlier_size, replaced)
    x_nd = jnp.where(intervened_nd, x_nd, wild_nd)
    scale_d = log_within(u_17d[8], prior.scale) * jnp.where(u_17d[9] < 0.5, -1.0, 1.0)
    x_nd = x_nd * jnp.where(scaled_d, scale_d, 1.0)

    # A column is cut once at most: into two levels, or at the limit of what can be recorded.
    ceiling_d = u_17d[10] < 0.5
    censored_share_d = within(u_17d[11], prior.censored_share)
    censored_share_d = jnp.where(ceiling_d, 1 - censored_share_d, censored_share_d)
    share_d = jnp.where(binary_d, within(u_17d[12], prior.binary_share), censored_share_d)
    ends_2d = jnp.broadcast_to(jnp.asarray(formats.CENTRAL)[:, None], (2, d))
    cuts_3d = quantiles(x_nd, rows_n, jnp.concatenate([ends_2d, share_d[None]]))
    range_2d, cut_d = cuts_3d[:2], cuts_3d[2]

    zero_share_d = within(u_17d[13], prior.zero_share)
    slope_d = within(u_17d[14], prior.zero_slope)
    zeroed_nd = add_zeros(k_zero, x_nd, rows_n, zero_share_d, slope_d, intervened_nd)
    limited_nd = formats.censor(x_nd, cut_d, ceiling_d)
    x_nd = jnp.where(zero_d, zeroed_nd, jnp.where(censored_d, limited_nd, x_nd))

    low, high = prior.ordinal_levels
    levels_d = jnp.floor(within(u_17d[15], (low, high + 1)))
    fine_d = jnp.round(log_within(u_17d[15], prior.rounding_levels))
    equal_d = u_17d[16] < prior.equal_width
    x_nd = jnp.select(
        [rounded_d, ordinal_d, binary_d],
        [
            formats.round_off(x_nd, range_2d, fine_d),
            formats.to_levels(k_cut, x_nd, rows_n, range_2d, levels_d, equal_d, int(high)),
            formats.binarise(x_nd, cut_d),
        ],
        x_nd,
    )
    kind_d = jnp.where(ordinal_d, ORDINAL, jnp.where(binary_d, BINARY, kind_d))
    return Recorded(jnp.where(rows_n[:, None], x_nd, values_nd), kind_d.astype(jnp.int32))


def add_error(key: Array, values_nd: Array, rows_n: Array, share_d: Array) -> Array:
    """Add independent Gaussian noise that makes up a share [d] of the recorded variance."""
    std_d = moments(values_nd, rows_n)[1]
    size_d = std_d * jnp.sqrt(share_d / jnp.maximum(1 - share_d, 1e-6))
    return values_nd + size_d * draw.normal(key, values_nd.shape)


def add_outliers(
    key: Array,
    values_nd: Array,
    rows_n: Array,
    rate_d: Array,
    size: tuple[float, float],
    replaced: Array,
) -> Array:
    """Turn cells, each with the chance of its column, into outliers.

    An outlier lies `size` standard deviations from the mean on either side if `replaced`, and else
    `size` times as far from the mean as the true value, on its side.
    """
    mean_d, std_d = moments(values_nd, rows_n)
    u_nd = draw.unit(key, values_nd.shape)
    # Given that u is below the rate, u / rate is uniform again: it draws the size and the sign.
    again_nd = 2 * jnp.clip(u_nd / jnp.maximum(rate_d, 1e-6), 0.0, 1.0) - 1
    size_nd = size[0] + jnp.abs(again_nd) * (size[1] - size[0])
    far_nd = jnp.where(replaced, jnp.sign(again_nd) * std_d, values_nd - mean_d)
    return jnp.where(u_nd < rate_d, mean_d + size_nd * far_nd, values_nd)


def add_zeros(
    key: Array, values_nd: Array, rows_n: Array, share_d: Array, slope_d: Array, keep_nd: Array
) -> Array:
    """Shift a column to start at 0 and write 0 for a share [d] of its cells.

    The log-odds of a zero fall by `slope_d` per standard deviation of the value; a slope of 0 is a
    plain drop-out. Cells in `keep_nd` [n, d] are shifted but never lost.
    """
    mean_d, std_d = moments(values_nd, rows_n)
    least_d = jnp.where(rows_n[:, None], values_nd, jnp.inf).min(0)
    logit_nd = -slope_d * jnp.clip((values_nd - mean_d) / std_d, -4.0, 4.0)
    # Cells to keep come last in the queue, so that the others make up the share.
    logit_nd = jnp.where(keep_nd, -100.0, logit_nd)
    count_d = jnp.round(share_d * rows_n.sum())
    kept_nd = most_likely_kept(key, logit_nd, rows_n, count_d, jnp.bool_(False)) | keep_nd
    return jnp.where(kept_nd, values_nd - least_d, 0.0)
