"""Weights and ranges of the systems beside structural models; each has a file of its own."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulators.checks import PriorError, check_numbers, weights_of
from simulators.regulation import GeneConfig
from simulators.single_cell_noise import FULL_LENGTH, SHALLOW, TEN_X


@dataclass(frozen=True)
class SystemWeights:
    """Kinds of system (relative weights)."""

    structural: float = 1.0
    gene: float = 0.0  # single-cell expression of a regulatory network (cells.py)
    diffusion: float = 0.0  # snapshots of a linear stochastic differential equation
    dynamics: float = 0.0  # snapshots of a coupled nonlinear one
    network: float = 0.0  # layered random network, in the manner of TabPFN's prior
    tables: float = 0.0  # discrete variables with conditional probability tables
    cyclic: float = 0.0  # linear simultaneous equations with feedback; never in a default mixture


@dataclass(frozen=True)
class DiffusionConfig:
    """Linear stochastic differential equations at rest. Ranges are (low, high)."""

    rate: tuple[float, float] = (0.5, 2.0)  # log-uniform, return of a variable left alone, 1 / time
    weight: tuple[float, float] = (0.5, 1.5)  # |effect| at rest, shared by sqrt(parents)
    noise: tuple[float, float] = (0.4, 1.6)  # log-uniform, sd of a variable left alone
    feedback: bool = False  # graphs with cycles; never in a default mixture

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be drawn from."""
        check_numbers(self, "systems.diffusion", least={"rate": 1e-3, "weight": 0, "noise": 1e-3})


@dataclass(frozen=True)
class DynamicsConfig:
    """Coupled nonlinear stochastic differential equations. Ranges are (low, high)."""

    rate: tuple[float, float] = (0.7, 2.0)  # log-uniform, 1 / time
    strength: tuple[float, float] = (0.5, 2.0)  # |coupling|, shared by sqrt(parents)
    noise: tuple[float, float] = (0.3, 1.2)  # log-uniform, diffusion
    dt: float = 0.1  # time step
    steps: int = 80

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be drawn from."""
        least = {"rate": 1e-3, "strength": 0, "noise": 1e-3, "dt": 1e-4, "steps": 1}
        check_numbers(self, "systems.dynamics", least=least)
        if self.dt * self.rate[1] > 0.2:
            raise PriorError(
                f"prior.systems.dynamics.dt: {self.dt} must be at most 0.2 / the largest rate"
            )


@dataclass(frozen=True)
class NetworkConfig:
    """Layered random networks. Ranges are (low, high)."""

    layers: tuple[int, int] = (2, 6)  # both ends included
    kept: tuple[float, float] = (0.1, 0.8)  # share of the weights between layers that are not 0
    parents: float = 6.0  # most expected parents of a unit
    weight: tuple[float, float] = (0.5, 2.0)  # |weight|, shared by sqrt(parents)
    noise: tuple[float, float] = (0.05, 1.0)  # log-uniform, sd; a unit's function has sd 1

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be drawn from."""
        least = {"layers": 2, "weight": 0, "noise": 1e-3, "parents": 0}
        check_numbers(self, "systems.network", shares=("kept",), least=least)


@dataclass(frozen=True)
class TableConfig:
    """Discrete variables. Ranges are (low, high)."""

    levels: tuple[int, int] = (2, 4)  # both ends included
    concentration: tuple[float, float] = (0.3, 1.5)  # log-uniform, of the Dirichlet law of a row
    binary: float = 0.4  # chance that all variables of a dataset are binary

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be drawn from."""
        least = {"levels": 2, "concentration": 1e-2}
        check_numbers(self, "systems.tables", shares=("binary",), least=least)


@dataclass(frozen=True)
class CyclicConfig:
    """Linear simultaneous equations with feedback. Ranges are (low, high)."""

    parents: tuple[float, float] = (0.5, 2.5)  # expected, per variable
    radius: tuple[float, float] = (0.3, 0.9)  # largest sum of |weights| into a variable
    noise: tuple[float, float] = (0.4, 1.6)  # log-uniform, sd

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be drawn from."""
        least = {"parents": 0, "noise": 1e-3}
        check_numbers(self, "systems.cyclic", shares=("radius",), least=least)
        if self.radius[1] >= 1:
            raise PriorError("prior.systems.cyclic.radius: it must stay below 1 (stability)")


@dataclass(frozen=True)
class SystemPrior:
    """Which systems are drawn and from what."""

    weights: SystemWeights = field(default_factory=SystemWeights)
    gene: GeneConfig = field(
        default_factory=lambda: GeneConfig(
            cell_types=(1, 2, 5, 10),
            own_rates=0.5,
            platforms=(TEN_X, FULL_LENGTH, SHALLOW),
            clean=0.4,
        )
    )
    diffusion: DiffusionConfig = field(default_factory=DiffusionConfig)
    dynamics: DynamicsConfig = field(default_factory=DynamicsConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    tables: TableConfig = field(default_factory=TableConfig)
    cyclic: CyclicConfig = field(default_factory=CyclicConfig)
    groups: int = 4  # most groups of a batch; the datasets of a group have the same kind of system

    def __post_init__(self) -> None:
        """Refuse weights without a positive one."""
        weights_of(self.weights, "systems.weights")
        if self.groups < 1:
            raise PriorError(f"prior.systems.groups: {self.groups} must be at least 1")
