// The drawing's parts: frames, arrows, boxes. Each is a line of the drawing that stands in the page's
// `noscript`. It becomes an element when it is first shown, and is in the document only while it is:
// a `<g>` that is not displayed takes as long as one that is, and large graphs have ten thousand.

const pane = $("drawing");
const CHARACTER = 6.622;  // the width of one, in the drawing
const [MANY_VALUES, MANY_EDGES] = [600, 300];  // of more, only those near what is seen are shown

// The elements of a text of the drawing's own, in which Python has escaped what came from outside.
const read = (text) => new DOMParser().parseFromString(`<svg>${text}</svg>`, "text/html").body.firstChild.children;

const written = pane.querySelector("noscript");
const partLines = written.textContent.trim().split("\n");
const [svg] = read(`${partLines[0]}${partLines[2]}</svg>`);
pane.replaceChildren(written, svg);

function partsOf(kind, ready) {
  return partLines.filter((line) => line.startsWith(`<g id="${kind}`)).map((line) => ({ line, ready, g: null, isIn: false }));
}

function rectOf({ line }) {
  const [x, y, width, height] = /<rect x="(.+?)" y="(.+?)" width="(.+?)" height="(.+?)"/.exec(line).slice(1).map(Number);
  return { x, y, width, height, drawn: { x, y, width, height } };
}

// Make the elements of parts that have none yet.
const partOf = new Map();  // by element
function build(parts) {
  const fresh = parts.filter(({ g }) => !g);
  if (!fresh.length) return;
  const elements = [...read(fresh.map(({ line }) => line).join(""))];
  fresh.forEach((part, k) => {
    partOf.set(part.g = elements[k], part);
    part.ready(part);
  });
}

// Let a layer have the elements of those parts that are in, in their order.
function put(layer, parts) {
  build(parts.filter(({ isIn }) => isIn));
  for (const { g, isIn } of parts) if (!isIn && g?.parentNode) g.remove();
  let next = layer.firstChild;
  for (const { g, isIn } of parts) {
    if (!isIn) continue;
    if (g === next) next = next.nextSibling;
    else layer.insertBefore(g, next);
  }
}

// Give a part a class, or take it; return whether that changes it.
function flag(part, name, on) {
  if ((part[name] ?? false) === on) return false;
  part.g.classList.toggle(name, part[name] = on);
  return true;
}

const layer = (attributes = {}) => svg.appendChild(drawn("g", attributes));
const frameLayer = layer();
const arrowLayer = layer({ "aria-hidden": "true" });  // to a screen reader every edge is a step
const boxLayer = layer();

const boxes = partsOf("v", readyBox);  // in the order of the values
boxes.forEach((box, i) => {
  Object.assign(box, { i, ...rectOf(box) });
  box.room = Math.round((box.width - 16) / CHARACTER) - 6;  // characters of a number, beside its word
});

function readyBox(box) {
  const { g, i } = box;
  box.rect = g.firstElementChild;
  box.grad = g.lastElementChild;  // the texts end: data, its number, grad, its number
  box.shown = box.grad.previousElementSibling.previousElementSibling;
  box.shown.classList.add("data");
  box.grad.classList.add("grad");
  g.setAttribute("role", "button");
  g.setAttribute("tabindex", i === roving ? "0" : "-1");
  g.setAttribute("aria-pressed", "false");
}

// Arrows stand in the order of the edges, and here in that of the steps.
const arrows = [];
const inOrder = partsOf("e", readyArrow);
steps.map(({ edge }, k) => [edge, k]).sort(([a], [b]) => a - b).forEach(([, k], at) => {
  arrows[k] = Object.assign(inOrder[at], { k, away: false });
});

function readyArrow(arrow) {
  const { g, k } = arrow;
  arrow.path = g.firstElementChild;
  arrow.tone = g.getAttribute("class").slice("arrow ".length);
  arrow.text = g.lastElementChild.tagName === "text" ? g.lastElementChild : null;
  if (!arrow.text) return;
  arrow.ground = arrow.text.previousElementSibling;
  const written = arrow.text.textContent;
  const number = formatted(recorded.partials[steps[k].edge], data.format);
  arrow.word = written.endsWith(number) ? written.slice(0, written.length - number.length) : null;
  arrow.room = Math.max(written.length, (arrow.word ?? "").length + 6);
}
