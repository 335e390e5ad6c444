"""What a notebook shows of a graph: a table, without script, that reads on light and dark."""

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from amortize.graph import CausalGraph, Edge

SHOWN = 25  # edges
BAR = 60  # width of a bar for probability 1, pixels
CELL = 'style="text-align:left"'


def render(graph: "CausalGraph") -> str:
    """An HTML fragment. Every name and sentence goes through `escape`."""
    edges, pairs = graph.edges(), graph.confounded_pairs()
    head = f"<b>Causal graph</b>: {len(graph.names)} variables, {len(edges)} edges"
    head += f" at threshold {graph.threshold:g}"
    head += f", network {escape(graph.checkpoint)}" if graph.checkpoint else ""
    parts = [f"<p>{head}</p>"]
    parts += [f"<p><b>Warning:</b> {escape(warning)}</p>" for warning in graph.warnings]
    if edges:
        names = ["cause", "", "effect", "probability", "of the reverse", ""]
        parts.append("<table><thead><tr>" + "".join(f"<th {CELL}>{n}</th>" for n in names))
        parts.append("</tr></thead><tbody>")
        parts += [_row(edge) for edge in edges[:SHOWN]]
        parts.append("</tbody></table>")
    else:
        parts.append("<p>No pair of variables reaches the threshold.</p>")
    if len(edges) > SHOWN:
        parts.append(f"<p>and {len(edges) - SHOWN} more, see <code>graph.edges()</code></p>")
    for pair in pairs[:SHOWN]:
        parts.append(
            f"<p>{escape(pair.first)} ↔ {escape(pair.second)}: an unmeasured common cause is "
            f"likely ({pair.probability:.2f})</p>"
        )
    parts.append(f"<p><small>{escape(graph.assumptions)}</small></p>")
    return "".join(parts)


def _row(edge: "Edge") -> str:
    arrow = "→" if edge.direction == "clear" else "—"
    bar = (
        f'<span style="display:inline-block;height:.6em;width:{BAR * edge.probability:.0f}px;'
        'background:#3b76c4"></span>'
    )
    cells = [escape(edge.cause), arrow, escape(edge.effect), f"{bar} {edge.probability:.2f}"]
    cells += [f"{edge.reverse:.2f}", edge.note]
    return "<tr>" + "".join(f"<td {CELL}>{cell}</td>" for cell in cells) + "</tr>"
