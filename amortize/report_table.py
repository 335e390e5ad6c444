"""The tables of the report, as plain HTML that reads without script."""

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from amortize.graph import CausalGraph

LOWEST = 0.05  # pairs less likely than this are in the heat map alone
MOST_ROWS = 2000  # pairs in the edge table; all are in probabilities.csv
MOST_COLUMNS = 24  # rows of the column table that are shown without scrolling
WORDS = {
    "clear": "clear",
    "open": "adjacent, direction not identifiable",
    "common": "unmeasured common cause, no edge",
    "cycle": "left out of the graph, closes a cycle",
}


def lowest(graph: "CausalGraph") -> float:
    """The probability down to which the slider goes."""
    return min(LOWEST, graph.threshold)


def edge_table(graph: "CausalGraph") -> str:
    """A row per pair that the slider can reach; the script shows those that it does."""
    p, common = graph.probabilities, graph.confounded
    chance = np.maximum(p + p.T, 0.0 if common is None else common)
    reached = np.argwhere(np.triu(chance >= lowest(graph), k=1)).tolist()
    pairs = [(i, j) if p[i, j] >= p[j, i] else (j, i) for i, j in reached]
    kept = sorted(pairs, key=lambda pair: -chance[pair])[:MOST_ROWS]
    kept.sort(key=lambda pair: -p[pair])
    edges = {(edge.cause, edge.effect): edge for edge in graph.edges()}
    both = {frozenset(pair[:2]) for pair in graph.confounded_pairs()}
    heads = [("Cause", "text"), ("", ""), ("Effect", "text"), ("Probability", "number")]
    heads += [("Of the reverse", "number"), ("Direction", "text")]
    heads += [] if common is None else [("Common cause", "number")]
    heads += [] if graph.stability is None else [("Stability", "number")]
    lines = ['<div class="tall"><table id="edges"><thead><tr>', *map(_head, heads)]
    lines.append("</tr></thead><tbody>")
    for i, j in kept:
        edge = edges.get((graph.names[i], graph.names[j]))
        only = edge is None and frozenset((graph.names[i], graph.names[j])) in both
        words = WORDS[
            "common" if only else "open" if edge and edge.direction != "clear" else "clear"
        ]
        words += f"; {WORDS['cycle']}" if edge and not edge.in_dag else ""
        arrow = "↔" if only else "—" if edge and edge.direction != "clear" else "→"
        more = "" if common is None else _number(common[i, j])
        more += "" if graph.stability is None else _number(graph.stability[i, j])
        lines.append(
            f'<tr data-pair="{i},{j}"{"" if edge or only else " hidden"}>'
            f'<td>{escape(graph.names[i])}</td><td class="arrow">{arrow}</td>'
            f"<td>{escape(graph.names[j])}</td>{_number(p[i, j])}{_number(p[j, i])}"
            f'<td class="direction">{words}</td>{more}</tr>'
        )
    lines.append("</tbody></table></div>")
    hidden = "" if not edges and not both else " hidden"
    lines.append(f'<p id="none"{hidden}>No pair of variables reaches the threshold.</p>')
    if len(pairs) > MOST_ROWS:
        lines.append(
            f'<p class="note">The table holds the {MOST_ROWS} likeliest of {len(pairs)} pairs; '
            "all are in probabilities.csv.</p>"
        )
    return "".join(lines)


def _head(head: tuple[str, str]) -> str:
    words, key = head
    if not key:
        return "<th></th>"
    number = ' class="number"' if key == "number" else ""
    return f'<th data-key="{key}"{number}><button type="button">{words}</button></th>'


def _number(value: float) -> str:
    return f'<td class="number">{value:.3f}</td>'


def column_table(graph: "CausalGraph") -> str:
    """What each column of the input was used as."""
    if not graph.columns:
        return '<p class="note">No report of columns was made.</p>'
    room = "tall" if len(graph.columns) > MOST_COLUMNS else "wide"
    lines = [
        f'<div class="{room}"><table><thead><tr><th>Column</th><th>Used as</th>'
        '<th class="number">Missing</th><th>Note</th></tr></thead><tbody>'
    ]
    for column in graph.columns:
        lines.append(
            f"<tr{' class=weak' if column.use == 'left out' else ''}>"
            f"<td>{escape(column.name)}</td><td>{escape(column.use)}</td>"
            f'<td class="number">{column.missing:.1%}</td><td>{escape(column.note)}</td></tr>'
        )
    return "".join([*lines, "</tbody></table></div>"])


def run_table(graph: "CausalGraph") -> str:
    """What was run, as far as it is told in `CausalGraph.run`."""
    facts: dict[str, Any] = {"network": graph.checkpoint, "threshold": f"{graph.threshold:g}"}
    facts |= {key.replace("_", " "): value for key, value in graph.run.items()}
    items = []
    for key, value in facts.items():
        told = _told(value)
        if told:
            items.append(f"<dt>{escape(key)}</dt><dd>{escape(told)}</dd>")
    return f'<dl class="run">{"".join(items)}</dl>'


def _told(value: Any) -> str:
    """A JSON value in words; what is empty is not told."""
    if value is None:
        return ""
    if isinstance(value, dict):
        parts = ((name, _told(part)) for name, part in value.items())
        return ", ".join(f"{name} {part}" for name, part in parts if part)
    if isinstance(value, list | tuple):
        return ", ".join(_told(part) for part in value)
    return str(value)
