// What is told beside the drawing: of the current position, and of the chosen value.

function nameOf(i) {
  const name = button(values[i].name, "", () => {
    choose(i);
    $("value").querySelector("h2").focus();
  });
  name.className = "name";
  return name;
}

// A heading that can be focused, where what had the focus is replaced.
function titled(...children) {
  const heading = make("h2", "", ...children);
  heading.tabIndex = -1;
  return heading;
}

// Lines of mathematics; one of several parts may be broken between them.
const lines = (...each) => make("span", "maths", ...each.map((one) => make("span", "", ...[one].flat())));
const strong = (i) => make("strong", "", line(numberInMath(i)));
const remark = (text) => make("span", "remark", text);
const sentence = (parts) => make("p", "sentence", ...parts.map((part) => (typeof part === "number" ? nameOf(part) : part)));

function list(...rows) {
  const dl = make("dl", "told");
  for (const [word, ...content] of rows) dl.append(make("dt", "", word), make("dd", "", ...content));
  return dl;
}

function lineRows(i) {
  const { line: made, source } = values[i];
  if (!made) return [];
  return [["line", ...(source ? [make("code", "", source)] : []), remark(made)]];
}

function summary() {
  if (position === 0) return "Start: the leaves are given";
  if (position < SEED) return `Forward ${position} of ${made.length}: ${values[made[position - 1]].name}`;
  if (position === SEED) return `Seed: the gradient of ${values[root].name}`;
  const step = steps[stepAt(position)];
  return `Backward ${position - SEED} of ${steps.length}: from ${values[step.out].name} to ${values[step.x].name}`;
}

const mathOf = (i) => nameInMath(values[i].name);
const factor = (x) => (isNegative(x) ? inBrackets(numberInMath(x)) : numberInMath(x));

function formulaOf(i) {
  const tree = treeOf(form(i).text);
  const named = [line(mathOf(i)), line("=", typeset(tree, withNames(i)))];
  if (!isMade(i)) return lines(named, remark("not computed yet"));
  return lines(named, line("=", typeset(tree, withNumbers(i))), make("strong", "", line("=", numberInMath(now.data[i]))));
}

// The partial of an edge: ∂out/∂x by its textbook's rule, in names and in numbers.
function partialOf({ out, x, index, edge }) {
  const p = now.partials[edge];
  const rule = form(out).rules[index].split(" = ")[1];
  const tree = treeOf(rule);
  const quotient = math("mfrac", math("mrow", math("mo", "∂"), mathOf(out)), math("mrow", math("mo", "∂"), mathOf(x)));
  if (now.data[out] !== now.data[out]) {
    return [lines(line(quotient, "=", numberInMath(p))), remark(`not by the rule, ${rule}: what is nan has no derivative`)];
  }
  if (/^−?[\d.]+$/.test(rule) && Number(rule.replace("−", "-")) === p) return [lines(line(quotient, "=", numberInMath(p)))];
  const words = wordsOf(tree).some((word) => operandOf(out)(word) !== undefined);
  const inNumbers = words && tree[0] !== "word" ? [line("=", typeset(tree, withNumbers(out)))] : [];
  return [lines([line(quotient), line("=", typeset(tree, withNames(out)))], ...inNumbers, line("=", numberInMath(p)))];
}

const productOf = (k) => lines([line(numberInMath(now.upstream[k]), "·", factor(now.partials[steps[k].edge])), line("=", numberInMath(now.product[k]))]);

function gradientSum(k) {
  const sum = line(numberInMath(now.before[k]), "+", factor(now.product[k]));
  return lines([sum, make("strong", "", line("=", numberInMath(now.after[k])))]);
}

const count = (text) => make("span", "count", text);

function tell() {
  const panel = $("now");
  const hadFocus = panel.contains(document.activeElement);
  const heading = titled();
  panel.replaceChildren(heading, ...told(heading));
  if (hadFocus) heading.focus();
}

function told(heading) {
  if (position === 0) {
    heading.append("The leaves are given");
    return [make("p", "hint told", made.length
      ? "Step forward: first every value is computed from its operands, then the gradients flow back, edge by edge. Or drag a leaf, and everything follows."
      : "The root is a leaf: nothing was computed, and its gradient is the seed.")];
  }
  if (position < SEED) {
    const out = made[position - 1];
    heading.append(count(`Forward ${position} of ${made.length}`), " ", nameOf(out));
    return [sentence(sentenceOfValue(out)), list(["value", formulaOf(out)], ...lineRows(out))];
  }
  if (position === SEED) {
    heading.append(count("Seed"), " ", nameOf(root));
    return [list(["gradient", strong(seed), remark(`of ${values[root].name}, given`)])];
  }
  const all = current();
  if (all.length > 1) return toldOfValue(heading, all);
  const [k] = all;
  const step = steps[k];
  heading.append(count(`Backward ${position - SEED} of ${steps.length}`), " ", nameOf(step.out), " → ", nameOf(step.x));
  const waiting = contributions[step.x].length - got[step.x];
  return [sentence(sentenceOf(k)), list(
    ["partial", ...partialOf(step)],
    ["product", productOf(k)],
    ["gradient", gradientSum(k), remark(`of ${values[step.x].name}, ${waiting ? `${waiting} to come` : "complete"}`)],
    ...lineRows(step.out),
  )];
}

const MOST_TOLD = 12;

// All that a value hands on, one operand a line.
function toldOfValue(heading, all) {
  const { out } = steps[all[0]];
  heading.append(count(`Backward ${position - SEED} of ${steps.length}`), " ", nameOf(out), " hands on");
  const rows = all.slice(0, MOST_TOLD).map((k) => make("li", "", sentence(sentenceOf(k)),
    lines(line(numberInMath(now.upstream[k]), "·", factor(now.partials[steps[k].edge]), "=", numberInMath(now.product[k])))));
  const more = all.length > MOST_TOLD ? [remark(`and ${all.length - MOST_TOLD} more`)] : [];
  return [make("ol", "told", ...rows), ...more];
}

// ---- the chosen value

let chosen = null;  // the place of a value, or null
let items = [];  // the list elements of its contributions
let shownAsDone = 0;  // how many of them
const NO_VALUE = "Choose a value in the drawing to see what its gradient is made of; drag a leaf to change it.";

function choose(i) {
  const panel = $("value");
  const hadFocus = panel.contains(document.activeElement);
  const last = chosen;
  chosen = i;
  if (last !== null) drawBox(last);
  items = [];
  shownAsDone = 0;
  if (i === null) {
    panel.replaceChildren(make("p", "hint", NO_VALUE));
    if (hadFocus) boxes[roving].g?.focus();
    whatIf();
    return;
  }
  reveal(i);
  rove(i);
  drawBox(i);
  const heading = titled(values[i].name, " ", remark(values[i].of ? form(i).op : "leaf"));
  const [formula, sum] = ["formula", "sum"].map((id) => Object.assign(make("span"), { id }));
  const operands = [...new Set(values[i].of)].flatMap((x) => [", ", nameOf(x)]).slice(1);
  const dl = list(["value", formula], ...(values[i].of ? [["operands", ...operands]] : []), ...lineRows(i), ["gradient", sum]);
  panel.replaceChildren(heading, ...(values[i].of ? [] : [tuner(i)]), dl, ...listOfContributions(i));
  updateChosen();
  keepInView([spot(i)], viewOf(pane));
  whatIf();
  heading.scrollIntoView({ block: "nearest" });
}

function listOfContributions(i) {
  if (!contributions[i].length) return [];
  const row = make("div", "row", make("h3", "", "Contributions"));
  for (const [id, text, key] of [["previous", "Previous", "p"], ["next", "Next", "n"]]) {
    const move = button(text, `${text} contribution`, keys[key]);
    move.id = id;
    move.setAttribute("aria-keyshortcuts", key);
    row.append(move);
  }
  items = contributions[i].map((k) => make("li", "", ...itemOf(k)));
  return [row, make("ol", "contributions", ...items)];
}

function itemOf(k) {
  const link = make("a", "", `step ${k + 1}`);
  link.href = `#step=${k + 1}`;
  link.addEventListener("click", (event) => follow(event, SEED + 1 + k));
  return [link, " from ", nameOf(steps[k].out), ...partialOf(steps[k]), productOf(k)];
}

function updateChosen() {
  if (chosen !== root) {
    for (; shownAsDone < got[chosen]; shownAsDone++) items[shownAsDone].classList.add("done");
    for (; shownAsDone > got[chosen]; shownAsDone--) items[shownAsDone - 1].classList.remove("done");
  }
  const before = $("value").querySelector("li.now");
  if (before) before.classList.remove("now");
  const last = steps[stepAt(position)];
  if (last && last.x === chosen) items[got[chosen] - 1].classList.add("now");
  $("formula").replaceChildren(values[chosen].of ? formulaOf(chosen) : lines(line(numberInMath(now.data[chosen]))));
  const rest = chosen === root ? "given" : `${got[chosen]} of ${items.length} contributions`;
  $("sum").replaceChildren(got[chosen] ? strong(gradientOf(chosen)) : make("strong", "", data.nothing), remark(rest));
  if (items.length) {
    able($("previous"), contributionFrom(-1) !== undefined);
    able($("next"), contributionFrom(1) !== undefined);
  }
}

// After its numbers have changed.
function retellChosen() {
  contributions[chosen].forEach((k, at) => items[at].replaceChildren(...itemOf(k)));
  updateChosen();
}

// The next or the previous contribution to the chosen value, as a place in `steps`.
function contributionFrom(way) {
  if (chosen === null) return undefined;
  const here = stepAt(position);
  return way > 0 ? contributions[chosen].find((k) => k > here) : contributions[chosen].findLast((k) => k < here);
}

function jumpToContribution(way) {
  const k = contributionFrom(way);
  if (k === undefined) return;
  jump(SEED + 1 + k);
  const item = items[got[chosen] - 1];
  for (const around of [item.parentNode, $("value"), $("side")]) {  // where they scroll: on a phone, the page does
    const [inner, outer] = [item, around].map((element) => element.getBoundingClientRect());
    around.scrollTop += Math.max(0, inner.bottom - outer.bottom) + Math.min(0, inner.top - outer.top);
  }
}
