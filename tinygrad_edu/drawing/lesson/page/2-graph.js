// The graph at the present state of its groups: what is seen, in which order it is stepped through, what is known when.
const GATES = D.gates.map(([op, out, group, ins, down, local, forms, computes, text, remark, sums], id) => ({
  id, out, group, ins, down, local, forms, computes, sums: sums || [], remark,
  name: D.ops[op][0], text: text || D.ops[op][1], sentence: D.ops[op][2],
}));
const GROUPS = D.groups.map(([name, parent, whole], id) => ({ id, name, parent, whole, members: [], fwd: 0, back: 0 }));
const VALUES = D.names.map((name, id) => ({ id, name, own: false, maker: null }));
D.own.forEach((id) => (VALUES[id].own = true));
const SMALL = GATES.filter((gate) => !GROUPS.some((group) => group.whole === gate.id));

// Time: 0 is the start, then each gate, the seed, and each gate of the walk back in the engine's order.
const SEED = SMALL.length + 1;
SMALL.forEach((gate, k) => ((gate.fwd = k + 1), (gate.back = 0), (VALUES[gate.out].maker = gate)));
D.back.forEach((id, k) => (GATES[id].back = SEED + 1 + k));
for (const gate of SMALL)
  for (let g = gate.group; g >= 0; g = GROUPS[g].parent) {
    GROUPS[g].members.push(gate);
    GROUPS[g].fwd = Math.max(GROUPS[g].fwd, gate.fwd);
    GROUPS[g].back = Math.max(GROUPS[g].back, gate.back);
  }
for (const group of GROUPS)
  if (group.whole >= 0) Object.assign(GATES[group.whole], { fwd: group.fwd, back: group.back, wholeOf: group.id });

const open = new Set([0, ...D.open]);
const isOpen = (g) => g < 0 || (open.has(g) && isOpen(GROUPS[g].parent));
const around = (g) => (g < 0 ? [] : [...around(GROUPS[g].parent), g]);
let live = { values: D.values, grads: D.grads, down: GATES.map((g) => g.down), local: GATES.map((g) => g.local) };

// `units`: gates and closed groups that are seen. `acting`: the gates whose numbers count, a closed fused gate as one.
let units = [], steps = [], acting = [], arrivals = [];
function fold() {
  const seen = new Map();
  acting = [];
  for (const gate of SMALL) {
    const closed = around(gate.group).find((g) => !isOpen(g));
    const fused = around(gate.group).find((g) => GROUPS[g].whole >= 0 && !isOpen(g));
    const acts = fused === undefined ? gate : GATES[GROUPS[fused].whole];
    if (acting[acting.length - 1] !== acts) acting.push(acts);
    const key = closed === undefined ? "g" + gate.id : "b" + closed;
    if (!seen.has(key)) {
      const of = closed === undefined ? gate : GROUPS[closed];
      seen.set(key, { key, gate: closed === undefined ? gate : GATES[of.whole], group: closed === undefined ? null : of,
        fwd: of.fwd, back: of.back, gates: [] });
    }
    const unit = seen.get(key);
    if (unit.gates[unit.gates.length - 1] !== acts) unit.gates.push(acts);
  }
  acting = [...new Set(acting)];
  units = [...seen.values()];
  units.forEach(crossings);
  arrivals = VALUES.map(() => []);
  for (const gate of [...acting].sort((a, b) => a.back - b.back))
    if (gate.back) gate.ins.forEach((v, k) => gate.down[k] != null && arrivals[v].push({ gate, k, time: gate.back }));
  steps = [{ kind: "start", time: 0 }, ...sorted("fwd"), { kind: "seed", time: SEED }, ...sorted("back")];
}
const sorted = (kind) =>
  units.filter((u) => u[kind]).sort((a, b) => a[kind] - b[kind]).map((unit) => ({ kind, unit, time: unit[kind] }));

function crossings(unit) {
  const made = new Set(unit.gates.map((gate) => gate.out));
  const used = new Set(unit.gates.flatMap((gate) => gate.ins.filter((v) => typeof v === "number")));
  unit.ins = unit.group ? [...used].filter((v) => !made.has(v)) : unit.gate.ins;
  unit.outs = unit.group && unit.gates.length > 1 ? [...made].filter((v) => v === D.root || usedOutside(v, unit)) : [unit.gates[unit.gates.length - 1].out];
}
const USERS = VALUES.map(() => []);
SMALL.forEach((gate) => gate.ins.forEach((v) => typeof v === "number" && USERS[v].push(gate)));
const usedOutside = (v, unit) => USERS[v].some((gate) => !unit.group.members.includes(gate));

// What is known of a value at a time: its number, and the sum of the gradients that have arrived.
const madeAt = (v) => (VALUES[v].maker ? VALUES[v].maker.fwd : 0);
function gradientAt(v, time) {
  if (v === D.root) return time >= SEED ? { sum: live.grads[v], left: 0 } : null;
  const came = arrivals[v].filter((a) => a.time <= time);
  if (!came.length) return null;
  if (came.length === arrivals[v].length) return { sum: live.grads[v], left: 0, came };
  return { sum: added(came), left: arrivals[v].length - came.length, came };
}
function added(came) {
  const parts = came.map(({ gate, k }) => live.down[gate.id][k]);
  if (parts.every(isNumber)) return parts.map(real).reduce((a, b) => a + b);
  const last = came[came.length - 1];
  return came.length > 1 ? last.gate.sums[last.k] : parts[0];
}

// ∂out/∂in of a unit: a gate's own local gradients; of a closed group the product through its gates, summed over paths.
function localsOf(unit, out) {
  const slope = new Map([[out, 1]]);
  for (const gate of [...unit.gates].sort((a, b) => a.back - b.back)) {
    const from = slope.get(gate.out);
    if (from === undefined) continue;
    gate.ins.forEach((v, k) => {
      const local = live.local[gate.id][k];
      if (typeof v !== "number" || gate.down[k] == null) return;
      const term = local != null && isNumber(local) ? from * real(local) : NaN;
      slope.set(v, slope.has(v) ? slope.get(v) + term : term);
    });
  }
  return slope;
}
const allScalar = (unit) =>
  unit.gates.every((gate) => gate.local.every((q) => q == null || isNumber(q)) && isNumber(live.values[gate.out]) &&
    gate.down.every((q, k) => q == null || gate.local[k] != null));

// Rows of the step back: for each input its local gradient, what is passed on, and the sum there before and after.
function rowsOf(unit) {
  const rows = [];
  if (unit.gate) {
    const gate = unit.gate;
    gate.ins.forEach((v, k) => {
      if (gate.down[k] == null) return;
      const before = arrivals[v].filter((a) => a.time < gate.back || (a.gate === gate && a.k < k));
      rows.push({ v, k, local: live.local[gate.id][k], form: D.forms[gate.forms[k]], down: live.down[gate.id][k],
        before: before.length ? added(before) : null, after: added([...before, { gate, k }]) });
    });
    return rows;
  }
  const slope = allScalar(unit) && unit.outs.length === 1 ? localsOf(unit, unit.outs[0]) : null;
  for (const v of unit.ins) {
    const own = arrivals[v].filter((a) => unit.gates.includes(a.gate));
    if (!own.length) continue;
    const before = arrivals[v].filter((a) => !own.includes(a) && a.time < unit.back);
    rows.push({ v, local: slope ? slope.get(v) : null, form: null, down: added(own),
      before: before.length ? added(before) : null, after: added([...before, ...own]) });
  }
  return rows;
}

// Paths from a value to the output over what is seen: how many, and the factors along each while they are few.
function chains(v) {
  const from = new Map();
  for (const unit of units)
    for (const out of unit.outs) {
      const slope = allScalar(unit) ? localsOf(unit, out) : null;
      for (const input of new Set(unit.ins))
        if (typeof input === "number") {
          const times = unit.gate ? unit.ins.map((x, k) => (x === input && unit.gate.down[k] != null ? k : -1)).filter((k) => k >= 0) : [-1];
          for (const k of times) {
            const local = k >= 0 ? live.local[unit.gate.id][k] : slope ? slope.get(input) : null;
            if (unit.back && (k >= 0 || !slope || slope.has(input)))
              from.set(input, [...(from.get(input) || []), { unit, out, local }]);
          }
        }
    }
  const count = new Map([[D.root, 1]]);
  const counted = (x) => {
    const waiting = [x];
    while (waiting.length) {
      const top = waiting[waiting.length - 1];
      const open = (from.get(top) || []).map((e) => e.out).filter((o) => !count.has(o));
      if (count.has(top) || !open.length) {
        if (!count.has(top)) count.set(top, (from.get(top) || []).reduce((n, e) => n + count.get(e.out), 0));
        waiting.pop();
      } else waiting.push(...open);
    }
    return count.get(x);
  };
  const paths = [], total = counted(v);
  const follow = (x, path) => {
    if (x === D.root) paths.push(path);
    else for (const edge of from.get(x) || []) if (count.get(edge.out)) follow(edge.out, [...path, edge]);
  };
  if (total <= 4) follow(v, []);
  const lit = { values: new Set(), units: new Set() };
  const light = [v];
  while (light.length) {
    const x = light.pop();
    if (lit.values.has(x) || !counted(x)) continue;
    lit.values.add(x);
    for (const edge of from.get(x) || []) if (counted(edge.out)) lit.units.add(edge.unit.key), light.push(edge.out);
  }
  return { total, paths, lit };
}
