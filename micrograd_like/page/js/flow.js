// A step is seen to move along its edge: forward, numbers come from the operands; backward, what
// flows back goes to them. Sign is colour, size is width. Whoever wants less motion sees none.

const dots = drawn("g", { class: "flow", "aria-hidden": "true" });
svg.append(dots);
let flowing = null;  // the frame that is asked for
const [MOST_DOTS, VISIBLE] = [60, 0.12];  // below that zoom, a dot is less than a pixel

function stopFlow() {
  if (flowing === null) return;
  cancelAnimationFrame(flowing);
  flowing = null;
  dots.replaceChildren();
}

function flow() {
  stopFlow();
  if (isStill() || zoom < VISIBLE || position === 0 || position === SEED) return;
  const isBack = position > SEED;
  const moving = isBack ? current() : stepsFrom[made[position - 1]];
  const along = arrowsOf(moving).filter(({ isIn }) => isIn).slice(0, MOST_DOTS);
  const all = along.map(({ path, tone, width }) => {
    const size = isBack ? 2 + 1.8 * width : 4;
    const dot = drawn("circle", { r: size, class: isBack ? tone : "given" });
    return { path, dot, length: path.getTotalLength() };
  });
  dots.replaceChildren(...all.map(({ dot }) => dot));
  const lasts = timer === null ? 450 : Math.min(600, 0.7 * Number($("speed").value));
  let began = null;
  const move = (time) => {
    began ??= time;
    const done = Math.min(1, (time - began) / lasts);
    const eased = done < 0.5 ? 2 * done * done : 1 - 2 * (1 - done) ** 2;
    for (const { path, dot, length } of all) {
      const { x, y } = path.getPointAtLength((isBack ? 1 - eased : eased) * length);
      dot.setAttribute("cx", x);
      dot.setAttribute("cy", y);
    }
    if (done < 1) flowing = requestAnimationFrame(move);
    else stopFlow();
  };
  flowing = requestAnimationFrame(move);
}
