"""A still picture of a graph for papers, by matplotlib (extra `plot`): PNG, SVG or PDF."""

import warnings
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amortize.errors import UsageError, quoted
from amortize.folder import replace_file
from amortize.layout import Spot, layered

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from amortize.graph import CausalGraph

SUFFIXES = (".png", ".svg", ".pdf")
SHOWN = 18  # characters of a name
ALONG, ACROSS, HIGH = 2.1, 0.42, 0.28  # inches from layer to layer and box to box; a box's height
FONT = 9  # points
LETTER = 0.085  # width of a letter, inches
INK, EDGE, BOX, RIM, COMMON = "#1c2430", "#44566c", "#e9f0f9", "#7d9abf", "#8a3ab9"


def check_figure(path: Path, force: bool = True) -> None:
    """Refuse a figure that cannot be made, before anything is computed.

    Raises:
        UsageError: the name ends in none of `SUFFIXES`, the file exists and `force` is False, or
            matplotlib is not installed.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"the figure {quoted(path)} ends in {quoted(path.suffix)}; give {', '.join(SUFFIXES)}"
        )
    if path.is_dir():
        raise UsageError(f"the figure {quoted(path)} is a directory; give a file")
    if path.exists() and not force:
        raise UsageError(f"the figure {quoted(path)} exists; give --force to overwrite it")
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise UsageError("a figure needs matplotlib; run: pip install 'amortize[plot]'") from error


def save_figure(graph: "CausalGraph", path: str | Path, threshold: float | None = None) -> Path:
    """Write the drawing of `draw` to a file; the suffix says the format. Returns the path.

    Raises:
        UsageError: see `check_figure`.
        DataError: the file system refuses.
    """
    path = Path(path)
    check_figure(path)
    import matplotlib as mpl

    # Text stays text in SVG and PDF; the same graph gives the same bytes.
    settings: Any = {"svg.fonttype": "none", "pdf.fonttype": 42, "svg.hashsalt": "amortize"}
    nothing = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with mpl.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a sign that the font lacks, drawn as a box
        kind, drawn = path.suffix.lower(), BytesIO()
        draw(graph, threshold).savefig(drawn, format=kind[1:], dpi=200, metadata=nothing[kind])
    replace_file(path, drawn.getvalue(), "figure")
    return path


def draw(graph: "CausalGraph", threshold: float | None = None) -> "Figure":
    """The graph by layers, causes left of their effects: the report's drawing without its slider.

    Dashed without a head: direction not identifiable. Purple with two heads: an unmeasured common
    cause. Edges that would close a cycle are left out, as in `CausalGraph.dag`.
    """
    from matplotlib.figure import Figure

    layout = layered(graph.dag(threshold))
    wide = LETTER * max(min(len(name), SHOWN) for name in graph.names) + 0.25
    step = max(ALONG, wide + 0.9)
    columns = max(layout.layers, 3)
    spots = {name: _inches(spot, step, wide) for name, spot in layout.places.items()}
    bottom = layout.breadth * ACROSS + (0.2 if layout.layers else 0)
    for rank, name in enumerate(layout.loose):
        x, y = (rank % columns) * (wide + 0.15) + wide / 2, bottom + ACROSS * (rank // columns)
        spots[name] = (x, -y)
    xs, ys = zip(*spots.values(), strict=True)
    low, high = (min(xs) - wide / 2 - 0.1, min(ys) - 0.35), (max(xs) + wide / 2 + 0.1, 0.3)
    pairs = graph.confounded_pairs(threshold)
    deepest = [_depth(spots[pair.first], spots[pair.second]) for pair in pairs]
    low = low[0], min([low[1], *(depth - 0.1 for depth in deepest)])
    size = high[0] - low[0], high[1] - low[1]
    figure = Figure(figsize=size)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    axes.set_axis_off()
    for edge in graph.edges(threshold):
        if edge.in_dag:
            bends = layout.bends.get((edge.cause, edge.effect), [])
            middle = [_inches(bend, step, wide) for bend in bends]
            _arrow(axes, [spots[edge.cause], *middle, spots[edge.effect]], wide, edge)
    for pair in pairs:
        _common(axes, spots[pair.first], spots[pair.second])
    for name, spot in spots.items():
        _box(axes, name, spot, wide)
    return figure


def _inches(spot: Spot, step: float, wide: float) -> tuple[float, float]:
    return spot[0] * step + wide / 2, -spot[1] * ACROSS


def _arrow(axes: "Axes", points: list[tuple[float, float]], wide: float, edge) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Curve

    (x, y), *rest = points
    x += wide / 2
    vertices, codes = [(x, y)], [Curve.MOVETO]
    for number, (end, v) in enumerate(rest):
        last = number == len(rest) - 1
        u = end - wide / 2
        vertices += [((x + u) / 2, y), ((x + u) / 2, v), (u, v)]
        codes += [Curve.CURVE4] * 3
        if not last:  # straight past the layer's boxes
            vertices.append((end + wide / 2, v))
            codes.append(Curve.LINETO)
        x, y = end + wide / 2, v
    clear = edge.direction == "clear"
    axes.add_patch(
        FancyArrowPatch(
            path=Curve(vertices, codes),
            arrowstyle="-|>" if clear else "-",
            mutation_scale=9,
            linestyle="-" if clear else (0, (4, 3)),
            linewidth=0.5 + 1.5 * edge.probability,
            color=EDGE,
            shrinkA=0,
            shrinkB=0,
        )
    )


def _common(axes: "Axes", start: tuple[float, float], end: tuple[float, float]) -> None:
    """From the one box's lower edge to the other's, round below both."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Curve

    (x, y), (u, v) = ((at, height - HIGH / 2) for at, height in (start, end))
    out = min(y, v) - _sag(x, u)
    curve = Curve([(x, y), (x, out), (u, out), (u, v)], [Curve.MOVETO, *[Curve.CURVE4] * 3])
    style = {"arrowstyle": "<|-|>", "linestyle": (0, (1, 1.5)), "color": COMMON}
    axes.add_patch(FancyArrowPatch(path=curve, mutation_scale=8, shrinkA=0, shrinkB=0, **style))


def _sag(x: float, u: float) -> float:
    return 0.3 + 0.06 * abs(u - x)


def _depth(start: tuple[float, float], end: tuple[float, float]) -> float:
    """How far down the curve of `_common` comes, which is not quite to its control points."""
    return min(start[1], end[1]) - HIGH / 2 - 0.75 * _sag(start[0], end[0])


def _box(axes: "Axes", name: str, spot: tuple[float, float], wide: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    x, y = spot
    corner = (x - wide / 2, y - HIGH / 2)
    shape = "round,pad=0,rounding_size=0.05"
    axes.add_patch(FancyBboxPatch(corner, wide, HIGH, shape, facecolor=BOX, edgecolor=RIM))
    shown = name if len(name) <= SHOWN else name[: SHOWN - 1] + "…"
    text = axes.text(x, y, shown, ha="center", va="center", fontsize=FONT, color=INK)
    text.set_parse_math(False)  # a name with two dollar signs is no formula
