"""The typed prior: every component with its explicit weight, drawn independently of the others.

The prior is the identifiability assumption of whatever is trained on it (Montagna et al. 2023), so
nothing in it is implicit: what is not listed here is never generated.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field


class PriorError(ValueError):
    """A prior that cannot be sampled; the message names the component."""


@dataclass(frozen=True)
class GraphWeights:
    """Graph families (relative weights)."""

    erdos_renyi: float = 0.5
    scale_free_out: float = 0.25  # hubs are causes
    scale_free_in: float = 0.25  # hubs are effects


@dataclass(frozen=True)
class MechanismWeights:
    """How a variable depends on its parents (relative weights)."""

    linear: float = 0.3
    rff: float = 0.25  # joint random Fourier features, a Gaussian-process draw of all parents
    rff_additive: float = 0.25  # one Gaussian-process draw per parent, summed
    mlp: float = 0.2  # one hidden layer of tanh or leaky-ReLU units


@dataclass(frozen=True)
class NoiseWeights:
    """Additive noise families, all centred with unit variance before scaling (relative weights)."""

    gaussian: float = 0.36
    laplace: float = 0.16
    uniform: float = 0.16
    student_t: float = 0.16
    exponential: float = 0.16


@dataclass(frozen=True)
class ScalingWeights:
    """What happens to the scale of each variable (relative weights)."""

    plain: float = 0.3
    standardised: float = 0.2  # z-scored after generation
    internal: float = 0.5  # z-scored as generated: iSCM, Ormaniec et al. 2025


@dataclass(frozen=True)
class InterventionWeights:
    """Kinds of intervention, all with known targets (relative weights)."""

    none: float = 0.5
    hard_constant: float = 0.25  # do(x = c), one c per variable
    hard_random: float = 0.25  # do(x = c), a new c for every row


@dataclass(frozen=True)
class MissingWeights:
    """Missing cells (relative weights)."""

    none: float = 0.85
    completely_at_random: float = 0.15


@dataclass(frozen=True)
class Prior:
    """Distribution over structural causal models and the tables that they generate.

    Ranges are (low, high), drawn uniformly unless the comment says otherwise.
    """

    graphs: GraphWeights = field(default_factory=GraphWeights)
    mechanisms: MechanismWeights = field(default_factory=MechanismWeights)
    noise: NoiseWeights = field(default_factory=NoiseWeights)
    scaling: ScalingWeights = field(default_factory=ScalingWeights)
    interventions: InterventionWeights = field(default_factory=InterventionWeights)
    missing: MissingWeights = field(default_factory=MissingWeights)

    edges_per_variable: tuple[float, float] = (0.5, 3.0)  # expected, per dataset
    density_limit: float = 0.8  # at most this share of the ordered pairs i < j are edges
    attachment_power: tuple[float, float] = (0.5, 1.5)  # scale-free graphs

    mixed_mechanisms: float = 0.5  # chance that every variable draws its own mechanism family
    mixed_noise: float = 0.3  # chance that every variable draws its own noise family
    weight: tuple[float, float] = (0.5, 2.0)  # |w| of linear mechanisms, random sign
    length_scale: tuple[float, float] = (0.8, 6.0)  # log-uniform, on z-scored parents
    amplitude: tuple[float, float] = (0.7, 3.0)  # log-uniform, sd of a nonlinear mechanism
    noise_scale: tuple[float, float] = (0.2, 1.5)  # sd of the noise
    degrees_of_freedom: tuple[float, float] = (3.0, 10.0)  # of Student-t noise
    features: int = 64  # ridge functions behind every nonlinear mechanism

    targeted_share: tuple[float, float] = (0.2, 1.0)  # of the variables, in some experiment
    intervened_rows: tuple[float, float] = (0.1, 0.9)  # share of the rows
    intervention_size: tuple[float, float] = (0.5, 4.0)  # |c| in sd of the variable left alone
    missing_rate: tuple[float, float] = (0.02, 0.3)

    def __post_init__(self) -> None:
        """Refuse weights and ranges that cannot be drawn from, naming them."""
        for part in dataclasses.fields(self):
            value = getattr(self, part.name)
            if dataclasses.is_dataclass(value):
                weights_of(value, part.name)
            elif isinstance(value, tuple):
                if len(value) != 2 or not value[0] <= value[1]:
                    raise PriorError(f"prior.{part.name}: the range {value} must be (low, high)")
                _check_numbers(part.name, value)
            else:
                _check_numbers(part.name, (value,))
        if self.features < 1:
            raise PriorError("prior.features: at least 1 is needed")


# Numbers of the prior must be finite and lie strictly above these, or in [0, 1] for shares.
_ABOVE = {"length_scale": 0.0, "amplitude": 0.0, "noise_scale": 0.0, "degrees_of_freedom": 2.0}
_NOT_NEGATIVE = ("edges_per_variable", "weight", "intervention_size")
_SHARES = (
    "density_limit",
    "mixed_mechanisms",
    "mixed_noise",
    "targeted_share",
    "intervened_rows",
    "missing_rate",
)


def _check_numbers(name: str, values: tuple[float, ...]) -> None:
    for value in values:
        if not math.isfinite(value):
            raise PriorError(f"prior.{name}: {value} must be finite")
        if name in _ABOVE and value <= _ABOVE[name]:
            raise PriorError(f"prior.{name}: {value} must be above {_ABOVE[name]}")
        if name in _NOT_NEGATIVE and value < 0:
            raise PriorError(f"prior.{name}: {value} must be >= 0")
        if name in _SHARES and not 0 <= value <= 1:
            raise PriorError(f"prior.{name}: {value} must be a share between 0 and 1")


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
