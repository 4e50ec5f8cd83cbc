// Elements, numbers and formulas. All text goes in as text nodes: nothing a user named is ever read as markup.
const SVG = "http://www.w3.org/2000/svg", MATH = "http://www.w3.org/1998/Math/MathML";
const $ = (id) => document.getElementById(id);
const on = (target, kind, act, options) => target.addEventListener(kind, act, options);
const mark = (element, name, value) => element.setAttribute(name, value);

function make(space, tag, attributes, ...children) {
  const element = space ? document.createElementNS(space, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === false || value == null) continue;
    if (name.startsWith("on")) on(element, name.slice(2), value);
    else mark(element, name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== ""));
  return element;
}
const el = (tag, attributes, ...children) => make("", tag, attributes, ...children);
const svg = (tag, attributes, ...children) => make(SVG, tag, attributes, ...children);
const ml = (tag, ...children) => make(MATH, tag, {}, ...children);

const SUPER = "⁰¹²³⁴⁵⁶⁷⁸⁹";
function decimal(x, precision = D.precision) {
  const size = Math.abs(x);
  if (Number.isNaN(x)) return "nan";
  let text;
  if (size === Infinity) text = "∞";
  else if (!size || (size < 1e4 && size >= 1e-3 && size >= 0.5 * 10 ** -precision)) text = size.toFixed(precision);
  else {
    const [mantissa, exponent] = size.toExponential(precision).split("e");
    text = `${mantissa}·10${exponent < 0 ? "⁻" : ""}${[...String(Math.abs(exponent))].map((d) => SUPER[d]).join("")}`;
  }
  return x < 0 ? "−" + text : text;
}
const isNumber = (q) => typeof q === "number" || typeof q === "string";
const real = (q) => (typeof q === "string" ? (q === "inf" ? Infinity : q === "-inf" ? -Infinity : NaN) : q);
const tensorOf = (q) => (q && q.t !== undefined ? D.tensors[q.t] : null);

// A number, a complex number or a tensor as text. What the quiz asks for shows as a question mark wherever it stands.
function shown(q, given = false) {
  if (q == null) return "";
  if (isNumber(q)) return !given && quiz.hides(real(q)) ? "?" : decimal(real(q));
  if (q.c) return q.c;
  const [shape, text] = tensorOf(q);
  return !given && quiz.hidesTensor(q.t) ? "?" : text || shape;
}
function exactly(q, given = false) {
  if (!isNumber(q) || (!given && quiz.hides(real(q)))) return shown(q, given);
  return String(real(q)).replace("-", "−");
}

// Formulas: a tree is a number, a name, or [sign or function, parts…]. "$0" stands for an input, "$o" for the output.
const bracketed = (text) => (text[0] === "−" ? `(${text})` : text);
const ADD = 1, MUL = 2, POW = 3, ATOM = 4;
function nameMath(name) {
  const found = /^([A-Za-z]|[α-ω])_?(\d+)$/u.exec(name);
  return found ? ml("msub", ml("mi", found[1]), ml("mn", found[2])) : ml("mi", name);
}
const number = (x) => (Number.isInteger(x) && Math.abs(x) < 1e6 ? String(x).replace("-", "−") : decimal(x));
function math(tree, called) {
  const row = (...parts) => ml("mrow", ...parts), op = (sign) => ml("mo", sign);
  const leaf = (what) => {
    if (typeof what === "string" && what[0] === "$") what = called(what);
    if (typeof what === "number") what = { text: number(what) };
    if (what.text === undefined) return [nameMath(what), ATOM];
    return [ml("mn", what.text), /^−/.test(what.text) ? ADD : /·/.test(what.text) ? MUL : ATOM];
  };
  const inside = (part, level) => {
    const [made, tight] = walk(part);
    return tight >= level ? made : row(op("("), made, op(")"));
  };
  const walk = (part) => {
    if (!Array.isArray(part)) return leaf(part);
    const [sign, a, b] = part;
    const whole = (x) => walk(x)[0];
    if (sign === "neg") return [row(op("−"), inside(a, MUL)), ADD];
    if (sign === "+" || sign === "-")
      return [row(inside(a, ADD), op(sign === "+" ? "+" : "−"), inside(b, sign === "+" ? ADD : MUL)), ADD];
    if (sign === "*") return [row(inside(a, MUL), op("·"), inside(b, MUL)), MUL];
    if (sign === "@") return [row(inside(a, MUL), inside(b, POW)), MUL];
    if (sign === "/") return [ml("mfrac", whole(a), whole(b)), POW];
    if (sign === "^") return [ml("msup", inside(a, ATOM), whole(b)), POW];
    if (sign === "exp") return [ml("msup", ml("mi", "e"), whole(a)), POW];
    if (sign === "outer") return [row(inside(a, POW), op("⊗"), inside(b, POW)), MUL];
    if (">≥<≤=≠".includes(sign)) return [row(inside(a, ADD), op(sign), inside(b, ADD)), 0];
    if (sign === "sqrt") return [ml("msqrt", whole(a)), ATOM];
    if (sign === "abs") return [row(op("|"), whole(a), op("|")), ATOM];
    if (sign === "T" || sign === "mT") return [ml("msup", inside(a, ATOM), ml("mi", "T")), POW];
    if (sign === "indicator") return [row(ml("mn", "1"), op("["), whole(a), op("]")), ATOM];
    const parts = part.slice(1).flatMap((x, k) => (k ? [op(","), whole(x)] : [whole(x)]));
    return [row(ml("mi", sign), op("("), ...parts, op(")")), ATOM];
  };
  return walk(tree);
}
// The same trees worked out with numbers; `branches` collects which way each comparison went.
const FUNCTIONS = {
  exp: Math.exp, ln: Math.log, log: Math.log, sin: Math.sin, cos: Math.cos, tan: Math.tan, sinh: Math.sinh,
  cosh: Math.cosh, tanh: Math.tanh, arcsin: Math.asin, arccos: Math.acos, arctan: Math.atan, arcsinh: Math.asinh,
  arccosh: Math.acosh, arctanh: Math.atanh, sqrt: Math.sqrt, cbrt: Math.cbrt, sign: Math.sign, log1p: Math.log1p,
  expm1: Math.expm1, log2: Math.log2, log10: Math.log10, hypot: Math.hypot, arctan2: Math.atan2, neg: (x) => -x,
  "σ": (x) => 1 / (1 + Math.exp(-x)), softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  square: (x) => x * x, reciprocal: (x) => 1 / x, exp2: (x) => 2 ** x, "^": (x, y) => x ** y,
  "+": (x, y) => x + y, "-": (x, y) => x - y, "*": (x, y) => x * y, "/": (x, y) => x / y,
  sum: (x) => x, mean: (x) => x, indicator: Number, where: (yes, x, y) => (yes ? x : y),
};
const CHOICES = {
  ">": (x, y) => x > y, "≥": (x, y) => x >= y, "<": (x, y) => x < y, "≤": (x, y) => x <= y, "=": (x, y) => x === y,
  "≠": (x, y) => x !== y,
};
function worked(tree, given, branches = []) {
  if (typeof tree === "number") return tree;
  if (typeof tree === "string") {
    if (tree[0] === "$") return given(tree);
    if (tree === "π") return Math.PI;
    if (/^-?(inf|nan)$/.test(tree)) return real(tree);
    throw new Error(tree);
  }
  const [sign, ...parts] = tree;
  const numbers = parts.map((part) => worked(part, given, branches));
  const choose = (yes) => (branches.push(yes), yes);
  if (CHOICES[sign]) return choose(CHOICES[sign](...numbers));
  if (sign === "maximum" || sign === "max") return choose(numbers[0] >= (numbers[1] ?? -Infinity)) ? numbers[0] : numbers[1];
  if (sign === "minimum" || sign === "min") return choose(numbers[0] <= (numbers[1] ?? Infinity)) ? numbers[0] : numbers[1];
  if (sign === "relu") return choose(numbers[0] > 0) ? numbers[0] : 0;
  if (sign === "abs") return choose(numbers[0] > 0) ? numbers[0] : -numbers[0];
  if (!FUNCTIONS[sign]) throw new Error(sign);
  return FUNCTIONS[sign](...numbers);
}
