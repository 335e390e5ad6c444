"""Prints what the report costs: seconds to write, size, and, where Chromium is installed, the
milliseconds that a step of the slider takes in it.

    python benchmarks/report.py
"""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from amortize.graph import CausalGraph
from amortize.report import render

SIZES = (2, 20, 50, 100, 200)
EDGES = 3  # of a variable, on average
STEP = """
const slider = document.getElementById('threshold');
const begun = performance.now();
for (let step = 0; step < 20; step++) {
  slider.value = 0.3 + 0.03 * step;
  slider.dispatchEvent(new Event('input'));
  document.body.getBoundingClientRect();
}
return (performance.now() - begun) / 20;
"""


def graph(d: int) -> CausalGraph:
    """A graph in which many pairs are in doubt and some share an unmeasured cause."""
    rng = np.random.default_rng(d)
    p = np.where(rng.random((d, d)) < EDGES / d, rng.beta(4, 1, (d, d)), rng.beta(0.3, 6, (d, d)))
    p = np.triu(p, k=1)
    common = np.triu(rng.beta(0.2, 5, (d, d)), k=1)
    names = [f"variable {i}" for i in range(d)]
    return CausalGraph(p, names, confounded=common + common.T, stability=p)


def browser():
    """Chromium without a window, or None where it, its driver or selenium is not installed."""
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.options import Options
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        return None
    if not shutil.which("chromedriver"):
        return None
    options = Options()
    for flag in ("headless=new", "no-sandbox", "window-size=1280,1000"):
        options.add_argument(f"--{flag}")
    return webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))


def main() -> None:
    """One line for each size."""
    driver = browser()
    print("variables  edges  seconds     kB  ms a slider step")
    with TemporaryDirectory() as folder:
        for d in SIZES:
            drawn = graph(d)
            started = perf_counter()
            page = render(drawn).encode()
            seconds = perf_counter() - started
            step = "-"
            if driver is not None:
                path = Path(folder) / f"{d}.html"
                path.write_bytes(page)
                driver.get(path.as_uri())
                step = f"{driver.execute_script(STEP):.1f}"
            kilobytes = len(page) / 1000
            print(f"{d:9}  {len(drawn.edges()):5}  {seconds:7.3f}  {kilobytes:5.0f}  {step:>16}")
    if driver is not None:
        driver.quit()


if __name__ == "__main__":
    main()
