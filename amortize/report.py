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
from amortize.report_table import WORDS, column_table, edge_table, lowest, run_table

if TYPE_CHECKING:
    from amortize.graph import CausalGraph

SCRIPTS = ("graph.js", "element.js", "drawing.js", "update.js", "heat.js", "controls.js")
LARGE = 250  # variables
MOST_DRAWN = 120  # edges drawn at first
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
        edge_table(graph),
        "<h2>Probabilities</h2>",
        '<p class="note">The row causes the column: the darker, the likelier. Point at a cell for '
        "its numbers.</p>"
        '<label class="note"><input type="checkbox" id="causes-first" autocomplete="off"> Causes '
        "first, as in the drawing</label>",
        '<div class="wide"><canvas id="heat" role="img" aria-label="matrix of edge probabilities; '
        'the numbers are in probabilities.csv"></canvas></div>',
        "<h2>Columns of the table</h2>",
        column_table(graph),
        "<h2>What was run</h2>",
        run_table(graph),
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
        "lowest": lowest(graph),
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
    """Row by row, whole numbers short. Only what is certain is 1."""
    if matrix is None:
        return None
    digits = 6 if len(matrix) <= LARGE else 3  # 1,000 variables stay under 6 MB
    rounded = np.where(matrix < 1, np.minimum(np.round(matrix, digits), 1 - 10.0**-digits), 1.0)
    rounded = np.round(rounded, digits)
    return [int(x) if x == int(x) else x for x in rounded.ravel().tolist()]


def _warnings(graph: "CausalGraph") -> str:
    items = "".join(f"<li>{escape(warning)}</li>" for warning in graph.warnings)
    return f'<ul class="warnings">{items}</ul>' if items else ""


def _controls(graph: "CausalGraph") -> str:
    options = "".join(
        f'<option value="{i}">{escape(n)}</option>' for i, n in enumerate(graph.names)
    )
    return (
        '<div class="controls"><label class="slide">Show pairs connected with probability from '
        f'<input type="range" id="threshold" min="{lowest(graph):g}" max="1" step="any" '
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
