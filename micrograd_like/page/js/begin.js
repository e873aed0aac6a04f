// Begin: everything is seen; where it would be too small to read, with modules folded.

const readable = isPresenting ? 0.8 : 0.6;  // a zoom

function afterFold() {
  if (isFitted) fit();
  light();
  look();
}

function begin() {
  document.documentElement.classList.add("live");
  svg.setAttribute("role", "group");
  svg.classList.toggle("dense", steps.length > 500);
  for (const [name, value] of [["max", LAST], ["value", 0]]) $("slider").setAttribute(name, value);
  $("slider").style.setProperty("--turn", `${(100 * SEED) / LAST}%`);
  $("levels").hidden = !groups.length;
  for (let depth = 0; depth <= deepest; depth++) {
    const names = new Set(groups.filter((_, at) => depthOf(at) === depth).map(({ name }) => name.replace(/\.?\d+$/, "")));
    if (depth) $("level").append(Object.assign(make("option", "", [...names].join(", ")), { value: depth }));
  }
  place(new Set());
  arrange();
  for (let depth = deepest; fitting() < readable && depth > 0; depth--) {
    place(foldedAt(depth));
    arrange();
  }
  fold(folded);
  rove(root);
  choose(null);
  nameTheme();
  fit();
  drawView();
  go(0, false);
  followHash();
  $("obstacle").textContent = obstacle ? `The numbers are those that were recorded: ${obstacle}` : "";
}

$("level").addEventListener("change", () => {
  foldTo(Number($("level").value));
  fit();
  afterFold();
});

begin();
