// Tensors: maps of colours, tables of numbers, shapes of matrix rules.
const HEAT = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxy";
const pictures = new Map();
function heatmap(t, factor = 1) {
  const key = t + "/" + factor;
  if (pictures.has(key)) return pictures.get(key);
  const rows = D.tensors[t][2], canvas = el("canvas", { width: rows[0].length * factor, height: rows.length * factor });
  const paint = canvas.getContext("2d");
  rows.forEach((row, y) => [...row].forEach((cell, x) => {
    const level = (HEAT.indexOf(cell) - 30) / 30, fade = Math.round(255 - 200 * Math.abs(level));
    paint.fillStyle = cell === "?" ? "#f0f" : cell === "!" ? "#000" : level < 0 ? `rgb(${fade},${Math.round(255 - 120 * -level)},255)` : `rgb(255,${Math.round(255 - 120 * level)},${fade})`;
    paint.fillRect(x * factor, y * factor, factor, factor);
  }));
  pictures.set(key, canvas.toDataURL());
  return pictures.get(key);
}

// A matrix rule with its shapes: g 3×2 · Wᵀ 2×4 → 3×4.
function ruleShapes(tree, gate, out, row) {
  const shape = (q) => (tensorOf(q) ? tensorOf(q)[0] : "1");
  const of = (part) => {
    if (part === "g" || part === "$o") return shape(live.grads[out] ?? live.values[out]);
    if (typeof part === "string" && part[0] === "$") return typeof gate.ins[part.slice(1)] === "number" ? shape(live.values[gate.ins[part.slice(1)]]) : shape(gate.ins[part.slice(1)][0]);
    if (Array.isArray(part) && (part[0] === "T" || part[0] === "mT")) return of(part[1]).split("×").reverse().join("×");
    return "";
  };
  if (tree[0] === "@" && of(tree[1]) && of(tree[2])) return `(${of(tree[1])}) · (${of(tree[2])}) → ${shape(row.down)}, g is the upstream gradient`;
  return `→ ${shape(row.down)}, g is the upstream gradient`;
}

// The numbers of tensors: [what it is, the tensor] each.
function inspect(...given) {
  $("tensor").querySelector("div").replaceChildren(...given.flatMap(([what, q]) => {
    const [shape, range, cells, scale, table] = tensorOf(q);
    return [what && el("h2", {}, what), el("p", {}, `${shape}: ${range}`),
      cells.length ? el("img", { src: heatmap(q.t, 8), alt: "heatmap, blue below zero, orange above" }) : "",
      cells.length ? el("small", {}, `Blue is −${decimal(scale)}, white 0, orange ${decimal(scale)}; nan is magenta, ∞ black.`) : "",
      table ? el("table", { class: "numbers" }, table.map((row) => el("tr", {}, row.map((x) => el("td", {}, x))))) : ""];
  }).filter(Boolean));
  $("tensor").showModal();
}
// What is known by now of a value on its wire.
function inspectWire(v) {
  const { time } = steps[at], g = gradientAt(v, time);
  const known = [["value", madeAt(v) <= time && live.values[v]], ["gradient", g && g.sum]]
    .filter(([what, q]) => q && tensorOf(q) && shown(q, isLeaf(v) && what === "value") !== "?");
  if (known.length) inspect(...known.map(([what, q]) => [`${what} of ${nameOf(v)}`, q]));
}
