// The graph and its numbers. `recorded` has those that Python recorded, `now` those that are shown:
// data of values, partials of edges, and what each step of the backward walk does. An edge is the
// place of its partial; a leaf's new number makes all others anew, by `recompute`.

const data = JSON.parse(document.getElementById("data").textContent);
const { values, forms, groups, root } = data;
const seed = fromJSON(data.seed);

// The operands of a value: places of values, and constants, which are texts; `of` has the places.
let edgeCount = 0;
const firstEdge = values.map((value) => {
  value.operands = value.of || [];
  if (value.of) value.of = value.of.filter((x) => typeof x === "number");
  edgeCount += value.operands.length;
  return edgeCount - value.operands.length;
});
// Each value in turn hands its gradient on to its operands, in order.
const steps = data.walk.flatMap((out) => values[out].operands
  .map((x, index) => ({ out, index, x, edge: firstEdge[out] + index })).filter(({ x }) => typeof x === "number"));
const made = values.map((_, i) => i).filter((i) => values[i].of);  // in the order of the forward pass
const leaves = values.map((_, i) => i).filter((i) => !values[i].of);
const labelled = leaves.filter((i) => values[i].labelled);  // what gradient descent moves
const contributions = values.map(() => []);  // to each value's gradient: places in `steps`
steps.forEach((step, i) => contributions[step.x].push(i));
const stepsFrom = values.map(() => []);  // from each value on to its operands
steps.forEach((step, i) => stepsFrom[step.out].push(i));

const form = (i) => forms[values[i].form];

// The chain rule, edge by edge: the gradient of out, times the partial, is what is added to the
// gradient of the operand.
function walk(numbers) {
  const { partials } = numbers;
  const grads = new Float64Array(values.length);
  for (const name of ["upstream", "product", "before", "after"]) numbers[name] = new Float64Array(steps.length);
  const { upstream, product, before, after } = numbers;
  grads[root] = seed;
  for (let k = 0; k < steps.length; k++) {
    const { out, x, edge } = steps[k];
    upstream[k] = grads[out];
    product[k] = grads[out] * partials[edge];
    before[k] = grads[x];
    after[k] = grads[x] += product[k];
  }
  numbers.grads = grads;
  numbers.most = 0;
  for (const flow of product) if (Math.abs(flow) > numbers.most && Number.isFinite(flow)) numbers.most = Math.abs(flow);
  return numbers;
}

const recorded = walk({
  data: Float64Array.from(values, (value) => fromJSON(value.data)),
  partials: Float64Array.from(values.flatMap(({ partials }) => partials || []), fromJSON),
});
let now = recorded;

// Why the numbers cannot be made anew here, or "".
const obstacle = program === null ? data.obstacle : "";

// All numbers for some numbers of the leaves. Where an op raises, so does this.
function recompute(of) {
  if (leaves.every((i) => Object.is(of[i], recorded.data[i]))) return recorded;  // to the bit
  return walk(computed(of));
}

// The forward pass alone: data and partials.
function computed(of) {
  const numbers = { data: Float64Array.from(of), partials: new Float64Array(edgeCount) };
  program(numbers.data, numbers.partials);
  for (const out of made) {  // what is nan has no derivative
    if (numbers.data[out] !== numbers.data[out]) numbers.partials.fill(NaN, firstEdge[out], firstEdge[out] + values[out].operands.length);
  }
  return numbers;
}

// The root, if leaf i were x and all else as it is; NaN where an op raises.
function rootAt(i, x, of = now.data) {
  const changed = Float64Array.from(of);
  changed[i] = x;
  try {
    return computed(changed).data[root];
  } catch {
    return NaN;
  }
}

// How an edge is drawn by what flows along it: its tone, and its width from 1 to 2.8 points.
function toneOf(flow) {
  return !Number.isFinite(flow) ? "bad" : flow === 0 ? "zero" : flow > 0 ? "plus" : "minus";
}

function widthOf(flow, most) {
  if (!Number.isFinite(flow)) return 2.5;
  if (flow === 0) return 1;
  const share = Math.max(0, 1 + (Math.log10(Math.abs(flow)) - Math.log10(most)) / 4);
  return Math.round(10 * (1 + 1.8 * share)) / 10;
}
