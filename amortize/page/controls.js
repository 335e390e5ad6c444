// What a reader can move.
find("threshold").addEventListener("input", (event) => {
  state.threshold = Math.round(100 * event.target.value) / 100;
  update();
});
find("strongest").querySelector("input").addEventListener("change", (event) => {
  state.all = !event.target.checked;
  update();
});
find("variable").addEventListener("change", (event) => {
  state.chosen = null;
  choose(event.target.value === "" ? null : Number(event.target.value));
});
find("causes-first").addEventListener("change", (event) => sortHeat(event.target.checked));
for (const [id, factor] of [["nearer", 1.25], ["farther", 0.8]]) {
  find(id).addEventListener("click", () => { state.zoom *= factor; draw(); });
}
document.addEventListener("keydown", (event) => { if (event.key === "Escape") choose(null); });

for (const head of document.querySelectorAll("#edges th[data-key]")) {
  const numeric = head.dataset.key === "number";
  head.querySelector("button").addEventListener("click", () => {
    // Numbers fall at the first click, words rise; the next click turns round.
    const sorted = head.getAttribute("aria-sort");
    const falling = sorted ? sorted === "ascending" : numeric;
    const text = (row) => row.cells[head.cellIndex].textContent;
    const order = numeric
      ? (a, b) => Number(text(a)) - Number(text(b))
      : (a, b) => text(a).localeCompare(text(b), undefined, { numeric: true });
    rows.sort((a, b) => (falling ? -1 : 1) * order(a, b));
    document.querySelector("#edges tbody").append(...rows);
    for (const other of document.querySelectorAll("#edges th")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", falling ? "descending" : "ascending");
  });
}

let last = 0;
new ResizeObserver(() => {
  if (drawing.clientWidth !== last) { last = drawing.clientWidth; draw(); drawHeat(); }
}).observe(drawing);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawHeat);
