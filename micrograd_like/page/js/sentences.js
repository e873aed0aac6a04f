// What happens, in words. A sentence is parts: texts, and numbers of values, which become names.

const NEAR = 0.02;  // as a share: numbers that are called equal

// How much a partial multiplies, as "half as much".
function times(p) {
  const size = Math.abs(p);
  const known = [[1, "just as much"], [0.5, "half as much"], [2, "twice as much"], [3, "three times as much"], [10, "ten times as much"], [0.1, "a tenth as much"]];
  const found = known.find(([n]) => Math.abs(size / n - 1) < NEAR);
  return found ? found[1] : `${shown(size)} times as much`;
}

// Why a partial is what it is: what follows the colon.
function reason({ out, index, edge }) {
  const { op, flat, peak, names, rules } = form(out);
  const p = now.partials[edge];
  const rule = rules[index].split(" = ")[1];
  if (flat) return [`${op} is flat, but for its jumps`];
  if (peak) {
    const share = Math.abs(p) / peak;
    return [`${op} is ${share < 0.02 ? "flat" : share < 0.75 ? "flattening" : share > 0.97 ? "at its steepest" : "still steep"} here`];
  }
  const factor = values[out].operands[names.indexOf(rule)];
  if (typeof factor === "string") return [`it is multiplied by ${shown(fromText(factor))}`];
  if (factor !== undefined) return ["it is multiplied by ", factor, ` = ${shown(now.data[factor])}`];
  if (p === 0) return [`${op} lets nothing through here`];
  if (rule === "1") return [`${op === "add" ? "a sum" : op} passes it on as it is`];
  if (rule === "−1") return ["its sign is turned"];
  return [];
}

// A step of the backward walk.
function sentenceOf(k) {
  const step = steps[k];
  const { x, out } = step;
  const p = now.partials[step.edge];
  if (p !== p) return [x, " moves ", out, " by nobody knows how much: what is nan has no derivative."];
  const parts = [x];
  if (p === 0) parts.push(" does not move ", out);
  else if (!Number.isFinite(p)) parts.push(" moves ", out, " without bounds");
  else parts.push(" moves ", out, ` ${times(p)}${p < 0 ? ", the other way" : ""}`);
  const why = reason(step);
  if (why.length) parts.push(": ", ...why);
  parts.push(". ");
  if (out !== root && p !== 0) {
    parts.push("As ", out, " moves ", root, ` by ${shown(now.upstream[k])} a unit, `, x, ` does by ${shown(now.product[k])} on this way. `);
  }
  return [...parts, ...soFar(k)];
}

function soFar(k) {
  const { x } = steps[k];
  const all = contributions[x].length;
  if (all === 1) return ["That is the only way from ", x, "."];
  const place = contributions[x].indexOf(k) + 1;
  return place === all ? [`That was the last of ${all} ways from `, x, "."] : [`That is one of ${all} ways; ${all - place} to come.`];
}

// A step of the forward pass.
function sentenceOfValue(out) {
  const first = [...new Set(values[out].of)].slice(0, 3);
  const parts = [out, " is computed: all that it is made of is there."];
  if (first.length > 2 || !first.length) return parts;
  const moved = first.map((x) => {
    const p = values[out].operands.reduce((sum, other, index) => sum + (other === x ? now.partials[firstEdge[out] + index] : 0), 0);
    return [p === 0 ? "not at all" : `${times(p)}${p < 0 ? ", the other way," : ""}`, " when ", x, " moves"];
  });
  return [...parts, " From here, it moves ", ...moved.flatMap((part, at) => (at ? [", and ", ...part] : part)), "."];
}
