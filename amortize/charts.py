"""Charts of an evaluation as SVG text, drawn by matplotlib (extra `evaluation`)."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from amortize.baselines import METHODS
from amortize.board import BY_FIELD, OURS, Board, Column
from amortize.metrics import CalibrationBin

SIZE = (6.2, 3.9)  # inches
LETTER, LINE = 4.6, 8.5  # points that a letter of a label is wide, and a line high
LEGIBLE = 12  # curves of one chart that can be told apart
INK, GREY, ACCENT = "#1b1f24", "#8a939d", "#c2410c"
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "amortize",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.grid": True,
    "grid.color": "#e6e8eb",
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def svg(draw: Callable[[Any], None]) -> str:
    """The chart that `draw` makes on fresh axes; empty when matplotlib is not installed."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        return ""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=SIZE, layout="constrained")
        draw(figure.add_subplot())
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None}, transparent=True)
    found = text.getvalue()
    return found[found.index("<svg") :]


def colours(methods: Iterable[str]) -> dict[str, Any]:
    """A colour for each method, the same in every chart; this project's own is the accent."""
    import matplotlib as mpl

    palette = [colour for name in ("tab20", "tab20b") for colour in mpl.colormaps[name].colors]  # type: ignore[attr-defined]
    place = {name: at for at, name in enumerate(METHODS)}
    return {
        name: ACCENT if name == OURS else palette[place.get(name, len(place)) % len(palette)]
        for name in methods
    }


def mean_over(boards: Sequence[Board], method: str, field: str) -> float:
    """Mean of a method's means over the boards' common datasets, NaN without any."""
    values = [board.fair(method, field) for board in boards]
    values = [value for value in values if not np.isnan(value)]
    return float(np.mean(values)) if values else float("nan")


def methods_of(boards: Sequence[Board]) -> list[str]:
    """The methods of several boards in the order of their first appearance."""
    return list(dict.fromkeys(row.method for board in boards for row in board.methods))


def time_field(boards: Sequence[Board]) -> str:
    """Processor seconds, or wall seconds in results that do not know these."""
    known = any(
        not np.isnan(b.mean(m, "processor_seconds")) for b in boards for m in methods_of([b])
    )
    return "processor_seconds" if known else "seconds"


def accuracy_against_seconds(boards: Sequence[Board], field: str = "auprc") -> str:
    """One point for each method: mean accuracy over the boards against mean seconds (log)."""
    clock = time_field(boards)
    points = {
        name: (mean_over(boards, name, clock), mean_over(boards, name, field))
        for name in methods_of(boards)
    }
    points = {name: p for name, p in points.items() if not np.isnan(p).any()}
    done = {n: sum(not np.isnan(board.fair(n, field)) for board in boards) for n in points}

    def draw(axes: Any) -> None:
        paint = colours(points)
        labels = {}
        for name, (seconds, score) in sorted(points.items(), key=lambda item: item[1][1]):
            at = max(seconds, 1e-4), score
            axes.scatter(*at, s=70 if name == OURS else 34, color=paint[name], zorder=3)
            part = "" if done[name] == max(done.values()) else f" ({done[name]}/{len(boards)})"
            labels[name + part] = at
        axes.set_xscale("log")
        axes.margins(x=0.18, y=0.1)
        annotate(axes, labels)
        axes.set_xlabel(f"{clock.replace('_', ' ')} per dataset")
        axes.set_ylabel(f"mean {BY_FIELD[field].heading}")

    return svg(draw) if points else ""


def annotate(axes: Any, labels: dict[str, tuple[float, float]]) -> None:
    """Writes each label beside its point, higher where another is in the way."""
    axes.autoscale_view()
    taken: list[tuple[float, float, float]] = []  # left, right, bottom in points
    for text, at in labels.items():
        x, y = axes.transData.transform(at) * 72 / axes.figure.dpi + (5, 3)
        width = LETTER * len(text)
        lift = 0
        while any(
            x < end and start < x + width and abs(y + lift - low) < LINE
            for start, end, low in taken
        ):
            lift += 1
        taken.append((x, x + width, y + lift))
        axes.annotate(
            text,
            at,
            xytext=(5, 3 + lift),
            textcoords="offset points",
            fontsize=8,
            weight="bold" if text.startswith(OURS) else "normal",
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.6} if lift > 6 else None,
        )


def calibration(boards: Sequence[Board]) -> str:
    """Share of true edges against stated probability, a line for each board; of many boards also
    one for all together.
    """
    curves = [(b, m, c) for b in boards for m, c in b.calibration.items() if c]
    many = len(curves) > LEGIBLE

    def draw(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
        for board, method, curve in curves:
            axes.plot(
                [bin_.probability for bin_ in curve],
                [bin_.share for bin_ in curve],
                marker="" if many else "o",
                markersize=3,
                linewidth=0.7 if many else 1.2,
                color=GREY if many else None,
                alpha=0.5 if many else 1.0,
                label=f"{board.scenario} d={board.variables or '-'}, {method}",
            )
        if many:
            whole = pooled([curve for _, _, curve in curves])
            axes.plot(*zip(*whole, strict=True), color=ACCENT, marker="o", markersize=3.5)
            axes.set_title(f"all together, and each of {len(curves)} tables in grey", fontsize=9)
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlabel("stated probability of an edge (bins of equal mass)")
        axes.set_ylabel("share of true edges")
        if not many:
            axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))

    return svg(draw) if curves else ""


def pooled(curves: Sequence[Sequence[CalibrationBin]], bins: int = 20) -> list[tuple[float, float]]:
    """(probability, share) of several curves together, in bins of equal mass again."""
    every = sorted(bin_ for curve in curves for bin_ in curve)
    p, share, count = (np.array(column, float) for column in zip(*every, strict=True))
    group = ((np.cumsum(count) - count / 2) / count.sum() * bins).astype(int)
    mass = np.bincount(group, count)
    kept = mass > 0
    sums = np.bincount(group, count * p)[kept], np.bincount(group, count * share)[kept]
    return [(float(a), float(b)) for a, b in zip(*(s / mass[kept] for s in sums), strict=True)]


def against_size(boards: Sequence[Board], axis: str, column: Column) -> str:
    """A metric against `rows` or `variables` at one scenario; empty where there is one size."""
    boards = sorted(boards, key=lambda board: getattr(board, axis))
    if len({getattr(board, axis) for board in boards}) < 2:
        return ""

    def draw(axes: Any) -> None:
        names = methods_of(boards)
        paint = colours(names)
        for name in names:
            points = [(getattr(b, axis), b.fair(name, column.field)) for b in boards]
            points = [p for p in points if not np.isnan(p[1])]
            if not points:
                continue
            mine = name == OURS
            axes.plot(
                *zip(*points, strict=True),
                marker="o",
                markersize=3.5,
                linewidth=2.4 if mine else 1.1,
                color=paint[name],
                label=name,
                zorder=3 if mine else 2,
            )
        axes.set_xscale("log")
        ticks = sorted({getattr(board, axis) for board in boards})
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.minorticks_off()
        axes.set_xlabel(axis)
        axes.set_ylabel(column.heading)
        axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))

    return svg(draw)
