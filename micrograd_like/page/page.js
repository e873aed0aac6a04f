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
  const [shown, , grad] = [...g.querySelectorAll("text")].slice(-3);  // they end: data, number, grad, number
  shown.classList.add("data");
  grad.classList.add("grad");
  g.setAttribute("role", "button");
  g.setAttribute("tabindex", "-1");
  g.setAttribute("aria-pressed", "false");
  g.classList.toggle("made", !value.op);
  const [x, y, width, height] = ["x", "y", "width", "height"].map((name) =>
    Number(g.querySelector("rect").getAttribute(name)));
  return { g, shown, grad, x, y, width, height };
});
const arrows = steps.map((step) => $(`ev${step.out}-${step.index}`));
for (const arrow of arrows) arrow.setAttribute("aria-hidden", "true");  // every edge is told as a step
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

const isMade = (i) => boxes[i].g.classList.contains("made");
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
  if (!isMade(i)) return `${name}, ${op}, not computed yet`;
  const toCome = due(i) - got[i];
  const grad = got[i] ? `gradient ${gradient(i, "after")}` : "no gradient yet";
  const rest = got[i] && toCome ? `, ${toCome} to come` : "";
  return `${name}, ${op || "leaf"}, data ${number}, ${grad}${rest}`;
}

// Wind to a position, and tell of it once.
function go(to, remember = true) {
  to = Math.max(0, Math.min(LAST, to));
  const view = viewOf(pane);  // read before anything changes
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
  for (const id of ["start", "back"]) able(id, position > 0);
  for (const id of ["end", "forward"]) able(id, position < LAST);
  if (position === LAST) pause();
  keepInView(lit.map(([element]) => placeOf.get(element)).filter((i) => i !== undefined), view);
  if (remember) rememberPosition();
}

// Where the reader goes: whoever steps has taken over from the player.
function jump(to, remember) {
  pause();
  go(to, remember);
}

// A button that is `disabled` would lose the focus.
const able = (id, can) => $(id).setAttribute("aria-disabled", String(!can));

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
  button.addEventListener("click", () => {
    choose(i);
    $("value").querySelector("h2").focus();
  });
  return button;
}

// A heading that can be focused, where what had the focus is replaced.
function titled(...children) {
  const heading = make("h2", "", ...children);
  heading.tabIndex = -1;
  return heading;
}

// Lines of a formula. A line too long may be broken before a factor, rather than within a number.
function maths(...lines) {
  return make("span", "maths", ...lines.map((line) => {
    const parts = typeof line === "string" ? line.match(/\**[^*]+|\*+/g) : [line];
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
  if (!isMade(i)) return maths(...lines, remark("not computed yet"));
  if (numbers !== named) lines.push(`= ${numbers}`);
  return maths(...lines, make("strong", "", `= ${values[i].data}`));
}

function partialOf(step) {
  const { quotient, rule, partial } = step;
  return rule ? maths(`${quotient} = ${rule}`, `= ${partial}`) : maths(`${quotient} = ${partial}`);
}

// What the words of a rule stand for: their numbers, and beside them whose those are.
function whereRows({ where }) {
  const lines = where.map(([word, i, number]) =>
    make("span", "", `${word} = ${number}`, ...(i === null ? [] : [" ", remark("of "), nameOf(i)])));
  return lines.length ? [["where", make("span", "maths", ...lines)]] : [];
}

function tell() {
  const hadFocus = $("now").contains(document.activeElement);
  const heading = titled();
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
  if (hadFocus) heading.focus();
}

// ---- the chosen value

let items = [];  // the list elements of its contributions
let shownAsDone = 0;  // how many of them

function mark(i, on) {
  boxes[i].g.classList.toggle("chosen", on);
  boxes[i].g.setAttribute("aria-pressed", String(on));
}

function choose(i) {
  const panel = $("value");
  const hadFocus = panel.contains(document.activeElement);
  if (chosen !== null) mark(chosen, false);
  chosen = i;
  items = [];
  shownAsDone = 0;
  if (i === null) {
    panel.replaceChildren(make("p", "hint", "Choose a value in the drawing to see what its gradient is made of."));
    if (hadFocus) boxes[roving].g.focus();
    return;
  }
  mark(i, true);
  rove(i);
  const value = values[i];
  const heading = titled(value.name, " ", remark(value.op || "leaf"));
  const row = make("div", "row", make("h3", "", "Contributions"));
  for (const [id, text, key] of [["previous", "Previous", "p"], ["next", "Next", "n"]]) {
    const button = make("button", "", text);
    button.id = id;
    button.setAttribute("aria-label", `${text} contribution`);
    button.setAttribute("aria-keyshortcuts", key);
    button.addEventListener("click", keys[key]);
    row.append(button);
  }
  const [formula, sum] = ["formula", "sum"].map((id) => Object.assign(make("span"), { id }));
  const operands = [...new Set(value.operands)].flatMap((x) => [", ", nameOf(x)]).slice(1);
  const dl = list(["value", formula], ...(value.op ? [["operands", ...operands]] : []),
    ...lineRows(i), ["gradient", sum]);
  const ol = make("ol");
  for (const k of contributions[i]) {
    const step = steps[k];
    const link = make("a", "", `step ${k + 1}`);
    link.href = `#step=${k + 1}`;
    link.addEventListener("click", (event) => follow(event, SEED + 1 + k));
    const remarks = step.remark ? [remark(step.remark)] : [];
    items.push(make("li", "", link, " from ", nameOf(step.out), partialOf(step), ...remarks,
      maths(`${step.upstream} × ${step.partial}`, `= ${step.product}`)));
  }
  ol.append(...items);
  panel.replaceChildren(heading, dl, ...(items.length ? [row, ol] : []));
  updateChosen();
  keepInView([i], viewOf(pane));
  heading.scrollIntoView({ block: "nearest" });
}

function updateChosen() {
  if (chosen !== root) {
    for (; shownAsDone < got[chosen]; shownAsDone++) items[shownAsDone].classList.add("done");
    for (; shownAsDone > got[chosen]; shownAsDone--) items[shownAsDone - 1].classList.remove("done");
  }
  const current = position > SEED && steps[position - SEED - 1].x === chosen ? got[chosen] - 1 : -1;
  const before = $("value").querySelector("li.now");
  if (before) before.classList.remove("now");
  if (current >= 0) items[current].classList.add("now");
  $("formula").replaceChildren(values[chosen].op ? formulaOf(chosen) : maths(values[chosen].data));
  const sum = make("strong", "", gradient(chosen, "after"));
  const rest = chosen === root ? "given" : `${got[chosen]} of ${items.length} contributions`;
  $("sum").replaceChildren(sum, remark(rest));
  if (items.length) {
    able("previous", contributionFrom(-1) !== undefined);
    able("next", contributionFrom(1) !== undefined);
  }
}

// The next or the previous contribution to the chosen value, as a place in `steps`.
function contributionFrom(way) {
  if (chosen === null) return undefined;
  const here = position - SEED - 1;
  return way > 0 ? contributions[chosen].find((k) => k > here)
    : contributions[chosen].findLast((k) => k < here);
}

function jumpToContribution(way) {
  const k = contributionFrom(way);
  if (k === undefined) return;
  jump(SEED + 1 + k);
  const item = items[got[chosen] - 1];
  for (const around of [item.parentNode, $("side")]) {  // where they scroll: on a phone, the page does
    const [inner, outer] = [item, around].map((element) => element.getBoundingClientRect());
    around.scrollTop += Math.max(0, inner.bottom - outer.bottom) + Math.min(0, inner.top - outer.top);
  }
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
  $("now").setAttribute("aria-live", "off");  // a reader could not keep up
  timer = setTimeout(tick, Math.min(300, Number($("speed").value)));
}

function pause() {
  clearTimeout(timer);
  timer = null;
  $("play").setAttribute("aria-pressed", "false");
  $("now").setAttribute("aria-live", "polite");
}

// ---- zoom

const full = svg.viewBox.baseVal;
let zoom = 1;

const fitting = () => Math.min((pane.clientWidth - 2) / full.width, (pane.clientHeight - 2) / full.height);

// Zoom so that what is at (x, y) of the pane stays there.
function setZoom(to, x = pane.clientWidth / 2, y = pane.clientHeight / 2) {
  to = Math.max(0.02, Math.min(6, to));
  const [atX, atY] = [(pane.scrollLeft + x) / zoom, (pane.scrollTop + y) / zoom];
  zoom = to;
  svg.setAttribute("width", full.width * zoom);
  svg.setAttribute("height", full.height * zoom);
  pane.scrollTo(atX * zoom - x, atY * zoom - y);
  $("zoom").textContent = `${Math.round(zoom * 100)} %`;
}

const viewOf = ({ clientWidth, clientHeight, scrollLeft, scrollTop }) =>
  ({ clientWidth, clientHeight, scrollLeft, scrollTop });

// Scroll the pane, if need be, so that these boxes are in it, or at least the last of them.
function keepInView(near, { clientWidth, clientHeight, scrollLeft, scrollTop }) {
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
  const x = along("x", "width", full.x, clientWidth, scrollLeft);
  const y = along("y", "height", full.y, clientHeight, scrollTop);
  if (x !== scrollLeft || y !== scrollTop) pane.scrollTo(x, y);
}

// ---- deep links

let hashTimer = null;

// Browsers refuse more than some hundred changes of the address in half a minute.
function rememberPosition() {
  if (hashTimer === null) hashTimer = setTimeout(writeHash, 400, "replaceState");
}

function writeHash(how) {
  forgetPosition();
  const hash = position < SEED ? `#forward=${position}` : `#step=${position - SEED}`;
  if (location.hash === hash) return;
  try {
    history[how](null, "", hash);
  } catch {
    // A page inside another page may have no address of its own.
  }
}

function forgetPosition() {
  clearTimeout(hashTimer);
  hashTimer = null;
}

// Follow a link to a position, so that the browser's Back leads here again.
function follow(event, to) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;  // a new tab, say
  event.preventDefault();
  writeHash("replaceState");
  jump(to, false);
  writeHash("pushState");
}

function followHash() {
  const found = /^#(step|forward)=(\d{1,9})$/.exec(location.hash);
  if (!found) return;
  forgetPosition();
  jump(found[1] === "step" ? SEED + Number(found[2]) : Math.min(Number(found[2]), SEED - 1), false);
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
  ArrowRight: () => jump(position + 1),
  ArrowLeft: () => jump(position - 1),
  Home: () => jump(0),
  End: () => jump(LAST),
  " ": () => (timer === null ? play() : pause()),
  n: () => jumpToContribution(1),
  p: () => jumpToContribution(-1),
  Escape: () => choose(null),
  "+": () => setZoom(zoom * 1.25),
  "-": () => setZoom(zoom / 1.25),
  0: () => setZoom(fitting()),
  1: () => setZoom(1),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { key, target } = event;
  const place = placeOf.get(target);
  if (place !== undefined && (key === "ArrowUp" || key === "ArrowDown")) {
    focusValue(place + (key === "ArrowUp" ? -1 : 1));
  } else if (place !== undefined && key === "Enter") {
    choose(place);
  } else if (key in keys && !(key === " " && target.closest("button, a, summary, select"))) {
    keys[key]();
  } else {
    return;  // the browser knows what to do
  }
  event.preventDefault();
});

svg.addEventListener("click", (event) => {
  const g = event.target.closest("g[id]");
  if (placeOf.has(g)) choose(placeOf.get(g));
  else if (stepOf.has(g)) jump(SEED + 1 + stepOf.get(g));
});

pane.addEventListener("wheel", (event) => {
  if (!event.ctrlKey) return;
  event.preventDefault();
  const { left: x, top: y } = pane.getBoundingClientRect();
  setZoom(zoom * Math.exp(-event.deltaY / 300), event.clientX - x, event.clientY - y);
}, { passive: false });

const keyOf = {
  start: "Home", back: "ArrowLeft", play: " ", forward: "ArrowRight", end: "End",
  smaller: "-", larger: "+", fit: "0", full: "1",
};
for (const [id, key] of Object.entries(keyOf)) $(id).addEventListener("click", keys[key]);
$("slider").addEventListener("input", () => jump(Number($("slider").value)));
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

let printedFrom = null;  // the position to return to

addEventListener("beforeprint", () => {
  printedFrom ??= position;  // some browsers say it twice
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
addEventListener("afterprint", () => {
  if (printedFrom !== null) go(printedFrom, false);
  printedFrom = null;
});

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
