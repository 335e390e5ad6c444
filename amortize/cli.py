"""The `amortize` command. Heavy imports happen inside the commands, so that --help is instant."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from amortize import __version__
from amortize.errors import AmortizeError, UsageError

EXPERIMENTS = "Experiments"
KNOWLEDGE = "Background knowledge"
COLUMNS = "Reading the table"

app = typer.Typer(
    name="amortize",
    help="Causal graphs from a table of data, by one pass of a pretrained network.",
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    if version:
        print(f"amortize {__version__}")
        raise typer.Exit()
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit()


@app.command()
def predict(
    data: Annotated[
        Path, typer.Argument(help="CSV, TSV (also packed), Parquet or Excel file with a header.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the results. Default: NAME.amortize in this folder."),
    ] = None,
    checkpoint: Annotated[
        str | None, typer.Option(help="Name of a bundled network, or a folder.")
    ] = None,
    threshold: Annotated[
        float, typer.Option(help="Probability from which a pair counts as connected.")
    ] = 0.5,
    stability: Annotated[
        int,
        typer.Option(
            metavar="K",
            help="Look for every edge again in K random halves of the rows, e.g. 20.",
            min=0,
            max=1000,
        ),
    ] = 0,
    max_rows: Annotated[
        int | None,
        typer.Option(metavar="N", help="Read only N rows, drawn at random. Default: all.", min=5),
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(help="Draw the graph into a file: .png, .svg or .pdf.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite earlier results.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing.")] = False,
    interventions: Annotated[
        Path | None,
        typer.Option(
            help="Table like DATA with 1 where you set the cell yourself, else 0.",
            rich_help_panel=EXPERIMENTS,
        ),
    ] = None,
    target_column: Annotated[
        str | None,
        typer.Option(
            metavar="COL",
            help="Column that names what was set in each row; several between ; and empty: none.",
            rich_help_panel=EXPERIMENTS,
        ),
    ] = None,
    regime_column: Annotated[
        str | None,
        typer.Option(
            metavar="COL",
            help="Column that marks rows of experiments with unknown target; 0 or empty: none.",
            rich_help_panel=EXPERIMENTS,
        ),
    ] = None,
    knowledge: Annotated[
        Path | None,
        typer.Option(
            help="TOML, JSON or Tetrad file: tiers, required, forbidden, exogenous, outcomes.",
            rich_help_panel=KNOWLEDGE,
        ),
    ] = None,
    require: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'A -> B'",
            help="An edge that is there. Can be repeated.",
            rich_help_panel=KNOWLEDGE,
        ),
    ] = None,
    forbid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'A -> B'",
            help="An edge that is not there. Can be repeated.",
            rich_help_panel=KNOWLEDGE,
        ),
    ] = None,
    ordinal: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COL=low,mid,high",
            help="Levels of a column that have an order, lowest first. Can be repeated.",
            rich_help_panel=COLUMNS,
        ),
    ] = None,
    indicators: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COL",
            help="Unordered categories to read as a 0/1 variable per level. Can be repeated.",
            rich_help_panel=COLUMNS,
        ),
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COL", help="A column to leave out. Can be repeated.", rich_help_panel=COLUMNS
        ),
    ] = None,
    delimiter: Annotated[
        str | None,
        typer.Option(
            metavar="CHAR", help="Of a text file. Default: found.", rich_help_panel=COLUMNS
        ),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of a text file. Default: found.", rich_help_panel=COLUMNS)
    ] = None,
    sheet: Annotated[
        str | None,
        typer.Option(help="Of an Excel file. Default: the first.", rich_help_panel=COLUMNS),
    ] = None,
) -> None:
    """Predict which columns of a table cause which, and write the results to a folder."""
    from amortize.commands import run_predict
    from amortize.intake import Reading, Request

    request = Request(
        data,
        interventions,
        target_column,
        regime_column,
        knowledge,
        require or (),
        forbid or (),
        ordinal or (),
        indicators or (),
        drop or (),
        Reading(delimiter, encoding, sheet),
    )
    run_predict(request, out, checkpoint, threshold, stability, max_rows, figure, force, quiet)


@app.command()
def info(
    checkpoint: Annotated[
        str | None, typer.Argument(help="Name of a bundled network, or a folder.")
    ] = None,
) -> None:
    """Tell what a network was trained on, its ranges and its measured accuracy."""
    from amortize.commands import run_info

    run_info(checkpoint)


@app.command()
def simulate(
    scenario: Annotated[
        str | None, typer.Argument(help="Name of a scenario, e.g. linear-gaussian.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write to.")] = None,
    variables: Annotated[
        int | None, typer.Option(help="Variables of each dataset. Default: as published.", min=2)
    ] = None,
    rows: Annotated[
        int | None, typer.Option(help="Rows of each dataset. Default: as published.", min=5)
    ] = None,
    datasets: Annotated[
        int | None,
        typer.Option("--datasets", "--count", help="Datasets. Default: as published.", min=1),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same datasets.", min=0)] = 0,
    network: Annotated[
        list[Path] | None,
        typer.Option(help="Edge list whose parts are the graphs; may be given more than once."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace earlier datasets.")] = False,
    show: Annotated[bool, typer.Option("--list", help="List the scenarios and stop.")] = False,
) -> None:
    """Write simulated datasets with their true graphs, or list what can be simulated."""
    from amortize.simulate import list_scenarios, run_simulate

    if show:
        list_scenarios()
        return
    if scenario is None:
        raise UsageError("name a scenario; amortize simulate --list prints them")
    if out is None:
        raise UsageError("say where to write: --out FOLDER")
    files = tuple(network or ())
    run_simulate(scenario, out, variables, rows, datasets, seed, files, force)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status (0 fine, 2 wrong usage, 3 unusable data)."""
    try:
        status = app(args=arguments, prog_name="amortize", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except AmortizeError as error:
        return _fail(str(error), error.exit_status)
    except (typer.Abort, KeyboardInterrupt):
        return _fail("interrupted", 130)
    except BrokenPipeError:
        # The reader of the pipe has left. Python would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        # The parser's own errors moved between typer's releases; all of them have this method.
        describe = getattr(error, "format_message", None)
        if describe is None:
            raise
        return _fail(f"{describe()} (see amortize --help)", UsageError.exit_status)


def _fail(message: str, status: int) -> int:
    print(f"amortize: {' '.join(message.split())}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
