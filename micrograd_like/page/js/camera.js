// What part of the drawing is seen: zoom, panning, and a small map of all of it.

const paper = svg.querySelector("rect");
let full = { x: svg.viewBox.baseVal.x, y: svg.viewBox.baseVal.y, width: svg.viewBox.baseVal.width, height: svg.viewBox.baseVal.height };
let zoom = 1;
let isFitted = false;  // it shows all, and goes on to when the window or what is folded changes
let fittedTo = "";  // the size of the pane then

const [LEGIBLE, MARGIN_OF_PAPER] = [0.35, 8];  // below that zoom, numbers are not written
const largest = () => (isPresenting ? 3 : 1.5);
const fitting = () => Math.min((pane.clientWidth - 2) / full.width, (pane.clientHeight - 2) / full.height);

// What is told stands beside the drawing; below one that is wide, if that makes its type readable.
const [SMALL, WORTH_IT] = [0.8, 1.15];

function arrange() {
  const [beside, below] = [false, true].map((isBelow) => {
    document.documentElement.classList.toggle("below", isBelow);
    return fitting();
  });
  document.documentElement.classList.toggle("below", !isPresenting && beside < SMALL && below > WORTH_IT * beside);
}
addEventListener("resize", () => isFitted && arrange());  // and the pane then fits the drawing

// The paper is as large as what is shown on it.
function resize(shown) {
  const [left, top, right, bottom] = around(shown);
  const m = MARGIN_OF_PAPER;
  full = { x: left - m, y: top - m, width: right - left + 2 * m, height: bottom - top + 2 * m };
  svg.setAttribute("viewBox", `${full.x} ${full.y} ${full.width} ${full.height}`);
  for (const [name, value] of Object.entries(full)) paper.setAttribute(name, value);
}

// Zoom so that what is at (x, y) of the pane stays there.
function setZoom(to, x = pane.clientWidth / 2, y = pane.clientHeight / 2) {
  to = Math.max(Math.min(0.02, fitting()), Math.min(6, to));
  const [atX, atY] = [(pane.scrollLeft + x) / zoom, (pane.scrollTop + y) / zoom];
  zoom = to;
  isFitted = false;
  svg.setAttribute("width", full.width * zoom);
  svg.setAttribute("height", full.height * zoom);
  svg.classList.toggle("far", zoom < LEGIBLE);
  pane.scrollTo(atX * zoom - x, atY * zoom - y);
  $("zoom").textContent = `${Math.round(zoom * 100)} %`;
  look();
}

function fit() {
  setZoom(Math.min(fitting(), largest()));
  isFitted = true;
  fittedTo = sizeOf(pane);
}

const sizeOf = ({ clientWidth, clientHeight }) => `${clientWidth} ${clientHeight}`;

const viewOf = ({ clientWidth, clientHeight, scrollLeft, scrollTop }) =>
  ({ clientWidth, clientHeight, scrollLeft, scrollTop });

// Scroll the pane, if need be, so that these places are in it, or at least the last of them.
function keepInView(near, { clientWidth, clientHeight, scrollLeft, scrollTop }) {
  if (!near.length) return;
  const along = (start, size, origin, length, at) => {
    for (const places of [near, near.slice(-1)]) {
      const from = (Math.min(...places.map((box) => box[start])) - origin) * zoom;
      const to = (Math.max(...places.map((box) => box[start] + box[size])) - origin) * zoom;
      if (from >= at && to <= at + length) return at;
      if (to - from <= length || places.length === 1) return (from + to - length) / 2;
    }
    return at;
  };
  const x = along("x", "width", full.x, clientWidth, scrollLeft);
  const y = along("y", "height", full.y, clientHeight, scrollTop);
  if (x !== scrollLeft || y !== scrollTop) pane.scrollTo(x, y);
}

// Scroll so that a module that was folded or unfolded stays where it was seen.
function bringBack(before, after) {
  keepInView([after], viewOf(pane));
}

// What of the drawing can be seen: x from left to right, y from top to bottom.
function seen() {
  const { clientWidth, clientHeight, scrollLeft, scrollTop } = pane;
  const [left, top] = [full.x + scrollLeft / zoom, full.y + scrollTop / zoom];
  return { left, top, right: left + clientWidth / zoom, bottom: top + clientHeight / zoom };
}

// ---- the small map

const map = $("map");
const WIDEST_MAP = 180;

function drawMap() {
  const view = seen();
  const isAll = view.left <= full.x + 1 && view.top <= full.y + 1
    && view.right >= full.x + full.width - 1 && view.bottom >= full.y + full.height - 1;
  map.hidden = isAll;
  if (isAll) return;
  const scale = Math.min(WIDEST_MAP / full.width, (0.66 * WIDEST_MAP) / full.height);
  const sharp = devicePixelRatio || 1;
  const [width, height] = [Math.max(20, full.width * scale), Math.max(8, full.height * scale)];
  map.width = width * sharp;
  map.height = height * sharp;
  map.style.width = `${width}px`;
  map.style.height = `${height}px`;
  const style = getComputedStyle(document.documentElement);
  const pen = map.getContext("2d");
  pen.scale(scale * sharp, scale * sharp);
  pen.translate(-full.x, -full.y);
  pen.fillStyle = style.getPropertyValue("--border");
  const dot = 1 / scale;
  for (const box of shownBoxes()) pen.fillRect(box.x, box.y, Math.max(dot, box.width), Math.max(dot, box.height));
  pen.strokeStyle = style.getPropertyValue("--lit");
  pen.lineWidth = 2 / scale;
  pen.strokeRect(view.left, view.top, view.right - view.left, view.bottom - view.top);
}

function* shownBoxes() {
  for (let i = 0; i < boxes.length; i++) if (homes[i] < 0) yield boxes[i];
  for (const frame of frames) if (frame.isFolded) yield frame;
}

function goToMap(event) {
  const { left, top, width, height } = map.getBoundingClientRect();
  const [x, y] = [((event.clientX - left) / width) * full.width, ((event.clientY - top) / height) * full.height];
  pane.scrollTo(x * zoom - pane.clientWidth / 2, y * zoom - pane.clientHeight / 2);
}

map.addEventListener("pointerdown", (event) => {
  map.setPointerCapture(event.pointerId);
  goToMap(event);
});
map.addEventListener("pointermove", (event) => event.buttons && goToMap(event));

// What follows the view: the map, and the numbers that have come into it.
const look = oncePerFrame(() => {
  drawMap();
  drawView();
});
pane.addEventListener("scroll", look);
new ResizeObserver(() => (isFitted && fittedTo !== sizeOf(pane) ? fit() : look())).observe(pane);

// ---- wheel, pinch, and dragging the ground

pane.addEventListener("wheel", (event) => {
  event.preventDefault();
  const { left: x, top: y } = pane.getBoundingClientRect();
  const lines = event.deltaMode === 1 ? 33 : 1;
  setZoom(zoom * Math.exp((-event.deltaY * lines) / (event.ctrlKey ? 150 : 600)), event.clientX - x, event.clientY - y);
}, { passive: false });

const fingers = new Map();  // that are on the ground, by pointer
let pinch = null;  // {apart, zoom} when two were put on it

const apart = () => {
  const [a, b] = [...fingers.values()];
  return Math.hypot(a.x - b.x, a.y - b.y);
};

pane.addEventListener("pointerdown", (event) => {
  if (event.button || event.target.closest("#map")) return;
  fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  pinch = fingers.size === 2 ? { apart: apart(), zoom } : null;
  if (pinch) stopTuning();
});

pane.addEventListener("pointermove", (event) => {
  const last = fingers.get(event.pointerId);
  if (!last || tuning) return;
  if (pinch) {
    last.x = event.clientX;
    last.y = event.clientY;
    const { left, top } = pane.getBoundingClientRect();
    const [a, b] = [...fingers.values()];
    setZoom((pinch.zoom * apart()) / pinch.apart, (a.x + b.x) / 2 - left, (a.y + b.y) / 2 - top);
    return;
  }
  const [dx, dy] = [event.clientX - last.x, event.clientY - last.y];
  if (!last.isPanning && Math.hypot(dx, dy) < 4) return;
  if (!last.isPanning) {
    last.isPanning = true;
    pane.setPointerCapture(event.pointerId);  // the click that ends it is no choice
    pane.classList.add("panning");
  }
  pane.scrollBy(-dx, -dy);
  last.x = event.clientX;
  last.y = event.clientY;
});

for (const end of ["pointerup", "pointercancel"]) {
  pane.addEventListener(end, (event) => {
    fingers.delete(event.pointerId);
    pinch = null;
    pane.classList.remove("panning");
  });
}
