"""Refusal of numbers that no prior can be drawn from, by the name of the component."""

from __future__ import annotations

import dataclasses
import math


class PriorError(ValueError):
    """A prior that cannot be sampled; the message names the component."""


def weights_of(component: object, name: str) -> tuple[float, ...]:
    """Normalised weights of one component, in the order of its fields.

    Raises:
        PriorError: a weight is negative or not finite, or all are zero.
    """
    raw = {f.name: float(getattr(component, f.name)) for f in dataclasses.fields(component)}  # type: ignore[arg-type]
    for option, weight in raw.items():
        if not math.isfinite(weight) or weight < 0:
            raise PriorError(f"prior.{name}.{option}: weight {weight} must be finite and >= 0")
    total = sum(raw.values())
    if total <= 0:
        raise PriorError(f"prior.{name}: the weights sum to {total}; give one a positive weight")
    return tuple(weight / total for weight in raw.values())


def check_numbers(
    component: object,
    name: str,
    shares: tuple[str, ...] = (),
    least: dict[str, float] | None = None,
) -> None:
    """Check every field of a nested prior: weights, ranges (low, high) and plain numbers.

    Args:
        component: a dataclass instance; its fields that are dataclasses hold relative weights.
        name: what it is called inside the prior, for the message.
        shares: fields that must lie in [0, 1].
        least: smallest allowed value of other fields (both ends of a range).

    Raises:
        PriorError: naming the field and its value.
    """
    least = least or {}
    for part in dataclasses.fields(component):  # type: ignore[arg-type]
        value, full = getattr(component, part.name), f"{name}.{part.name}"
        if dataclasses.is_dataclass(value):
            weights_of(value, full)
            continue
        ends = value if isinstance(value, tuple) else (value,)
        if isinstance(value, tuple) and (len(value) != 2 or not value[0] <= value[1]):
            raise PriorError(f"prior.{full}: the range {value} must be (low, high)")
        for number in ends:
            if not math.isfinite(number):
                raise PriorError(f"prior.{full}: {number} must be finite")
            if part.name in shares and not 0 <= number <= 1:
                raise PriorError(f"prior.{full}: {number} must be a share between 0 and 1")
            if part.name in least and number < least[part.name]:
                raise PriorError(f"prior.{full}: {number} must be >= {least[part.name]}")
