"""What is known of the graph before the data are seen: order in time, required, forbidden edges.

Files are read by `knowledge_file.py` (TOML, JSON) and `knowledge_tetrad.py`, causal-learn's object
by `knowledge_causallearn.py`. Here is what it means, and which of it contradicts itself;
`knowledge_matrix.py` joins it to a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np

from amortize.errors import DataError, listing, nearest, quoted

UNKNOWN, FORBIDDEN, REQUIRED = range(3)  # as in amortize.batch, which imports JAX

Pair = tuple[str, str]


@dataclass(frozen=True)
class Knowledge:
    """Constraints on direct edges between named variables; free of contradictions.

    Attributes:
        tiers: groups of names in order of time: nothing in a later tier causes anything in an
            earlier one. Variables in no tier are not constrained.
        required: (cause, effect) edges that the graph has.
        forbidden: (cause, effect) edges that it does not have.
        exogenous: names that nothing causes.
        outcomes: names that cause nothing.

    Raises:
        DataError: the constraints contradict each other; the message names the edges.
    """

    tiers: tuple[tuple[str, ...], ...] = ()
    required: tuple[Pair, ...] = ()
    forbidden: tuple[Pair, ...] = ()
    exogenous: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Take lists for tuples, drop repetitions, refuse contradictions."""
        once = dict.fromkeys
        put = object.__setattr__
        put(self, "tiers", tuple(tuple(once(map(str, tier))) for tier in self.tiers))
        put(self, "required", tuple(once((str(a), str(b)) for a, b in self.required)))
        put(self, "forbidden", tuple(once((str(a), str(b)) for a, b in self.forbidden)))
        put(self, "exogenous", tuple(once(map(str, self.exogenous))))
        put(self, "outcomes", tuple(once(map(str, self.outcomes))))
        _check_edges(self)
        _check_paths(self.required, _check_tiers(self))

    def __bool__(self) -> bool:
        return any((self.tiers, self.required, self.forbidden, self.exogenous, self.outcomes))

    @property
    def names(self) -> list[str]:
        """Every name that is mentioned, in order of first mention."""
        tiered = [name for tier in self.tiers for name in tier]
        paired = [name for pair in (*self.required, *self.forbidden) for name in pair]
        return list(dict.fromkeys([*tiered, *paired, *self.exogenous, *self.outcomes]))

    def joined(self, other: Knowledge) -> Knowledge:
        """Both together. Tiers can only come from one of them.

        Raises:
            DataError: the two contradict each other, or both have tiers.
        """
        if self.tiers and other.tiers and self.tiers != other.tiers:
            raise DataError("tiers are given twice; give one order of time")
        return Knowledge(
            self.tiers or other.tiers,
            self.required + other.required,
            self.forbidden + other.forbidden,
            self.exogenous + other.exogenous,
            self.outcomes + other.outcomes,
        )

    def renamed(self, members: Mapping[str, Sequence[str]]) -> Knowledge:
        """With every name that `members` has replaced by its members (perhaps none).

        Raises:
            DataError: a required edge names something that has other than one member.
        """

        def several(names: Iterable[str]) -> tuple[str, ...]:
            return tuple(member for name in names for member in members.get(name, (name,)))

        for name in dict.fromkeys(name for pair in self.required for name in pair):
            if len(members.get(name, (name,))) > 1:
                raise DataError(
                    f"a required edge names {quoted(name)}, which is read as "
                    f"{len(members[name])} variables; require one of {listing(list(members[name]))}"
                )
        pairs = [
            [(a, b) for x, y in edges for a in several([x]) for b in several([y])]
            for edges in (self.required, self.forbidden)
        ]
        return Knowledge(
            tuple(several(tier) for tier in self.tiers),
            tuple(pairs[0]),
            tuple(pairs[1]),
            several(self.exogenous),
            several(self.outcomes),
        )

    def matrix(self, names: Sequence[str]) -> np.ndarray:
        """Int32 [d, d]; [i, j] is UNKNOWN, FORBIDDEN or REQUIRED for names[i] -> names[j].

        The way back along required edges is forbidden as well, since it would close a cycle.

        Raises:
            DataError: a name is not among `names`.
        """
        place = {name: i for i, name in enumerate(names)}
        for name in self.names:
            if name not in place:
                raise DataError(
                    f"the background knowledge names {quoted(name)}, which is no variable"
                    f"{nearest(name, names)}"
                )
        d = len(place)
        known_dd = np.full((d, d), UNKNOWN, dtype=np.int32)
        tier_d = np.full(d, -1)
        for position, tier in enumerate(self.tiers):
            tier_d[[place[name] for name in tier]] = position
        known_dd[(tier_d[:, None] > tier_d[None, :]) & (tier_d[None, :] >= 0)] = FORBIDDEN
        known_dd[:, [place[name] for name in self.exogenous]] = FORBIDDEN
        known_dd[[place[name] for name in self.outcomes], :] = FORBIDDEN
        for a, b in self.forbidden:
            known_dd[place[a], place[b]] = FORBIDDEN
        for a, b in nx.transitive_closure_dag(nx.DiGraph(self.required)).edges:
            known_dd[place[b], place[a]] = FORBIDDEN
        for a, b in self.required:
            known_dd[place[a], place[b]] = REQUIRED
        np.fill_diagonal(known_dd, UNKNOWN)
        return known_dd

    def record(self) -> dict:
        """As JSON values, for run.json and for a knowledge file."""
        return {
            "tiers": [list(tier) for tier in self.tiers],
            "required": [f"{a} -> {b}" for a, b in self.required],
            "forbidden": [f"{a} -> {b}" for a, b in self.forbidden],
            "exogenous": list(self.exogenous),
            "outcomes": list(self.outcomes),
        }


def arrow(cause: str, effect: str) -> str:
    """An edge for use in a message."""
    return quoted(f"{cause} -> {effect}", 80)


def _check_tiers(knowledge: Knowledge) -> dict[str, int]:
    """The tier of each name that has one."""
    tier_of: dict[str, int] = {}
    for position, tier in enumerate(knowledge.tiers):
        for name in tier:
            if tier_of.setdefault(name, position) != position:
                raise DataError(
                    f"{quoted(name)} stands in tiers {tier_of[name] + 1} and {position + 1}; "
                    "leave it in one"
                )
    return tier_of


def _check_edges(knowledge: Knowledge) -> None:
    """Refuse what a single edge contradicts."""
    for kind, pairs in (("required", knowledge.required), ("forbidden", knowledge.forbidden)):
        for a, b in pairs:
            if a == b:
                raise DataError(f"the {kind} edge {arrow(a, b)} leads to itself; remove it")
    forbidden = set(knowledge.forbidden)
    for a, b in knowledge.required:
        clash = "forbidden" if (a, b) in forbidden else ""
        clash = f"{quoted(b)} is exogenous" if b in knowledge.exogenous else clash
        clash = f"{quoted(a)} is an outcome" if a in knowledge.outcomes else clash
        if clash:
            raise DataError(f"{arrow(a, b)} is required, and {clash}; remove one of the two")


def _check_paths(required: Sequence[Pair], tier_of: Mapping[str, int]) -> None:
    """Refuse cycles and ways back in time along required edges."""
    graph = nx.DiGraph(required)
    if not nx.is_directed_acyclic_graph(graph):
        edges = ", ".join(arrow(a, b) for a, b in nx.find_cycle(graph))
        raise DataError(f"the required edges form a cycle: {edges}; remove one of them")
    for a, b in nx.transitive_closure_dag(graph).edges:
        if a in tier_of and b in tier_of and tier_of[a] > tier_of[b]:
            path = nx.shortest_path(graph, a, b)
            edges = ", ".join(arrow(*pair) for pair in nx.utils.pairwise(path))
            raise DataError(
                f"the required {edges} goes back in time: {quoted(a)} is in tier "
                f"{tier_of[a] + 1}, {quoted(b)} in tier {tier_of[b] + 1}; change one of them"
            )
