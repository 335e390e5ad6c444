"""Two sentences on what an answer assumes; they stand in every output."""

from __future__ import annotations

from collections.abc import Collection

SOURCE = (
    "They come from a network trained on simulated systems and can be wrong with confidence on "
    "data unlike those, so read an edge as a hypothesis to test and not as a finding."
)
ASSUMPTIONS = (
    "The probabilities assume that no unmeasured variable causes two of the measured ones, that "
    "there are no feedback loops, and that the rows are independent draws from one system. "
    f"{SOURCE}"
)
WITH_HIDDEN_CAUSES = (
    "The probabilities assume that there are no feedback loops and that the rows are independent "
    "draws from one system, none kept or left out for its values; unmeasured common causes are "
    f"allowed for, and a pair that probably has one is named. {SOURCE}"
)


def assumptions_of(outputs: Collection[str]) -> str:
    """The sentences for a network that answers these (`TrainConfig.outputs`)."""
    return WITH_HIDDEN_CAUSES if "confounded" in outputs else ASSUMPTIONS
