// Elements of the page and the note that follows the pointer.
const SVG = "http://www.w3.org/2000/svg";
function make(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
function html(tag, className, text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}
const tip = find("tip");
function showTip(text, event) {
  tip.textContent = text;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const x = Math.min(event.clientX + 14, document.documentElement.clientWidth - box.width - 6);
  const under = event.clientY + 16 + box.height < window.innerHeight;
  tip.style.left = `${Math.max(4, x)}px`;
  tip.style.top = `${under ? event.clientY + 16 : event.clientY - box.height - 10}px`;
}
const hideTip = () => { tip.hidden = true; };
function hover(element, text) {
  element.addEventListener("pointermove", (event) => showTip(text(), event));
  element.addEventListener("pointerleave", hideTip);
}
function describe(i, j) {
  const lines = [
    `${names[i]} → ${names[j]}: ${fixed(p(i, j))}`,
    `${names[j]} → ${names[i]}: ${fixed(p(j, i))}`,
    `no edge: ${fixed(Math.max(0, 1 - p(i, j) - p(j, i)))}`,
  ];
  if (confounded) lines.push(`unmeasured common cause: ${fixed(common(i, j))}`);
  if (stability) lines.push(`found in ${Math.round(100 * stability[i * d + j])} % of row subsets`);
  return lines.join("\n");
}
