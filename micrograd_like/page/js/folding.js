// Modules fold and unfold. A folded one is its frame, drawn small, and stands for all inside it; of
// the arrows between two boxes that are shown, one is shown for all. What is drawn is moved, never
// drawn again: where folding has left the paper empty, it is pushed together.

const framesInOrder = partsOf("g", readyFrame);  // the outer ones first
const frames = [];
for (const frame of framesInOrder) {
  const at = Number(/\d+/.exec(frame.line));
  frames[at] = Object.assign(frame, { at, name: groups[at].name, inside: 0, ...rectOf(frame) });
}

function readyFrame(frame) {
  [frame.rect, frame.title] = frame.g.children;
  frame.written = frame.title.textContent;
  frame.count = drawn("text", { class: "q" }, counted(frame.inside, "value"));
  frame.g.append(frame.count);
  frame.g.setAttribute("role", "button");
  frame.g.setAttribute("aria-label", `${frame.name}, ${counted(frame.inside, "value")}`);
}

values.forEach(({ group }) => {
  for (let at = group ?? -1; at >= 0; at = groups[at].parent) frames[at].inside++;
});
const depthOf = (at) => (at < 0 ? 0 : 1 + depthOf(groups[at].parent));

let folded = new Set();
const [FOLDED_WIDTH, FOLDED_HEIGHT, GAP, MARGIN] = [132, 44, 26, 10];

// The outermost folded module around a module or itself, or -1.
function foldedAround(at) {
  let found = -1;
  for (; at >= 0; at = groups[at].parent) if (folded.has(at)) found = at;
  return found;
}

const homes = new Int32Array(values.length).fill(-1);  // of each value: the folded module it is in
const spot = (i) => (homes[i] < 0 ? boxes[i] : frames[homes[i]]);  // where it is shown

// What pushes together the empty parts of an axis: a function of a place on it.
function pushed(intervals) {
  const ends = [];  // where what is kept starts and stops
  for (const [from, to] of intervals.sort((a, b) => a[0] - b[0])) {
    if (ends.length && from <= ends.at(-1)[1]) ends.at(-1)[1] = Math.max(ends.at(-1)[1], to);
    else ends.push([from, to]);
  }
  let lost = 0;
  const pieces = ends.map(([from, to], k) => {
    const gap = k ? from - ends[k - 1][1] : 0;
    lost += Math.max(0, gap - GAP);
    return { from, to, lost };
  });
  return (place) => {
    let [low, high] = [0, pieces.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (place <= pieces[middle].to) high = middle;
      else low = middle + 1;
    }
    const { from, lost: lostHere } = pieces[low];
    if (place >= from || low === 0) return place - lostHere;
    const [start, end] = [pieces[low - 1].to, from];  // in a gap
    return start - pieces[low - 1].lost + ((place - start) / (end - start)) * Math.min(GAP, end - start);
  };
}

let moved = null;  // where a place of the drawing is now: {toX, toY}, or null

function fold(next) {
  place(next);
  bundle();
  keepReachable();
  drawFrames();
  $("level").value = level();
}

// Put the boxes and the frames where they belong.
function place(next) {
  folded = next;
  values.forEach(({ group }, i) => (homes[i] = foldedAround(group ?? -1)));
  frames.forEach((frame, at) => {
    frame.isIn = foldedAround(groups[at].parent) < 0;
    frame.isFolded = folded.has(at) && frame.isIn;
  });
  const [across, down] = [[], []];
  const keep = ({ x, y, width, height }) => {
    across.push([x - MARGIN, x + width + MARGIN]);
    down.push([y - MARGIN, y + height + MARGIN]);
  };
  boxes.forEach((box, i) => homes[i] < 0 && keep(box.drawn));
  const shownFrames = frames.filter(({ isIn }) => isIn);
  for (const frame of shownFrames) {
    const { x, y, width, height } = frame.drawn;
    if (frame.isFolded) keep(frame.small = smallFrame(frame.drawn));
    else {
      across.push([x, x + 6], [x + width - 6, x + width]);
      down.push([y, y + 20], [y + height - 4, y + height]);
    }
  }
  moved = folded.size ? { toX: pushed(across), toY: pushed(down) } : null;
  const { toX, toY } = moved ?? { toX: (x) => x, toY: (y) => y };
  boxes.forEach((box, i) => {
    if (homes[i] < 0) [box.x, box.y] = [toX(box.drawn.x), toY(box.drawn.y)];
  });
  for (const frame of shownFrames) placeFrame(frame, toX, toY);
  if (folded.size) tighten();
  resize([...boxes.filter((_, i) => homes[i] < 0), ...shownFrames]);
}

function smallFrame({ x, y, width, height }) {
  const [w, h] = [Math.min(width, FOLDED_WIDTH), Math.min(height, FOLDED_HEIGHT)];
  return { x: x + (width - w) / 2, y: y + (height - h) / 2, width: w, height: h };
}

function placeFrame(frame, toX, toY) {
  const { x, y, width, height } = frame.isFolded ? frame.small : frame.drawn;
  [frame.x, frame.y] = [toX(x), toY(y)];
  frame.width = frame.isFolded ? width : toX(x + width) - frame.x;
  frame.height = frame.isFolded ? height : toY(y + height) - frame.y;
}

// Draw the frames that are open around what is in them, the inner ones first.
function tighten() {
  const inside = frames.map(() => []);
  values.forEach(({ group }, i) => homes[i] < 0 && group !== undefined && inside[group].push(boxes[i]));
  const inner = frames.map((_, at) => at).sort((a, b) => depthOf(b) - depthOf(a));
  for (const at of inner) {
    const frame = frames[at];
    if (!frame.isIn) continue;
    if (!frame.isFolded && inside[at].length) {
      const [left, top, right, bottom] = around(inside[at]);
      [frame.x, frame.y] = [left - MARGIN, top - 20];
      [frame.width, frame.height] = [right - left + 2 * MARGIN, bottom - top + 20 + MARGIN];
    }
    if (groups[at].parent >= 0) inside[groups[at].parent].push(frame);
  }
}

const around = (places) => [
  Math.min(...places.map((box) => box.x)), Math.min(...places.map((box) => box.y)),
  Math.max(...places.map((box) => box.x + box.width)), Math.max(...places.map((box) => box.y + box.height)),
];

function drawFrames() {
  put(frameLayer, framesInOrder);
  for (const frame of frames) if (frame.isIn) drawFrame(frame);
}

function drawFrame(frame) {
  const { x, y, width, height, isFolded } = frame;
  for (const [name, value] of Object.entries({ x, y, width, height })) frame.rect.setAttribute(name, value.toFixed(1));
  frame.g.classList.toggle("folded", isFolded);
  frame.g.setAttribute("aria-expanded", String(!isFolded));
  frame.g.setAttribute("tabindex", frame.at === rovingFrame ? "0" : "-1");
  frame.title.textContent = isFolded ? shortened(frame.name, Math.floor((width - 14) / CHARACTER)) : frame.written;
  for (const [text, below] of [[frame.title, isFolded ? 18 : 12], [frame.count, 34]]) {
    text.setAttribute("x", x + 8);
    text.setAttribute("y", y + below);
  }
}

const shortened = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
const counted = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

// ---- arrows: moved with what they join; between folded modules, one for all

// Let each arrow know which one shows it, if any, and that one the steps that it stands for.
function bundle() {
  const first = new Map();
  steps.forEach(({ x, out }, k) => {
    const arrow = arrows[k];
    const [tail, head] = [homes[x], homes[out]];
    arrow.shownBy = arrow;
    arrow.stands = null;
    if (tail >= 0 && tail === head) arrow.shownBy = null;
    else if (tail >= 0 || head >= 0) {
      const key = `${tail < 0 ? `v${x}` : tail} ${head < 0 ? `v${out}` : head}`;
      if (!first.has(key)) first.set(key, Object.assign(arrow, { stands: [] }));
      arrow.shownBy = first.get(key);
      arrow.shownBy.stands.push(k);
    }
    arrow.away = arrow.shownBy !== arrow;
  });
}

// Put an arrow where what it joins is.
function placeArrow(arrow) {
  const { x, out } = steps[arrow.k];
  if (arrow.placed === moved) return;
  if (arrow.stands) aim(arrow, spot(x), spot(out));
  else if (moved || arrow.placed) moveArrow(arrow, moved?.toX ?? ((x) => x), moved?.toY ?? ((y) => y));
  arrow.placed = moved;
}

// The places of an arrow's parts, as they were drawn: of a path, pairs between its letters.
const asDrawn = (arrow) => (arrow.drawn ??= [...arrow.g.children].map((part) =>
  (part.tagName === "path" ? part.getAttribute("d") : [part.getAttribute("x"), part.getAttribute("y")].map(Number))));

function moveArrow(arrow, toX, toY) {
  const original = asDrawn(arrow);
  [...arrow.g.children].forEach((part, at) => {
    part.classList.remove("away");
    if (part.tagName === "path") {
      const put = (_, x, y) => `${toX(Number(x)).toFixed(1)},${toY(Number(y)).toFixed(1)}`;
      part.setAttribute("d", original[at].replace(/(-?[\d.]+),(-?[\d.]+)/g, put));
    } else if (part === arrow.text) {
      const [x, y] = original[at];
      part.setAttribute("x", toX(x).toFixed(1));
      part.setAttribute("y", (toY(y - 3.5) + 3.5).toFixed(1));
      putBehind(arrow);
    }
  });
}

// Draw an arrow from the border of one box to that of another, in the drawing's direction if it can.
function aim(arrow, tail, head) {
  asDrawn(arrow);
  const [across, down] = [["x", "width"], ["y", "height"]].map(([axis, size]) =>
    Math.abs(middle(head, axis) - middle(tail, axis)) - (tail[size] + head[size]) / 2);
  const flat = data.direction === "LR" ? across > 10 || across >= down : down <= 10 && across > down;
  const [main, size] = flat ? ["x", "width"] : ["y", "height"];
  const side = flat ? "y" : "x";
  const way = middle(head, main) >= middle(tail, main) ? 1 : -1;
  const from = { [main]: way > 0 ? tail[main] + tail[size] : tail[main], [side]: middle(tail, side) };
  const to = { [main]: way > 0 ? head[main] : head[main] + head[size], [side]: middle(head, side) };
  const base = { ...to, [main]: to[main] - way * 7 };
  const bend = (base[main] - from[main]) / 2;
  const point = (p) => `${p.x.toFixed(1)},${p.y.toFixed(1)}`;
  const controls = [{ ...from, [main]: from[main] + bend }, { ...base, [main]: base[main] - bend }];
  const wing = (by) => ({ ...base, [side]: base[side] + by });
  const [curve, ...others] = arrow.g.children;
  const arrowhead = others.find((part) => part.tagName === "path");
  curve.setAttribute("d", `M${point(from)} C${controls.map(point).join(" ")} ${point(base)}`);
  if (arrowhead) arrowhead.setAttribute("d", `M${point(to)} L${point(wing(3))} L${point(wing(-3))} Z`);
  for (const other of others) other.classList.toggle("away", other !== arrowhead);
}

const middle = (box, axis) => box[axis] + box[axis === "x" ? "width" : "height"] / 2;

// ---- how much is folded

const deepest = Math.max(0, ...groups.map((_, at) => depthOf(at)));
const foldedAt = (depth) => new Set(groups.map((_, at) => at).filter((at) => depthOf(at) === depth));

// How deep the folded modules are: 1 is whole networks, 0 nothing; -1 is a choice of the reader's.
function level() {
  const depths = new Set([...folded].map(depthOf));
  const [depth] = depths;
  return !folded.size ? 0 : depths.size === 1 && foldedAt(depth).size === folded.size ? depth : -1;
}

function foldTo(depth) {
  fold(depth ? foldedAt(depth) : new Set());
}

function toggleFold(at) {
  const next = new Set(folded);
  if (next.has(at)) unfold(next, at);
  else next.add(at);
  const before = { ...frames[at] };
  fold(next);
  setZoom(zoom);
  bringBack(before, frames[at]);
  afterFold();
}

// Unfold a module; the modules in it are folded.
function unfold(next, at) {
  next.delete(at);
  groups.forEach(({ parent }, inner) => parent === at && next.add(inner));
}

// Unfold what hides a value, and no more.
function reveal(i) {
  if (homes[i] < 0) return;
  const next = new Set(folded);
  const around = [];
  for (let at = values[i].group; at >= 0; at = groups[at].parent) around.unshift(at);
  for (const at of around) if (next.has(at)) unfold(next, at);
  fold(next);
  setZoom(zoom);
  afterFold();
}
