"""One HTML page about a graph that opens offline: no script, no font, no address outside it.

Every name and note goes through `escape`, since column names come from the user's file.
"""

from html import escape
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np

from amortize import __version__

if TYPE_CHECKING:
    from amortize.graph import CausalGraph

# Nothing may be fetched and no script may run, whatever a column is called.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1c2430; margin: 2rem auto; max-width: 72rem;
       padding: 0 1.5rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
p.note { color: #4a5666; max-width: 48rem; }
ul.warnings { background: #fff6e0; border-left: 4px solid #d9940a; padding: .8rem 2rem; }
div.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .3rem .8rem; border-bottom: 1px solid #e2e7ee; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
tr.weak td { color: #6b7686; }
svg { display: block; max-width: none; } svg text { font: 12px system-ui, sans-serif; }
footer { margin-top: 3rem; color: #6b7686; font-size: .85rem; }
"""
CELL = 26  # side of a heat map cell, pixels
BLANK = 0.005  # smallest probability drawn in the heat map
SHOWN = 18  # characters of a name in a drawing; the whole name is in its tooltip


def render(graph: "CausalGraph") -> str:
    """The page as text."""
    d, edges = len(graph.names), graph.edges()
    rows = graph.run.get("rows")
    size = f"{rows} rows, {d} variables" if rows else f"{d} variables"
    uncertain = sum(edge.direction == "uncertain" for edge in edges)
    note = f"{len(edges)} edges at threshold {graph.threshold:g}"
    note += f", {uncertain} of uncertain direction" if uncertain else ""
    parts = [
        f"<h1>Causal graph of {escape(str(graph.run.get('data', 'a table')))}</h1>",
        f'<p class="note">{size}; {note}; network: {escape(graph.checkpoint)}.</p>',
        f'<p class="note">{escape(graph.assumptions)}</p>',
        _warnings(graph),
        "<h2>Graph</h2>",
        '<p class="note">Causes stand to the left of their effects. A dashed line means that the '
        "two are adjacent but the direction is uncertain. Thicker is likelier.</p>",
        f'<div class="wide">{_drawing(graph)}</div>',
        "<h2>Edges</h2>",
        f'<div class="wide">{_edge_table(graph)}</div>',
        "<h2>Probabilities</h2>",
        '<p class="note">Row causes column. The darker, the likelier; point at a cell for its '
        f"number. Cells under {BLANK:g} are blank.</p>",
        f'<div class="wide">{_heat_map(graph)}</div>',
        "<h2>Columns of the table</h2>",
        f'<div class="wide">{_column_table(graph)}</div>',
        f"<footer>amortize {__version__}. The same numbers are in edges.csv, probabilities.csv, "
        "graph.json and graph.graphml beside this page; run.json says what was run.</footer>",
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Causal graph</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body></html>\n"
    )


def _warnings(graph: "CausalGraph") -> str:
    items = "".join(f"<li>{escape(warning)}</li>" for warning in graph.warnings)
    return f'<ul class="warnings">{items}</ul>' if items else ""


def _edge_table(graph: "CausalGraph") -> str:
    edges = graph.edges()
    if not edges:
        return "<p>No pair of variables reaches the threshold.</p>"
    lines = [
        "<table><thead><tr><th>Cause</th><th>Effect</th><th>Probability</th>"
        "<th>Of the reverse</th><th>Direction</th></tr></thead><tbody>"
    ]
    for edge in edges:
        weak = edge.direction == "uncertain" or not edge.in_dag
        note = edge.direction if edge.in_dag else f"{edge.direction}; left out, closes a cycle"
        lines.append(
            f"<tr{' class=weak' if weak else ''}><td>{escape(edge.cause)}</td>"
            f'<td>{escape(edge.effect)}</td><td class="number">{edge.probability:.3f}</td>'
            f'<td class="number">{edge.reverse:.3f}</td><td>{note}</td></tr>'
        )
    return "".join([*lines, "</tbody></table>"])


def _column_table(graph: "CausalGraph") -> str:
    lines = [
        "<table><thead><tr><th>Column</th><th>Used as</th><th>Missing</th><th>Note</th></tr>"
        "</thead><tbody>"
    ]
    for column in graph.columns:
        lines.append(
            f"<tr{' class=weak' if column.use == 'left out' else ''}>"
            f"<td>{escape(column.name)}</td><td>{column.use}</td>"
            f'<td class="number">{column.missing:.1%}</td><td>{escape(column.note)}</td></tr>'
        )
    return "".join([*lines, "</tbody></table>"])


def _short(name: str) -> str:
    return escape(name if len(name) <= SHOWN else name[: SHOWN - 1] + "…")


def _heat_map(graph: "CausalGraph") -> str:
    names, p = graph.names, graph.probabilities
    left, top = 8 * SHOWN, 6 * SHOWN
    width, height = left + CELL * len(names) + 6 * SHOWN, top + CELL * len(names) + 4
    parts = [f'<svg width="{width}" height="{height}" role="img" aria-label="edge probabilities">']
    for i, name in enumerate(names):
        x, y = left + CELL * (i + 0.65), top - 6
        parts.append(
            f'<text x="{x}" y="{y}" transform="rotate(-45 {x} {y})">{_short(name)}'
            f"<title>{escape(name)}</title></text>"
            f'<text x="{left - 8}" y="{top + CELL * (i + 0.65)}" text-anchor="end">{_short(name)}'
            f"<title>{escape(name)}</title></text>"
        )
    side = CELL * len(names)
    parts.append(
        f'<defs><pattern id="grid" x="{left}" y="{top}" width="{CELL}" height="{CELL}" '
        f'patternUnits="userSpaceOnUse"><path d="M{CELL} 0H0V{CELL}" fill="none" '
        'stroke="#dfe5ec"/></pattern></defs>'
        f'<rect x="{left}" y="{top}" width="{side}" height="{side}" fill="url(#grid)" '
        'stroke="#dfe5ec"/>'
    )
    for i, j in np.argwhere(p >= BLANK):
        tip = f"{escape(names[i])} → {escape(names[j])}: {p[i, j]:.3f}"
        parts.append(
            f'<rect x="{left + CELL * j}" y="{top + CELL * i}" width="{CELL - 1}" '
            f'height="{CELL - 1}" fill="{_shade(float(p[i, j]))}"><title>{tip}</title></rect>'
        )
    return "".join([*parts, "</svg>"])


def _shade(p: float) -> str:
    """White to dark blue."""
    low, high = (255, 255, 255), (16, 66, 122)
    return "#" + "".join(f"{round(a + (b - a) * p):02x}" for a, b in zip(low, high, strict=True))


def _drawing(graph: "CausalGraph") -> str:
    """The acyclic graph by layers, each variable right of all its causes."""
    dag = graph.dag()
    layers = [sorted(layer, key=graph.names.index) for layer in nx.topological_generations(dag)]
    box, gap, row = 8 * SHOWN, 90, 52
    tallest = max(len(layer) for layer in layers)
    place = {}
    for x, layer in enumerate(layers):
        # By the mean height of its causes, so that lines cross less.
        layer.sort(key=lambda name: _mean([place[cause][1] for cause in dag.predecessors(name)]))
        # Every other layer is shifted by half a row, else long edges run through boxes.
        offset = (tallest - len(layer)) * row / 2 + (row / 2 if x % 2 else 0)
        for y, name in enumerate(layer):
            place[name] = (x * (box + gap) + 4, offset + y * row + 20)
    width, height = len(layers) * (box + gap), tallest * row + row
    parts = [
        f'<svg width="{width}" height="{height}" role="img" aria-label="causal graph"><defs>'
        '<marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" '
        'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L10 5L0 10z" fill="#44566c"/>'
        "</marker></defs>"
    ]
    for edge in graph.edges():
        if not edge.in_dag:
            continue
        (x0, y0), (x1, y1) = place[edge.cause], place[edge.effect]
        x0, bend = x0 + box, gap / 2
        dash = ' stroke-dasharray="5 4"' if edge.direction == "uncertain" else ""
        parts.append(
            f'<path d="M{x0:.0f} {y0:.0f} C{x0 + bend:.0f} {y0:.0f} {x1 - bend:.0f} {y1:.0f} '
            f'{x1:.0f} {y1:.0f}" fill="none" stroke="#44566c" marker-end="url(#tip)" '
            f'stroke-width="{0.6 + 2 * edge.probability:.1f}"{dash}><title>{escape(edge.cause)} → '
            f"{escape(edge.effect)}: {edge.probability:.3f}</title></path>"
        )
    for name, (x, y) in place.items():
        parts.append(
            f'<g><rect x="{x:.0f}" y="{y - 15:.0f}" width="{box}" height="30" rx="6" '
            f'fill="#e8f0fa" stroke="#7f9cc0"/>'
            f'<text x="{x + box / 2:.0f}" y="{y + 4:.0f}" text-anchor="middle">'
            f"{_short(name)}</text><title>{escape(name)}</title></g>"
        )
    return "".join([*parts, "</svg>"])


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0
