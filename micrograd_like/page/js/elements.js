// Elements of the page, and the drawing's, looked up once. Only text can come from outside.

const $ = (id) => document.getElementById(id);

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function drawn(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function button(text, label, act) {
  const element = make("button", "", text);
  if (label) element.setAttribute("aria-label", label);
  element.addEventListener("click", act);
  return element;
}

// A button that is `disabled` would lose the focus.
const able = (element, can) => element.setAttribute("aria-disabled", String(!can));

// Do something once before the next frame, however often it is asked for.
function oncePerFrame(act) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      act();
    });
  };
}

const MANY_EDGES = 300;
const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

const pane = $("drawing");
const svg = pane.querySelector("svg");
const CHARACTER = 6.622;  // the width of one, in the drawing

const frameOf = (rect) => ["x", "y", "width", "height"].map((name) => Number(rect.getAttribute(name)));

const boxes = [...svg.querySelectorAll(".leaf, .op")].map((g, i) => {  // in the order of the values
  const rect = g.firstElementChild;
  const grad = g.lastElementChild;  // the texts end: data, its number, grad, its number
  const shown = grad.previousElementSibling.previousElementSibling;
  shown.classList.add("data");
  grad.classList.add("grad");
  g.setAttribute("role", "button");
  g.setAttribute("tabindex", "-1");
  g.setAttribute("aria-pressed", "false");
  if (!values[i].of) g.classList.add("made");
  const [x, y, width, height] = frameOf(rect);
  const room = Math.round((width - 16) / CHARACTER) - 6;  // characters of a number, beside its word
  return { g, rect, shown, grad, x, y, width, height, room, drawn: { x, y, width, height }, bar: null };
});

const drawnArrows = svg.querySelectorAll(".arrow");  // in the order of the edges
const arrowOf = new Map([...steps].sort((a, b) => a.edge - b.edge).map(({ edge }, k) => [edge, drawnArrows[k]]));
const arrows = steps.map((step) => {
  const g = arrowOf.get(step.edge);
  const text = g.lastElementChild.tagName === "text" ? g.lastElementChild : null;
  const path = g.firstElementChild;
  const tone = g.getAttribute("class").slice("arrow ".length);
  const written = text ? text.textContent : "";
  const number = text ? formatted(recorded.partials[step.edge], data.format) : "";
  const word = written.endsWith(number) ? written.slice(0, written.length - number.length) : null;
  return { g, path, text, word, room: Math.max(written.length, (word ?? "").length + 6), tone, width: null, away: false };
});

const incoming = values.map(() => []);
steps.forEach((step, k) => incoming[step.out].push(arrows[k].g));
const placeOf = new Map(boxes.map((box, i) => [box.g, i]));
const stepOf = new Map(arrows.map((arrow, k) => [arrow.g, k]));
