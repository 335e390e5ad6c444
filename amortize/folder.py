"""The folder that a prediction leaves behind, written whole or not at all."""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import networkx as nx
import pandas as pd

from amortize.errors import DataError, UsageError, quoted
from amortize.report import render

if TYPE_CHECKING:
    from amortize.graph import CausalGraph

FILES = (
    "edges.csv",
    "probabilities.csv",
    "graph.json",
    "graph.graphml",
    "graph.dot",
    "report.html",
    "run.json",
)

UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def check_folder(directory: Path, force: bool = False) -> None:
    """Refuse a folder that cannot be written or would overwrite an earlier answer.

    Raises:
        UsageError: the path is a file, or holds one of `FILES` and `force` is False; or it is no
            path that the file system takes.
    """
    try:
        is_file = directory.exists() and not directory.is_dir()
        present = [name for name in FILES if (directory / name).exists()]
    except OSError as error:
        raise UsageError(
            f"the output {quoted(directory)} cannot be written ({error.strerror}); give another "
            "--out"
        ) from error
    if is_file:
        raise UsageError(f"the output {quoted(directory)} is a file; give a directory with --out")
    if present and not force:
        raise UsageError(
            f"the output {quoted(directory)} holds {present[0]} already; "
            "give --force to overwrite it, or another --out"
        )


def write_folder(graph: "CausalGraph", directory: Path, force: bool = False) -> Path:
    """Write every file of `FILES`: first into a new folder beside, then moved into place.

    Other files in the directory are left alone.

    Raises:
        UsageError: see `check_folder`.
        DataError: the file system refuses (no space, no permission).
    """
    check_folder(directory, force)
    with drafted(directory) as draft:
        _write_files(graph, draft)
    return directory


@contextmanager
def drafted(directory: Path) -> Iterator[Path]:
    """A new folder to write into, whose files are moved to `directory` when the block ends well.

    Raises:
        DataError: the file system refuses (no space, no permission).
    """
    directory = Path(os.path.abspath(directory))
    draft = None
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
        draft.chmod(0o777 & ~_umask())
        yield draft
        if not directory.exists():
            draft.rename(directory)
        else:
            for path in draft.iterdir():
                os.replace(path, directory / path.name)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(
            f"the output {quoted(directory)} cannot be written ({reason}); choose another --out"
        ) from error
    finally:
        if draft is not None and draft.exists():
            shutil.rmtree(draft, ignore_errors=True)


def replace_file(path: Path, content: bytes, noun: str) -> None:
    """Write one file whole or not at all, over an earlier one.

    Raises:
        DataError: the file system refuses.
    """
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        draft.write_bytes(content)
        os.replace(draft, path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"the {noun} {quoted(path)} cannot be written ({reason})") from error
    finally:
        draft.unlink(missing_ok=True)


def _umask() -> int:
    """The process's file mode mask, which mkdtemp does not apply."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _write_files(graph: "CausalGraph", folder: Path) -> None:
    edge_table(graph).round(6).to_csv(folder / "edges.csv", index=False)
    square = pd.DataFrame(graph.probabilities, index=graph.names, columns=pd.Index(graph.names))
    square.round(6).to_csv(folder / "probabilities.csv", index_label="cause")
    network = graph.dag()
    network.graph.update(
        checkpoint=graph.checkpoint, threshold=graph.threshold, assumptions=graph.assumptions
    )
    nx.write_graphml(_printable(network), folder / "graph.graphml")
    if graph.confounded is not None:
        network.graph["confounded"] = [pair._asdict() for pair in graph.confounded_pairs()]
    _write_json(folder / "graph.json", nx.node_link_data(network, edges="edges"))
    (folder / "graph.dot").write_text(graph.to_dot(), encoding="utf-8")
    (folder / "report.html").write_text(render(graph), encoding="utf-8")
    _write_json(folder / "run.json", run_record(graph))


def edge_table(graph: "CausalGraph") -> pd.DataFrame:
    """A row per adjacent pair, likeliest first, then one per pair that only shares an unmeasured
    cause (direction "confounded"; the order of its two names means nothing).

    The columns `confounded` and `stability` are there where the graph has them.
    """
    edges = graph.edges()
    adjacent = {frozenset(edge[:2]) for edge in edges}
    index = {name: i for i, name in enumerate(graph.names)}
    rows = [edge._asdict() for edge in edges]
    for pair in graph.confounded_pairs():
        if frozenset(pair[:2]) in adjacent:
            continue
        i, j = index[pair.first], index[pair.second]
        rows.append(
            {
                "cause": pair.first,
                "effect": pair.second,
                "probability": float(graph.probabilities[i, j]),
                "reverse": float(graph.probabilities[j, i]),
                "direction": "confounded",
                "in_dag": False,
                "confounded": pair.probability,
                "stability": None if graph.stability is None else float(graph.stability[i, j]),
            }
        )
    columns = ["cause", "effect", "probability", "reverse", "direction", "in_dag"]
    columns += [] if graph.confounded is None else ["confounded"]
    columns += [] if graph.stability is None else ["stability"]
    return pd.DataFrame(rows, columns=pd.Index(columns))


def _printable(network: nx.DiGraph) -> nx.DiGraph:
    """XML has no control characters; in names they become escapes (a tab becomes \\x09)."""
    renamed = {name: UNPRINTABLE.sub(lambda c: f"\\x{ord(c[0]):02x}", name) for name in network}
    return nx.relabel_nodes(network, renamed)


def run_record(graph: "CausalGraph") -> dict:
    """What was run and with what, as JSON values."""
    return {
        "checkpoint": graph.checkpoint,
        "threshold": graph.threshold,
        "variables": graph.names,
        "columns": [vars(column) for column in graph.columns],
        "warnings": list(graph.warnings),
        "assumptions": graph.assumptions,
        **graph.run,
    }


def _write_json(path: Path, content: dict) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
