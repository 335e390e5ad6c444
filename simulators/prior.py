"""The typed prior: every component with its explicit weight, drawn independently of the others.

The prior is the identifiability assumption of whatever is trained on it (Montagna et al. 2023), so
nothing in it is implicit: what is not listed here is never generated.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from itertools import pairwise

from simulators.artefacts import ArtefactPrior
from simulators.checks import PriorError, check_numbers, weights_of
from simulators.decoys import DecoyPrior
from simulators.latent import LatentPrior
from simulators.missingness import MissingnessPrior
from simulators.regimes import RegimeWeights
from simulators.systems import SystemPrior
from simulators.weights import (
    CouplingWeights,
    GraphWeights,
    InterventionWeights,
    MechanismWeights,
    MissingWeights,
    NoiseWeights,
    OutputWeights,
    ScalingWeights,
)


@dataclass(frozen=True)
class PurePrior:
    """Datasets such as benchmarks have: one mechanism and one noise family throughout.

    Their noise is additive, their variables are continuous, and the table is recorded completely
    and exactly, with known targets.
    """

    share: float = 0.5  # chance of a dataset to be pure
    mechanisms: MechanismWeights = field(default_factory=MechanismWeights)
    noise: NoiseWeights = field(default_factory=NoiseWeights)

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be drawn from."""
        check_numbers(self, "pure", shares=("share",))


@dataclass(frozen=True)
class Prior:
    """Distribution over structural causal models and the tables that they generate.

    Ranges are (low, high), drawn uniformly unless the comment says otherwise.
    """

    graphs: GraphWeights = field(default_factory=GraphWeights)
    mechanisms: MechanismWeights = field(default_factory=MechanismWeights)
    coupling: CouplingWeights = field(default_factory=CouplingWeights)
    outputs: OutputWeights = field(default_factory=OutputWeights)
    noise: NoiseWeights = field(default_factory=NoiseWeights)
    scaling: ScalingWeights = field(default_factory=ScalingWeights)
    interventions: InterventionWeights = field(default_factory=InterventionWeights)
    missing: MissingWeights = field(default_factory=MissingWeights)

    # What happens to real tables; None: nothing of the kind, and nothing is compiled for it.
    latent: LatentPrior | None = None  # variables nobody recorded
    decoys: DecoyPrior | None = None  # near-copies and unrelated columns
    regimes: RegimeWeights | None = None  # experiments whose target is unknown
    artefacts: ArtefactPrior | None = None  # errors, outliers, units, limits, levels
    missingness: MissingnessPrior | None = None  # in place of `missing` and `missing_rate`

    systems: SystemPrior | None = None  # beside structural models; None: those alone
    pure: PurePrior | None = None  # datasets of one mechanism and one noise; None: by chance alone
    held_out: tuple[tuple[str, str, str], ...] = ()  # (graph, mechanism, noise) never drawn

    edges_per_variable: tuple[float, float] = (0.5, 3.0)  # expected, per dataset
    density: tuple[float, float] | None = None  # share of the pairs, per dataset; bounds the former
    empty: float = 0.0  # chance that no variable causes another
    density_limit: float = 0.8  # at most this share of the ordered pairs i < j are edges
    attachment_power: tuple[float, float] = (0.5, 1.5)  # scale-free graphs
    # Tuples of whole numbers are options, each as likely. Lattices, blocks, damping as in AVICI's
    # and TabCausal's tests (Lorch et al. 2022; arXiv 2605.31156); the other ranges are our choice.
    lattice_dimensions: tuple[int, ...] = (1, 2, 3)  # Watts-Strogatz
    lattice_reach: int = 1  # steps within which sites of the lattice are neighbours
    rewiring: tuple[float, float] = (0.1, 0.5)  # chance that a lattice edge moves; AVICI: 0.3
    blocks: tuple[int, ...] = (2, 5, 10)  # of the stochastic block model
    damping: tuple[float, float] = (0.05, 0.3)  # rate between blocks over rate within; AVICI: 0.1
    geometric_radius: tuple[float, float] = (0.0, 0.0)  # unit square; 0: as edges_per_variable asks
    layers: tuple[int, ...] = (2, 3, 4, 5, 6)
    bandwidth: tuple[int, ...] = (2, 3, 5, 8)  # longest edge of a banded graph, in places
    branching: tuple[int, ...] = (2, 3, 4)  # children of each variable in a balanced tree
    hub_count: tuple[int, ...] = (1, 2, 3)
    screened_causes: tuple[float, float] = (0.2, 0.8)  # share of the variables, bipartite graphs
    edge_lists: tuple[str, ...] = ()  # files of networks, each as likely (simulators/edge_list.py)

    mixed_mechanisms: float = 0.5  # chance that every variable draws its own mechanism family
    mixed_noise: float = 0.3  # chance that every variable draws its own noise family
    mixed_coupling: float = 1.0  # chance that every variable draws its own coupling
    mixed_outputs: float = 1.0  # chance that every variable draws its own output
    weight: tuple[float, float] = (0.5, 2.0)  # |w| of linear mechanisms, random sign
    weight_factor: tuple[float, float] = (1.0, 1.0)  # log-uniform, one for all |w| of a dataset
    length_scale: tuple[float, float] = (0.8, 6.0)  # log-uniform, on z-scored parents
    matern_length: tuple[float, float] = (0.15, 6.0)  # log-uniform, for every parent
    length_growth: float = 0.0  # joint features: length times (number of parents) ** this
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
            if value is None or part.name in _SELF_CHECKED:
                continue
            if dataclasses.is_dataclass(value):
                weights_of(value, part.name)
            elif part.name == "edge_lists":
                _check_files(value, self.graphs.edge_list > 0)
            elif part.name == "held_out":
                _check_combinations(self)
            elif part.name in _OPTIONS:
                _check_options(part.name, value)
            elif isinstance(value, tuple):
                if len(value) != 2 or not value[0] <= value[1]:
                    raise PriorError(f"prior.{part.name}: the range {value} must be (low, high)")
                _check_numbers(part.name, value)
            else:
                _check_numbers(part.name, (value,))
        for name in ("features", "lattice_reach"):
            if getattr(self, name) < 1:
                raise PriorError(f"prior.{name}: at least 1 is needed")


_SELF_CHECKED = ("latent", "decoys", "artefacts", "missingness", "pure", "systems")
# Numbers of the prior must be finite and lie strictly above these, or in [0, 1] for shares.
_ABOVE = {
    "length_scale": 0.0,
    "matern_length": 0.0,
    "weight_factor": 0.0,
    "amplitude": 0.0,
    "noise_scale": 0.0,
    "degrees_of_freedom": 2.0,
}
_NOT_NEGATIVE = (
    "edges_per_variable",
    "weight",
    "intervention_size",
    "geometric_radius",
    "length_growth",
)
_SHARES = (
    "density_limit",
    "density",
    "empty",
    "mixed_mechanisms",
    "mixed_noise",
    "mixed_coupling",
    "mixed_outputs",
    "targeted_share",
    "intervened_rows",
    "missing_rate",
    "rewiring",
    "damping",
    "screened_causes",
)
# Fields that hold whole numbers to choose from, and the largest of each.
_OPTIONS = {
    "lattice_dimensions": 3,
    "blocks": math.inf,
    "layers": math.inf,
    "bandwidth": math.inf,
    "branching": math.inf,
    "hub_count": math.inf,
}


def _check_options(name: str, options: tuple[int, ...]) -> None:
    rising = all(a < b for a, b in pairwise(options))
    if not options or not rising or any(value % 1 != 0 for value in options):
        raise PriorError(f"prior.{name}: {options} must be whole numbers in rising order")
    if options[0] < 1 or options[-1] > _OPTIONS[name]:
        raise PriorError(f"prior.{name}: {options} must lie between 1 and {_OPTIONS[name]}")


def _check_files(files: tuple[str, ...], wanted: bool) -> None:
    if not all(isinstance(file, str) and file for file in files):
        raise PriorError(f"prior.edge_lists: {files} must be names of files")
    if wanted and not files:
        raise PriorError("prior.graphs.edge_list: name the networks' files in prior.edge_lists")


def _check_combinations(prior: Prior) -> None:
    parts = (prior.graphs, prior.mechanisms, prior.noise)
    names = [[f.name for f in dataclasses.fields(part)] for part in parts]
    for one in prior.held_out:
        named = isinstance(one, tuple) and len(one) == 3
        if not named or any(family not in n for family, n in zip(one, names, strict=True)):
            raise PriorError(f"prior.held_out: {one} must name a graph, a mechanism and a noise")
    drawn = [name for name in names[2] if getattr(prior.noise, name) > 0]
    for graph, mechanism, _ in prior.held_out:
        if all((graph, mechanism, noise) in prior.held_out for noise in drawn):
            raise PriorError(f"prior.held_out: {graph}, {mechanism} has no noise left")


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
