// The data of the page and the graph at a threshold, as amortize/posterior.py decodes it.
// The scripts of this folder are joined into one function. Names reach the page through
// textContent alone, so they stay text.
const data = JSON.parse(document.getElementById("data").textContent);
const { names, layout, confounded, stability } = data;
const d = names.length;
const large = d > 60;
const state = { threshold: data.threshold, chosen: null, all: false, zoom: 1 };
const find = (id) => document.getElementById(id);
const p = (i, j) => data.probabilities[i * d + j];
const common = (i, j) => (confounded ? confounded[i * d + j] : 0);
const fixed = (x) => x.toFixed(x > 0 && x < 0.0005 ? 4 : 3);
const brief = (name, most) => {
  const signs = [...name];
  return signs.length <= most ? name : signs.slice(0, most - 1).join("") + "…";
};

const pairs = [];
for (let i = 0; i < d; i++) {
  for (let j = i + 1; j < d; j++) {
    const [a, b] = p(i, j) >= p(j, i) ? [i, j] : [j, i];
    if (Math.max(p(a, b) + p(b, a), common(a, b)) >= data.lowest) pairs.push([a, b]);
  }
}
pairs.sort(([a, b], [i, j]) => p(i, j) - p(a, b) || a - i || b - j);

function decode(threshold) {
  const reaches = Array.from({ length: d }, (_, i) => new Uint8Array(d).fill(1, i, i + 1));
  const edges = [];
  for (const [i, j] of pairs) {
    const either = p(i, j) + p(j, i);
    if (either < threshold) continue;
    const kept = !reaches[j][i];
    if (kept && !reaches[i][j]) {
      for (const row of reaches) {
        if (row[i] && !row[j]) for (let k = 0; k < d; k++) row[k] |= reaches[j][k];
      }
    }
    edges.push({ i, j, kept, open: p(i, j) < data.clear * either });
  }
  return edges;
}
