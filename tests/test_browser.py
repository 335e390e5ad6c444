"""The report in a real browser: Chromium without a window, driven by selenium."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from amortize.column import Column
from amortize.graph import CausalGraph

webdriver = pytest.importorskip("selenium.webdriver")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs chromium, chromedriver")

HOSTILE = ["<script>alert(1)</script>", "</script><b>x", "=cmd()", "\"&'></svg>", "größe 😀"]


@pytest.fixture(scope="module")
def browser():
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = CHROMIUM or ""
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "window-size=1280,1000"):
        options.add_argument(f"--{flag}")
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser, tmp_path):
    """A function that opens a graph's saved report and checks the console when the test ends."""

    def open_report(graph: CausalGraph) -> "Page":
        out = graph.save(tmp_path / "out")
        browser.get((out / "report.html").as_uri())
        page = Page(browser)
        page.wait_until("return document.querySelectorAll('.node').length")
        return page

    yield open_report
    assert [entry["message"] for entry in browser.get_log("browser")] == []


class Page:
    """What the tests ask of the page in the browser."""

    def __init__(self, driver) -> None:
        self.driver = driver

    def run(self, script: str, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait_until(self, script: str) -> None:
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.driver, 20).until(lambda _: self.run(script))

    def find(self, selector: str):
        return self.driver.find_element("css selector", selector)

    def texts(self, selector: str) -> list[str]:
        return self.run(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", selector
        )

    def edges(self, kind: str = "") -> set[tuple[int, ...]]:
        drawn = self.run(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.dataset.edge)",
            f"g.edge{kind}",
        )
        return {tuple(map(int, edge.split(","))) for edge in drawn}

    def rows(self) -> list[list[str]]:
        return self.run(
            "return [...document.querySelectorAll('#edges tbody tr:not([hidden])')]"
            ".map(r => [...r.cells].map(c => c.textContent))"
        )

    def slide(self, value: float) -> None:
        self.run(
            "const s = document.getElementById('threshold'); s.value = arguments[0];"
            "s.dispatchEvent(new Event('input'))",
            value,
        )


def example() -> CausalGraph:
    p, confounded = np.zeros((5, 5)), np.zeros((5, 5))
    p[0, 1], p[1, 0] = 0.9, 0.05
    p[1, 2], p[2, 0] = 0.8, 0.7  # the last closes a cycle
    p[2, 3], p[3, 2] = 0.35, 0.3  # not identifiable
    p[3, 4] = 0.2
    confounded[1, 4] = confounded[4, 1] = 0.85
    names = ["dose", "heat", "time", "yield", "cost"]
    columns = tuple(Column(name, "number") for name in names)
    return CausalGraph(p, names, columns=columns, confounded=confounded, run={"rows": 50})


def test_edges_appear_and_vanish_with_the_slider(opened):
    page = opened(example())
    assert page.edges(".clear") == {(0, 1), (1, 2)}
    assert page.edges(".open") == {(2, 3)}
    assert page.edges(".cycle") == {(2, 0)}
    assert page.edges(".common") == {(1, 4)}
    assert len(page.rows()) == 5
    page.slide(0.1)
    assert page.edges(".clear") == {(0, 1), (1, 2), (3, 4)}
    assert page.find("#level").text == "0.10" and "5 edges" in page.find("#count").text
    page.slide(0.92)
    assert page.edges() == {(0, 1)} and page.rows()[0][:3] == ["dose", "→", "heat"]
    page.slide(1)
    assert page.edges() == set() and page.find("#none").is_displayed()


def test_the_slider_is_moved_by_mouse_and_by_keyboard(opened):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    page = opened(example())
    slider = page.find("#threshold")
    width = slider.size["width"]
    ActionChains(page.driver).move_to_element(slider).click_and_hold().move_by_offset(
        int(0.45 * width), 0
    ).release().perform()
    assert float(page.find("#level").text) > 0.9
    before = float(page.find("#level").text)
    slider.send_keys(Keys.ARROW_LEFT)
    assert float(page.find("#level").text) < before
    slider.send_keys(Keys.HOME)
    assert page.find("#level").text == "0.05" and len(page.edges()) == 6


@pytest.mark.parametrize("threshold", [0.06, 0.3, 0.5, 0.9])
def test_the_page_decodes_as_python_does(opened, threshold):
    rng = np.random.default_rng(3)
    p = rng.random((12, 12)) ** 2
    p = p / np.maximum(1, p + p.T)
    np.fill_diagonal(p, 0)
    graph = CausalGraph(p, [f"v{i}" for i in range(12)])
    page = opened(graph)
    page.slide(threshold)
    index = {name: i for i, name in enumerate(graph.names)}
    kinds = {".open": set(), ".cycle": set(), ".clear": set()}
    for edge in graph.edges(threshold):
        kind = ".open" if edge.direction != "clear" else ".clear" if edge.in_dag else ".cycle"
        kinds[kind].add((index[edge.cause], index[edge.effect]))
    for kind, edges in kinds.items():
        assert page.edges(kind) == edges
    assert len(page.rows()) == sum(map(len, kinds.values()))


def test_a_click_shows_causes_and_effects(opened):
    from selenium.webdriver.common.keys import Keys

    page = opened(example())
    page.driver.find_elements("css selector", ".node")[1].click()
    assert page.find("#panel h3").text == "heat"
    assert page.texts("#panel .causes .name") == ["dose"]
    assert page.texts("#panel .effects .name") == ["time", "dose"]
    assert page.texts("#panel .commons .name") == ["cost"]
    assert page.edges(".cause") == {(0, 1)} and (1, 2) in page.edges(".effect")
    assert page.edges(".dim") == {(2, 3), (2, 0)}
    page.find("#panel .effects button").click()
    assert page.find("#panel h3").text == "time"
    page.find("body").send_keys(Keys.ESCAPE)
    assert page.edges(".dim") == set()
    page.find(".node:focus-visible, .node").send_keys(Keys.ENTER)
    assert page.find("#panel h3").text == "dose"


def test_pointing_tells_the_numbers(opened):
    from selenium.webdriver.common.action_chains import ActionChains

    page = opened(example())
    page.slide(0.92)
    actions = ActionChains(page.driver)
    edge = page.find('g.edge[data-edge="0,1"] .hit')
    actions.move_to_element(edge).perform()
    assert page.find("#tip").text.splitlines()[:2] == ["dose → heat: 0.900", "heat → dose: 0.050"]
    heat = page.find("#heat")
    page.run("arguments[0].scrollIntoView({block: 'center'})", heat)
    spots = {tuple(sorted(found)) for found in _tips_over(page, heat)}
    assert ("dose", "heat") in spots and ("cost", "yield") in spots


def test_the_heat_map_can_put_causes_first(opened):
    p = np.zeros((4, 4))
    p[3, 1] = p[1, 0] = p[0, 2] = 0.9  # d, b, a, c
    page = opened(CausalGraph(p, ["a", "b", "c", "d"]))
    heat = page.find("#heat")
    page.run("arguments[0].scrollIntoView({block: 'center'})", heat)
    causes = [next(iter(found)) for found in _tips_over(page, heat)]
    assert list(dict.fromkeys(causes)) == ["b", "c", "d", "a"]  # down the first column
    page.find("#causes-first").click()
    page.run("arguments[0].scrollIntoView({block: 'center'})", heat)
    causes = [next(iter(found)) for found in _tips_over(page, heat)]
    assert list(dict.fromkeys(causes)) == ["b", "a", "c", "d"]


def _tips_over(page: Page, heat):
    """The variables that the note names at places all over the heat map."""
    return page.run(
        """
        const [heat, found] = [arguments[0], new Set()];
        const box = heat.getBoundingClientRect();
        for (let x = 4; x < box.width; x += 9) for (let y = 4; y < box.height; y += 9) {
          heat.dispatchEvent(new PointerEvent('pointermove',
            {clientX: box.left + x, clientY: box.top + y, bubbles: true}));
          const tip = document.getElementById('tip');
          if (!tip.hidden) found.add(tip.textContent.split('\\n')[0].split(':')[0]);
        }
        return [...found].map(t => t.split(' → '));
        """,
        heat,
    )


def test_the_table_is_sorted_by_its_heads(opened):
    page = opened(example())
    heads = page.driver.find_elements("css selector", "#edges th button")
    heads[0].click()
    causes = [row[0] for row in page.rows()]
    assert causes == sorted(causes)
    heads[0].click()
    assert [row[0] for row in page.rows()] == sorted(causes, reverse=True)
    heads[2].click()
    chances = [float(row[3]) for row in page.rows()]
    assert chances == sorted(chances, reverse=True)
    assert page.find('#edges th[aria-sort="descending"]').text.startswith("Probability")


def test_hostile_names_stay_text(opened):
    p = np.triu(np.full((5, 5), 0.9), k=1)
    columns = tuple(Column(name, "number", note=name) for name in HOSTILE)
    page = opened(
        CausalGraph(p, HOSTILE, columns=columns, warnings=tuple(HOSTILE), run={"data": HOSTILE[0]})
    )
    assert page.run("return document.querySelectorAll('body b, body script').length") == 2
    assert page.run("return [...document.querySelectorAll('.node')].map(n => n.ariaLabel)") == (
        HOSTILE
    )
    page.run("document.querySelector('.node').dispatchEvent(new Event('click'))")
    assert page.find("#panel h3").text == HOSTILE[0]
    assert page.texts("#panel .effects .name") == HOSTILE[1:]
    assert {row[0] for row in page.rows()} == set(HOSTILE[:4])
    page.run("document.getElementById('variable').selectedIndex = 2")
    assert (
        page.run("return document.getElementById('variable').selectedOptions[0].text")
        == (HOSTILE[1])
    )


def test_two_hundred_variables_show_the_strongest_edges_first(opened):
    rng = np.random.default_rng(0)
    p = np.triu(rng.random((200, 200)) ** 30, k=1)
    graph = CausalGraph(p, [f"gene_{i}" for i in range(200)])
    page = opened(graph)
    assert len(graph.edges()) > 300
    assert len(page.edges()) == 120 and len(page.rows()) == len(graph.edges())
    strongest = {(int(e.cause[5:]), int(e.effect[5:])) for e in graph.edges()[:120]}
    assert page.edges() == strongest
    page.run("document.querySelectorAll('.node')[7].dispatchEvent(new Event('click'))")
    assert len([edge for edge in page.edges() if 7 in edge]) == sum(
        "gene_7" in edge[:2] for edge in graph.edges()
    )
    page.find("#strongest input").click()
    assert len(page.edges()) == len(graph.edges())


@pytest.mark.parametrize("width", [400, 1280])
def test_the_page_fits_its_window_and_every_variable_is_inside_the_drawing(opened, width):
    page = opened(example())
    page.driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )
    try:
        page.wait_until(f"return window.innerWidth === {width}")
        assert page.run("return document.documentElement.scrollWidth") <= width
        outside = page.run(
            """
            const frame = document.querySelector('#drawing svg').getBoundingClientRect();
            return [...document.querySelectorAll('#drawing .node, #drawing .line')].filter(e => {
              const b = e.getBoundingClientRect();
              return b.left < frame.left - 1 || b.right > frame.right + 1
                || b.top < frame.top - 1 || b.bottom > frame.bottom + 1;
            }).length
            """
        )
        assert outside == 0
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_script_is_part_of_the_package():
    folder = Path(__file__).parent.parent / "amortize" / "page"
    from amortize.report import SCRIPTS

    assert {path.name for path in folder.iterdir()} == {*SCRIPTS, "style.css"}
