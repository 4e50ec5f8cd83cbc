// Exercises: some numbers are asked for. Until one is found it shows as a question mark wherever it stands.
const quiz = {
  open: (D.quiz || []).map(([kind, v, element, answer, tensor], id) => ({ id, kind, v, element, answer, tensor, tries: 0 })),
  hides: (x) => quiz.open.some((q) => q.tensor == null && q.answer === x),
  place: (kind, v) => quiz.open.filter((q) => q.kind === kind && q.v === v).map((q) => ` ${q.id + 1}`).join(),
  hidesTensor: (t) => quiz.open.some((q) => q.tensor === t),
};
const question = (q) => `${q.id + 1}. ${q.kind} of ${VALUES[q.v].name}${q.element ? ` at ${q.element}` : ""}`;

function ask() {
  for (const q of quiz.open) around(homeOf(q.v)).forEach((g) => open.add(g));
  $("extra").replaceChildren(
    el("h2", {}, "Find the missing numbers"), el("small", {}, "A ? without a number is the same as one that has it."),
    ...quiz.open.map((q) => el("form", { class: "player", "data-question": q.id, onsubmit: (event) => (event.preventDefault(), check(q)) },
      el("label", { for: "q" + q.id }, question(q)), el("input", { id: "q" + q.id, autocomplete: "off", inputmode: "decimal", size: 8 }),
      el("button", {}, "Check"), el("button", { type: "button", onclick: () => help(q) }, "Hint"))),
    el("p", { id: "verdict", role: "status" }));
}
const close = (x, answer) => Math.abs(x - answer) <= Math.max(1.01 * 10 ** -D.precision, 1e-9) * (Math.abs(answer) >= 1e4 ? Math.abs(answer) : 1) && (Math.abs(answer) >= 10 ** -D.precision || Math.abs(x - answer) <= 0.02 * Math.abs(answer));
function check(q) {
  const x = Number($("q" + q.id).value.trim().replace("−", "-").replace(",", ".") || NaN);
  q.tries += 1;
  if (Number.isNaN(x)) return tell("Type a number, such as −0.39.");
  if (!close(x, q.answer)) return tell(mistake(q, x));
  quiz.open = quiz.open.filter((other) => other !== q);
  const done = document.querySelector(`[data-question="${q.id}"]`);
  done.replaceChildren(el("p", {}, `✓ ${question(q)} = ${decimal(q.answer)}`));
  tell(quiz.open.length ? `Right. ${quiz.open.length} to go.` : "Right, and that was the last one.");
  refresh();
}
const tell = (message) => ($("verdict").textContent = message);
function mistake(q, x) {
  if (close(-x, q.answer)) return "The size is right; look at the sign.";
  if (q.kind === "gradient" && q.tensor == null) {
    const came = arrivals[q.v], downs = came.map(({ gate, k }) => real(live.down[gate.id][k]));
    if (came.length > 1 && downs.some((d) => close(x, d))) return "That is what comes along one path; the paths add.";
    if (came.some(({ gate }) => close(x, real(live.grads[gate.out])))) return "That is the upstream gradient; multiply it by the local one.";
    if (came.some(({ gate, k }) => isNumber(live.local[gate.id][k] ?? {}) && close(x, real(live.local[gate.id][k])))) return "That is the local gradient; multiply it by the upstream one.";
  }
  return q.tries > 1 ? `Not yet. ${hintFor(q)}` : "Not yet. Try again, or take a hint.";
}
function hintFor(q) {
  if (q.kind === "value") return `${VALUES[q.v].name} is computed by the gate ${VALUES[q.v].maker.name}: work it out from its inputs.`;
  const through = [...new Set(arrivals[q.v].map(({ gate }) => gate.name))].join(" and ");
  return arrivals[q.v].length > 1 ? `Gradients come back along ${arrivals[q.v].length} paths, through ${through}; each is local × upstream, and they add.`
    : `The gradient comes back through ${through}: local × upstream.`;
}
function help(q) {
  const unit = units.find((u) => (q.kind === "value" ? u.outs.includes(q.v) : u.ins.includes(q.v) && u.back));
  if (unit) go(timeStep(q.kind === "value" ? unit.fwd : unit.back), false);
  tell(hintFor(q));
}
