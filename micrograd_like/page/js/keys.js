// Keys and clicks.

// One value and one module at a time can be reached by Tab: from there, arrows lead on.
let roving = root;
let rovingFrame = 0;

function rove(i) {
  boxes[roving].g?.setAttribute("tabindex", "-1");
  roving = i;
  boxes[roving].g?.setAttribute("tabindex", "0");
}

function focusValue(i, way) {
  while (homes[i] >= 0) i += way;  // what is folded away cannot be reached
  if (i < 0 || i >= values.length) return;
  rove(i);
  drawView();
  boxes[i].g.focus();
}

function focusFrame(at, way) {
  while (frames[at] && !frames[at].isIn) at += way;
  if (!frames[at]) return;
  rovingFrame = at;
  drawFrames();
  frames[at].g.focus();
}

// After folding: what Tab reaches is not what is folded away.
function keepReachable() {
  const last = boxes.findLastIndex((_, i) => homes[i] < 0);
  if (homes[roving] >= 0 && last >= 0) rove(last);
  if (frames.length && !frames[rovingFrame].isIn) rovingFrame = foldedAround(rovingFrame);
}

function nudgeChosen(by) {
  if (chosen !== null && !values[chosen].of) setLeaf(chosen, nudged(chosen, by));
}

const keys = {
  ArrowRight: () => jump(stop(1)),
  ArrowLeft: () => jump(stop(-1)),
  Home: () => jump(0),
  End: () => jump(LAST),
  " ": () => (timer === null ? play() : pause()),
  n: () => jumpToContribution(1),
  p: () => jumpToContribution(-1),
  Escape: () => choose(null),
  "[": () => nudgeChosen(-1),
  "]": () => nudgeChosen(1),
  "{": () => nudgeChosen(-10),
  "}": () => nudgeChosen(10),
  r: () => reset(),
  d: () => showEveryDigit(!everyDigit),
  "/": () => $("search").focus(),
  "+": () => setZoom(zoom * 1.25),
  "-": () => setZoom(zoom / 1.25),
  0: () => fit(),
  1: () => setZoom(1),
};

const isText = (element) => element.matches?.("input[type=text], input[type=search]");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isText(event.target)) return;
  const { key, target } = event;
  const { i: place, at: frame } = partOf.get(target) ?? {};
  const way = { ArrowUp: -1, ArrowDown: 1 }[key];
  if (place !== undefined && way) {
    focusValue(place + way, way);
  } else if (frame !== undefined && way) {
    focusFrame(frame + way, way);
  } else if (place !== undefined && key === "Enter") {
    choose(place);
  } else if (frame !== undefined && (key === "Enter" || key === " ")) {
    toggleFold(frame);
  } else if (target.matches?.("input[type=range]:not(#slider)") && /^(Arrow|Home|End|Page)/.test(key)) {
    return;
  } else if (Object.hasOwn(keys, key) && !(key === " " && target.closest("button, a, summary, select"))) {
    keys[key]();
  } else {
    return;  // the browser knows what to do
  }
  event.preventDefault();
});

svg.addEventListener("click", (event) => {
  const g = event.target.closest("g[id]");
  const { i, k, at, isFolded } = partOf.get(g) ?? {};
  if (i !== undefined) choose(i);
  else if (k !== undefined) jump(SEED + 1 + k);
  else if (isFolded || (at !== undefined && event.target.tagName === "text")) toggleFold(at);
});

// What a value is, and how it was made, where the mouse rests on it.
svg.addEventListener("pointerover", (event) => {
  const g = event.target.closest("g[id]");
  if (!g || g.querySelector("title")) return;
  const { i, k } = partOf.get(g) ?? {};
  if (i !== undefined) g.prepend(drawn("title", {}, `${values[i].name}\n${values[i].of ? form(i).op : "leaf"}`));
  if (k !== undefined) g.append(drawn("title", {}, `step ${k + 1}: from ${values[steps[k].out].name} to ${values[steps[k].x].name}`));
});

function showEveryDigit(all) {
  everyDigit = all;
  $("digits").setAttribute("aria-pressed", String(all));
  showNumbers();
}

const keyOf = {
  start: "Home", back: "ArrowLeft", play: " ", forward: "ArrowRight", end: "End",
  smaller: "-", larger: "+", fit: "0", full: "1", digits: "d",
};
for (const [id, key] of Object.entries(keyOf)) $(id).addEventListener("click", keys[key]);
$("slider").addEventListener("input", () => jump(Number($("slider").value)));
$("way").addEventListener("change", () => {
  byValues = $("way").value === "values";
  go(position);
});
addEventListener("hashchange", followHash);
