"""Takes docs/report.png, a picture of the bundled example's report (needs Chromium and its driver
on the PATH, and the extra `browser`).

    python docs/make_picture.py
"""

import shutil
from base64 import b64decode
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

import amortize

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "compression"
WIDTH = 1180  # pixels
CHOSEN = "packed_kb"


def main() -> None:
    """Predict, save, open, choose a variable, take the picture."""
    table = pd.read_csv(EXAMPLE / "interventional.csv")
    mask = pd.read_csv(EXAMPLE / "interventional_mask.csv")
    graph = amortize.load().predict(table, interventions=mask)
    graph.run["data"] = "interventional.csv"
    options = Options()
    for flag in ("headless=new", "no-sandbox", "hide-scrollbars", f"window-size={WIDTH},1200"):
        options.add_argument(f"--{flag}")
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    with TemporaryDirectory() as scratch:
        driver.get((graph.save(Path(scratch) / "out") / "report.html").as_uri())
        driver.execute_script(
            "const s = document.getElementById('variable'); s.value = arguments[0];"
            "s.dispatchEvent(new Event('change'))",
            str(graph.names.index(CHOSEN)),
        )
        top, bottom = driver.execute_script(
            "return [document.querySelector('h2').getBoundingClientRect().top - 12,"
            "document.querySelector('.legend').getBoundingClientRect().bottom + 16]"
        )
        clip = {"x": 0, "y": top, "width": WIDTH, "height": bottom - top, "scale": 1}
        shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip})
    driver.quit()
    (ROOT / "docs" / "report.png").write_bytes(b64decode(shot["data"]))


if __name__ == "__main__":
    main()
