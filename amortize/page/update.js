// Everything that follows the slider and the chosen variable.
function update() {
  const { threshold, chosen } = state;
  const edges = decode(threshold);
  const commons = pairs.filter(([i, j]) => confounded && common(i, j) >= threshold);
  const many = edges.length > data.most;
  const drawn = many && !state.all
    ? edges.filter(({ i, j }, rank) => rank < data.most || i === chosen || j === chosen)
    : edges;
  find("strongest").hidden = !many;
  find("level").textContent = threshold.toFixed(2);
  const open = edges.filter((edge) => edge.open).length;
  const facts = [`${edges.length} edge${edges.length === 1 ? "" : "s"}`];
  if (open) facts.push(`${open} with a direction that is not identifiable`);
  if (confounded) facts.push(`${commons.length} with an unmeasured common cause`);
  if (drawn.length < edges.length) facts.push(`${drawn.length} are drawn`);
  find("count").textContent = facts.join(", ");

  edgeLayer.replaceChildren();
  for (const [i, j] of commons) drawEdge("common", i, j, common(i, j), commonRoute(i, j));
  for (const { i, j, kept, open } of drawn) {
    drawEdge(open ? "open" : kept ? "clear" : "cycle", i, j, p(i, j), route(i, j));
  }
  grow();
  const touched = new Set();
  const near = new Set();
  for (const [i, j] of [...drawn.map((edge) => [edge.i, edge.j]), ...commons]) {
    touched.add(i).add(j);
    if (i === chosen || j === chosen) near.add(i).add(j);
  }
  nodes.forEach((node, i) => {
    node.classList.toggle("loose", !touched.has(i));
    node.classList.toggle("chosen", i === chosen);
    node.classList.toggle("dim", chosen !== null && i !== chosen && !near.has(i));
  });
  updateTable(edges);
  updatePanel();
}

const rows = [...document.querySelectorAll("#edges tbody tr")];
function updateTable(edges) {
  const found = new Map(edges.map((edge) => [`${edge.i},${edge.j}`, edge]));
  let visible = 0;
  for (const row of rows) {
    const [i, j] = row.dataset.pair.split(",").map(Number);
    const edge = found.get(row.dataset.pair);
    const only = !edge && common(i, j) >= state.threshold;
    row.hidden = !edge && !only;
    visible += !row.hidden;
    const words = only ? data.words.common : edge?.open ? data.words.open : data.words.clear;
    const cycle = edge && !edge.kept ? `; ${data.words.cycle}` : "";
    row.querySelector(".direction").textContent = words + cycle;
    row.querySelector(".arrow").textContent = only ? "↔" : edge?.open ? "—" : "→";
    row.classList.toggle("weak", only || Boolean(edge && (edge.open || !edge.kept)));
    row.classList.toggle("chosen", state.chosen === i || state.chosen === j);
  }
  find("none").hidden = visible > 0;
}

function choose(i) {
  state.chosen = i === state.chosen ? null : i;
  find("variable").value = state.chosen === null ? "" : String(state.chosen);
  update();
  drawHeat();
}

function updatePanel() {
  const panel = find("panel");
  const x = state.chosen;
  if (x === null) {
    panel.replaceChildren(html("h3", "", "A variable"),
      html("p", "note", "Click a variable to see its likely causes and effects."));
    return;
  }
  const list = (title, kind, value, empty) => {
    const found = names.map((_, i) => [i, i === x ? 0 : value(i)])
      .filter(([, chance]) => chance >= data.lowest).sort((a, b) => b[1] - a[1]).slice(0, 12);
    const part = html("div", kind);
    part.append(html("h4", "", title));
    if (!found.length) part.append(html("p", "note", empty));
    for (const [i, chance] of found) {
      const button = html("button", chance < state.threshold ? "below" : "");
      const bar = html("span", "bar");
      bar.append(html("i", ""));
      bar.firstChild.style.width = `${100 * chance}%`;
      button.append(html("span", "name", names[i]), bar, html("span", "number", chance.toFixed(2)));
      button.addEventListener("click", () => choose(i));
      part.append(button);
    }
    return part;
  };
  const parts = [html("h3", "", names[x]),
    list("Likely causes", "causes", (i) => p(i, x), `None above ${data.lowest}.`),
    list("Likely effects", "effects", (i) => p(x, i), `None above ${data.lowest}.`)];
  if (confounded) {
    parts.push(list("May share an unmeasured cause with", "commons", (i) => common(i, x),
      `None above ${data.lowest}.`));
  }
  panel.replaceChildren(...parts);
}
