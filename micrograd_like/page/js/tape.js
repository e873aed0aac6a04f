// The page as a tape. Position 0 shows the leaves; each position up to SEED - 1 computes one value;
// SEED gives the root its gradient; each one after it is a step of the backward walk, step 1 first,
// numbered as `loss.steps()` numbers them. `turn` does or undoes what one position adds and touches
// nothing else, so that a step costs the same however large the graph is.

const SEED = made.length + 1;
const LAST = SEED + steps.length;

let position = 0;
let byValues = false;  // a value's steps are done all at once
const got = values.map(() => 0);  // how many contributions have arrived at each value
const madeAt = values.map(() => 0);  // the position that computes each value
made.forEach((out, k) => (madeAt[out] = k + 1));
let lit = [];  // [element, class, part] of what the current position lights

const stepAt = (at) => at - SEED - 1;  // its place in `steps`

const isMade = (i) => position >= madeAt[i];
const isDone = (k) => k <= stepAt(position);

// The value and the arrows that change as a position is come to, or left; `by` is 1 or -1.
function turn(at, by) {
  if (at < SEED) return [made[at - 1], stepsFrom[made[at - 1]]];
  const x = at === SEED ? root : steps[stepAt(at)].x;
  got[x] += by;
  return [x, at === SEED ? [] : [stepAt(at)]];
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
  const [touched, along] = [new Set(), new Set()];
  const from = position;
  while (position !== to) {
    const [i, ks] = position < to ? turn(++position, 1) : turn(position--, -1);
    touched.add(i);
    for (const k of ks) along.add(k);
  }
  for (const i of touched) {
    drawBox(i);
    speak(i);
  }
  for (const k of along) drawArrow(k);
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

const litPlaces = () => lit.filter(([, name]) => name === "from" || name === "to").map(([, , place]) => place);

function unlight() {
  for (const [element, name] of lit) element.classList.remove(name);
  lit = [];
}

function light() {
  unlight();
  const add = (part, name, of = "g") => {
    build([part]);
    part[of].classList.add(name);
    lit.push([part[of], name, part]);
  };
  if (position === 0) return;
  if (position < SEED) {
    const out = made[position - 1];
    for (const arrow of arrowsOf(stepsFrom[out])) add(arrow, "now");
    add(spot(out), "to");
    add(boxes[out], "fresh", "shown");
  } else if (position === SEED) {
    add(spot(root), "to");
    add(boxes[root], "fresh", "grad");
  } else {
    for (const arrow of arrowsOf(current())) add(arrow, "now");
    for (const k of current()) {
      add(spot(steps[k].out), "from");
      add(spot(steps[k].x), "to");
      add(boxes[steps[k].x], "fresh", "grad");
    }
  }
}

// The arrows that show these steps: of those between folded modules, one for all.
const arrowsOf = (ks) => [...new Set(ks.map((k) => arrows[k].shownBy))].filter(Boolean);

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
