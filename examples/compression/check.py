"""Show that every edge of truth.csv is visible in the measured data, and nothing else obvious.

Prints the figures that README.md quotes. It reads the files beside it and measures nothing.
"""

import csv
from itertools import combinations, combinations_with_replacement
from pathlib import Path

import numpy as np
import typer
from measure import measuring_order

HERE = Path(__file__).parent
TIMINGS = ("pack_ms", "index_ms", "checksum_us", "verify_ms")


def read_columns(path: Path) -> dict[str, np.ndarray]:
    """A CSV of numbers as one array [n] per column name."""
    with path.open(encoding="utf-8") as file:
        names = next(csv.reader(file))
        values_nd = np.loadtxt(file, delimiter=",", ndmin=2)
    return dict(zip(names, values_nd.T, strict=True))


def read_causes(path: Path = HERE / "truth.csv") -> dict[str, list[str]]:
    """Direct causes of each effect, from the written-down truth."""
    causes: dict[str, list[str]] = {}
    with path.open(encoding="utf-8") as file:
        for edge in csv.DictReader(file):
            causes.setdefault(edge["effect"], []).append(edge["cause"])
    return causes


def standardise(values_n: np.ndarray) -> np.ndarray:
    """Mean 0, standard deviation 1."""
    return (values_n - values_n.mean()) / values_n.std()


def residual(data: dict[str, np.ndarray], target: str, others: list[str], degree: int):
    """What a polynomial of `others` leaves of standardised `target`: [n], mean square 1 - R^2."""
    inputs = [standardise(data[name]) for name in others]
    terms = [np.ones_like(data[target])]
    for power in range(1, degree + 1):
        for factors in combinations_with_replacement(inputs, power):
            terms.append(np.prod(factors, axis=0))
    design_nt = np.stack(terms, axis=1)
    target_n = standardise(data[target])
    return target_n - design_nt @ np.linalg.lstsq(design_nt, target_n, rcond=None)[0]


def linear_effects(data: dict[str, np.ndarray], target: str, causes: list[str]):
    """Standardised linear coefficient and its t value for each cause: two arrays [causes]."""
    design_nc = np.stack([standardise(data[name]) for name in causes], axis=1)
    coefficients_c = np.linalg.lstsq(design_nc, standardise(data[target]), rcond=None)[0]
    rest_n = standardise(data[target]) - design_nc @ coefficients_c
    variance = rest_n @ rest_n / (len(rest_n) - len(causes) - 1)
    errors_c = np.sqrt(variance * np.diag(np.linalg.inv(design_nc.T @ design_nc)))
    return coefficients_c, coefficients_c / errors_c


def edge_effects(data: dict[str, np.ndarray], causes: dict[str, list[str]]):
    """Per edge: cause, effect, linear coefficient, t, and the R^2 a cubic fit loses without it."""
    for effect, parents in causes.items():
        coefficients, t_values = linear_effects(data, effect, parents)
        whole = np.mean(residual(data, effect, parents, 3) ** 2)
        for parent, coefficient, t_value in zip(parents, coefficients, t_values, strict=True):
            rest = [name for name in parents if name != parent]
            lost = np.mean(residual(data, effect, rest, 3) ** 2) - whole
            yield parent, effect, coefficient, t_value, lost


def main(directory: Path = HERE) -> None:
    """Print the checks for the files in DIRECTORY."""
    data, causes = read_columns(directory / "observational.csv"), read_causes()
    print("edge, standardised linear coefficient, t, R^2 lost without it (cubic fit on causes)")
    for parent, effect, coefficient, t_value, lost in edge_effects(data, causes):
        print(f"  {parent} -> {effect}  {coefficient:+.2f}  {t_value:+.1f}  {lost:.3f}")
    left = {name: residual(data, name, causes.get(name, []), 3) for name in data}
    print("share of variance its causes leave | that all the others leave (quadratic fit)")
    for name in data:
        others = [other for other in data if other != name]
        all_left = np.mean(residual(data, name, others, 2) ** 2)
        print(f"  {name}  {np.mean(left[name] ** 2):.3f} | {all_left:.3f}")
    pairs = list(combinations(data, 2))
    largest = max(pairs, key=lambda pair: abs(np.corrcoef(data[pair[0]], data[pair[1]])[0, 1]))
    print("largest correlation", largest, np.corrcoef(data[largest[0]], data[largest[1]])[0, 1])
    print("correlations of what the causes leave, between timings")
    for first, second in combinations(TIMINGS, 2):
        print(f"  {first} {second}  {np.corrcoef(left[first], left[second])[0, 1]:+.3f}")
    print("correlation of a timing's rest with the next one's: as measured | in row order")
    for column, name in enumerate(data):
        if name in TIMINGS:
            measured = left[name][measuring_order(0, column, len(left[name]))]
            as_measured = np.corrcoef(measured[:-1], measured[1:])[0, 1]
            in_rows = np.corrcoef(left[name][:-1], left[name][1:])[0, 1]
            print(f"  {name}  {as_measured:+.2f} | {in_rows:+.2f}")
    others = [pair for pair in pairs if not set(pair) <= set(TIMINGS)]
    worst = max(others, key=lambda pair: abs(np.corrcoef(left[pair[0]], left[pair[1]])[0, 1]))
    print("largest other", worst, np.corrcoef(left[worst[0]], left[worst[1]])[0, 1])

    data = read_columns(directory / "interventional.csv")
    mask = read_columns(directory / "interventional_mask.csv")
    print("knob and cause: correlation in rows where the knob is not set | set")
    for knob, parents in causes.items():
        if mask[knob].any():
            was_set = mask[knob] == 1
            for parent in parents:
                both = np.stack([data[knob], data[parent]])
                free = np.corrcoef(both[:, ~was_set])[0, 1]
                cut = np.corrcoef(both[:, was_set])[0, 1]
                print(f"  {knob} {parent}  {free:+.2f} | {cut:+.2f}")


if __name__ == "__main__":
    typer.run(main)
