// Print: the end of the walk with everything unfolded, and every step.

let printedFrom = null;  // what to return to

addEventListener("beforeprint", () => {
  printedFrom ??= { position, folded };  // some browsers say it twice
  fold(new Set());
  go(LAST, false);
  unlight();
  drawView(true);
  const table = (title, head, rows) => make("table", "",
    make("caption", "", title),
    make("thead", "", make("tr", "", ...head.map((word) => make("th", "", word)))),
    make("tbody", "", ...rows.map((row, i) => make("tr", "",
      make("td", "", String(i + 1)), ...row.map((cell) => make("td", "", cell))))));
  $("all").replaceChildren(
    table("Forward", ["", "value", "formula"], made.map((out) => [values[out].name, formulaOf(out)])),
    table("Backward", ["", "edge", "partial", "product", "gradient"], steps.map((step, k) => [
      `${values[step.out].name}\n→ ${values[step.x].name}`,
      make("div", "", ...partialOf(step)), productOf(k), gradientSum(k),
    ])),
  );
});

addEventListener("afterprint", () => {
  if (printedFrom === null) return;
  const before = printedFrom;
  printedFrom = null;
  fold(before.folded);
  drawView();
  go(before.position, false);
});
