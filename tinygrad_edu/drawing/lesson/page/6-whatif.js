// What if: in a scalar lesson inputs can be changed, and the page works the gates out anew, forward and backward, from the
// same formulas that it shows. It offers so only after it has reproduced every recorded number.
const fusedAround = (g) => around(g).filter((k) => GROUPS[k].whole >= 0);
const innermost = (list) => (list.length ? list[list.length - 1] : -1);
function contextOf(v) {
  const maker = VALUES[v].maker, inside = maker ? fusedAround(maker.group) : [];
  while (inside.length && GATES[GROUPS[innermost(inside)].whole].out === v) inside.pop();
  return innermost(inside);
}
const contextOfGate = (gate) => innermost(fusedAround(gate.wholeOf === undefined ? gate.group : GROUPS[gate.wholeOf].parent));
let sweep = null;

function workedOut(inputs, backward = true) {
  const values = D.values.map((q, v) => inputs.get(v) ?? real(q)), branches = new Map();
  const given = (gate) => (key) => {
    if (key === "g") return 1;
    const v = key === "$o" ? gate.out : gate.ins[Number(key.slice(1))];
    return typeof v === "number" ? values[v] : real(v[0]);
  };
  const local = GATES.map(() => []), down = GATES.map((gate) => gate.down.map(() => null));
  for (const gate of GATES) {
    const taken = [];
    values[gate.out] = worked(D.forms[gate.computes][1], given(gate), taken);
    gate.ins.forEach((_, k) => (local[gate.id][k] = gate.local[k] == null ? null : worked(D.forms[gate.forms[k]][1], given(gate), taken)));
    branches.set(gate, taken.join());
  }
  if (!backward) return { values, branches };
  const grads = D.grads.map((q) => (q == null ? null : 0));
  grads[D.root] = real(D.grads[D.root]);
  for (const gate of sweep)
    gate.ins.forEach((v, k) => {
      if (gate.down[k] == null) return;
      down[gate.id][k] = grads[gate.out] * local[gate.id][k];
      if (contextOf(v) === contextOfGate(gate)) grads[v] += down[gate.id][k];
    });
  return { values, grads, local, down, branches };
}

const whatif = { changed: new Map(), base: null };
function offered() {
  const numbers = [...D.values, ...D.grads, ...GATES.flatMap((g) => [...g.local, ...g.down, ...g.ins.filter(Array.isArray).map((q) => q[0])])];
  if (!numbers.every((q) => q == null || isNumber(q))) return false;
  sweep = [];
  for (const id of D.back) {
    for (const g of fusedAround(GATES[id].group)) if (!sweep.includes(GATES[GROUPS[g].whole])) sweep.push(GATES[GROUPS[g].whole]);
    sweep.push(GATES[id]);
  }
  const near = (a, b) => a == null || b == null ? a == b : Object.is(real(a), b) || Math.abs(real(a) - b) <= 1e-9 * Math.max(1, Math.abs(b));
  try {
    const again = (whatif.base = workedOut(new Map()));
    return D.values.every((q, v) => near(q, again.values[v])) && D.grads.every((q, v) => near(q, again.grads[v])) &&
      GATES.every((g) => g.local.every((q, k) => near(q, again.local[g.id][k])) && g.down.every((q, k) => near(q, again.down[g.id][k])));
  } catch {
    return false; // a gate whose formula the page can't work out
  }
}
whatif.offered = offered();

function change(v, x) {
  if (!whatif.offered || !Number.isFinite(x)) return;
  x === real(D.values[v]) ? whatif.changed.delete(v) : whatif.changed.set(v, x);
  const now = workedOut(whatif.changed);
  const flipped = GATES.filter((gate) => gate.wholeOf === undefined && now.branches.get(gate) !== whatif.base.branches.get(gate));
  live = whatif.changed.size ? now : recorded;
  refresh();
  if (pointed >= 0) chainOf(pointed);
  const told = flipped.map((gate) => `${gate.name} (${nameOf(gate.out)}) takes another branch than the one recorded.`);
  if (whatif.changed.size && GATES.some((gate) => gate.name === "where")) told.push("where keeps the choice it was recorded with.");
  $("flip").textContent = told.join(" ");
  if ($("now")) $("now").value = x;
  if ($("slide")) $("slide").value = x;
  $("reset").disabled = !whatif.changed.size;
}
const recorded = live;
function adjust(v) {
  if (!whatif.offered) return;
  const x = live.values[v], far = Math.max(2, 2 * Math.abs(x));
  const set = (event) => change(v, event.target.valueAsNumber);
  $("extra").replaceChildren(
    el("h2", {}, `What if ${nameOf(v)} were …`),
    el("p", { class: "player" },
      el("input", { id: "slide", type: "range", "aria-label": nameOf(v), min: x - far, max: x + far, step: far / 200, oninput: set }),
      el("input", { id: "now", type: "number", "aria-label": nameOf(v) + " exactly", step: "any", oninput: set })),
    el("p", { class: "player" },
      el("button", { onclick: () => nudge(v) }, "Nudge"),
      el("button", { id: "reset", onclick: () => reset(v) }, "As recorded")),
    el("p", { id: "flip", role: "status" }), el("p", { id: "nudged", role: "status" }));
  change(v, real(x));
}
function reset(v) {
  whatif.changed.clear();
  change(v, real(D.values[v]));
}
// A finite difference beside the gradient: nudge the input both ways and see how far the output moves.
function nudge(v) {
  const x = real(live.values[v]), h = 1e-4 * Math.max(1, Math.abs(x));
  const [more, less] = [h, -h].map((d) => workedOut(new Map(whatif.changed).set(v, x + d), false));
  const slope = (more.values[D.root] - less.values[D.root]) / (2 * h), g = real(live.grads[v] ?? 0);
  const apart = Math.abs(slope - g) / Math.max(1e-8, Math.abs(slope), Math.abs(g));
  const kink = GATES.some((gate) => more.branches.get(gate) !== less.branches.get(gate));
  const verdict = apart < 1e-5 ? "They agree." : kink ? "They differ: a branch changes between the two, so there is a kink here." : "They differ.";
  $("nudged").textContent = `(${nameOf(D.root)}(${nameOf(v)} + h) − ${nameOf(D.root)}(${nameOf(v)} − h)) / 2h = ${decimal(slope, D.precision + 2)} with h = ${decimal(h)}; the gradient is ${decimal(g, D.precision + 2)}. ${verdict}`;
  scrolled();
}
