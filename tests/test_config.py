"""Configs survive JSON, overrides are typed, mistakes are named."""

import json

import pytest

from amortize.config import PRESETS, from_dict, override, preset, tiny, to_dict
from amortize.errors import UsageError


@pytest.mark.parametrize("name", PRESETS)
def test_round_trip_through_json(name):
    config = preset(name)
    assert from_dict(json.loads(json.dumps(to_dict(config)))) == config
    assert hash(config) == hash(preset(name))


def test_ranges():
    assert tiny().ranges == {"rows": [20, 48], "variables": [2, 6]}


def test_override():
    changed = override(tiny(), ["model.row_blocks=2", "prior.noise.laplace=0", "name=mine"])
    assert (changed.model.row_blocks, changed.prior.noise.laplace, changed.name) == (2, 0, "mine")


@pytest.mark.parametrize(
    ("assignment", "said"),
    [
        ("model.nonsense=3", "model.nonsense"),
        ("model.row_blocks", "NAME=VALUE"),
        ("model.row_blocks=many", "model.row_blocks"),
        ("prior.noise.laplace=-1", "noise.laplace"),
        ("prior.weight=[3,1]", "prior.weight"),
    ],
)
def test_wrong_overrides_are_named(assignment, said):
    with pytest.raises(UsageError, match=said.replace(".", r"\.")) as caught:
        override(tiny(), [assignment])
    assert "\n" not in str(caught.value)


def test_unknown_preset():
    with pytest.raises(UsageError, match="tiny, base, fed, large"):
        preset("huge")
