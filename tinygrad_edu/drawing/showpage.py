"""The page of a demonstration: one graph a column, and a player. Builds on nothing.

`page(topic, svg, columns)` · `embedded(page, height)`, an iframe that holds a page and works without a kernel.
"""

import html
import json
from collections.abc import Sequence
from typing import Any

__all__ = ["embedded", "page"]

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
STYLE = """
:root{color-scheme:light dark;--ink:#0f172a;--paper:#fff;--pale:#64748b;--lit:#b3261e;--line:#cbd5e1}
@media(prefers-color-scheme:dark){:root{--ink:#e2e8f0;--paper:#0f172a;--pale:#94a3b8;--lit:#ff8a80;--line:#334155}}
body{margin:0;padding:1rem;font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.2rem;margin:0 0 .6rem}h2{font-size:1rem;margin:0 0 .3rem}
nav{display:flex;gap:.5rem;align-items:center;margin-bottom:.8rem;flex-wrap:wrap}nav input{flex:1;min-width:8rem}
button{font:inherit;padding:.25rem .7rem;min-height:2rem}
main{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(17rem,1fr))}
section{border:1px solid var(--line);border-radius:8px;padding:.7rem}
.graph{background:#fff;color:#0f172a;border-radius:6px;overflow-x:auto;padding:0 .5rem}
.graph svg{width:100%;height:auto;display:block}
.graph .lit :is(ellipse,polyline){stroke:#b3261e;stroke-width:3}.graph .lit ellipse{fill:#fde7e4}
.say{min-height:3em;margin:.4rem 0;font-weight:600}.done{color:var(--lit)}
.cost{color:var(--pale);margin:.2rem 0}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td{padding:0 .8rem 0 0}ol{margin:.4rem 0;padding-left:1.4rem;color:var(--pale)}ol b{color:var(--ink)}
"""
SCRIPT = """
const shows = JSON.parse(document.getElementById("data").textContent);
const sections = [...document.querySelectorAll("section")], slider = document.querySelector("input");
const last = Math.max(...shows.map(show => show.frames.length));
let timer = 0;
slider.max = last;
function draw() {
  const step = Number(slider.value);
  shows.forEach((show, k) => {
    const at = Math.min(step, show.frames.length - 1), frame = show.frames[at], box = sections[k];
    const done = step >= show.frames.length;
    box.querySelectorAll("g.node").forEach(node => {
      node.classList.toggle("lit", frame.lit.includes(node.querySelector("title").textContent));
    });
    box.querySelector(".say").textContent = done ? show.verdict : (at + 1) + ". " + frame.say;
    box.querySelector(".say").classList.toggle("done", done && show.verdict.includes("wrong"));
    box.querySelector(".cost").textContent = frame.cost;
    const body = box.querySelector("tbody");
    body.replaceChildren(...frame.numbers.map(row => {
      const line = document.createElement("tr");
      row.forEach(cell => { line.append(document.createElement("td")); line.lastChild.textContent = cell; });
      return line;
    }));
  });
}
function stop() { clearInterval(timer); timer = 0; document.getElementById("play").textContent = "Play"; }
function go(by) { slider.value = Number(slider.value) + by; draw(); }
function play() {
  if (timer) return stop();
  if (Number(slider.value) === last) slider.value = 0;
  document.getElementById("play").textContent = "Pause";
  timer = setInterval(() => { go(1); if (Number(slider.value) === last) stop(); }, 1100);
  draw();
}
document.getElementById("back").onclick = () => { stop(); go(-1); };
document.getElementById("next").onclick = () => { stop(); go(1); };
document.getElementById("play").onclick = play;
slider.oninput = () => { stop(); draw(); };
document.onkeydown = event => {
  if (event.target === slider || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "ArrowRight") { stop(); go(1); }
  if (event.key === "ArrowLeft") { stop(); go(-1); }
};
draw();
document.documentElement.dataset.ready = "";
"""


def page(topic: str, svg: str, columns: Sequence[dict[str, Any]]) -> str:
    """One HTML file without any request; what a user named goes in as data, never as markup."""
    sections = "".join(
        f"<section><h2>{html.escape(column['title'])}</h2><div class=graph>{svg}</div>"
        "<p class=say aria-live=polite></p><p class=cost></p><table><tbody></tbody></table>"
        f"<noscript><ol>{''.join('<li>' + html.escape(frame['say']) for frame in column['frames'])}</ol>"
        f"<p>{html.escape(column['verdict'])}</p></noscript></section>"
        for column in columns
    )
    data = json.dumps(list(columns), ensure_ascii=False).replace("<", "\\u003c")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(topic)}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{STYLE}</style></head><body><h1>{html.escape(topic.capitalize())}</h1>"
        "<nav aria-label=Player><button id=back>Back</button><button id=play>Play</button>"
        "<button id=next>Next</button><input type=range min=0 value=0 aria-label=Step></nav>"
        f'<main>{sections}</main><script type="application/json" id="data">{data}</script>'
        f"<script>{SCRIPT}</script></body></html>"
    )


def embedded(page: str, height: int) -> str:
    """A page inside a notebook's output, cut off from the notebook's own."""
    source = html.escape(page, quote=True)
    return (
        f'<iframe srcdoc="{source}" sandbox="allow-scripts" title="tinygrad_edu" '
        f'style="width:100%;height:{height}px;border:0"></iframe>'
    )
