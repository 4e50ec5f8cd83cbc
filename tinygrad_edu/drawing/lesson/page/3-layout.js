// Levels put into one another, as `compose.py` does: an open group's box grows and the rest moves away in order.
const TITLE = 18, KIND = ["value", "gate", "box", "constant", "in", "out"];
const LEVELS = D.levels.map(([layout, ...flat]) => {
  const items = [];
  for (let k = 0; k < flat.length; k += 2) items.push({ kind: KIND[flat[k]], id: flat[k + 1] });
  return { layout: D.layouts[layout], items };
});

function warp(boxes) {
  const cuts = [...new Set(boxes.flatMap(([lo, hi]) => [lo, hi]))].sort((a, b) => a - b);
  if (!cuts.length) return (x) => x;
  const ends = [cuts[0]];
  for (let k = 1; k < cuts.length; k++) {
    const [a, b] = [cuts[k - 1], cuts[k]];
    const slopes = boxes.filter(([lo, hi]) => lo <= a && b <= hi).map(([lo, hi, need]) => need / (hi - lo));
    ends.push(ends[k - 1] + (b - a) * Math.max(1, ...slopes));
  }
  const last = cuts.length - 1;
  return (x) => {
    if (x <= cuts[0]) return x;
    if (x >= cuts[last]) return x + ends[last] - cuts[last];
    let k = 1;
    while (cuts[k] < x) k++;
    return ends[k - 1] + ((x - cuts[k - 1]) * (ends[k] - ends[k - 1])) / (cuts[k] - cuts[k - 1]);
  };
}

function compose(g = 0) {
  const { layout, items } = LEVELS[g];
  const [width, height, centres, sizes, wires] = layout;
  const at = (list, k) => [list[2 * k], list[2 * k + 1]];
  const inner = new Map();
  items.forEach((item, k) => item.kind === "box" && open.has(item.id) && inner.set(k, compose(item.id)));
  const spans = [[], []];
  for (const [k, box] of inner)
    [box.width, box.height + 2 * TITLE].forEach((need, axis) => {
      const [middle, half] = [at(centres, k)[axis], at(sizes, k)[axis] / 2];
      spans[axis].push([middle - half, middle + half, need]);
    });
  const [x, y] = spans.map(warp);
  const placed = { width: x(width), height: y(height), items: [], frames: [], wires: [] };
  const where = items.map((_, k) => [x(centres[2 * k]), y(centres[2 * k + 1])]);
  items.forEach((item, k) => {
    if (!inner.has(k)) return placed.items.push({ ...item, x: where[k][0], y: where[k][1], w: sizes[2 * k], h: sizes[2 * k + 1], in: g });
    const box = inner.get(k);
    const [left, top] = [where[k][0] - box.width / 2, where[k][1] - box.height / 2 - TITLE];
    moved(box, left, top + TITLE);
    placed.frames.push({ id: item.id, x: left, y: top, w: box.width, h: box.height + 2 * TITLE }, ...box.frames);
    placed.items.push(...box.items);
    placed.wires.push(...box.wires);
  });
  for (const [a, b, ...flat] of wires) {
    const points = [];
    for (let k = 0; k < flat.length; k += 2) points.push([x(flat[k]), y(flat[k + 1])]);
    const last = flat.length - 2;
    points[0] = end(a, b, flat[0], flat[1]);
    points[points.length - 1] = end(b, a, flat[last], flat[last + 1]);
    points[1][1] = points[0][1];
    points[points.length - 2][1] = points[points.length - 1][1];
    placed.wires.push({ from: items[a], to: items[b], value: carried(items[a], items[b]), points });
  }
  function end(k, other, px, py) {
    const box = inner.get(k), was = at(centres, k);
    if (!box) return [where[k][0] + px - was[0], where[k][1] + py - was[1]];
    const side = px > was[0] ? "out" : "in";
    const port = box.items.find((item) => item.kind === side && item.id === items[other].id && item.in === items[k].id);
    return port ? [port.x, port.y] : where[k];
  }
  return placed;
}
function moved(placed, dx, dy) {
  for (const list of [placed.items, placed.frames]) for (const each of list) (each.x += dx), (each.y += dy);
  for (const wire of placed.wires) wire.points = wire.points.map(([x, y]) => [x + dx, y + dy]);
}
function carried(from, to) {
  if (from.kind === "gate") return GATES[from.id].out;
  return from.kind === "constant" ? -1 : from.kind === "box" ? to.id : from.id;
}
