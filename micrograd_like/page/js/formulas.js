// Formulas in mathematical type. They come as lines of text, as `1 − out²` or `a*b`, whose words are
// the textbook's names of the operands; here they become trees, and the trees MathML with names or
// numbers in place of the words. A tree is [kind, …]: what stands in it is text only.

const TOKENS = /\s*(\d+(?:\.\d+)?(?:e[+-]?\d+)?|[\p{L}_][\p{L}_\d.₀-₉]*′?|\*\*|\/\/|[<>]=|\S)/gu;
const SUBSCRIPT = /^(.+?)([₀-₉ᵢ]+)$/u;

const trees = new Map();
function treeOf(text) {
  if (!trees.has(text)) trees.set(text, parsed(text));
  return trees.get(text);
}

function parsed(text) {
  const tokens = [...text.matchAll(TOKENS)].map((found) => found[1]);
  let at = 0;
  const next = (...those) => (those.includes(tokens[at]) ? tokens[at++] : undefined);

  function choice() {  // x if condition else y
    const first = comparison();
    if (!next("if")) return first;
    const condition = comparison();
    next("else");
    return ["choice", first, condition, choice()];
  }

  function comparison() {
    let tree = sum();
    for (let op; (op = next("<", ">", "=", "<=", ">="));) tree = ["row", tree, ["mo", { "<=": "≤", ">=": "≥" }[op] || op], sum()];
    return tree;
  }

  function sum() {
    let tree = product();
    for (let op; (op = next("+", "-", "−"));) tree = ["sum", tree, op === "-" ? "−" : op, product()];
    return tree;
  }

  function product() {
    let tree = signed();
    for (let op; (op = next("·", "*", "/", "//", "%"));) {
      tree = op === "/" ? ["frac", tree, signed()] : ["product", tree, op === "*" ? "·" : op === "%" ? "mod" : op, signed()];
    }
    return tree;
  }

  function signed() {
    return next("-", "−") ? ["minus", signed()] : power();
  }

  function power() {
    const base = atom();
    if (next("²")) return ["power", base, ["mn", "2"]];
    return next("^", "**") ? ["power", base, signed()] : base;
  }

  function list(end) {
    const inside = [];
    while (at < tokens.length && !next(end)) if (!next(",")) inside.push(choice());
    return inside;
  }

  function atom() {
    const token = tokens[at++] ?? "";
    if (token === "(") return grouped(list(")"));
    if (token === "[") return ["list", ...list("]")];
    if (token === "√") return ["root", bare(atom())];
    if (token === "|") {
      const inside = sum();
      next("|");
      return ["bars", inside];
    }
    if (/^\d/.test(token)) return ["mn", token];
    if (next("(")) {
      const of = list(")");
      if (next("[")) list("]");  // softmax([…])[0]
      return token === "sqrt" ? ["root", of[0]] : token === "abs" ? ["bars", of[0]] : ["call", token, ...of];
    }
    return ["word", token];
  }

  const grouped = (inside) => (inside.length === 1 ? ["group", inside[0]] : ["list", ...inside]);
  const whole = choice();
  return at < tokens.length ? ["text", text] : cutShort(whole);  // of an op of the user's own, say
}

// The first of many operands or terms, and how many more there are.
const MOST_TERMS = 8;

function cutShort(tree) {
  const [kind, ...parts] = tree;
  if (kind === "sum") {
    const terms = [];
    for (let at = tree; at[0] === "sum" && at[2] === "+"; at = at[1]) terms.push(at[3]);
    if (terms.length <= MOST_TERMS) return tree;
    let kept = tree;
    for (let n = terms.length; n > MOST_TERMS; n--) kept = kept[1];
    return ["sum", kept, "+", ["text", `… and ${terms.length - MOST_TERMS} more`]];
  }
  const inside = parts.map((part) => (Array.isArray(part) ? cutShort(part) : part));
  if (kind !== "list" || parts.length <= MOST_TERMS) return [kind, ...inside];
  return [kind, ...inside.slice(0, MOST_TERMS), ["text", `… and ${parts.length - MOST_TERMS} more`]];
}

const bare = (tree) => (tree[0] === "group" ? tree[1] : tree);  // a fraction, a root needs no brackets

function wordsOf([kind, ...parts]) {
  return kind === "word" ? [parts[0]] : parts.filter(Array.isArray).flatMap(wordsOf);
}

// ---- MathML

function math(tag, ...children) {
  const element = document.createElementNS("http://www.w3.org/1998/Math/MathML", tag);
  element.append(...children);
  return element;
}

// A name: one letter leans, a longer one does not; a subscript is one.
function nameInMath(name) {
  const found = SUBSCRIPT.exec(name) || /^(\p{L})_?(\d+)$/u.exec(name);
  if (found && found[1].length < 20) {
    const index = found[2].replace(/[₀-₉]/gu, (c) => "₀₁₂₃₄₅₆₇₈₉".indexOf(c)).replace("ᵢ", "i");
    return math("msub", nameInMath(found[1]), math(/\d/.test(index) ? "mn" : "mi", index));
  }
  return /^[\p{L}][\p{L}\d]*$/u.test(name) ? math("mi", name) : math("mtext", name);
}

// A number, with its power of ten as one.
function numberInMath(x) {
  const text = typeof x === "string" ? x : shown(x);
  const [, minus, digits, power] = /^([−-]?)(.*?)(?:e([+-]?\d+))?$/.exec(text);
  const sign = minus ? [math("mo", "−")] : [];
  const body = math("mn", digits);
  if (power === undefined) return math("mrow", ...sign, body);
  const exponent = Number(power);
  const ten = math("msup", math("mn", "10"), math("mrow", ...(exponent < 0 ? [math("mo", "−")] : []), math("mn", Math.abs(exponent))));
  return math("mrow", ...sign, body, math("mo", "·"), ten);
}

const inBrackets = (element) => math("mrow", math("mo", "("), element, math("mo", ")"));

// A tree in type; `put` gives what stands for a word: {element, binds}.
const LOOSE = { choice: 0, row: 0, sum: 1, minus: 1, product: 2, frac: 3, power: 4 };

function typeset(tree, put) {
  const [kind, ...parts] = tree;
  const of = (part, binds = 0) => {  // in brackets, unless it binds as tightly as its place asks
    const inner = bare(part);
    const own = inner[0] === "word" ? put(inner[1]).binds : LOOSE[inner[0]] ?? 9;
    const element = typeset(inner, put);
    return own < binds ? inBrackets(element) : element;
  };
  const listed = (trees) => trees.flatMap((part) => [math("mo", ","), of(part)]).slice(1);
  switch (kind) {
    case "word": return put(parts[0]).element;
    case "mn": return numberInMath(everyDigit ? parts[0] : formatted(Number(parts[0]), ".6g"));
    case "mo": return math("mo", parts[0]);
    case "text": return math("mtext", parts[0]);
    case "group": return of(parts[0]);
    case "row": return math("mrow", ...parts.map((part) => of(part)));
    case "sum": return math("mrow", of(parts[0], 0), math("mo", parts[1]), of(parts[2], parts[2][0] === "word" ? 1.5 : 2));
    case "product": return math("mrow", of(parts[0], 1.5), math("mo", parts[1]), of(parts[2], 2.5));
    case "frac": return math("mfrac", of(parts[0]), of(parts[1]));
    case "minus": return math("mrow", math("mo", "−"), of(parts[0], 2));
    case "power": return math("msup", of(parts[0], 5), of(parts[1]));
    case "root": return math("msqrt", of(parts[0]));
    case "bars": return math("mrow", math("mo", "|"), of(parts[0]), math("mo", "|"));
    case "list": return math("mrow", ...listed(parts));
    case "choice": return math("mrow", of(parts[0]), math("mtext", "\u00a0if\u00a0"), of(parts[1]), math("mtext", ", else\u00a0"), of(parts[2]));
    default: return math("mrow", nameInMath(parts[0]), math("mo", "("), ...listed(parts.slice(1)), math("mo", ")"));
  }
}

const asNames = (name) => ({ element: nameInMath(name), binds: 9 });

// The words of value i's form as names or as numbers of its operands, and `out` as its own.
function operandOf(i) {
  const places = new Map(form(i).names.map((name, k) => [name, values[i].operands[k]]));
  places.set("out", i);
  return (word) => places.get(word);
}

function withNames(i) {
  const operand = operandOf(i);
  return (word) => {
    const x = operand(word);
    return typeof x === "string" ? asNumber(fromText(x)) : asNames(x === undefined ? word : values[x].name);
  };
}

function asNumber(x) {
  const text = shown(x);
  return { element: numberInMath(x), binds: text.startsWith("−") ? 1 : text.includes("e") ? 2 : 9 };
}

const fromText = (text) => (/^-?(inf|nan)$/.test(text) ? fromJSON(text) : Number(text));

function withNumbers(i) {
  const operand = operandOf(i);
  return (word) => {
    const x = operand(word);
    return x === undefined ? asNames(word) : asNumber(typeof x === "string" ? fromText(x) : now.data[x]);
  };
}

// One line of mathematics: elements of MathML, and texts for the signs between them.
function line(...parts) {
  const row = math("math");
  for (const part of parts) row.append(typeof part === "string" ? math("mo", part) : part);
  return row;
}
