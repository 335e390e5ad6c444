// The matrix of probabilities as a heat map.
const heat = find("heat");
const grid = { left: 0, top: 0, cell: 0 };
let over = null; // cause and effect under the pointer
let order = names.map((_, i) => i); // the variable in each row and column
function drawHeat() {
  const room = heat.parentElement.clientWidth;
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const context = heat.getContext("2d");
  const few = names.map((name) => brief(name, 16));
  context.font = "12px system-ui, sans-serif";
  const longest = Math.max(...few.map((name) => context.measureText(name).width));
  grid.left = Math.ceil(longest) + 12;
  grid.top = Math.ceil(longest * 0.72) + 16;
  grid.cell = Math.max(4, Math.min(28, Math.floor((room - grid.left - longest * 0.72) / d)));
  const { left, top, cell } = grid;
  const width = left + d * cell + Math.ceil(longest * 0.72) + 4;
  const height = top + d * cell + 4;
  const ratio = window.devicePixelRatio || 1;
  heat.width = Math.round(width * ratio);
  heat.height = Math.round(height * ratio);
  heat.style.width = `${width}px`;
  heat.style.height = `${height}px`;
  context.scale(ratio, ratio);
  const size = Math.min(12, Math.max(7, cell - 1));
  const every = Math.ceil(size / cell);
  context.font = `${size}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  order.forEach((i, rank) => {
    const strong = state.chosen === i || (over && over.includes(i));
    if (rank % every && !strong) return;
    context.fillStyle = colour(strong ? "--accent" : "--muted");
    context.textAlign = "right";
    context.fillText(few[i], left - 6, top + (rank + 0.5) * cell);
    context.save();
    context.translate(left + (rank + 0.5) * cell, top - 6);
    context.rotate(-Math.PI / 4);
    context.textAlign = "left";
    context.fillText(few[i], 0, 0);
    context.restore();
  });
  context.fillStyle = colour("--panel");
  context.fillRect(left, top, d * cell, d * cell);
  const edge = cell > 8 ? 1 : 0;
  const [line, ink] = [colour("--line"), colour("--heat")];
  order.forEach((i, row) => order.forEach((j, column) => {
    if (i !== j && p(i, j) < 0.005) return;
    context.fillStyle = i === j ? line : `rgba(${ink}, ${p(i, j)})`;
    context.fillRect(left + column * cell, top + row * cell, cell - edge, cell - edge);
  }));
  context.strokeStyle = colour("--line");
  context.strokeRect(left - 0.5, top - 0.5, d * cell + 1, d * cell + 1);
  if (over) {
    context.strokeStyle = colour("--cause");
    context.lineWidth = 2;
    const [row, column] = over.map((i) => order.indexOf(i));
    context.strokeRect(left + column * cell, top + row * cell, cell - edge, cell - edge);
  }
}
function cellAt(event) {
  const i = order[Math.floor((event.offsetY - grid.top) / grid.cell)];
  const j = order[Math.floor((event.offsetX - grid.left) / grid.cell)];
  return i !== undefined && j !== undefined && i !== j ? [i, j] : null;
}
// Causes first, as in the drawing; variables without an edge last.
function sortHeat(causesFirst) {
  const rank = (i) => layout.places[i] || [layout.layers, i];
  order = names.map((_, i) => i);
  if (causesFirst) order.sort((a, b) => rank(a)[0] - rank(b)[0] || rank(a)[1] - rank(b)[1]);
  drawHeat();
}
heat.addEventListener("pointermove", (event) => {
  const cell = cellAt(event);
  if (String(cell) !== String(over)) { over = cell; drawHeat(); }
  if (cell) showTip(describe(...cell), event); else hideTip();
});
heat.addEventListener("pointerleave", () => { over = null; hideTip(); drawHeat(); });
heat.addEventListener("click", (event) => { const cell = cellAt(event); if (cell) choose(cell[0]); });
