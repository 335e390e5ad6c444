"""Typed configuration of a training run, its presets, and its way in and out of JSON."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, Literal

import dacite
from flax.traverse_util import flatten_dict

from amortize.errors import UsageError
from amortize.model import ModelConfig
from amortize.question import QuestionConfig
from simulators import Prior, PriorError
from simulators.wide import wide

# One network for every question: each input is withheld from most datasets.
ASKED = QuestionConfig(knowledge=0.2, kinds_withheld=0.15)


@dataclass(frozen=True)
class Bucket:
    """One padded shape of the training stream."""

    rows: tuple[int, int]  # fewest and most real rows, log-uniform between
    variables: tuple[int, int]  # fewest and most real variables, uniform between
    batch: int  # datasets per step
    weight: float  # relative share of the steps


@dataclass(frozen=True)
class OptimiserConfig:
    """AdamW or Muon with warm-up and decay."""

    method: str = "adamw"  # or "muon": Newton-Schulz on the matrices of the blocks, AdamW elsewhere
    learning_rate: float = 2e-3  # at the peak
    schedule: Literal["cosine", "trapezoid"] = "cosine"  # see amortize/optimiser.py
    decay_share: float = 0.2  # of the steps, at the end; read by "trapezoid" alone
    final_share: float = 0.02  # of the peak, at the last step
    warmup: int = 300  # steps
    beta2: float = 0.98
    weight_decay: float = 0.01
    clip: float = 1.0  # global norm of the gradient
    ema: float = 0.999  # decay of the averaged parameters, which are what is released


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides the parameters of a run."""

    name: str = "base"
    seed: int = 0
    steps: int = 7_200
    model: ModelConfig = field(default_factory=ModelConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    prior: Prior = field(default_factory=Prior)
    questions: QuestionConfig = field(default_factory=QuestionConfig)
    buckets: tuple[Bucket, ...] = ()
    simulator: str = ""  # module:function that gives the data in place of the prior

    @property
    def ranges(self) -> dict[str, list[int]]:
        """Rows and variables that the run sees, [fewest, most]."""
        return {
            axis: [
                min(getattr(b, axis)[0] for b in self.buckets),
                max(getattr(b, axis)[1] for b in self.buckets),
            ]
            for axis in ("rows", "variables")
        }

    @property
    def inputs(self) -> list[str]:
        """What the network has learned to read; all else must be left out of its input."""
        return ["values", "observed", "intervened"] + [
            name
            for name, seen in {
                "regime": self.prior.regimes is not None,
                "kind": self.prior.outputs.binary + self.prior.outputs.ordinal > 0,
                "knowledge": self.questions.knowledge > 0,
            }.items()
            if seen
        ]

    @property
    def outputs(self) -> list[str]:
        """What the network has learned to answer."""
        return ["edges"] + ["confounded"] * (self.prior.latent is not None)


def tiny() -> TrainConfig:
    """For tests: 2 cores, seconds; learns little."""
    return TrainConfig(
        name="tiny",
        steps=40,
        model=ModelConfig(
            row_blocks=1,
            pair_blocks=1,
            row_width=8,
            pair_width=16,
            outer_channels=4,
            triangle_channels=4,
            heads=2,
        ),
        optimiser=OptimiserConfig(warmup=10, ema=0.9),
        prior=Prior(features=8),
        buckets=(Bucket((20, 32), (2, 4), 8, 1.0), Bucket((20, 48), (2, 6), 4, 1.0)),
    )


def base() -> TrainConfig:
    """0.67 M parameters, d in 2..100, n in 20..1000: CPU cores, hours; see its card."""
    row_tiers = {(20, 64): 0.25, (65, 250): 0.4, (251, 1000): 0.35}
    variable_tiers = {(2, 6): 0.2, (7, 12): 0.4, (13, 20): 0.4}
    batches = {  # so that a step of every bucket costs about the same
        ((20, 64), (2, 6)): 64,
        ((20, 64), (7, 12)): 32,
        ((20, 64), (13, 20)): 16,
        ((65, 250), (2, 6)): 32,
        ((65, 250), (7, 12)): 16,
        ((65, 250), (13, 20)): 8,
        ((251, 1000), (2, 6)): 12,
        ((251, 1000), (7, 12)): 6,
        ((251, 1000), (13, 20)): 4,
    }
    large = (Bucket((50, 500), (21, 50), 3, 0.08), Bucket((100, 600), (51, 100), 1, 0.04))
    return TrainConfig(
        name="base",
        model=ModelConfig(
            row_blocks=4,
            pair_blocks=9,
            statistics=True,
            conditionals=True,
            order_search=True,
            additive_search=True,
            residual_entropies=True,
        ),
        optimiser=OptimiserConfig(method="muon"),
        prior=wide(),
        questions=ASKED,
        buckets=large
        + tuple(
            Bucket(rows, variables, batch, row_tiers[rows] * variable_tiers[variables])
            for (rows, variables), batch in batches.items()
        ),
    )


def fed() -> TrainConfig:
    """`base` on one accelerator, with --feeders on the cores beside it: minutes."""
    buckets = (  # so that a step of every bucket costs about the same
        Bucket((20, 1000), (2, 6), 64, 0.12),
        Bucket((20, 250), (7, 12), 128, 0.2),
        Bucket((251, 1000), (7, 12), 32, 0.15),
        Bucket((20, 250), (13, 20), 64, 0.2),
        Bucket((251, 1000), (13, 20), 20, 0.17),
        Bucket((50, 500), (21, 50), 12, 0.1),
        Bucket((100, 600), (51, 100), 6, 0.06),
    )
    optimiser = OptimiserConfig(method="muon", learning_rate=3e-3, warmup=200)
    return dataclasses.replace(base(), steps=20_000, optimiser=optimiser, buckets=buckets)


def large() -> TrainConfig:
    """About 5 M parameters for d in 2..100, n in 20..2000: one accelerator, hours. Not yet run."""
    shapes = (
        Bucket((20, 128), (2, 12), 256, 0.2),
        Bucket((20, 512), (8, 24), 128, 0.3),
        Bucket((200, 2000), (8, 24), 32, 0.2),
        Bucket((50, 1000), (25, 50), 32, 0.2),
        Bucket((100, 1000), (51, 100), 8, 0.1),
    )
    return TrainConfig(
        name="large",
        steps=100_000,
        model=dataclasses.replace(
            base().model,
            row_blocks=6,
            pair_blocks=6,
            row_width=64,
            pair_width=128,
            outer_channels=24,
            triangle_channels=48,
            heads=8,
            bfloat16=True,
        ),
        optimiser=OptimiserConfig(method="muon", learning_rate=1e-3, warmup=1000, ema=0.9995),
        prior=wide(),
        questions=ASKED,
        buckets=shapes,
    )


PRESETS = {"tiny": tiny, "base": base, "fed": fed, "large": large}


def preset(name: str) -> TrainConfig:
    """The preset of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in PRESETS:
        raise UsageError(f"no preset is named {name!r}; choose one of {', '.join(PRESETS)}")
    return PRESETS[name]()


def to_dict(config: TrainConfig) -> dict[str, Any]:
    """Plain nested dictionary, ready for JSON."""
    return json.loads(json.dumps(dataclasses.asdict(config)))


def from_dict(data: dict[str, Any]) -> TrainConfig:
    """A config from `to_dict`'s output, every field checked against its type.

    Raises:
        UsageError: a field is unknown or of the wrong type; the message names it.
    """
    try:
        rules = dacite.Config(strict=True, cast=[tuple], type_hooks={float: float})
        return dacite.from_dict(TrainConfig, data, rules)
    except (dacite.DaciteError, PriorError, ValueError) as error:
        raise UsageError(f"config: {error}") from error


def differences(there: TrainConfig, here: TrainConfig) -> list[str]:
    """Fields in which two configs differ, as "model.row_blocks: 3 there, 4 here"."""
    first, second = (flatten_dict(to_dict(config), sep=".") for config in (there, here))
    names = sorted(first.keys() | second.keys())
    return [
        f"{name}: {first.get(name)} there, {second.get(name)} here"
        for name in names
        if first.get(name) != second.get(name)
    ]


def override(config: TrainConfig, assignments: list[str]) -> TrainConfig:
    """`config` with dotted assignments applied, such as "model.row_blocks=4"; values are JSON.

    Raises:
        UsageError: an assignment is malformed, names no field or has the wrong type.
    """
    data = to_dict(config)
    for assignment in assignments:
        path, separator, text = assignment.partition("=")
        *parents, last = path.split(".")
        node = data
        for parent in parents:
            node = node.get(parent) if isinstance(node, dict) else None
        if not separator or not isinstance(node, dict) or last not in node:
            raise UsageError(f"--set {assignment}: write NAME=VALUE with the name of a field")
        try:
            node[last] = json.loads(text)
        except json.JSONDecodeError:
            node[last] = text
    return from_dict(data)
