// The panel: what the present step does, in formulas and numbers; the chain rule along what is pointed at; all steps.
const nameOf = (v) => VALUES[v].name;
const partial = (a, b) => ml("mfrac", ml("mrow", ml("mo", "∂"), nameMath(a)), ml("mrow", ml("mo", "∂"), nameMath(b)));
const mathed = (...parts) => {
  const whole = ml("math", ...parts);
  mark(whole, "displaystyle", "true");
  return whole;
};
const inputName = (gate) => (key) => (key === "$o" ? nameOf(gate.out) : called(gate.ins[Number(key.slice(1))]));
const called = (v) => (typeof v === "number" ? nameOf(v) : { text: constantText(v[0]) });
const constantText = (q) => (isNumber(q) ? number(real(q)) : shown(q, true));
const inputNumber = (gate) => (key) => {
  const v = key === "$o" ? gate.out : gate.ins[Number(key.slice(1))];
  return typeof v === "number" ? { text: shown(live.values[v], isLeaf(v)) } : { text: constantText(v[0]) };
};
const simple = (tree) => typeof tree === "number" || (tree[0] === "neg" && typeof tree[1] === "number");
const num = (q, cls, given) => {
  const t = tensorOf(q);
  if (!t) return el("span", { class: "n " + cls, title: exactly(q, given) }, shown(q, given));
  if (shown(q, given) === "?") return el("span", { class: "n " + cls }, "?");
  return el("button", { class: "n " + cls, title: "show the numbers", onclick: () => inspect(["", q]) }, t[0] + ": ", shown(q, given),
    t[2].length ? el("img", { src: heatmap(q.t, 4), alt: "" }) : null);
};

function sentence(step) {
  const unit = step.unit;
  if (step.kind === "start") return "The inputs are given. Forward, each gate computes its value; then the walk back begins at the output.";
  if (step.kind === "seed") return `The walk back begins: ∂${nameOf(D.root)}/∂${nameOf(D.root)} = ${shown(live.grads[D.root], true)}.`;
  if (step.kind === "fwd") return unit.outs.map((v) => `${label(unit)} gives ${nameOf(v)} = ${shown(live.values[v])}.`).join(" ");
  const rows = rowsOf(unit);
  const told = rows.map((r) => `${nameOf(r.v)} gets ${shown(r.down)}${r.before != null ? `, paths add to ${shown(r.after)}` : ""}`);
  return `Back through ${label(unit)}: ${told.slice(0, 4).join("; ")}${told.length > 4 ? `; and ${told.length - 4} more` : ""}.`;
}
const label = (unit) => (unit.group ? unit.group.name : unit.gate.name);

function card() {
  const step = steps[at], unit = step.unit, box = $("card");
  const children = [el("h2", {}, heading(step)), el("p", { class: "say" }, unit && unit.gate ? unit.gate.sentence : sentence(step))];
  if (step.kind === "fwd") children.push(...forwardCard(unit));
  if (step.kind === "back") children.push(...backCard(unit));
  if (step.kind === "seed") children.push(el("p", {}, mathed(partial(nameOf(D.root), nameOf(D.root)), ml("mo", "=")), num(live.grads[D.root], "gradient", true)));
  if (unit && unit.gate && unit.gate.remark) children.push(el("p", { class: "note" }, unit.gate.remark));
  box.replaceChildren(...children);
}
function heading(step) {
  const what = { start: "Start", seed: "Seed", fwd: "Forward", back: "Backward" }[step.kind];
  return step.unit ? `${what}: ${step.unit.group ? step.unit.group.name : step.unit.gate.text}` : what;
}
function forwardCard(unit) {
  if (!unit.gate) return unit.outs.map((v) => el("p", {}, mathed(nameMath(nameOf(v)), ml("mo", "=")), num(live.values[v], "value")));
  const gate = unit.gate, tree = D.forms[gate.computes][1];
  const line = [nameMath(nameOf(gate.out)), ml("mo", "="), math(tree, inputName(gate))[0]];
  if (gate.ins.every((v) => isNumber(typeof v === "number" ? live.values[v] : v[0]))) line.push(ml("mo", "="), math(tree, inputNumber(gate))[0]);
  return [el("p", { class: "eq" }, mathed(...line, ml("mo", "=")), num(live.values[gate.out], "value"))];
}
function backCard(unit) {
  const out = unit.outs[0], several = unit.outs.length > 1, up = several ? null : live.grads[out];
  const all = rowsOf(unit), rows = all.slice(0, 20).map((row) => el("tr", {}, ...backRow(unit, row, out, up)));
  if (all.length > 20) rows.push(el("tr", {}, el("td", { colspan: 4 }, `… and ${all.length - 20} more`)));
  const head = el("tr", {}, ["gradient", "local", "× upstream", "= downstream"].map((x) => el("th", { scope: "col" }, x)));
  const wide = [up, ...all.map((row) => row.down)].some((q) => q != null && tensorOf(q));
  return [el("table", { class: wide ? "back wide" : "back" }, el("thead", {}, head), el("tbody", {}, rows))];
}
function backRow(unit, row, out, up) {
  const gate = unit.gate, [kind, tree, note] = row.form || [];
  const local = [];
  if (kind === "factor") {
    local.push(mathed(partial(nameOf(out), nameOf(row.v)), ml("mo", "="), math(tree, inputName(gate))[0]));
    if (!simple(tree)) local.push(" ", el("span", { class: "n" }, "= ", num(row.local, "")));
  } else if (kind === "rule") local.push(mathed(math(tree, inputName(gate))[0]), el("small", {}, ruleShapes(tree, gate, out, row)));
  else if (kind === "words") local.push(el("small", {}, tree), row.local != null ? num(row.local, "") : null);
  else local.push(...(row.local != null ? [mathed(partial(nameOf(out), nameOf(row.v)), ml("mo", "=")), num(row.local, "")] : [el("small", {}, "through its gates")]));
  if (note) local.push(el("small", {}, note));
  const down = [num(row.down, "gradient", false)];
  if (row.before != null) down.push(el("div", { class: "sum" }, "paths add: ", num(row.before, ""), isNumber(row.down) ? " + " + bracketed(shown(row.down)) : " + this", " = ", num(row.after, "gradient")));
  return [el("th", { scope: "row" }, mathed(partial(nameOf(D.root), nameOf(row.v)))), el("td", { "data-of": "local" }, local),
    el("td", { "data-of": "upstream" }, up == null ? "" : num(up, "gradient", out === D.root)), el("td", { "data-of": "downstream" }, down)];
}

// The chain rule from a value to the output.
let pointed = -1;
function chainOf(v) {
  pointed = v;
  const { total, paths, lit } = chains(v);
  light(lit.values, lit.units);
  const box = $("chain"), lhs = [partial(nameOf(D.root), nameOf(v)), ml("mo", "=")];
  if (!total) return box.replaceChildren(el("p", {}, `${nameOf(v)} passes no gradient on.`));
  const edges = paths.flat();
  if (!paths.length || edges.length > 28) return box.replaceChildren(el("p", {}, `${total.toLocaleString("en")} paths from ${nameOf(v)} to ${nameOf(D.root)}; their products add.`));
  const factor = (edge) => partial(nameOf(edge.out), nameOf(edge.from));
  const symbols = [], numbers = [];
  paths.forEach((path, p) => {
    let from = v;
    path.forEach((edge) => ((edge.from = from), (from = edge.out)));
    if (p) symbols.push(ml("mo", "+")), numbers.push(ml("mo", "+"));
    path.reverse().forEach((edge, k) => {
      if (k) symbols.push(ml("mo", "·")), numbers.push(ml("mo", "·"));
      symbols.push(factor(edge));
      const shownLocal = edge.local != null ? shown(edge.local) : "";
      numbers.push(ml("mn", bracketed(shownLocal)));
    });
    if (!path.length) symbols.push(ml("mn", "1")), numbers.push(ml("mn", "1"));
  });
  const scalar = edges.every((edge) => isNumber(edge.local));
  const lines = [el("p", { class: "eq" }, mathed(...lhs, ...symbols)),
    scalar ? el("p", { class: "eq" }, mathed(ml("mo", "="), ...numbers, ml("mo", "=")), num(live.grads[v], "gradient", v === D.root)) : null,
    total > 1 ? el("p", { class: "note" }, `${total} paths: products along each, added.`) : null];
  box.replaceChildren(...lines.filter(Boolean));
  scrolled();
}
function aroundGate(unit) {
  pointed = -1;
  const inputs = new Set(unit.ins.filter((v) => typeof v === "number"));
  light(inputs, new Set([unit.key]), new Set([...unit.outs.map((v) => "v" + v), ...units.filter((u) => u.ins.some((v) => unit.outs.includes(v))).map((u) => u.key)]));
  if (unit.gate) $("chain").replaceChildren(el("p", { class: "note" }, unit.gate.sentence));
}
function dark() {
  pointed = -1;
  light(null, null);
  $("chain").replaceChildren(el("p", { class: "note idle" }, "Point at a value, or move to it with Tab: the chain rule from there to the output stands here."));
}

// The list of steps, a window of it where there are many.
function list() {
  const first = Math.max(0, Math.min(at - 40, steps.length - 81)), shownSteps = steps.slice(first, first + 81);
  $("steps").replaceChildren(...shownSteps.map((step, k) =>
    el("li", {}, el("button", { tabindex: first + k === at ? 0 : -1, "aria-current": first + k === at ? "step" : null, onclick: () => go(first + k) }, short(step)))));
  $("steps").start = first;
  scrolled();
}
function scrolled() {
  const current = $("steps").querySelector("[aria-current]"), box = $("steps");
  if (current) box.scrollTop = current.offsetTop - box.offsetTop - box.clientHeight / 2;
}
function short(step) {
  if (!step.unit) return step.kind === "seed" ? `seed: ∂${nameOf(D.root)}/∂${nameOf(D.root)}` : "start";
  const arrow = step.kind === "fwd" ? "→" : "←";
  return `${arrow} ${step.unit.group ? step.unit.group.name : step.unit.gate.text}  ${[...new Set(step.kind === "fwd" ? step.unit.outs : step.unit.ins.filter((v) => typeof v === "number"))].slice(0, 4).map(nameOf).join(", ")}`;
}

// All steps as a table, for who can't see the circuit; made when it is opened.
function table() {
  const rows = [];
  for (const step of steps.slice(0, 4000)) {
    const unit = step.unit;
    if (step.kind === "fwd") unit.outs.forEach((v) => rows.push(["forward", label(unit), nameOf(v), "", "", "", shown(live.values[v])]));
    if (step.kind === "seed") rows.push(["seed", "", nameOf(D.root), "", "", shown(live.grads[D.root], true), ""]);
    if (step.kind === "back") rowsOf(unit).forEach((r) => rows.push(["backward", label(unit), nameOf(r.v), r.local != null ? shown(r.local) : "", unit.outs.length === 1 ? shown(live.grads[unit.outs[0]], unit.outs[0] === D.root) : "", shown(r.down), r.before != null ? shown(r.after) : ""]));
  }
  const head = ["step", "gate", "of", "local", "upstream", "downstream", "value or sum"];
  $("all").replaceChildren(el("table", {}, el("thead", {}, el("tr", {}, head.map((x) => el("th", { scope: "col" }, x)))),
    el("tbody", {}, rows.map(([first, ...rest]) => el("tr", {}, el("th", { scope: "row" }, first), rest.map((x) => el("td", {}, x)))))));
}
