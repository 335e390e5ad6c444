"""What cannot be drawn from is refused, by the name of the component."""

import dataclasses
import math

import pytest

from simulators.prior import (
    GraphWeights,
    InterventionWeights,
    MechanismWeights,
    MissingWeights,
    NoiseWeights,
    Prior,
    PriorError,
    ScalingWeights,
    weights_of,
)

COMPONENTS = {
    "graphs": GraphWeights,
    "mechanisms": MechanismWeights,
    "noise": NoiseWeights,
    "scaling": ScalingWeights,
    "interventions": InterventionWeights,
    "missing": MissingWeights,
}
RANGES = [f.name for f in dataclasses.fields(Prior) if isinstance(f.default, tuple)]


@pytest.mark.parametrize("weight", [-0.1, math.nan, math.inf])
@pytest.mark.parametrize("name", COMPONENTS)
def test_a_bad_weight_is_refused_by_name(name, weight):
    option = dataclasses.fields(COMPONENTS[name])[-1].name
    with pytest.raises(PriorError, match=rf"prior\.{name}\.{option}"):
        Prior(**{name: COMPONENTS[name](**{option: weight})})


@pytest.mark.parametrize("name", COMPONENTS)
def test_weights_that_are_all_zero_are_refused_by_name(name):
    none = COMPONENTS[name](**{f.name: 0.0 for f in dataclasses.fields(COMPONENTS[name])})
    with pytest.raises(PriorError, match=rf"prior\.{name}: "):
        Prior(**{name: none})


@pytest.mark.parametrize("bounds", [(2.0, 1.0), (math.nan, 1.0), (0.5, math.nan)])
@pytest.mark.parametrize("name", RANGES)
def test_a_range_that_is_inverted_or_not_a_number_is_refused_by_name(name, bounds):
    with pytest.raises(PriorError, match=rf"prior\.{name}"):
        Prior(**{name: bounds})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("features", 0),
        ("edges_per_variable", (-1.0, 2.0)),
        ("edges_per_variable", (0.5, math.inf)),
        ("length_scale", (0.0, 1.0)),
        ("amplitude", (-1.0, 1.0)),
        ("noise_scale", (-0.5, 1.0)),
        ("noise_scale", (0.5, math.inf)),
        ("degrees_of_freedom", (1.5, 5.0)),
        ("targeted_share", (0.2, 1.2)),
        ("intervened_rows", (-0.1, 0.5)),
        ("missing_rate", (0.1, 1.5)),
        ("mixed_mechanisms", 1.5),
        ("mixed_noise", math.nan),
        ("density_limit", math.nan),
        ("density_limit", -0.1),
    ],
)
def test_a_number_without_meaning_is_refused_by_name(name, value):
    with pytest.raises(PriorError, match=rf"prior\.{name}"):
        Prior(**{name: value})


def test_weights_are_relative():
    assert weights_of(GraphWeights(2.0, 1.0, 1.0), "graphs")[:3] == (0.5, 0.25, 0.25)
    for name in COMPONENTS:
        assert sum(weights_of(getattr(Prior(), name), name)) == pytest.approx(1.0)


def test_a_prior_can_be_a_static_argument():
    """Equal priors hash alike, so a jitted function compiles once for both."""
    assert hash(Prior()) == hash(Prior()) and Prior() == Prior()
    assert Prior(features=8) != Prior()
