"use strict";

// Numbers as text, as Python writes them: with every digit, or in the page's format.

// JSON has no inf and no nan, so they come as text.
const fromJSON = (told) => (typeof told === "string" ? { inf: Infinity, "-inf": -Infinity, nan: NaN }[told] : told);

// What a reader may type, or NaN.
const typed = (text) => (/^\s*[−+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) ? Number(text.replace("−", "-")) : NaN);

const isNegative = (x) => x < 0 || Object.is(x, -0);
const notFinite = (x) => (x !== x ? "nan" : x > 0 ? "inf" : "-inf");
const powerOfTen = (e) => `e${e < 0 ? "-" : "+"}${String(Math.abs(e)).padStart(2, "0")}`;

// The digits of |x|, n of them, and the power of ten of the first; a half goes to the even digit.
function digitsOf(x, n) {
  x = Math.abs(x);
  let [digits, e] = x.toExponential(n - 1).replace(".", "").split("e");
  if (x.toExponential(n).includes("5e")) {
    const exact = x.toExponential(Math.min(100, n + 60)).replace(".", "").split("e")[0];
    if (/^50*$/.test(exact.slice(n)) && Number(digits.at(-1)) % 2) digits = String(BigInt(digits) - 1n);
  }
  return [digits, Number(e)];
}

// 0.00123 of the digits 123 and the power -3.
function plain(digits, e) {
  if (e < 0) return `0.${"0".repeat(-e - 1)}${digits}`;
  const whole = digits.padEnd(e + 1, "0");
  return whole.length > e + 1 ? `${whole.slice(0, e + 1)}.${whole.slice(e + 1)}` : whole;
}

function scientific(digits, e) {
  return `${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ""}${powerOfTen(e)}`;
}

// Every digit, as Python's repr has them.
function repr(x) {
  if (!Number.isFinite(x)) return notFinite(x);
  const [mantissa, power] = Math.abs(x).toExponential().split("e");
  const [digits, e] = [mantissa.replace(".", ""), Number(power)];
  const text = e < -4 || e >= 16 ? scientific(digits, e) : plain(digits, e);
  return `${isNegative(x) ? "-" : ""}${/[.e]/.test(text) ? text : `${text}.0`}`;
}

// A number in a format of Python's for floats, but for its width.
function formatted(x, spec) {
  const [, sign, , comma, given, kind] = /([ +-]?)(#?)0?\d*([,_]?)(?:\.(\d+))?([eEfFgGn%]?)$/.exec(spec);
  const type = kind.toLowerCase() || "g";
  if (!kind && given === undefined) return repr(x);
  let text;
  if (!Number.isFinite(type === "%" ? 100 * x : x)) {
    text = x === x ? "inf" : "nan";
  } else if (type === "e") {
    text = scientific(...digitsOf(x, (given === undefined ? 6 : Number(given)) + 1));
  } else if (type === "f" || type === "%") {
    text = fixed(type === "%" ? 100 * x : x, given === undefined ? 6 : Number(given));
  } else {
    text = general(x, Math.max(1, given === undefined ? 6 : Number(given)), kind === "");
  }
  if (type === "%") text += "%";
  if (comma) text = text.replace(/^\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, comma));
  if (/[EFG]/.test(kind)) text = text.toUpperCase();
  return (isNegative(x) ? "-" : sign === "-" ? "" : sign) + text;
}

function fixed(x, places) {
  if (Math.abs(x) >= 1e21) return `${BigInt(Math.abs(x))}${places ? `.${"0".repeat(places)}` : ""}`;
  const e = x === 0 ? 0 : Number(Math.abs(x).toExponential(20).split("e")[1]);
  const n = e + 1 + places;
  if (n < 1) {  // all of it is behind the last place
    const up = n === 0 && Math.abs(x) > 0.5 * 10 ** -places;
    return plain(`${"0".repeat(places)}${up ? 1 : 0}`, 0);
  }
  const [digits, at] = digitsOf(x, Math.min(100, n));
  return at > e ? plain(`${digits}${"0".repeat(places ? 1 : 0)}`, at) : plain(digits.padEnd(n, "0"), at);
}

function general(x, n, withPoint) {
  const [all, e] = x === 0 ? ["0", 0] : digitsOf(x, Math.min(100, n));
  const digits = all.replace(/(?!^)0+$/, "");
  if (e < -4 || e >= n - (withPoint ? 1 : 0)) return scientific(digits, e);
  const text = plain(digits, e);
  return withPoint && !text.includes(".") ? `${text}.0` : text;
}

// Four digits, or all of them where the reader asks.
let everyDigit = false;
const shown = (x) => (everyDigit ? repr(x) : formatted(x, data.format)).replace(/^-/, "−");

// A number of few digits, for a step or a rate: 1, 2 or 5 times a power of ten.
function roundNumber(x) {
  const power = 10 ** Math.floor(Math.log10(x));
  const first = x / power;
  return Number(((first >= 5 ? 5 : first >= 2 ? 2 : 1) * power).toPrecision(1));
}
