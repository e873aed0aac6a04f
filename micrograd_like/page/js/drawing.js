// The drawing's numbers, tones and widths. What cannot be seen is not written until it is.

let speech = null;

const due = (i) => (i === root ? 1 : contributions[i].length);

// The gradient that has arrived at a value so far, or undefined.
function gradientOf(i) {
  if (!got[i]) return undefined;
  return i === root ? seed : now.after[contributions[i][got[i] - 1]];
}

// Write a number into the room there is: where it takes more, with fewer digits. Tell a change.
function write(element, x, room, before = "") {
  let text = x === undefined ? data.nothing : formatted(x, data.format);
  for (let n = 3; n && before.length + text.length > room && x !== undefined && Number.isFinite(x); n--) text = formatted(x, `.${n}g`);
  text = before + text;
  if (element.written === text) return false;
  element.written = element.textContent = text;
  element.classList.toggle("b", x !== undefined && !Number.isFinite(x));  // which shouts
  return true;
}

// The ground of an arrow's number, on which no arrow runs through it.
function putBehind({ text, ground }) {
  const width = text.textContent.length * CHARACTER + 3;
  const [x, y] = ["x", "y"].map((name) => Number(text.getAttribute(name)));
  for (const [name, value] of [["x", x - width / 2], ["y", y - 10], ["width", width]]) ground.setAttribute(name, value.toFixed(1));
}

// Draw a box as it is now, if it is shown.
function drawBox(i) {
  const box = boxes[i];
  if (!box.isIn) return;
  const by = `translate(${box.x - box.drawn.x},${box.y - box.drawn.y})`;
  if (box.by !== by && (moved || box.by)) box.g.setAttribute("transform", box.by = by);
  flag(box, "made", isMade(i));
  flag(box, "whole", got[i] === due(i));
  if (flag(box, "chosen", i === chosen)) box.g.setAttribute("aria-pressed", String(i === chosen));
  const grad = gradientOf(i);
  flag(box, "alarm", isMade(i) && ![now.data[i], grad ?? 0].every(Number.isFinite));
  fill(i, grad);
  if (zoom < LEGIBLE) return;
  write(box.shown, now.data[i], box.room);
  write(box.grad, grad, box.room);
}

// What has arrived fills the foot of the box.
function fill(i, x) {
  const box = boxes[i];
  if (!box.bar) {
    if (!got[i]) return;
    const { x: left, y, width, height } = box.drawn;
    box.bar = drawn("rect", { x: left + 5, y: y + height - 4.5, height: 3, width: width - 10, rx: 1.5 });
    box.bar.style.transformOrigin = `${left + 5}px 0`;
    box.rect.after(box.bar);
  }
  const share = due(i) ? got[i] / due(i) : 0;
  if (box.share !== share) box.bar.style.transform = `scaleX(${box.share = share})`;
  const tone = x === undefined ? "none" : toneOf(x);
  if (box.tone !== tone) box.bar.setAttribute("class", `bar ${box.tone = tone}`);
}

function speak(i) {
  if (boxes[i].isIn) boxes[i].g.setAttribute("aria-label", spoken(i));
}

function spoken(i) {
  const { name } = values[i];
  const op = values[i].of && form(i).op;
  if (!isMade(i)) return `${name}, ${op}, not computed yet`;
  const toCome = due(i) - got[i];
  const grad = got[i] ? `gradient ${shown(gradientOf(i))}` : "no gradient yet";
  const rest = got[i] && toCome ? `, ${toCome} to come` : "";
  return `${name}, ${op || "leaf"}, data ${shown(now.data[i])}, ${grad}${rest}`;
}

// Draw an arrow as it is now: of those that it stands for, the one along which most flows.
function drawArrow(k) {
  const arrow = arrows[k];
  if (!arrow.isIn) return;
  placeArrow(arrow);
  flag(arrow, "made", isMade(steps[k].out));
  flag(arrow, "done", isDone(k));
  let flow = now.product[k];
  for (const other of arrow.stands ?? []) if (Math.abs(now.product[other]) > Math.abs(flow)) flow = now.product[other];
  const [tone, width] = [toneOf(flow), widthOf(flow, now.most)];
  if (tone !== arrow.tone) {
    arrow.g.classList.replace(arrow.tone, tone);
    arrow.tone = tone;
  }
  if (width !== arrow.width) arrow.path.setAttribute("stroke-width", arrow.width = width);
  if (zoom < LEGIBLE || !arrow.text || arrow.word === null) return;
  if (write(arrow.text, now.partials[steps[k].edge], arrow.room, arrow.word)) putBehind(arrow);
}

// After the numbers have changed, or the view has: draw what can be seen, and of a large drawing
// nothing else, so that a step costs what is seen, and not what there is.
function drawView(isPrinted = false) {
  const { left, top, right, bottom } = seen();
  const isNear = ({ x, y, width, height }) => x < right && x + width > left && y < bottom && y + height > top;
  const visible = boxes.map((box, i) => homes[i] < 0 && isNear(box));
  const isSmall = [MANY_VALUES, MANY_EDGES].map((many, at) => isPrinted || [boxes, arrows][at].length <= many);
  const fresh = boxes.filter((box, i) => {
    const was = box.isIn;
    box.isIn = homes[i] < 0 && (isSmall[0] || visible[i] || i === roving);
    return box.isIn && !was;
  });
  for (let k = 0; k < steps.length; k++) {
    const { x, out } = steps[k];
    arrows[k].isIn = !arrows[k].away && (isSmall[1] || visible[x] || visible[out] || isBetween(spot(x), spot(out), left, top, right, bottom));
  }
  put(arrowLayer, arrows);
  put(boxLayer, boxes);
  boxes.forEach((_, i) => drawBox(i));
  for (let k = 0; k < steps.length; k++) drawArrow(k);
  for (const { i } of fresh) speak(i);
}

function isBetween(a, b, left, top, right, bottom) {
  return Math.min(a.x, b.x) < right && Math.max(a.x + a.width, b.x + b.width) > left
    && Math.min(a.y, b.y) < bottom && Math.max(a.y + a.height, b.y + b.height) > top;
}

// What a screen reader is told, and the list of contributions, follow when the numbers have come to
// rest.
function settle() {
  clearTimeout(speech);
  speech = setTimeout(() => {
    values.forEach((_, i) => speak(i));
    if (chosen !== null) retellChosen();
  }, 300);
}
