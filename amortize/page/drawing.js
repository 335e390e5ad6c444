// The drawing of the graph: u runs along the layers, v across them.
const drawing = find("drawing");
const most = large ? 12 : 18;
const font = large ? 10 : 13;
const pen = document.createElement("canvas").getContext("2d");
pen.font = `${font}px system-ui, sans-serif`;
const shown = names.map((name) => brief(name, most));
const wide = Math.max(40, ...shown.map((name) => Math.ceil(pen.measureText(name).width) + 16));
const high = large ? 17 : 26;
let across = true; // layers run to the right; else down the page
let spots = []; // centre of each variable as [u, v]
let su = wide;
let sv = high;
let bendSpot = () => [0, 0];

function place() {
  const room = Math.max(280, drawing.clientWidth - 2);
  // What room there is goes between the layers, up to a limit.
  const spare = (room - 24 - layout.layers * wide) / Math.max(1, layout.layers - 1);
  const gap = Math.max(large ? 60 : 76, Math.min(170, spare));
  const between = large || layout.breadth > 12 ? 12 : 24;
  const size = (flow) => flow
    ? [layout.layers * (wide + gap) - gap + 24, layout.breadth * (high + between) - between + 24]
    : [layout.breadth * (wide + 14) + 24, layout.layers * (high + 56) - 56 + 24];
  const fit = (flow) => Math.min(1, room / size(flow)[0]);
  across = fit(true) >= 0.75 || fit(true) >= fit(false);
  [su, sv] = across ? [wide, high] : [high, wide];
  const [pu, pv] = across ? [wide + gap, high + between] : [high + 56, wide + 14];
  bendSpot = ([layer, offset]) => [12 + layer * pu + su / 2, 12 + offset * pv + sv / 2];
  let [width, height] = layout.layers ? size(across) : [0, 4];
  width = Math.max(width, layout.loose.length ? Math.min(room, 600) : 0);
  const columns = Math.max(1, Math.floor((width - 12) / (wide + 12)));
  const top = height + (layout.layers ? 30 : 18);
  spots = layout.places.map((spot) => spot && bendSpot(spot));
  layout.loose.forEach((i, rank) => {
    const x = 12 + (rank % columns) * (wide + 12) + wide / 2;
    const y = top + Math.floor(rank / columns) * (high + 10) + high / 2;
    spots[i] = across ? [x, y] : [y, x];
  });
  if (layout.loose.length) {
    height = top + Math.ceil(layout.loose.length / columns) * (high + 10) + 4;
  }
  const scale = state.zoom * Math.max(0.55, Math.min(1, room / width));
  return { width, height, scale, caption: layout.loose.length ? top - 8 : null };
}

const at = ([u, v]) => (across ? `${u.toFixed(1)} ${v.toFixed(1)}` : `${v.toFixed(1)} ${u.toFixed(1)}`);
function curve([u0, v0], [u1, v1]) {
  const middle = (u0 + u1) / 2;
  return `C${at([middle, v0])} ${at([middle, v1])} ${at([u1, v1])}`;
}
function route(i, j) {
  const [us, vs] = spots[i];
  const [ut, vt] = spots[j];
  const bends = (layout.bends[`${i},${j}`] || []).map(bendSpot);
  if (ut - us < su + 16 && us - ut < su + 16) { // beside each other: round the far side
    const out = Math.max(us, ut) + su / 2 + 24 + 0.12 * Math.abs(vt - vs);
    return `M${at([us + su / 2, vs])}C${at([out, vs])} ${at([out, vt])} ${at([ut + su / 2, vt])}`;
  }
  const sign = ut > us ? 1 : -1;
  let from = [us + (sign * su) / 2, vs];
  let path = `M${at(from)}`;
  for (const [u, v] of bends) {
    path += curve(from, [u - su / 2, v]) + `L${at([u + su / 2, v])}`;
    from = [u + su / 2, v];
  }
  return path + curve(from, [ut - (sign * su) / 2, vt]);
}
function commonRoute(i, j) {
  const [us, vs] = spots[i];
  const [ut, vt] = spots[j];
  const out = Math.max(vs, vt) + sv / 2 + 22 + 0.08 * Math.abs(ut - us);
  return `M${at([us, vs + sv / 2])}C${at([us, out])} ${at([ut, out])} ${at([ut, vt + sv / 2])}`;
}

let edgeLayer = make("g");
let nodes = [];
function draw() {
  const { width, height, scale, caption } = place();
  const svg = make("svg", {
    viewBox: `0 0 ${width} ${height}`, width: width * scale, height: height * scale,
    role: "group", "aria-label": "causal graph",
  });
  const defs = make("defs");
  for (const kind of ["edge", "cause", "effect", "common"]) {
    defs.append(make("marker", {
      id: `tip-${kind}`, viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 8, markerHeight: 8,
      markerUnits: "userSpaceOnUse", orient: "auto-start-reverse",
    }, make("path", { d: "M0 0L10 5L0 10z" })));
  }
  edgeLayer = make("g");
  svg.append(defs, edgeLayer);
  if (caption !== null) {
    svg.append(make("text", { x: 12, y: caption, class: "caption" },
      `Without an edge at ${data.threshold.toFixed(2)}`));
  }
  nodes = names.map((name, i) => {
    const [x, y] = across ? spots[i] : [spots[i][1], spots[i][0]];
    const node = make("g", { class: "node", tabindex: 0, role: "button", "aria-label": name },
      make("rect", { x: x - wide / 2, y: y - high / 2, width: wide, height: high, rx: 5 }),
      make("text", { x, y, "font-size": font }, shown[i]));
    node.addEventListener("click", (event) => { event.stopPropagation(); choose(i); });
    node.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(i); }
    });
    hover(node, () => name);
    svg.append(node);
    return node;
  });
  svg.addEventListener("click", () => choose(null));
  drawing.replaceChildren(svg);
  update();
}

// Curves may leave the boxes' frame, on any side.
function grow() {
  const svg = edgeLayer.ownerSVGElement;
  const frame = svg.viewBox.baseVal;
  const box = edgeLayer.getBBox();
  if (!box.width) return;
  const scale = svg.width.baseVal.value / frame.width;
  const left = Math.min(frame.x, box.x - 8);
  const top = Math.min(frame.y, box.y - 8);
  const right = Math.max(frame.x + frame.width, box.x + box.width + 8);
  const bottom = Math.max(frame.y + frame.height, box.y + box.height + 8);
  svg.setAttribute("viewBox", `${left} ${top} ${right - left} ${bottom - top}`);
  svg.setAttribute("width", (right - left) * scale);
  svg.setAttribute("height", (bottom - top) * scale);
}

function drawEdge(kind, i, j, strength, path) {
  const { chosen } = state;
  const role = chosen === j ? "cause" : chosen === i ? "effect" : "edge";
  const tone = kind.includes("common") ? "common" : kind === "open" ? "edge" : role;
  const away = chosen !== null && chosen !== i && chosen !== j;
  const line = make("path", {
    class: "line", d: path, "stroke-width": (0.7 + 2.1 * strength).toFixed(2),
  });
  if (tone === "common") line.setAttribute("marker-start", "url(#tip-common)");
  if (kind !== "open") line.setAttribute("marker-end", `url(#tip-${tone})`);
  const edge = make("g", { class: `edge ${kind} ${role} ${away ? "dim" : ""}` },
    line, make("path", { class: "hit", d: path }));
  edge.dataset.edge = `${i},${j}`;
  hover(edge, () => describe(i, j));
  edgeLayer.append(edge);
}
