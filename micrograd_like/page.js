"use strict";

// The page as a tape. Position 0 shows the leaves; each position up to SEED - 1 computes one value;
// SEED gives the root its gradient; each one after it is a step of the backward walk, step 1 first,
// numbered as `loss.steps()` numbers them. `turn` does or undoes what one position adds and touches
// nothing else, so that a step costs the same however large the graph is. Every text was written by
// Python, and gets into the page as text only.

const data = JSON.parse(document.getElementById("data").textContent);
const { values, steps, root } = data;
const $ = (id) => document.getElementById(id);

const made = values.map((_, i) => i).filter((i) => values[i].op);  // in the order of the forward pass
const SEED = made.length + 1;
const LAST = SEED + steps.length;

const contributions = values.map(() => []);  // to each value's gradient: places in `steps`
steps.forEach((step, i) => contributions[step.x].push(i));

// ---- the elements of the drawing, looked up once

const pane = $("drawing");
const svg = pane.querySelector("svg");
const boxes = values.map((value, i) => {
  const g = $(`v${i}`);
  const texts = g.querySelectorAll("text");
  const [shown, , grad] = [...texts].slice(-3);
  shown.classList.add("data");
  grad.classList.add("grad");
  g.setAttribute("role", "button");
  g.setAttribute("tabindex", "-1");
  g.classList.toggle("made", !value.op);
  const [x, y, width, height] = ["x", "y", "width", "height"].map((name) =>
    Number(g.querySelector("rect").getAttribute(name)));
  return { g, shown, grad, x, y, width, height };
});
const arrows = steps.map((step) => $(`ev${step.out}-${step.index}`));
const incoming = values.map(() => []);
steps.forEach((step, i) => incoming[step.out].push(arrows[i]));
const placeOf = new Map(boxes.map((box, i) => [box.g, i]));
const stepOf = new Map(arrows.map((arrow, i) => [arrow, i]));

// ---- winding the tape

let position = 0;
let chosen = null;  // the place of a value, or null
const got = values.map(() => 0);  // how many contributions have arrived at each value
let lit = [];  // [element, class] of what the current position lights

function turn(at, on, touched) {
  if (at < SEED) {
    const out = made[at - 1];
    boxes[out].g.classList.toggle("made", on);
    for (const arrow of incoming[out]) arrow.classList.toggle("made", on);
    touched.add(out);
  } else if (at === SEED) {
    got[root] = on ? 1 : 0;
    touched.add(root);
  } else {
    const i = at - SEED - 1;
    arrows[i].classList.toggle("done", on);
    got[steps[i].x] += on ? 1 : -1;
    touched.add(steps[i].x);
  }
}

const due = (i) => (i === root ? 1 : contributions[i].length);
const lastStep = (i) => steps[contributions[i][got[i] - 1]];

function gradient(i, name) {
  if (!got[i]) return data.nothing;
  if (i === root) return name === "shown" ? data.seedShown : data.seed;
  return lastStep(i)[name];
}

function update(i) {
  const { g, grad } = boxes[i];
  grad.textContent = gradient(i, "shown");
  g.classList.toggle("whole", got[i] === due(i));
  g.setAttribute("aria-label", spoken(i));
}

function spoken(i) {
  const { name, op, data: number } = values[i];
  if (!boxes[i].g.classList.contains("made")) return `${name}, ${op}, not computed yet`;
  const waiting = due(i) - got[i];
  const grad = got[i] ? `gradient ${gradient(i, "after")}` : "no gradient yet";
  const rest = got[i] && waiting ? `, ${waiting} to come` : "";
  return `${name}, ${op || "leaf"}, data ${number}, ${grad}${rest}`;
}

// Wind to a position, and tell of it once.
function go(to, remember = true) {
  to = Math.max(0, Math.min(LAST, to));
  const { clientWidth, clientHeight, scrollLeft, scrollTop } = pane;  // read before anything changes
  const touched = new Set();
  while (position < to) turn(++position, true, touched);
  while (position > to) turn(position--, false, touched);
  for (const i of touched) update(i);
  light();
  tell();
  if (chosen !== null) updateChosen();
  $("slider").value = position;
  $("slider").setAttribute("aria-valuetext", summary());
  $("slider").style.setProperty("--done", `${(100 * position) / LAST}%`);
  $("start").disabled = $("back").disabled = position === 0;
  $("end").disabled = $("forward").disabled = position === LAST;
  if (position === LAST) pause();
  keepInView(clientWidth, clientHeight, scrollLeft, scrollTop);
  if (remember) rememberHash();
}

function unlight() {
  for (const [element, name] of lit) element.classList.remove(name);
  lit = [];
}

function light() {
  unlight();
  const add = (element, name) => {
    element.classList.add(name);
    lit.push([element, name]);
  };
  if (position === 0) return;
  if (position < SEED) {
    const out = made[position - 1];
    for (const arrow of incoming[out]) add(arrow, "now");
    add(boxes[out].g, "to");
    add(boxes[out].shown, "fresh");
  } else if (position === SEED) {
    add(boxes[root].g, "to");
    add(boxes[root].grad, "fresh");
  } else {
    const step = steps[position - SEED - 1];
    add(arrows[position - SEED - 1], "now");
    add(boxes[step.out].g, "from");
    add(boxes[step.x].g, "to");
    add(boxes[step.x].grad, "fresh");
  }
}

// ---- what is told of a position

// Make an element of text and other elements. Only text can come from outside.
function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function nameOf(i) {
  const button = make("button", "name", values[i].name);
  button.addEventListener("click", () => choose(i));
  return button;
}

// Lines of a formula. A line too long may be broken before a factor, rather than within a number.
function maths(...lines) {
  return make("span", "maths", ...lines.map((line) => {
    const parts = typeof line === "string" ? line.split(/(?=\*)/) : [line];
    return make("span", "", ...parts.flatMap((part) => [make("wbr"), part]).slice(1));
  }));
}

const remark = (text) => make("span", "remark", text);

function list(...rows) {
  const dl = make("dl", "told");
  for (const [word, ...content] of rows) dl.append(make("dt", "", word), make("dd", "", ...content));
  return dl;
}

function lineRows(i) {
  const { line, source } = values[i];
  if (!line) return [];
  return [["line", ...(source ? [make("code", "", source)] : []), remark(line)]];
}

function summary() {
  if (position === 0) return "Start: the leaves are given";
  if (position < SEED) return `Forward ${position} of ${made.length}: ${values[made[position - 1]].name}`;
  if (position === SEED) return `Seed: the gradient of ${values[root].name}`;
  const step = steps[position - SEED - 1];
  const number = position - SEED;
  return `Backward ${number} of ${steps.length}: from ${values[step.out].name} to ${values[step.x].name}`;
}

function formulaOf(i) {
  const [named, numbers] = values[i].made;
  const lines = [`${values[i].name} = ${named}`];
  if (numbers !== named) lines.push(`= ${numbers}`);
  return maths(...lines, make("strong", "", `= ${values[i].data}`));
}

function partialOf(step) {
  const { quotient, rule, partial } = step;
  return rule ? maths(`${quotient} = ${rule}`, `= ${partial}`) : maths(`${quotient} = ${partial}`);
}

// What the words of a rule stand for: their numbers, and beside them whose those are.
function whereRows({ where }) {
  const lines = where.map(([word, i]) => {
    const { name, data: number } = values[i];
    return make("span", "", `${word} = ${number}`, ...(name === number ? [] : [" ", remark("of "), nameOf(i)]));
  });
  return lines.length ? [["where", make("span", "maths", ...lines)]] : [];
}

function tell() {
  const heading = make("h2");
  const count = (text) => make("span", "count", text);
  let content;
  if (position === 0) {
    heading.append("The leaves are given");
    content = [make("p", "hint told", made.length
      ? "Step forward: first every value is computed from its operands, then the gradients flow back, edge by edge."
      : "The root is a leaf: nothing was computed, and its gradient is the seed.")];
  } else if (position < SEED) {
    const out = made[position - 1];
    heading.append(count(`Forward ${position} of ${made.length}`), " ", nameOf(out));
    content = [list(["value", formulaOf(out)], ...lineRows(out))];
  } else if (position === SEED) {
    heading.append(count("Seed"), " ", nameOf(root));
    content = [list(["gradient", make("strong", "", data.seed), remark(`of ${values[root].name}, given`)])];
  } else {
    const step = steps[position - SEED - 1];
    heading.append(count(`Backward ${position - SEED} of ${steps.length}`), " ",
      nameOf(step.out), " → ", nameOf(step.x));
    const rest = step.waiting ? `${step.waiting} to come` : "complete";
    const remarks = step.remark ? [remark(step.remark)] : [];
    content = [list(
      ["partial", partialOf(step), ...remarks],
      ...whereRows(step),
      ["product", maths(`${step.upstream} × ${step.partial}`, `= ${step.product}`)],
      ["gradient", maths(`${step.before} + ${step.product}`, make("strong", "", `= ${step.after}`)),
        remark(`of ${values[step.x].name}, ${rest}`)],
      ...lineRows(step.out),
    )];
  }
  $("now").replaceChildren(heading, ...content);
}

// ---- the chosen value

let items = [];  // the list elements of its contributions
let told = 0;  // how many of them are shown as done

function choose(i) {
  if (chosen !== null) boxes[chosen].g.classList.remove("chosen");
  chosen = i;
  items = [];
  told = 0;
  const panel = $("value");
  if (i === null) {
    panel.replaceChildren(make("p", "hint", "Choose a value in the drawing to see what its gradient is made of."));
    return;
  }
  boxes[i].g.classList.add("chosen");
  rove(i);
  const value = values[i];
  const head = make("h2", "", value.name, " ", remark(value.op || "leaf"));
  const row = make("div", "row", make("h3", "", "Contributions"));
  for (const [id, text, way] of [["previous", "Previous", -1], ["next", "Next", 1]]) {
    const button = make("button", "", text);
    button.id = id;
    button.setAttribute("aria-label", `${text} contribution`);
    button.setAttribute("aria-keyshortcuts", way < 0 ? "p" : "n");
    button.addEventListener("click", () => jump(way));
    row.append(button);
  }
  const rows = [];
  if (value.op) {
    rows.push(["value", formulaOf(i)]);
    const operands = [...new Set(value.operands)].flatMap((x) => [", ", nameOf(x)]).slice(1);
    rows.push(["operands", ...operands]);
  } else {
    rows.push(["value", maths(value.data)]);
  }
  const sum = make("dd", "");
  sum.id = "sum";
  const dl = list(...rows, ...lineRows(i));
  dl.append(make("dt", "", "gradient"), sum);
  const ol = make("ol");
  for (const k of contributions[i]) {
    const step = steps[k];
    const link = make("a", "", `step ${k + 1}`);
    link.href = `#step=${k + 1}`;
    link.addEventListener("click", writeHash);  // so that Back leads here
    const remarks = step.remark ? [remark(step.remark)] : [];
    items.push(make("li", "", link, " from ", nameOf(step.out), partialOf(step), ...remarks,
      maths(`${step.upstream} × ${step.partial}`, `= ${step.product}`)));
  }
  ol.append(...items);
  panel.replaceChildren(head, dl, ...(items.length ? [row, ol] : []));
  updateChosen();
}

function updateChosen() {
  if (chosen !== root) {
    for (; told < got[chosen]; told++) items[told].classList.add("done");
    for (; told > got[chosen]; told--) items[told - 1].classList.remove("done");
  }
  const current = position > SEED && steps[position - SEED - 1].x === chosen ? got[chosen] - 1 : -1;
  const before = $("value").querySelector("li.now");
  if (before) before.classList.remove("now");
  if (current >= 0) items[current].classList.add("now");
  const sum = make("strong", "", gradient(chosen, "after"));
  const rest = chosen === root ? "given" : `${got[chosen]} of ${items.length} contributions`;
  $("sum").replaceChildren(sum, remark(rest));
  if (items.length) {
    $("previous").disabled = contributionFrom(-1) === undefined;
    $("next").disabled = contributionFrom(1) === undefined;
  }
}

// The next or the previous contribution to the chosen value, as a place in `steps`.
function contributionFrom(way) {
  if (chosen === null) return undefined;
  const here = position - SEED - 1;
  return way > 0 ? contributions[chosen].find((k) => k > here)
    : contributions[chosen].slice().reverse().find((k) => k < here);
}

function jump(way) {
  const k = contributionFrom(way);
  if (k !== undefined) go(SEED + 1 + k);
}

// ---- playing

let timer = null;

function tick() {
  go(position + 1);
  if (position < LAST) timer = setTimeout(tick, Number($("speed").value));
}

function play() {
  if (position === LAST) go(0);
  $("play").setAttribute("aria-pressed", "true");
  $("play").setAttribute("aria-label", "Pause");
  $("now").setAttribute("aria-live", "off");  // a reader could not keep up
  timer = setTimeout(tick, Math.min(300, Number($("speed").value)));
}

function pause() {
  clearTimeout(timer);
  timer = null;
  $("play").setAttribute("aria-pressed", "false");
  $("play").setAttribute("aria-label", "Play");
  $("now").setAttribute("aria-live", "polite");
}

// ---- zoom

const [, , fullWidth, fullHeight] = svg.getAttribute("viewBox").split(" ").map(Number);
const [left, top_] = svg.getAttribute("viewBox").split(" ").map(Number);
let zoom = 1;

const fitting = () => Math.min((pane.clientWidth - 2) / fullWidth, (pane.clientHeight - 2) / fullHeight);

// Zoom so that what is at (x, y) of the pane stays there.
function setZoom(to, x = pane.clientWidth / 2, y = pane.clientHeight / 2) {
  to = Math.max(0.02, Math.min(6, to));
  const [atX, atY] = [(pane.scrollLeft + x) / zoom, (pane.scrollTop + y) / zoom];
  zoom = to;
  svg.setAttribute("width", fullWidth * zoom);
  svg.setAttribute("height", fullHeight * zoom);
  pane.scrollTo(atX * zoom - x, atY * zoom - y);
  $("zoom").textContent = `${Math.round(zoom * 100)} %`;
}

// Scroll the pane, if need be, so that the lit boxes are in it, or at least the one that changes.
function keepInView(clientWidth, clientHeight, scrollLeft, scrollTop) {
  const near = lit.map(([element]) => placeOf.get(element)).filter((i) => i !== undefined);
  if (!near.length) return;
  const along = (start, size, origin, length, at) => {
    for (const places of [near, near.slice(-1)]) {
      const from = (Math.min(...places.map((i) => boxes[i][start])) - origin) * zoom;
      const to = (Math.max(...places.map((i) => boxes[i][start] + boxes[i][size])) - origin) * zoom;
      if (from >= at && to <= at + length) return at;
      if (to - from <= length || places.length === 1) return (from + to - length) / 2;
    }
    return at;
  };
  const x = along("x", "width", left, clientWidth, scrollLeft);
  const y = along("y", "height", top_, clientHeight, scrollTop);
  if (x !== scrollLeft || y !== scrollTop) pane.scrollTo(x, y);
}

// ---- deep links

let waiting = null;

// Browsers refuse more than some hundred changes of the address in half a minute.
function rememberHash() {
  if (waiting === null) waiting = setTimeout(writeHash, 400);
}

function writeHash() {
  clearTimeout(waiting);
  waiting = null;
  const hash = position < SEED ? `#forward=${position}` : `#step=${position - SEED}`;
  if (location.hash !== hash) history.replaceState(null, "", hash);
}

function followHash() {
  const found = /^#(step|forward)=(\d{1,9})$/.exec(location.hash);
  if (!found) return;
  clearTimeout(waiting);
  waiting = null;
  go(found[1] === "step" ? SEED + Number(found[2]) : Math.min(Number(found[2]), SEED - 1), false);
}

// ---- keys and clicks

// One value at a time can be reached by Tab: from there, arrows lead on.
let roving = root;

function rove(i) {
  boxes[roving].g.setAttribute("tabindex", "-1");
  roving = i;
  boxes[roving].g.setAttribute("tabindex", "0");
}

function focusValue(i) {
  if (i < 0 || i >= values.length) return;
  rove(i);
  boxes[i].g.focus();
}

const keys = {
  ArrowRight: () => go(position + 1),
  ArrowLeft: () => go(position - 1),
  Home: () => go(0),
  End: () => go(LAST),
  " ": () => (timer === null ? play() : pause()),
  n: () => jump(1),
  p: () => jump(-1),
  Escape: () => choose(null),
  "+": () => setZoom(zoom * 1.25),
  "-": () => setZoom(zoom / 1.25),
  0: () => setZoom(fitting()),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { key, target } = event;
  const place = placeOf.get(target);
  if (place !== undefined && (key === "ArrowUp" || key === "ArrowDown")) {
    focusValue(place + (key === "ArrowUp" ? -1 : 1));
  } else if (place !== undefined && (key === "Enter" || key === " ")) {
    choose(place);
  } else if (target.closest("select, summary") || (key === " " && target.closest("button, a"))
      || (target === $("slider") && /^(Arrow|Home|End)/.test(key)) || !(key in keys)) {
    return;  // the browser knows what to do
  } else {
    if (key !== " ") pause();
    keys[key]();
  }
  event.preventDefault();
});

svg.addEventListener("click", (event) => {
  const g = event.target.closest("g[id]");
  if (placeOf.has(g)) choose(placeOf.get(g));
  else if (stepOf.has(g)) go(SEED + 1 + stepOf.get(g));
});

pane.addEventListener("wheel", (event) => {
  if (!event.ctrlKey) return;
  event.preventDefault();
  const { left: x, top: y } = pane.getBoundingClientRect();
  setZoom(zoom * Math.exp(-event.deltaY / 300), event.clientX - x, event.clientY - y);
}, { passive: false });

const clicks = {
  start: () => go(0),
  back: () => go(position - 1),
  forward: () => go(position + 1),
  end: () => go(LAST),
  smaller: () => setZoom(zoom / 1.25),
  larger: () => setZoom(zoom * 1.25),
  fit: () => setZoom(fitting()),
  full: () => setZoom(1),
};
for (const [id, act] of Object.entries(clicks)) {
  $(id).addEventListener("click", () => {
    if (id in { start: 1, back: 1, forward: 1, end: 1 }) pause();
    act();
  });
}
$("play").addEventListener("click", keys[" "]);
$("slider").addEventListener("input", () => {
  pause();
  go(Number($("slider").value));
});
addEventListener("hashchange", followHash);

// ---- light and dark

const night = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => {
  const { theme } = document.documentElement.dataset;
  return theme === "dark" || (theme === "auto" && night.matches);
};

function nameTheme() {
  $("theme").textContent = isDark() ? "Light" : "Dark";
}

$("theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  nameTheme();
});
night.addEventListener("change", nameTheme);

// ---- print: the end of the walk, and every step

let printedFrom = null;

addEventListener("beforeprint", () => {
  printedFrom = position;
  go(LAST, false);
  unlight();
  if ($("all").childElementCount) return;
  const table = (title, head, rows) => make("table", "",
    make("caption", "", title),
    make("thead", "", make("tr", "", ...head.map((word) => make("th", "", word)))),
    make("tbody", "", ...rows.map((row, i) => make("tr", "",
      make("td", "", String(i + 1)), ...row.map((text) => make("td", "", text))))));
  $("all").append(
    table("Forward", ["", "value", "formula", "data"], made.map((out) =>
      [values[out].name, values[out].made.join("\n= "), values[out].data])),
    table("Backward", ["", "edge", "partial", "product", "gradient"], steps.map((step) => [
      `${values[step.out].name}\n→ ${values[step.x].name}`,
      `${step.quotient}\n= ${step.rule ? `${step.rule}\n= ` : ""}${step.partial}`,
      `${step.upstream}\n× ${step.partial}\n= ${step.product}`,
      `${step.before}\n+ ${step.product}\n= ${step.after}`,
    ])),
  );
});
addEventListener("afterprint", () => go(printedFrom, false));

// ---- begin

document.documentElement.classList.add("live");
svg.setAttribute("role", "group");
svg.classList.toggle("dense", steps.length > 500);
svg.querySelector("title").remove();  // the section has a name; a tooltip everywhere is in the way
values.forEach((_, i) => update(i));
for (const [name, value] of [["max", LAST], ["value", 0]]) $("slider").setAttribute(name, value);
$("slider").style.setProperty("--turn", `${(100 * SEED) / LAST}%`);
rove(root);
choose(null);
nameTheme();
setZoom(Math.max(0.8, Math.min(fitting(), 1.5)));
go(0, false);
followHash();
