"""What the commands do and print. On a terminal tables are drawn; into a pipe goes plain text."""

import os
import textwrap
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from amortize.errors import UsageError, quoted

if TYPE_CHECKING:
    from amortize.graph import CausalGraph
    from amortize.intake import Request

PRINTED_EDGES = 40
PROSE_WIDTH = 96


def run_predict(
    request: "Request",
    out: Path | None,
    checkpoint: str | None,
    threshold: float,
    stability: int,
    max_rows: int | None,
    figure: Path | None,
    force: bool,
    quiet: bool,
) -> None:
    """Read, predict, write, print. Whatever can be refused cheaply is refused first.

    Raises:
        UsageError: the threshold, the output folder or a flag is wrong.
        DataError: the table, another file or the checkpoint cannot be used.
    """
    started = perf_counter()
    from amortize.bundled import resolve
    from amortize.folder import FILES, check_folder
    from amortize.posterior import check_threshold

    check_threshold(threshold)
    out = _default_folder(request.data) if out is None else out
    read = {os.path.realpath(path) for path in request.files}
    if any(os.path.realpath(out / name) in read for name in FILES):
        raise UsageError(f"the output {quoted(out)} would overwrite the input; give another --out")
    check_folder(out, force)
    if figure is not None:
        from amortize.figure import check_figure, save_figure

        check_figure(figure, force)
    folder = resolve(checkpoint)

    from amortize.intake import read_intake
    from amortize.preview import HEAD, PRINTED_COLUMNS, column_rows, summary
    from amortize.progress import progress_bar

    intake = read_intake(request)
    table = intake.table
    console = Console(quiet=quiet, highlight=False, soft_wrap=True)
    console.print(f"{request.data.name}: {summary(table)}", markup=False)
    _print_table(console, HEAD, column_rows(table), (2,))
    if len(table.columns) > PRINTED_COLUMNS:
        console.print(f"and {len(table.columns) - PRINTED_COLUMNS} more columns, in report.html\n")

    from amortize.predict import load

    # The first table of a size compiles for some seconds, before any share of the work is done.
    with progress_bar(f"Running the network {folder.name}", quiet) as progress:
        graph = load(folder).predict(
            table,
            interventions=intake.intervened,
            knowledge=intake.knowledge,
            regime=intake.regime,
            threshold=threshold,
            stability=stability,
            max_rows=max_rows,
            progress=progress,
        )
    graph.run.update(intake.run)
    graph.run["seconds"] = round(perf_counter() - started, 3)
    graph.save(out, force=force)
    if figure is not None:
        save_figure(graph, figure)
    for warning in graph.warnings:
        console.print(f"  warning: {warning}", markup=False)
    _print_edges(console, graph)
    console.print(textwrap.fill(graph.assumptions, PROSE_WIDTH), markup=False)
    drawn = "" if figure is None else f" and {figure}"
    console.print(
        f"\nWritten to {out}{os.sep} (open report.html){drawn}, {perf_counter() - started:.1f} s",
        markup=False,
    )


def _default_folder(data: Path) -> Path:
    """NAME.amortize in the working folder, NAME without what says how the file is written."""
    packed = data.suffix.lower() in (".gz", ".bz2", ".xz", ".zip")
    return Path(f"{Path(data.stem).stem if packed else data.stem}.amortize")


def _print_edges(console: Console, graph: "CausalGraph") -> None:
    edges, pairs = graph.edges(), graph.confounded_pairs()
    if not edges:
        console.print(f"\nNo pair of columns reaches the threshold {graph.threshold:g}.\n")
    else:
        head, numeric = ["cause", "effect", "probability", "of the reverse"], [2, 3]
        if graph.stability is not None:
            head.append("stability")
            numeric.append(4)
        rows = []
        for edge in edges[:PRINTED_EDGES]:
            numbers = [f"{edge.probability:.3f}", f"{edge.reverse:.3f}"]
            numbers += [] if edge.stability is None else [f"{edge.stability:.2f}"]
            rows.append([edge.cause, edge.effect, *numbers, edge.note])
        _print_table(console, [*head, ""], rows, tuple(numeric))
    if len(edges) > PRINTED_EDGES:
        console.print(f"and {len(edges) - PRINTED_EDGES} more, in edges.csv\n")
    if pairs:
        rows = [[pair.first, pair.second, f"{pair.probability:.3f}"] for pair in pairs]
        head = ["probably share an unmeasured cause:", "and", "probability"]
        _print_table(console, head, rows[:PRINTED_EDGES], (2,))
    if len(pairs) > PRINTED_EDGES:
        console.print(f"and {len(pairs) - PRINTED_EDGES} more such pairs, in edges.csv\n")


def _print_table(
    console: Console, head: list[str], rows: list[list[str]], numeric: tuple[int, ...]
) -> None:
    """A drawn table on a terminal, columns separated by two spaces in a pipe."""
    if console.is_terminal:
        table = RichTable(*head, header_style="bold", pad_edge=False)
        for index in numeric:
            table.columns[index].justify = "right"
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table, soft_wrap=False)
        return
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [
        "  ".join(
            cell.rjust(width) if i in numeric else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [head, *rows]
    ]
    console.print("\n" + "\n".join(lines) + "\n", markup=False)


_ABOUT = (
    "preset",
    "step",
    "datasets",
    "started_from",
    "averaged",
    "hours",
    "training_operations",
    "hardware",
    "parameters",
    "description",
)


def run_info(checkpoint: str | None) -> None:
    """Print the card of a checkpoint, without loading its parameters.

    Raises:
        DataError: there is no such checkpoint.
    """
    from amortize.bundled import bundled_names, read_card, resolve

    folder = resolve(checkpoint)
    card = read_card(folder)
    console = Console(highlight=False, soft_wrap=True)
    facts = [["name", str(card.get("name", folder.name))], ["folder", str(folder)]]
    facts += [[key, _fact(card[key])] for key in _ABOUT if key in card]
    facts += [
        [f"trained on {noun}", f"{low} to {high}"]
        for noun, (low, high) in card.get("ranges", {}).items()
    ]
    facts += [[f"made with {name}", str(v)] for name, v in card.get("versions", {}).items()]
    others = [name for name in bundled_names() if name != folder.name]
    facts += [["also bundled", ", ".join(others)]] if others else []
    width = max(len(key) for key, _ in facts)
    for key, value in facts:
        console.print(f"{key.ljust(width)}  {value}", markup=False)
    measured = card.get("measured", {})
    if measured:
        names = list(dict.fromkeys(name for scores in measured.values() for name in scores))
        rows = [
            [name, *(_fact(scores.get(score, "")) for score in names)]
            for name, scores in measured.items()
        ]
        _print_table(console, ["measured on", *names], rows, tuple(range(1, len(names) + 1)))
    else:
        console.print("measured on  nothing yet")
    if card.get("assumptions"):
        console.print(textwrap.fill(str(card["assumptions"]), PROSE_WIDTH), markup=False)


def _fact(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
