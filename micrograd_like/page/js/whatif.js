// What if a leaf were nudged, as its gradient predicts and as it happens; or all labelled leaves
// took a step down the gradient.

let losses = [];  // [numbers of the leaves, loss] before each step that was taken
const NUDGES = 0.1;  // of the leaf's range, at first
let nudge = {};  // by leaf

function whatIf() {
  const leaf = chosen !== null && !values[chosen].of ? chosen : null;
  $("whatif").hidden = Boolean(obstacle) || !made.length;
  if ($("whatif").hidden) return;
  $("nudging").hidden = leaf === null;
  $("choose-leaf").hidden = leaf !== null;
  if (leaf !== null) showNudge(leaf);
  showDescent();
}

function showNudge(i) {
  const range = rangeOf(i);
  const h = nudge[i] ??= roundNumber(NUDGES * range);
  $("h").min = -range;
  $("h").max = range;
  $("h").value = h;
  $("h").setAttribute("aria-valuetext", shown(h));
  $("h-shown").textContent = shown(h);
  $("nudged").textContent = values[i].name;
  const loss = now.data[root];
  const slope = now.grads[i];
  const then = rootAt(i, now.data[i] + h);
  const rows = { now: loss, predicted: loss + slope * h, happens: then, difference: then - (loss + slope * h) };
  for (const [id, x] of Object.entries(rows)) $(`if-${id}`).textContent = id === "happens" && x !== x ? "not defined" : shown(x);
  drawCurve(i, h, range, slope, then);
}

const POINTS = 60;

// The root over a leaf, around what was recorded; it stays what it is while that leaf alone moves.
let curve = { of: new Float64Array(0) };

function curveOf(i, range) {
  const steps = Math.round((now.data[i] - recorded.data[i]) / range) || 0;
  const isSame = curve.i === i && curve.steps === steps && leaves.every((leaf) => leaf === i || Object.is(curve.of[leaf], now.data[leaf]));
  if (isSame) return curve.points;
  const middle = recorded.data[i] + steps * range;
  const points = Array.from({ length: POINTS + 1 }, (_, at) => middle + (at / POINTS - 0.5) * 3 * range).map((x) => [x, rootAt(i, x)]);
  curve = { i, steps, of: now.data, points };
  return points;
}

function drawCurve(i, h, range, slope, then) {
  const [x0, y0] = [now.data[i], now.data[root]];
  const points = curveOf(i, range);
  plot($("curve"), [
    { points, kind: "line" },
    { points: [-3, 3].map((by) => [x0 + by * range, y0 + slope * by * range]), kind: "tangent", isOutside: true },
    { points: [[x0, y0]], kind: "here" },
    { points: [[x0 + h, y0 + slope * h]], kind: "predicted" },
    { points: [[x0 + h, then]], kind: "there" },
  ]);
}

// ---- gradient descent

const rate = () => 10 ** Number($("rate").value);

function descend() {
  const of = Float64Array.from(setting);
  for (const i of labelled) of[i] -= rate() * now.grads[i];
  const before = [setting, now.data[root]];
  if (position !== LAST) go(LAST);
  if (setLeaves(of)) losses.push(before);
  showNumbers();
}

function ascend() {
  if (losses.length) setLeaves(losses.pop()[0]);
}

function showDescent() {
  $("rate-shown").textContent = formatted(rate(), ".2g");
  $("moved").textContent = labelled.length
    ? `moves ${counted(labelled.length, "labelled leaf").replace("leafs", "leaves")} down the gradient`
    : "needs leaves with labels";
  able($("descend"), labelled.length > 0);
  able($("ascend"), losses.length > 0);
  $("course").toggleAttribute("hidden", !losses.length);
  $("course-told").textContent = losses.length
    ? `${counted(losses.length, "step")}: ${shown(losses[0][1])} → ${shown(now.data[root])}` : "";
  if (!losses.length) return;
  const points = [...losses.map(([, loss]) => loss), now.data[root]].map((loss, at) => [at, loss]);
  plot($("course"), [{ points, kind: "line" }, { points, kind: "here" }]);
}

// ---- a small chart: curves and dots, and the numbers at the ends of its axes

const [WIDE, HIGH, LEFT, FOOT] = [320, 150, 46, 18];

function plot(chart, series) {
  const all = series.filter((one) => !one.isOutside).flatMap((one) => one.points).filter(([, y]) => Number.isFinite(y));
  const [low, high] = ends(all.map(([, y]) => y));
  const [first, last] = ends(all.map(([x]) => x));
  const at = ([x, y]) => [LEFT + 6 + ((x - first) / (last - first)) * (WIDE - LEFT - 16), 11 + ((high - y) / (high - low)) * (HIGH - FOOT - 22)];
  const text = (x, y, anchor, n) => drawn("text", { x, y, "text-anchor": anchor }, formatted(n, ".3g").replace(/^-/, "−"));
  const shapes = series.flatMap(({ points, kind }) => (kind === "line" || kind === "tangent"
    ? [drawn("path", { class: kind, d: pathOf(points.map(([x, y]) => (Number.isFinite(y) ? at([x, y]) : null))) })]
    : points.filter(([, y]) => Number.isFinite(y)).map((point) => {
      const [cx, cy] = at(point);
      return drawn("circle", { class: kind, cx, cy, r: points.length > 30 ? 1.5 : kind === "here" ? 3.5 : 4 });
    })));
  chart.replaceChildren(
    drawn("rect", { class: "frame", x: LEFT, y: 4, width: WIDE - LEFT - 4, height: HIGH - FOOT - 8 }),
    drawn("svg", { x: LEFT, y: 4, width: WIDE - LEFT - 4, height: HIGH - FOOT - 8, viewBox: `${LEFT} 4 ${WIDE - LEFT - 4} ${HIGH - FOOT - 8}` }, ...shapes),
    text(LEFT - 4, 14, "end", high), text(LEFT - 4, HIGH - FOOT - 6, "end", low),
    text(LEFT, HIGH - 6, "start", first), text(WIDE - 4, HIGH - 6, "end", last),
  );
}

function ends(numbers) {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  if (low < high) return [low, high];
  const around = Math.abs(low) * 0.1 || 1;
  return Number.isFinite(low) ? [low - around, low + around] : [0, 1];
}

function pathOf(points) {
  return points.map((point, at) => (point ? `${at && points[at - 1] ? "L" : "M"}${point.map((x) => Math.max(-1e4, Math.min(1e4, x)).toFixed(1))}` : "")).join("");
}

$("h").addEventListener("input", () => {
  nudge[chosen] = rounded(Number(Number($("h").value).toPrecision(3)));
  showNudge(chosen);
});
$("rate").addEventListener("input", showDescent);
$("descend").addEventListener("click", () => $("descend").getAttribute("aria-disabled") === "false" && descend());
$("ascend").addEventListener("click", ascend);
$("reset").addEventListener("click", reset);
