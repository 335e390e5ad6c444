"""One HTML page about a graph that opens offline: no address outside it, one script of its own.

Every name and note goes through `escape`, since column names come from the user's file. The
numbers stand in a JSON block that the script in `page/` reads; the tables are plain HTML.
"""

import json
from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from amortize import __version__
from amortize.layout import layered
from amortize.posterior import CLEAR_DIRECTION

if TYPE_CHECKING:
    from amortize.graph import CausalGraph

SCRIPTS = ("graph.js", "element.js", "drawing.js", "update.js", "heat.js", "controls.js")
LOWEST = 0.05  # pairs less likely than this are in the heat map alone
MOST_DRAWN = 120  # edges drawn at first
MOST_ROWS = 2000  # pairs in the edge table; all are in probabilities.csv
MOST_COLUMNS = 24  # rows of the column table that are shown without scrolling
WORDS = {
    "clear": "clear",
    "open": "adjacent, direction not identifiable",
    "common": "unmeasured common cause, no edge",
    "cycle": "left out of the graph, closes a cycle",
}
LEGEND = (
    ("edge", "tip", "cause → effect; thicker is likelier"),
    ("edge open", "", "adjacent, direction not identifiable"),
    ("edge cycle", "tip", "closes a cycle, not in the acyclic graph"),
)
COMMON = ("edge common", "both", "unmeasured common cause")


def render(graph: "CausalGraph") -> str:
    """The page as text. What the reader sees follows the slider, which starts at the threshold."""
    script = _script()
    digest = b64encode(sha256(script.encode()).digest()).decode()
    # Nothing may be fetched, and no script but this very one may run, whatever a column is called.
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    rows = graph.run.get("rows")
    size = f"{rows} rows, {len(graph.names)}" if rows else f"{len(graph.names)}"
    title = f"Causal graph of {graph.run.get('data', 'a table')}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="note">{size} variables; network: {escape(graph.checkpoint or "none")}.</p>',
        f'<p class="note">{escape(graph.assumptions)}</p>',
        _warnings(graph),
        "<h2>Graph</h2>",
        _controls(graph),
        '<p class="count" id="count" aria-live="polite"></p>',
        '<div class="split"><div class="drawing" id="drawing"><noscript>The drawing needs '
        "JavaScript; the tables below do not.</noscript></div>"
        '<aside id="panel" aria-live="polite"></aside></div>',
        _legend(graph),
        "<h2>Edges</h2>",
        _edge_table(graph),
        "<h2>Probabilities</h2>",
        '<p class="note">The row causes the column: the darker, the likelier. Point at a cell for '
        "its numbers.</p>",
        '<div class="wide"><canvas id="heat" role="img" aria-label="matrix of edge probabilities; '
        'the numbers are in probabilities.csv"></canvas></div>',
        "<h2>Columns of the table</h2>",
        _column_table(graph),
        "<h2>What was run</h2>",
        _run(graph),
        f"<footer>amortize {__version__}. The same numbers are in edges.csv, probabilities.csv, "
        "graph.json, graph.graphml and graph.dot beside this page.</footer>",
        '<div id="tip" role="tooltip" hidden></div>',
        f'<script type="application/json" id="data">{_json(_data(graph))}</script>',
        f"<script>{script}</script>",
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_page('style.css')}</style></head>\n<body>\n"
        + "\n".join(part for part in parts if part)
        + "\n</body></html>\n"
    )


def _page(name: str) -> str:
    return files("amortize").joinpath("page", name).read_text(encoding="utf-8")


def _script() -> str:
    return "\n".join(['"use strict";(() => {', *map(_page, SCRIPTS), "})();"])


def _json(content: dict[str, Any]) -> str:
    """JSON that no name can leave: an HTML parser ends a script at its first "</script"."""
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _data(graph: "CausalGraph") -> dict[str, Any]:
    layout = layered(graph.dag())
    index = {name: i for i, name in enumerate(graph.names)}
    return {
        "names": graph.names,
        "threshold": graph.threshold,
        "lowest": min(LOWEST, graph.threshold),
        "clear": CLEAR_DIRECTION,
        "most": MOST_DRAWN,
        "words": WORDS,
        "probabilities": _flat(graph.probabilities),
        "confounded": _flat(graph.confounded),
        "stability": _flat(graph.stability),
        "layout": {
            "places": [layout.places.get(name) for name in graph.names],
            "loose": [index[name] for name in layout.loose],
            "bends": {f"{index[i]},{index[j]}": spots for (i, j), spots in layout.bends.items()},
            "layers": layout.layers,
            "breadth": layout.breadth,
        },
    }


def _flat(matrix: np.ndarray | None) -> list[float] | None:
    """Row by row, six digits, whole numbers short. Only what is certain is 1."""
    if matrix is None:
        return None
    rounded = np.where(matrix < 1, np.minimum(np.round(matrix, 6), 0.999999), 1.0)
    return [int(x) if x == int(x) else x for x in rounded.ravel().tolist()]


def _warnings(graph: "CausalGraph") -> str:
    items = "".join(f"<li>{escape(warning)}</li>" for warning in graph.warnings)
    return f'<ul class="warnings">{items}</ul>' if items else ""


def _controls(graph: "CausalGraph") -> str:
    options = "".join(
        f'<option value="{i}">{escape(n)}</option>' for i, n in enumerate(graph.names)
    )
    low = min(LOWEST, graph.threshold)
    return (
        '<div class="controls"><label class="slide">Show pairs connected with probability from '
        f'<input type="range" id="threshold" min="{low:g}" max="1" step="any" '
        f'value="{graph.threshold:g}"><output id="level">{graph.threshold:.2f}</output></label>'
        '<label id="strongest" hidden><input type="checkbox" checked>'
        f"Only the strongest {MOST_DRAWN}</label>"
        '<label>Variable <select id="variable" autocomplete="off"><option value="">none</option>'
        f"{options}</select></label>"
        '<span class="zoom"><button type="button" id="farther" aria-label="smaller">−</button> '
        '<button type="button" id="nearer" aria-label="larger">+</button></span></div>'
    )


def _legend(graph: "CausalGraph") -> str:
    items = []
    for kind, heads, words in (*LEGEND, *(() if graph.confounded is None else (COMMON,))):
        tip = "common" if heads == "both" else "edge"
        end = f' marker-end="url(#tip-{tip})"' if heads else ""
        start = f' marker-start="url(#tip-{tip})"' if heads == "both" else ""
        items.append(
            f'<li><svg viewBox="0 0 34 10" class="{kind}" aria-hidden="true"><path class="line" '
            f'd="M1 5H33" stroke-width="2"{start}{end}/></svg>{words}</li>'
        )
    return f'<ul class="legend">{"".join(items)}</ul>'


def _edge_table(graph: "CausalGraph") -> str:
    """A row per pair that the slider can reach; the script shows those that it does."""
    p, common = graph.probabilities, graph.confounded
    chance = np.maximum(p + p.T, 0.0 if common is None else common)
    low = min(LOWEST, graph.threshold)
    pairs = np.argwhere(np.triu(chance >= low, k=1))
    pairs = np.array([(i, j) if p[i, j] >= p[j, i] else (j, i) for i, j in pairs], int)
    pairs = pairs.reshape(-1, 2)
    order = np.argsort(-p[pairs[:, 0], pairs[:, 1]], kind="stable")[:MOST_ROWS]
    edges = {(edge.cause, edge.effect): edge for edge in graph.edges()}
    both = {frozenset(pair[:2]) for pair in graph.confounded_pairs()}
    heads = [("Cause", "text"), ("", ""), ("Effect", "text"), ("Probability", "number")]
    heads += [("Of the reverse", "number"), ("Direction", "text")]
    heads += [] if common is None else [("Common cause", "number")]
    heads += [] if graph.stability is None else [("Stability", "number")]
    lines = ['<div class="tall"><table id="edges"><thead><tr>', *map(_head, heads)]
    lines.append("</tr></thead><tbody>")
    for i, j in pairs[order]:
        edge = edges.get((graph.names[i], graph.names[j]))
        only = edge is None and frozenset((graph.names[i], graph.names[j])) in both
        words = WORDS[
            "common" if only else "open" if edge and edge.direction != "clear" else "clear"
        ]
        words += f"; {WORDS['cycle']}" if edge and not edge.in_dag else ""
        arrow = "↔" if only else "—" if edge and edge.direction != "clear" else "→"
        numbers = [p[i, j], p[j, i]]
        more = [] if common is None else [common[i, j]]
        more += [] if graph.stability is None else [graph.stability[i, j]]
        lines.append(
            f'<tr data-pair="{i},{j}"{"" if edge or only else " hidden"}>'
            f'<td>{escape(graph.names[i])}</td><td class="arrow">{arrow}</td>'
            f"<td>{escape(graph.names[j])}</td>{''.join(map(_number, numbers))}"
            f'<td class="direction">{words}</td>{"".join(map(_number, more))}</tr>'
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


def _column_table(graph: "CausalGraph") -> str:
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


def _run(graph: "CausalGraph") -> str:
    facts: dict[str, Any] = {"network": graph.checkpoint, "threshold": f"{graph.threshold:g}"}
    facts |= {key.replace("_", " "): value for key, value in graph.run.items()}
    items = []
    for key, value in facts.items():
        if value is None or value == "":
            continue
        told = value
        if isinstance(value, dict):
            told = ", ".join(f"{name} {part}" for name, part in value.items())
        items.append(f"<dt>{escape(key)}</dt><dd>{escape(str(told))}</dd>")
    return f'<dl class="run">{"".join(items)}</dl>'
