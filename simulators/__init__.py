"""Streams of synthetic structural causal models in JAX; knows nothing of the network."""

from simulators.checks import PriorError
from simulators.prior import Prior
from simulators.scenarios import (
    OWN,
    PUBLISHED,
    SCENARIOS,
    Scenario,
    ScenarioError,
    sample,
    scenario,
)
from simulators.scm import Dataset, simulate, simulate_batch

__all__ = [
    "OWN",
    "PUBLISHED",
    "SCENARIOS",
    "Dataset",
    "Prior",
    "PriorError",
    "Scenario",
    "ScenarioError",
    "sample",
    "scenario",
    "simulate",
    "simulate_batch",
]
