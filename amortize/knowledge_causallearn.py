"""Background knowledge held by causal-learn's BackgroundKnowledge. causal-learn is not imported."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from amortize.knowledge import Knowledge


def from_causallearn(background: Any, names: Sequence[str]) -> Knowledge:
    """The same constraints on direct edges as `is_required` and `is_forbidden` tell.

    Patterns are matched as causal-learn matches them, from the start of a name (`re.match`);
    tiers within which edges are forbidden become forbidden edges.

    Args:
        background: causallearn.utils.PCUtils.BackgroundKnowledge.BackgroundKnowledge.
        names: the names that patterns can match.

    Raises:
        DataError: the constraints contradict each other.
    """
    tiers: dict[int, list[str]] = {}
    for node, tier in background.tier_value_map.items():
        tiers.setdefault(tier, []).append(node.get_name())
    ordered = {tier: sorted(tiers[tier]) for tier in sorted(tiers)}
    closed = [ordered.get(tier, []) for tier in background.forbidden_within_tiers]
    forbidden = _pairs(
        background.forbidden_rules_specs, background.forbidden_pattern_rules_specs, names
    )
    forbidden += [(a, b) for tier in closed for a in tier for b in tier if a != b]
    required = _pairs(
        background.required_rules_specs, background.required_pattern_rules_specs, names
    )
    return Knowledge(tuple(map(tuple, ordered.values())), tuple(required), tuple(forbidden))


def _pairs(by_node: Any, by_pattern: Any, names: Sequence[str]) -> list[tuple[str, str]]:
    pairs = [(a.get_name(), b.get_name()) for a, b in by_node]
    for first, second in by_pattern:
        causes = [name for name in names if re.match(first, name)]
        effects = [name for name in names if re.match(second, name)]
        pairs += [(a, b) for a in causes for b in effects if a != b]
    return sorted(pairs)  # the object keeps sets
