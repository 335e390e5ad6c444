"""Relative weights of the options of every component; an option of weight 0 is never generated."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GraphWeights:
    """Graph families (relative weights)."""

    erdos_renyi: float = 0.5
    scale_free_out: float = 0.25  # hubs are causes
    scale_free_in: float = 0.25  # hubs are effects
    watts_strogatz: float = 0.0  # small worlds
    stochastic_block: float = 0.0
    random_geometric: float = 0.0
    layered: float = 0.0
    path: float = 0.0
    banded: float = 0.0
    tree_random: float = 0.0
    tree_balanced: float = 0.0
    star_out: float = 0.0  # one cause of all others
    star_in: float = 0.0  # one effect of all others
    hubs: float = 0.0
    bipartite: float = 0.0  # screening: causes without parents, effects without children
    edge_list: float = 0.0  # subgraphs of the networks named in Prior.edge_lists


@dataclass(frozen=True)
class MechanismWeights:
    """How a variable depends on its parents (relative weights)."""

    linear: float = 0.3
    rff: float = 0.25  # joint random Fourier features, a Gaussian-process draw of all parents
    rff_additive: float = 0.25  # one Gaussian-process draw per parent, summed
    mlp: float = 0.2  # one hidden layer of tanh or leaky-ReLU units
    polynomial: float = 0.0  # random quadratic or cubic form
    saturating: float = 0.0  # one sigmoid per parent, summed
    threshold: float = 0.0  # steps along random directions
    tree: float = 0.0  # oblivious decision tree of depth 3
    matern: float = 0.0  # joint Gaussian-process draw, rough, a length scale for every parent


@dataclass(frozen=True)
class CouplingWeights:
    """How the noise enters a variable that has parents (relative weights)."""

    additive: float = 1.0
    heteroscedastic: float = 0.0  # its size is a random function of the parents
    multiplicative: float = 0.0  # exp(noise) times the function
    input: float = 0.0  # one more argument of the function
    input_added: float = 0.0  # an argument of the function and added to it as well


@dataclass(frozen=True)
class OutputWeights:
    """What becomes of function and noise together (relative weights)."""

    identity: float = 1.0
    post_nonlinear: float = 0.0  # an increasing function: bijective models (Zhang, Hyvarinen 2009)
    binary: float = 0.0  # 1 above a threshold
    ordinal: float = 0.0  # 3 to 7 levels


@dataclass(frozen=True)
class NoiseWeights:
    """Additive noise families, all centred with unit variance before scaling (relative weights)."""

    gaussian: float = 0.36
    laplace: float = 0.16
    uniform: float = 0.16
    student_t: float = 0.16
    exponential: float = 0.16
    gumbel: float = 0.0
    log_normal: float = 0.0
    cauchy: float = 0.0  # clipped at 20 times its scale, which stands for the standard deviation
    mixture: float = 0.0  # two Gaussians, apart or of unequal spread


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
    shift: float = 0.0  # a constant is added; the parents keep their say
    soft: float = 0.0  # the function is damped or turned round and the noise rescaled


@dataclass(frozen=True)
class MissingWeights:
    """Missing cells (relative weights)."""

    none: float = 0.85
    completely_at_random: float = 0.15
