// What Python has and JavaScript has not, for programs: exceptions where Python raises them, sums
// that are rounded once, lists that are sliced, and the functions of math.

const py = (() => {
  function error(kind, message) {
    return Object.assign(new Error(message), { name: kind });
  }

  // A function of math: outside its domain, and where it overflows, Python raises.
  function checked(name, f, domain = () => true) {
    return (...xs) => {
      const out = f(...xs);
      if (Number.isFinite(out) || !xs.every(Number.isFinite)) {
        if (out !== out && !xs.some((x) => x !== x)) throw error("ValueError", `${name}(${xs.map(repr).join(", ")}): math domain error`);
        return out;
      }
      const kind = out === out && domain(...xs) ? "OverflowError" : "ValueError";
      const what = kind === "ValueError" ? "math domain error" : "math range error";
      throw error(kind, `${name}(${xs.map(repr).join(", ")}): ${what}`);
    };
  }

  const isnan = (a) => a !== a;
  const isinf = (a) => a === Infinity || a === -Infinity;
  const copysign = (a, b) => (b < 0 || Object.is(b, -0) ? -Math.abs(a) : Math.abs(a));

  // ---- operators

  function truediv(a, b) {
    if (b === 0) throw error("ZeroDivisionError", `${repr(a)} / ${repr(b)}: division by zero`);
    return a / b;
  }

  function mod(a, b) {
    if (b === 0) throw error("ZeroDivisionError", `${repr(a)} % ${repr(b)}: modulo by zero`);
    const rest = a % b;
    if (rest === 0) return copysign(0, b);
    return rest < 0 !== b < 0 ? rest + b : rest;
  }

  function floordiv(a, b) {
    if (b === 0) throw error("ZeroDivisionError", `${repr(a)} // ${repr(b)}: division by zero`);
    const quotient = (a - mod(a, b)) / b;
    if (quotient === 0) return copysign(0, a / b);
    const whole = Math.floor(quotient);
    return quotient - whole > 0.5 ? whole + 1 : whole;
  }

  function pow(a, b, ofZero = "ValueError") {
    if (a === 1 || b === 0) return 1;  // of a nan, too
    if (a === -1 && isinf(b)) return 1;
    if (a === 0 && b < 0) throw error(ofZero, `${repr(a)} ** ${repr(b)}: 0 to a negative power`);
    const out = a ** b;
    if (out !== out && a === a && b === b) throw error("ValueError", `${repr(a)} ** ${repr(b)}: math domain error`);
    if (isinf(out) && Number.isFinite(a) && Number.isFinite(b)) throw error("OverflowError", `${repr(a)} ** ${repr(b)}: too large`);
    return out;
  }

  // ---- sums that are rounded once

  function twoSum(a, b) {
    const sum = a + b;
    const lost = sum - a;
    return [sum, (a - (sum - lost)) + (b - lost)];
  }

  // Shewchuk's sum: parts that do not overlap, and in the end one rounding, half to even.
  function fsum(xs) {
    let parts = [];
    for (let x of xs) {
      if (!Number.isFinite(x)) return special(xs);
      const kept = [];
      for (const part of parts) {
        const [high, low] = twoSum(x, part);
        if (low) kept.push(low);
        x = high;
      }
      if (!Number.isFinite(x)) throw error("OverflowError", "intermediate overflow in fsum");
      parts = [...kept, x];
    }
    let high = parts.pop() ?? 0;
    let low = 0;
    while (parts.length) {
      [high, low] = twoSum(high, parts.pop());
      if (low) break;
    }
    if (parts.length && low < 0 === parts.at(-1) < 0) {
      const twice = 2 * low;
      const next = high + twice;
      if (next - high === twice) high = next;
    }
    return high;
  }

  function special(xs) {
    const total = xs.filter((x) => !Number.isFinite(x)).reduce((sum, x) => sum + x, 0);
    if (total !== total && !xs.some(isnan)) throw error("ValueError", "-inf + inf in fsum");
    return total;
  }

  // The rounding error of a*b (Dekker 1971).
  function productError(a, b) {
    const [p, q] = [134217729 * a, 134217729 * b];
    const [high, above] = [p - (p - a), q - (q - b)];
    const [low, below] = [a - high, b - above];
    return (high * above - a * b + high * below + low * above) + low * below;
  }

  // A float as a whole number of the smallest ones, 2 ** -1074.
  const bits = new DataView(new ArrayBuffer(8));
  function units(x) {
    bits.setFloat64(0, x);
    const all = bits.getBigUint64(0);
    const [power, digits] = [(all >> 52n) & 0x7ffn, all & 0xfffffffffffffn];
    const size = power ? (digits | (1n << 52n)) << (power - 1n) : digits;
    return all >> 63n ? -size : size;
  }

  function sumprod(xs, ys) {
    if (![...xs, ...ys].every(Number.isFinite)) return xs.reduce((sum, x, i) => sum + x * ys[i], 0);
    const exact = xs.reduce((sum, x, i) => sum + units(x) * units(ys[i]), 0n);
    const size = exact < 0n ? -exact : exact;
    const cut = BigInt(Math.max(1074, size.toString(2).length - 53));  // bits, and half to even
    const [kept, rest, half] = [size >> cut, size & ((1n << cut) - 1n), 1n << (cut - 1n)];
    const up = rest > half || (rest === half && kept & 1n) ? 1n : 0n;
    const out = Number(kept + up) * 2 ** (Number(cut) - 2148);
    return exact < 0n ? -out : out;
  }

  // ---- the error function: a series at 0, one at .75 and one at 1.25, and then a continued fraction

  const TWO_OVER_SQRT_PI = 1.1283791670955126;

  function erf(a) {
    if (a !== a) return a;
    if (Math.abs(a) > 0.9) return copysign(1 - erfcOf(Math.abs(a)), a);
    let sum = 0;
    for (let n = 24; n > 0; n--) sum = 1 / (2 * n - 1) - ((a * a) / n) * sum;
    return TWO_OVER_SQRT_PI * (a * sum);
  }

  function erfcOf(a) {  // of a > 0
    if (a < 0.47) return 1 - erf(a);
    if (a < 1) return erfcNear(a - 0.75, 0.75, 0.28884436634648486, 8.536743514828927e-18, 0.6429310691952074);
    if (a < 1.5) return erfcNear(a - 1.25, 1.25, 0.07709987174354177, -3.3360693261863044e-19, 0.2365211224472908);
    if (a > 27.3) return 0;
    let tail = 0;
    for (let n = Math.ceil(20 + 160 / (a * a)); n > 0; n--) tail = (n / 2) / (a + tail);
    const out = Math.exp(-a * a);
    return ((out && out - out * productError(a, a)) / (a + tail)) * 0.5641895835477563;
  }

  // erfc(center + h): what it is at the center, less the integral of its slope.
  function erfcNear(h, center, value, rest, slope) {
    let [last, next, power, sum] = [0, 1, h, h];
    for (let k = 1; k < 26; k++) {
      [last, next] = [next, (-2 * (center * next + last)) / k];
      power *= h;
      sum += (next * power) / (k + 1);
    }
    return value - (slope * sum - rest);
  }

  const erfc = (a) => (a !== a ? a : a < 0 ? 2 - erfcOf(-a) : erfcOf(a));

  // ---- lists and numbers

  const flat = (xs) => (xs.length === 1 && Array.isArray(xs[0]) ? xs[0] : xs);
  const most = (isBetter) => (...xs) => flat(xs).reduce((best, x) => (isBetter(x, best) ? x : best));

  function slice(xs, low, high, step) {
    if (step === null || step === 1) return xs.slice(low ?? 0, high ?? xs.length);
    const n = xs.length;
    const place = (at, other) => (at === null ? other : at < 0 ? at + n : at);
    const out = [];
    const [from, to] = step > 0 ? [place(low, 0), place(high, n)] : [Math.min(n - 1, place(low, n - 1)), place(high, -1)];
    for (let i = from; step > 0 ? i < to : i > to; i += step) out.push(xs[i]);
    return out;
  }

  function round(a) {  // half to even
    const whole = Math.round(a);
    return Math.abs(a % 1) === 0.5 && whole % 2 ? whole - 1 : whole;
  }

  const whole = (name, f) => checked(name, (a) => (isinf(a) ? NaN : f(a) + 0));

  return {
    error, repr, inf: Infinity, nan: NaN, pi: Math.PI, e: Math.E,
    flat, truediv, mod, floordiv, pow, power: (a, b) => pow(a, b, "ZeroDivisionError"), copysign, fsum: (...xs) => fsum(flat(xs)), sumprod, _sumprod: sumprod, erf, erfc, isnan, isinf,
    add: (a, b) => a + b, sub: (a, b) => a - b, mul: (a, b) => a * b, neg: (a) => -a,
    isfinite: Number.isFinite,
    exp: checked("exp", Math.exp), expm1: checked("expm1", Math.expm1), exp2: checked("exp2", (a) => 2 ** a),
    log: checked("log", Math.log, () => false), log2: checked("log2", Math.log2, () => false),
    log10: checked("log10", Math.log10, () => false), log1p: checked("log1p", Math.log1p, () => false),
    sqrt: checked("sqrt", Math.sqrt), cbrt: Math.cbrt, cbrt_by_newton: Math.cbrt, atan2: Math.atan2,
    sin: checked("sin", Math.sin), cos: checked("cos", Math.cos), tan: checked("tan", Math.tan),
    asin: checked("asin", Math.asin), acos: checked("acos", Math.acos), atan: Math.atan,
    sinh: checked("sinh", Math.sinh), cosh: checked("cosh", Math.cosh), tanh: Math.tanh,
    asinh: Math.asinh, acosh: checked("acosh", Math.acosh), atanh: checked("atanh", Math.atanh, () => false),
    hypot: Math.hypot, fabs: Math.abs, abs: Math.abs,
    fmod: checked("fmod", (a, b) => a % b),
    floor: whole("floor", Math.floor), ceil: whole("ceil", Math.ceil), trunc: whole("trunc", Math.trunc),
    degrees: (a) => a * (180 / Math.PI), radians: (a) => a * (Math.PI / 180),
    prod: (...xs) => flat(xs).reduce((out, x) => out * x, 1),
    max: most((x, best) => x > best), min: most((x, best) => x < best),
    sum: (xs, start = 0) => xs.reduce((out, x) => out + x, start),
    any: (xs) => xs.some(truth), all: (xs) => xs.every(truth), bool: truth,
    float: Number, int: Math.trunc, round, slice, len: (xs) => xs.length,
    tuple: (xs) => [...xs], list: (xs) => [...xs], reversed: (xs) => [...xs].reverse(),
    sorted: (xs) => [...xs].sort((a, b) => a - b),
    map: (f, ...lists) => lists[0].slice(0, Math.min(...lists.map((xs) => xs.length))).map((_, i) => f(...lists.map((xs) => xs[i]))),
    zip: (...lists) => lists[0].slice(0, Math.min(...lists.map((xs) => xs.length))).map((_, i) => lists.map((xs) => xs[i])),
    range: (from, to, step = 1) => {
      const [low, high] = to === undefined ? [0, from] : [from, to];
      return Array.from({ length: Math.max(0, Math.ceil((high - low) / step)) }, (_, i) => low + i * step);
    },
    append: (xs, x) => xs.push(x), is_integer: Number.isInteger, text: (...parts) => parts.join(""),
    repeat: (xs, n) => Array.from({ length: xs.length * Math.max(0, n) }, (_, i) => xs[i % xs.length]),
    divmod: (a, b) => [floordiv(a, b), mod(a, b)],
    enumerate: (xs) => xs.map((x, i) => [i, x]),
    isinstance: () => false, type: () => Number,
  };

  function truth(x) {
    return Array.isArray(x) ? x.length > 0 : x !== 0 && x !== false && x !== null;
  }
})();
