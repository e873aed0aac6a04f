// The page as a tape. Position 0 shows the leaves; each position up to SEED - 1 computes one value;
// SEED gives the root its gradient; each one after it is a step of the backward walk, step 1 first,
// numbered as `loss.steps()` numbers them. `turn` does or undoes what one position adds and touches
// nothing else, so that a step costs the same however large the graph is.

const SEED = made.length + 1;
const LAST = SEED + steps.length;

let position = 0;
let byValues = false;  // a value's steps are done all at once
const got = values.map(() => 0);  // how many contributions have arrived at each value
let lit = [];  // [element, class] of what the current position lights

const stepAt = (at) => at - SEED - 1;  // its place in `steps`

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
    const k = stepAt(at);
    arrows[k].g.classList.toggle("done", on);
    got[steps[k].x] += on ? 1 : -1;
    touched.add(steps[k].x);
  }
}

// The steps that the current position shows: its own; by values, all that its value has done.
function current() {
  if (position <= SEED) return [];
  const last = stepAt(position);
  return byValues ? stepsFrom[steps[last].out].filter((k) => k <= last) : [last];
}

// The positions at which it stops, by edges or by values.
function stop(way) {
  let at = position + way;
  if (!byValues || at <= SEED || at > LAST) return at;
  if (way > 0) while (at < LAST && steps[stepAt(at + 1)].out === steps[stepAt(at)].out) at++;
  else while (at > SEED && steps[stepAt(at)].out === steps[stepAt(at + 1)].out) at--;
  return at;
}

// Wind to a position, and tell of it once.
function go(to, remember = true) {
  to = Math.max(0, Math.min(LAST, to));
  const view = viewOf(pane);  // read before anything changes
  const touched = new Set();
  const from = position;
  while (position < to) turn(++position, true, touched);
  while (position > to) turn(position--, false, touched);
  for (const i of touched) update(i);
  light();
  tell();
  if (chosen !== null) updateChosen();
  showPosition();
  keepInView(litPlaces(), view);
  if (to > from) flow();
  else stopFlow();
  if (remember) rememberPosition();
}

function showPosition() {
  const slider = $("slider");
  slider.value = position;
  slider.setAttribute("aria-valuetext", summary());
  slider.style.setProperty("--done", `${(100 * position) / LAST}%`);
  for (const id of ["start", "back"]) able($(id), position > 0);
  for (const id of ["end", "forward"]) able($(id), position < LAST);
  if (position === LAST) pause();
}

// Where the reader goes: whoever steps has taken over from the player.
function jump(to, remember) {
  pause();
  go(to, remember);
}

const litPlaces = () => lit.map(([element]) => placeOf.get(element) ?? -1 - (frameAt.get(element) ?? Infinity))
  .filter((at) => at !== -Infinity).map((at) => (at < 0 ? frames[-1 - at] : boxes[at]));

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
  const addBox = (i, name) => add(spot(i).g, name);
  if (position === 0) return;
  if (position < SEED) {
    const out = made[position - 1];
    for (const arrow of incoming[out]) add(arrow, "now");
    addBox(out, "to");
    add(boxes[out].shown, "fresh");
  } else if (position === SEED) {
    addBox(root, "to");
    add(boxes[root].grad, "fresh");
  } else {
    for (const k of current()) {
      add(shownArrow(k).g, "now");
      addBox(steps[k].out, "from");
      addBox(steps[k].x, "to");
      add(boxes[steps[k].x].grad, "fresh");
    }
  }
}

// The arrow that shows a step: its own, or the one that stands for it among folded modules.
function shownArrow(k) {
  if (!arrows[k].away) return arrows[k];
  for (const [first, all] of bundles) if (all.includes(k)) return arrows[first];
  return arrows[k];
}

// ---- playing

let timer = null;

function tick() {
  go(stop(1));
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
