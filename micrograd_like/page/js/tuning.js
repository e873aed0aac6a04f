// A leaf is dragged, typed or stepped by keys, and everything follows; reset brings back what was
// recorded, to the bit.

let setting = Float64Array.from(recorded.data);  // of the leaves; all else follows from it
let tuning = null;  // {i, from, at, unit} while a leaf is dragged
let complaint = "";  // why the last number was not taken

// What a pixel or a key changes: the hundredth part of a number like this.
const unitOf = (x) => 10 ** (Math.floor(Math.log10(Math.min(1e300, Math.max(Math.abs(x) || 0, 0.1)))) - 2);
const rangeOf = (i) => Math.max(1, 2 * Math.abs(Number.isFinite(recorded.data[i]) ? recorded.data[i] : 1));
const rounded = (x) => Number(x.toPrecision(12));

// Give leaves other numbers; return whether all that follows from them could be computed.
function setLeaves(of) {
  let next;
  try {
    next = recompute(of);
  } catch (error) {
    complaint = error.message;
    showComplaint();
    return false;
  }
  [now, setting, complaint] = [next, of, ""];
  showNumbers();
  return true;
}

function setLeaf(i, x) {
  if (obstacle) return false;
  const of = Float64Array.from(setting);
  of[i] = x;
  if (position === 0 && made.length) go(LAST);  // so that there is something to follow
  return setLeaves(of);
}

function reset() {
  losses = [];
  setLeaves(Float64Array.from(recorded.data));
}

const showNumbers = oncePerFrame(() => {
  drawView();
  tell();
  if (chosen !== null) updateChosen();
  for (const field of document.querySelectorAll(".tuner")) showIn(field);
  $("reset").hidden = now === recorded && !losses.length;
  showComplaint();
  whatIf();
  settle();
});

function showComplaint() {
  $("complaint").textContent = complaint ? `Not computed: ${complaint}` : "";
}

// ---- the field of the chosen leaf

function tuner(i) {
  if (obstacle) return make("p", "hint", `Its number cannot be changed here: ${obstacle}`);
  const name = values[i].name;
  const text = Object.assign(make("input", "number"), { type: "text", inputMode: "decimal", spellcheck: false, autocomplete: "off" });
  text.setAttribute("aria-label", `Number of ${name}`);
  const range = Object.assign(make("input"), { type: "range", step: "any" });
  range.setAttribute("aria-label", `Drag ${name}`);
  const field = make("div", "tuner", range, text);
  field.leaf = i;
  const middle = Number.isFinite(recorded.data[i]) ? recorded.data[i] : 0;
  [range.min, range.max] = [middle - rangeOf(i), middle + rangeOf(i)];
  range.addEventListener("input", () => setLeaf(i, rounded(Number(range.value))));
  text.addEventListener("input", () => (field.isTyping = true));
  text.addEventListener("blur", () => (field.isTyping = false));
  text.addEventListener("change", () => {
    field.isTyping = false;
    const x = typed(text.value);
    if (Number.isFinite(x)) setLeaf(i, x);
    else if (text.value) complaint = `${text.value.slice(0, 40)} is no number`;
    showNumbers();
  });
  const nudge = (way, event) => {
    setLeaf(i, nudged(i, way * (event.shiftKey ? 10 : 1)));
    event.preventDefault();
    event.stopPropagation();
  };
  field.addEventListener("keydown", (event) => {
    const way = { ArrowUp: 1, ArrowDown: -1, ...(event.target === range ? { ArrowRight: 1, ArrowLeft: -1 } : {}) }[event.key];
    if (way) nudge(way, event);
  });
  showIn(field);
  return field;
}

const nudged = (i, by) => rounded(setting[i] + by * unitOf(recorded.data[i]));

function showIn(field) {
  const [range, text] = field.children;
  const x = now.data[field.leaf];
  range.value = x;
  range.setAttribute("aria-valuetext", shown(x));
  if (!field.isTyping) text.value = everyDigit ? repr(x) : Number(repr(x)) === x && repr(x).length < 12 ? repr(x) : formatted(x, ".6g");
}

// ---- dragging it in the drawing

function startTuning(event, i) {
  tuning = { i, from: setting[i], at: event.clientX, unit: unitOf(setting[i]), moved: false };
}

function stopTuning() {
  if (tuning) pane.classList.remove("tuning");
  tuning = null;
}

pane.addEventListener("pointerdown", (event) => {
  const { i } = partOf.get(event.target.closest("g[role=button]")) ?? {};
  if (event.button || i === undefined || values[i].of || obstacle) return;
  startTuning(event, i);
});

pane.addEventListener("pointermove", (event) => {
  if (!tuning) return;
  const by = event.clientX - tuning.at;
  if (!tuning.moved && Math.abs(by) < 4) return;
  if (!tuning.moved) {
    tuning.moved = true;
    pane.setPointerCapture(event.pointerId);
    pane.classList.add("tuning");
    if (chosen !== tuning.i) choose(tuning.i);
  }
  const unit = tuning.unit * (event.shiftKey ? 0.1 : 1);
  tune(tuning.i, rounded(tuning.from + Math.round(by) * unit));
});

for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) pane.addEventListener(end, stopTuning);

// Only the last of the numbers that come within a frame counts.
let wanted = null;
const tuneNow = oncePerFrame(() => setLeaf(...wanted));
function tune(i, x) {
  wanted = [i, x];
  tuneNow();
}
