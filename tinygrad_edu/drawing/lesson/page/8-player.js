// The player: where we are, what is open, how it looks; keys, pointer, the URL's fragment.
let at = 0, playing = 0;
const root = document.documentElement, look = { theme: D.theme || "auto", palette: "green" };

function go(k, speak = true) {
  at = Math.max(0, Math.min(steps.length - 1, k));
  refresh();
  if (speak) $("live").textContent = `Step ${at} of ${steps.length - 1}. ${sentence(steps[at])}`;
  const { unit, kind } = steps[at];
  if (unit || kind === "seed")
    follow(placed.items.find((i) => (unit ? i.kind[0] + i.id === unit.key : i.kind === "value" && i.id === D.root)));
  remember();
}
function refresh() {
  update();
  card();
  list();
  $("range").max = steps.length - 1;
  $("range").value = at;
  mark($("range"), "aria-valuetext", `step ${at} of ${steps.length - 1}: ${heading(steps[at])}`);
  $("count").textContent = `${at} / ${steps.length - 1}`;
  if ($("table").open) table();
}
const timeStep = (time) => {
  const k = steps.findIndex((step) => step.time >= time);
  return k < 0 ? steps.length - 1 : k;
};

const MOST = 1500;
function toggle(groups, yes, focus) {
  const time = at < steps.length ? steps[at].time : 0, was = focus && shapes.get(focus) && shapes.get(focus).getBoundingClientRect();
  for (const g of groups) {
    if (yes && seenCount() > MOST) {
      say(`More than ${MOST} nodes can't be read: close some groups first.`);
      break;
    }
    yes ? open.add(g) : open.delete(g);
  }
  rebuild(time);
  const key = focus && (yes ? focus.replace(/^b/, "f") : focus.replace(/^f/, "b")), now = key && shapes.get(key);
  if (!now) return;
  const [, x, y] = /translate\(([-\d.]+),([-\d.]+)\)/.exec(now.getAttribute("transform"));
  if (was) {
    // What was opened stays where it was on the screen.
    const stageBox = stage.getBoundingClientRect();
    panX = Number(x) - (was.left - stageBox.left) / zoom;
    panY = Number(y) - (was.top + was.height / 2 - stageBox.top) / zoom + (yes ? -30 : 0);
    place();
    keepInView();
  }
  now.focus({ preventScroll: true });
}
const seenCount = () => [...open].filter(isOpen).reduce((n, g) => n + LEVELS[g].items.length, 0);
function keepInView() {
  const [w, h] = room();
  if (placed.width * zoom <= w) panX = (placed.width - w / zoom) / 2;
  if (placed.height * zoom <= h) panY = (placed.height - h / zoom) / 2;
  place();
}
function rebuild(time) {
  fold();
  draw();
  at = timeStep(time);
  dark();
  refresh();
  place();
  remember();
}
const say = (message) => (($("live").textContent = message), ($("message").textContent = message));

function play() {
  if (playing) return stop();
  if (at === steps.length - 1) go(0);
  playing = setInterval(() => (at < steps.length - 1 ? go(at + 1) : stop()), 1400);
  sign();
}
function stop() {
  clearInterval(playing);
  playing = 0;
  sign();
}
function sign() {
  mark($("play"), "aria-label", playing ? "Pause" : "Play");
  mark($("play").querySelector("path"), "d", playing ? "M6 4h4v16H6zM14 4h4v16h-4z" : "M7 4l13 8-13 8z");
}

// The fragment holds the whole state, so a link, or a bookmark, shows the same.
function remember() {
  const parts = [`step=${at}`];
  const unique = (g) => GROUPS.filter((o) => o.name === GROUPS[g].name).length === 1 && /^[\w-]+$/.test(GROUPS[g].name) && !/^\d/.test(GROUPS[g].name);
  const list = [...open].filter((g) => g && isOpen(g)).map((g) => (unique(g) ? GROUPS[g].name : g));
  if (list.length) parts.push("open=" + list.join(","));
  if (look.theme !== "auto") parts.push("theme=" + look.theme);
  if (look.palette !== "green") parts.push("palette=" + look.palette);
  try {
    history.replaceState(null, "", "#" + parts.join("&"));
  } catch { /* a page inside another has no address of its own */ }
}
function recall() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.has("theme")) look.theme = given.get("theme");
  if (given.has("palette")) look.palette = given.get("palette");
  if (given.has("open")) {
    open.clear();
    open.add(0);
    for (const name of given.get("open").split(","))
      for (const group of GROUPS) if (String(group.id) === name || group.name === name) around(group.id).forEach((g) => open.add(g));
  }
  dress();
  fold();
  return given.has("step") ? Number(given.get("step")) || 0 : D.step || 0;
}
const night = matchMedia("(prefers-color-scheme: dark)");
function dress() {
  root.dataset.theme = look.theme === "auto" ? (night.matches ? "dark" : "light") : look.theme;
  root.dataset.palette = look.palette;
}
on(night, "change", dress);
function theme() {
  look.theme = root.dataset.theme === "dark" ? "light" : "dark";
  dress();
  remember();
}
function colours() {
  look.palette = { green: "blue", blue: "violet" }[look.palette] || "green";
  dress();
  remember();
}

// The circuit alone as a file, with the colours it has on the screen.
function saved() {
  const copy = stage.cloneNode(true), from = stage.querySelectorAll("*"), to = copy.querySelectorAll("*");
  const kept = ["fill", "stroke", "stroke-width", "font", "opacity", "stroke-dasharray"];
  from.forEach((element, k) => {
    const style = getComputedStyle(element);
    for (const name of kept) to[k].style.setProperty(name, style.getPropertyValue(name));
  });
  copy.querySelector("g").removeAttribute("transform");
  mark(copy, "xmlns", SVG);
  mark(copy, "viewBox", `0 0 ${placed.width} ${placed.height}`);
  mark(copy, "width", placed.width);
  mark(copy, "height", placed.height);
  copy.style.background = getComputedStyle(document.body).backgroundColor;
  return new XMLSerializer().serializeToString(copy);
}
function save() {
  const link = el("a", { href: URL.createObjectURL(new Blob([saved()], { type: "image/svg+xml" })), download: (D.title || "circuit") + ".svg" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// Finding: by name, gate or group; what lies in closed groups is shown by opening them.
function find(query) {
  const wanted = query.trim().toLowerCase(), found = [];
  if (wanted) {
    const add = (text, key, g) => found.length < 20 && text.toLowerCase().includes(wanted) && found.push([text, key, g()]);
    const values = (own) => VALUES.filter((v) => v.own === own).forEach((v) => add(v.name, "value" + v.id, () => homeOf(v.id)));
    values(true);
    GROUPS.slice(1).forEach((g) => add(g.name, "box" + g.id, () => g.parent));
    values(false);
    SMALL.forEach((g) => add(`${g.name} gate of ${nameOf(g.out)}`, "gate" + g.id, () => g.group));
  }
  $("found").replaceChildren(...found.map(([words, key, g]) => el("li", {}, el("button", { onclick: () => reach(g, key) }, words))));
  $("none").textContent = wanted && !found.length ? "Nothing has that in its name." : "";
}
const homeOf = (v) => LEVELS.findIndex((level) => level.items.some((item) => item.kind === "value" && item.id === v));
function reach(g, key) {
  $("search").close();
  around(g).forEach((each) => open.add(each));
  rebuild(steps[at].time);
  const item = placed.items.find((i) => i.kind + i.id === key);
  if (!item) return;
  zoom = Math.max(zoom, 0.85);
  panX = item.x - room()[0] / zoom / 2;
  panY = item.y - room()[1] / zoom / 2;
  place();
  shapes.get(item.key).focus({ preventScroll: true });
}
