// Keys, buttons and pointer; then the first picture.
const KEYS = {
  ArrowRight: () => go(at + 1), ArrowLeft: () => go(at - 1), Home: () => go(0), End: () => go(steps.length - 1), " ": play,
  e: () => toggleAt(document.activeElement), E: () => toggle(allGroups(), open.size === 1, null), "/": () => $("search").showModal(),
  "+": () => zoomBy(1.25), "=": () => zoomBy(1.25), "-": () => zoomBy(0.8), 0: () => fit(0.05), c: colours, d: theme,
  "?": () => $("help").showModal(), Escape: dark,
};
const allGroups = () => GROUPS.slice(1).map((g) => g.id);
function toggleAt(element) {
  const key = element && element.closest && element.closest("[data-key]") && element.closest("[data-key]").dataset.key;
  if (key && key[0] === "b") return toggle([Number(key.slice(1))], true, key);
  if (key && key[0] === "f") return toggle([Number(key.slice(1))], false, key);
  const item = key && placed.items.find((i) => i.key === key), unit = steps[at].unit;
  let g = item ? item.in : unit && unit.group ? -unit.group.id : unit ? unit.gate.group : 0;
  if (g < 0) toggle([-g], true, "b" + -g);
  else if (g > 0) toggle([g], false, "f" + g);
  else if ((g = (placed.items.find((i) => i.kind === "box") || {}).id)) toggle([g], true, "b" + g);
}
on(document, "keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, dialog[open]"), slider = event.target === $("range");
  if (event.ctrlKey || event.metaKey || (typing && !slider)) return;
  const node = event.target.closest("[data-key]");
  if (event.altKey) return node && alongWires(node, event);
  if (event.key === "Enter" && node) return event.preventDefault(), press(node);
  if (event.key === " " && event.target.closest("button, summary")) return;
  if (slider && event.key !== " " && event.key.length > 1) return;
  const act = KEYS[event.key] || KEYS[event.key.toLowerCase()];
  if (act) event.preventDefault(), act();
});
// Alt and an arrow go along the wires.
function alongWires(node, event) {
  const item = placed.items.find((i) => i.key === node.dataset.key), right = event.key === "ArrowRight";
  if (!item || !/^Arrow(Left|Right)$/.test(event.key)) return;
  event.preventDefault();
  const same = (end) => end.kind === item.kind && end.id === item.id;
  const next = wires.find((wire) => same(right ? wire.from : wire.to));
  const end = next && (right ? next.to : next.from), goal = end && placed.items.find((i) => i.kind === end.kind && i.id === end.id && i.key);
  if (goal) shapes.get(goal.key).focus();
}
function press(node) {
  const key = node.dataset.key, id = Number(key.slice(1).split("-")[0]);
  if (key[0] === "b") return toggle([id], true, key);
  if (key[0] === "f") return toggle([id], false, key);
  if (key[0] === "g") {
    const back = steps[at].time >= SEED && GATES[id].back;
    return go(timeStep(back || GATES[id].fwd));
  }
  if (key[0] === "v" && answers(id)) tensorOf(D.values[id]) ? inspectWire(id) : adjust(id);
}
function point(event) {
  const node = event.target.closest && event.target.closest("[data-key]");
  if (!node) return;
  const id = Number(node.dataset.key.slice(1).split("-")[0]), kind = node.dataset.key[0];
  if (kind === "v") chainOf(id);
  else if (kind === "g" || kind === "b") aroundGate(units.find((u) => u.key === kind + id));
}
on(stage, "pointerover", point);
on(stage, "focusin", (event) => {
  point(event);
  const node = event.target.closest("[data-key]");
  follow(node && placed.items.find((i) => i.key === node.dataset.key));
});
on(stage, "pointerleave", dark);
let dragged = null;
const fingers = new Map();
on(stage, "pointerdown", (event) => {
  const node = event.target.closest("[data-key^=v]"), v = node ? Number(node.dataset.key.slice(1).split("-")[0]) : -1;
  const leaf = whatif.offered && v >= 0 && isLeaf(v);
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  dragged = { x: event.clientX, y: event.clientY, panX, panY, moved: false, leaf: leaf ? v : -1, from: leaf ? real(live.values[v]) : 0 };
});
on(window, "pointermove", (event) => {
  if (!dragged) return;
  if (fingers.size > 1) return pinch(event);
  const [dx, dy] = [event.clientX - dragged.x, event.clientY - dragged.y];
  if (Math.abs(dx) + Math.abs(dy) > 4) dragged.moved = true;
  if (dragged.moved && dragged.leaf >= 0) {
    if (!$("slide") || dragged.shown !== dragged.leaf) adjust((dragged.shown = dragged.leaf));
    return change(dragged.leaf, Number((dragged.from + (dx - dy) * 0.01 * Math.max(1, Math.abs(dragged.from))).toFixed(4)));
  }
  if (dragged.moved) (panX = dragged.panX - dx / zoom), (panY = dragged.panY - dy / zoom), (byHand = true), place();
});
for (const end of ["pointerup", "pointercancel"])
  on(window, end, (event) => (fingers.delete(event.pointerId), setTimeout(() => (dragged = null))));
// Two fingers zoom about the point between them.
function pinch(event) {
  if (!fingers.has(event.pointerId)) return;
  const apart = () => Math.hypot(...[0, 1].map((axis) => [...fingers.values()].slice(0, 2).reduce((a, b) => a[axis] - b[axis])));
  const was = apart(), box = stage.getBoundingClientRect();
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  const [a, b] = fingers.values();
  zoomBy(apart() / was || 1, (a[0] + b[0]) / 2 - box.left, (a[1] + b[1]) / 2 - box.top);
}
on(stage, "click", (event) => {
  const node = event.target.closest("[data-key]");
  if (node && !(dragged && dragged.moved)) press(node);
});
on(stage, "wheel", (event) => {
  event.preventDefault();
  const box = stage.getBoundingClientRect();
  if (event.ctrlKey || event.metaKey || !event.shiftKey) zoomBy(1.0015 ** -event.deltaY, event.clientX - box.left, event.clientY - box.top);
  else (panX += event.deltaY / zoom), place();
}, { passive: false });

const BUTTONS = { first: () => go(0), back: () => go(at - 1), play, next: () => go(at + 1), last: () => go(steps.length - 1),
  fit: () => fit(0.05), closer: () => zoomBy(1.25), further: () => zoomBy(0.8), all: () => KEYS.E(), look: () => $("search").showModal(),
  save, print: () => print(), theme, colours, keys: () => $("help").showModal() };
for (const button of document.querySelectorAll("[data-do]")) on(button, "click", () => BUTTONS[button.dataset.do]());
for (const close of document.querySelectorAll("dialog [data-close]")) on(close, "click", () => close.closest("dialog").close());
on($("range"), "input", () => go(Number($("range").value)));
on($("query"), "input", () => find($("query").value));
on($("query"), "keydown", (event) => event.key === "Enter" && $("found").querySelector("button") && $("found").querySelector("button").click());
on($("table"), "toggle", () => $("table").open && (table(), $("table").scrollIntoView()));
on(window, "hashchange", () => {
  if (!location.hash.includes("=")) return; // a link within the page, not a state
  const step = recall();
  draw();
  go(step);
});
on(window, "resize", () => (byHand ? keepInView() : (fit(), go(at, false))));
// On paper the whole circuit is as large as its page allows, and dark on white.
on(window, "beforeprint", () => {
  root.dataset.theme = "light";
  mark(stage, "viewBox", `0 0 ${placed.width} ${placed.height}`);
  view.removeAttribute("transform");
});
on(window, "afterprint", () => (dress(), stage.removeAttribute("viewBox"), place()));
if (D.quiz) ask();
const first = recall();
draw();
dark();
fit();
go(first, false);
root.dataset.ready = "yes";
