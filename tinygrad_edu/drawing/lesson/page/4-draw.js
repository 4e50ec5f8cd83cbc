// The circuit as SVG: values above their wires, gradients below. Built anew when groups open, else only brought up to date.
const PLAIN = 78 + 16 * Math.max(0, D.precision - 2), FONT = 13;
const stage = $("stage"), view = svg("g", { class: "view" });
stage.append(view);
let placed, shapes = new Map(), wires = [];

const text = (x, y, cls, content, anchor = "middle") => svg("text", { x, y, class: cls, "text-anchor": anchor }, content);
const DRAW = {
  gate({ id, w }) {
    const gate = GATES[id];
    return [svg("rect", { x: -w / 2, y: -18, width: w, height: 36, rx: 18, class: "body" }), text(0, 4.5, "sign", gate.text)];
  },
  box({ id, w, h }) {
    return [svg("rect", { x: -w / 2, y: -h / 2, width: w, height: h, rx: 8, class: "body" }),
      text(-9, 4.5, "sign", GROUPS[id].name), svg("path", { d: `M${w / 2 - 21} 0h10m-5 -5v10`, class: "plus" })];
  },
  constant({ id, w }) {
    const q = GATES[id >> 4].ins[id % 16][0], t = tensorOf(q);
    return [svg("path", { d: `M${-w / 2} 0H${w / 2}`, class: "wire" }), text(0, -6, "constant", shown(q, true)),
      t && text(0, 16, "small", t[0])];
  },
  value({ id, w, h }) {
    const value = VALUES[id], t = tensorOf(D.values[id]), end = id === D.root;
    const beside = value.own && (!value.maker || end), base = t ? 96 + PLAIN - 78 : PLAIN;
    const line = beside ? base : w, left = beside && !end ? w / 2 - line : -w / 2, middle = left + line / 2;
    const parts = [svg("rect", { x: -w / 2, y: -h / 2, width: w, height: h, class: "hit" }),
      svg("path", { d: `M${left} 0H${left + line}`, class: "wire" }), text(middle, t ? -8 : -6, "value", ""), text(middle, t ? 17 : 16, "gradient", "")];
    if (beside) parts.push(text(end ? w / 2 - 4 : left - 6, 4.5, "name", value.name, "end"));
    const small = [beside ? "" : value.own ? value.name : "", t ? t[0] : ""].filter(Boolean).join(" ");
    if (small) parts.push(text(middle, t ? -38 : -20, "small", small));
    if (t) for (const [cls, y] of [["value", -34], ["gradient", 22]])
      parts.push(svg("image", { class: "heat " + cls, x: middle - 24, y, width: 48, height: 12, preserveAspectRatio: "none" }),
        svg("rect", { class: "edge", x: middle - 24.5, y: y - 0.5, width: 49, height: 13, visibility: "hidden" }));
    return parts;
  },
};

function draw() {
  placed = compose();
  view.replaceChildren();
  shapes = new Map();
  for (const frame of placed.frames) {
    const { id, x, y, w, h } = frame;
    const title = svg("g", { class: "title", role: "button", tabindex: 0, "aria-expanded": "true", "data-key": "f" + id,
      "aria-label": `group ${GROUPS[id].name}, open`, transform: `translate(${x},${y})` },
      svg("rect", { width: Math.min(w, 24 + 7.2 * GROUPS[id].name.length), height: 24, class: "hit" }),
      svg("path", { d: "M6 10h8", class: "plus" }), text(20, 14, "small", GROUPS[id].name, "start"));
    view.append(svg("rect", { x, y, width: w, height: h, rx: 10, class: "frame" }), title);
    shapes.set("f" + id, title);
  }
  wires = placed.wires.map((wire) => {
    const path = svg("path", { d: curve(wire), class: "wire" });
    view.append(path);
    return { ...wire, path };
  });
  const order = { value: 0, constant: 0, gate: 1, box: 1 };
  for (const item of placed.items.filter((i) => i.kind in order).sort((a, b) => a.x - b.x || a.y - b.y)) {
    const key = item.kind[0] + item.id + (item.kind === "value" ? "-" + item.in : "");
    const acts = item.kind !== "constant";
    const group = svg("g", { class: `node ${item.kind}`, transform: `translate(${item.x},${item.y})`, "data-key": key,
      ...(acts ? { role: item.kind === "value" && !answers(item.id) ? "img" : "button", tabindex: 0 } : { role: "img", "aria-label": "constant " + shown(GATES[item.id >> 4].ins[item.id % 16][0], true) }) },
      svg("title"), DRAW[item.kind](item));
    if (item.kind === "box") mark(group, "aria-expanded", "false");
    view.append(group);
    shapes.set(key, group);
    item.key = key;
  }
}
const isLeaf = (v) => !VALUES[v].maker;
const answers = (v) => tensorOf(D.values[v]) || (isLeaf(v) && whatif.offered); // to a click or Enter

// From an odd point to the next a wire is level; from an even one it curves.
function curve({ points }) {
  let d = `M${points[0]}`;
  for (let k = 1; k < points.length; k++) {
    const [[x0, y0], [x1, y1]] = [points[k - 1], points[k]];
    if (k % 2 || y0 === y1) d += `L${points[k]}`;
    else d += `C${(x0 + x1) / 2} ${y0} ${(x0 + x1) / 2} ${y1} ${x1} ${y1}`;
  }
  return d;
}

function describe(item, time) {
  if (item.kind === "gate") return `${GATES[item.id].name} gate`;
  if (item.kind === "box") return `group ${GROUPS[item.id].name}, closed`;
  const v = item.id, made = madeAt(v) <= time, g = gradientAt(v, time);
  return [VALUES[v].name, made ? "value " + shown(live.values[v], isLeaf(v)) : "not yet known", g ? "gradient " + shown(g.sum) : ""].filter(Boolean).join(", ");
}

function update() {
  const step = steps[at], now = step.unit;
  for (const item of placed.items) {
    const node = shapes.get(item.key);
    if (!node || item.kind === "constant") continue;
    const label = describe(item, step.time);
    mark(node, "aria-label", label);
    if (item.kind === "value") showNumbers(node, item.id, step.time);
    const current = now && (item.kind === "gate" ? now.key === "g" + item.id : item.kind === "box" && now.key === "b" + item.id);
    node.classList.toggle("now", !!current);
    node.toggleAttribute("aria-current", false);
    if (current) mark(node, "aria-current", "step");
    node.querySelector("title").textContent = item.kind === "value" ? hint(item.id, step.time) : item.kind === "gate" ? GATES[item.id].sentence : label;
  }
  for (const wire of wires) wire.path.classList.toggle("known", wire.value < 0 || madeAt(wire.value) <= step.time);
}
function showNumbers(node, v, time) {
  const made = madeAt(v) <= time, g = gradientAt(v, time);
  node.querySelector("text.value").textContent = made ? shown(live.values[v], isLeaf(v)) + quiz.place("value", v) : "";
  node.querySelector("text.gradient").textContent = g ? shown(g.sum) + (g.left ? " …" : quiz.place("gradient", v)) : "";
  for (const each of node.querySelectorAll(".value, .gradient")) each.classList.toggle("long", each.textContent.length > 18);
  node.classList.toggle("known", made);
  for (const [cls, q] of [["value", made && live.values[v]], ["gradient", g && g.sum]]) {
    const image = node.querySelector("image." + cls), t = q && tensorOf(q);
    if (!image) continue;
    if (t && t[2].length && shown(q, isLeaf(v) && cls === "value") !== "?") mark(image, "href", heatmap(q.t));
    else image.removeAttribute("href");
    mark(image.nextSibling, "visibility", image.hasAttribute("href") ? "visible" : "hidden");
  }
}
function hint(v, time) {
  const g = gradientAt(v, time);
  return `${VALUES[v].name} = ${madeAt(v) <= time ? exactly(live.values[v], isLeaf(v)) : "…"}` + (g ? `, gradient ${exactly(g.sum)}` : "");
}

// What is lit: everything from a value to the output, or a gate with its inputs and outputs.
function light(values, keys, users) {
  stage.classList.toggle("lit", !!values);
  for (const item of placed.items) {
    const node = shapes.get(item.key);
    if (node) {
      const key = item.kind === "gate" ? "g" + item.id : item.kind === "box" ? "b" + item.id : "";
      node.classList.toggle("on", !!values && (item.kind === "value" ? values.has(item.id) : keys.has(key)));
      node.classList.toggle("user", !!users && keys !== users && users.has(key || "v" + item.id));
    }
  }
  for (const wire of wires) {
    const ends = [wire.from, wire.to].every((end) => (end.kind === "gate" ? keys && keys.has("g" + end.id) : end.kind === "box" && !open.has(end.id) ? keys && keys.has("b" + end.id) : true));
    wire.path.classList.toggle("on", !!values && values.has(wire.value) && ends);
  }
}

// Zoom and pan: `zoom` is pixels per unit, (panX, panY) the corner of what is seen.
let zoom = 1, panX = 0, panY = 0, byHand = false;
const room = () => [stage.clientWidth || 800, stage.clientHeight || 400];
function place() {
  mark(view, "transform", `translate(${-panX * zoom},${-panY * zoom}) scale(${zoom})`);
}
function fit(least = 0.85) {
  const [w, h] = room();
  zoom = Math.max(least, Math.min(1.6, w / placed.width, h / placed.height));
  panX = placed.width * zoom <= w ? (placed.width - w / zoom) / 2 : 0;
  panY = (placed.height - h / zoom) / 2;
  byHand = false;
  place();
}
function zoomBy(factor, x = room()[0] / 2, y = room()[1] / 2) {
  const next = Math.max(0.05, Math.min(4, zoom * factor));
  panX += x / zoom - x / next;
  panY += y / zoom - y / next;
  zoom = next;
  byHand = true;
  place();
}
function follow(item) {
  if (!item) return;
  const [w, h] = room(), margin = 60;
  const x = (item.x - panX) * zoom, y = (item.y - panY) * zoom;
  if (x > margin && x < w - margin && y > margin / 2 && y < h - margin / 2) return;
  if (placed.width * zoom > w) panX = Math.max(-20, Math.min(item.x - w / zoom / 2, placed.width - w / zoom + 20));
  if (placed.height * zoom > h) panY = item.y - h / zoom / 2;
  place();
}
