"""Makes the tables of an evaluation from its records: one for each scenario, size and scale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from amortize import metrics
from amortize.baselines import METHODS
from amortize.board import BY_FIELD, COLUMNS, COMPARED, OURS, Board, Row
from amortize.contest import Contest, contest
from amortize.results import Record
from amortize.score import class_f1
from amortize.uncertainty import Difference, adjusted, bootstrap_mean, paired_difference


def boards(records: Iterable[Record]) -> list[Board]:
    """One board for each (suite, scenario, size, scale, seed) of the records.

    Suites and their scenarios come in the order of the records, a scenario's sizes sorted.
    """
    groups: dict[tuple, list[Record]] = {}
    for record in records:
        place = (
            record.get("suite", "default"),
            record["scenario"],
            record["rows"],
            record["variables"],
            record.get("scale", "z-scored"),
            record["seed"],
        )
        groups.setdefault(place, []).append(record)
    suites = list(dict.fromkeys(place[0] for place in groups))
    scenarios = list(dict.fromkeys(place[:2] for place in groups))

    def order(place: tuple) -> tuple:
        suite, scenario, rows, variables, scale, seed = place
        at = suites.index(suite), scenarios.index((suite, scenario))
        return (*at, scale, seed, variables, rows)

    return [_board(place, groups[place]) for place in sorted(groups, key=order)]


def _board(place: tuple, group: Sequence[Record]) -> Board:
    curves, errors = {}, {}
    probabilistic = [c for c in group if c["status"] == "ok" and c.get("probabilities")]
    for name in dict.fromkeys(cell["method"] for cell in probabilistic):
        cells = [cell for cell in probabilistic if cell["method"] == name]
        answers = [np.array(cell["probabilities"]) for cell in cells]
        truths = [truth_matrix(cell) for cell in cells]
        curves[name] = metrics.calibration_curve(answers, truths, bins=20)
        errors[name] = metrics.calibration_error(answers, truths, bins=20)
    suite, scenario, rows, variables, scale, seed = place
    methods: dict[str, list[Record]] = {}
    for record in group:
        methods.setdefault(record["method"], []).append(record)
    fair = contest(
        {
            name: {c["index"] for c in cells if c["status"] == "ok"}
            for name, cells in methods.items()
        }
    )
    return Board(
        suite,
        scenario,
        rows,
        variables,
        scale,
        seed,
        _rows(methods, fair),
        _facts(group),
        curves,
        errors,
        _undefined(group),
        len(fair.datasets),
    )


def _rows(methods: dict[str, list[Record]], fair: Contest) -> list[Row]:
    ours = {c["index"]: c for c in methods.get(OURS, []) if c["status"] == "ok"}
    order = [*METHODS, OURS]
    rows = []
    for name in sorted(methods, key=lambda n: order.index(n) if n in order else -1):
        cells = methods[name]
        done = [cell for cell in cells if cell["status"] == "ok"]
        means = {c.field: bootstrap_mean([number(cell, c.field) for cell in done]) for c in COLUMNS}
        shared = [cell for cell in done if cell["index"] in fair.datasets]
        common = {}
        if name in fair.methods:
            common = {c.field: mean([number(cell, c.field) for cell in shared]) for c in COLUMNS}
        against = {} if name == OURS else _against(ours, done)
        head = name, cells[0]["kind"], means, len(done), len(cells), _trouble(cells)
        rows.append(Row(*head, common, against))
    return _adjusted(rows)


def _against(ours: dict[int, Record], theirs: Sequence[Record]) -> dict[str, Difference]:
    """Ours minus theirs over the datasets that both finished."""
    shared = [cell for cell in theirs if cell["index"] in ours]
    return {
        name: paired_difference(
            [number(ours[cell["index"]], name) for cell in shared],
            [number(cell, name) for cell in shared],
        )
        for name in (COMPARED if shared else ())
    }


def _adjusted(rows: list[Row]) -> list[Row]:
    """The rows with their p-values adjusted for the number of methods."""
    for name in COMPARED:
        compared = [row for row in rows if name in row.against]
        p_values = adjusted([row.against[name].p_value for row in compared])
        for row, p_value in zip(compared, p_values, strict=True):
            row.against[name] = row.against[name]._replace(p_value=float(p_value))
    return rows


def _trouble(cells: Sequence[Record]) -> str:
    failed = [cell for cell in cells if cell["status"] != "ok"]
    if not failed:
        return ""
    kinds = sorted({cell["status"] for cell in failed})
    counts = [f"{sum(c['status'] == kind for c in failed)} {kind}" for kind in kinds]
    reason = failed[0]["reason"].removeprefix(f"{failed[0]['status']}: ")
    return f"{', '.join(counts)}: {reason}"


def _facts(group: Sequence[Record]) -> dict[str, float]:
    by_index = {cell["index"]: cell for cell in group}.values()
    facts = {
        name: bootstrap_mean([number(cell, name) for cell in by_index]).mean
        for name in ("varsortability", "r2_sortability")
    }
    facts["edges"] = float(np.mean([len(cell["truth"]) for cell in by_index]))
    facts["datasets"] = len(by_index)
    facts["cyclic"] = sum(bool(cell.get("cycle")) for cell in by_index)
    return facts


def _undefined(group: Sequence[Record]) -> list[str]:
    """One sentence for each method and reason, with the metrics and the number of datasets."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for cell in group:
        for name, reason in cell.get("undefined", {}).items():
            counts = found.setdefault((cell["method"], reason), {})
            counts[name] = counts.get(name, 0) + 1
    return [
        f"{method}: {', '.join(BY_FIELD[name].heading for name in counts)} left out in "
        f"{max(counts.values())} datasets, {reason}"
        for (method, reason), counts in found.items()
    ]


def truth_matrix(record: Record) -> np.ndarray:
    """The true graph of a record as bool [d, d]."""
    return _matrix(record, "truth")


def _matrix(record: Record, name: str) -> np.ndarray:
    d = record["shape"][1] if "shape" in record else record["variables"]
    graph = np.zeros((d, d), bool)
    for i, j in record[name]:
        graph[i, j] = True
    return graph


def mean(values: Sequence[float]) -> float:
    """Mean of the values that are not NaN, NaN without any."""
    kept = [value for value in values if not np.isnan(value)]
    return float(np.mean(kept)) if kept else float("nan")


def number(record: Record, name: str) -> float:
    """A metric of a record, NaN when it has none."""
    if name == "class_f1" and name not in record and "edges" in record:  # older than the metric
        return class_f1(_matrix(record, "edges"), _matrix(record, "truth"), record["kind"])
    value = record.get(name)
    return float("nan") if value is None else float(value)
