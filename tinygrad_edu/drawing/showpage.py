"""The page of a demonstration: one graph a column, and a player. Builds on nothing.

`page(topic, svg, columns)` · `digest(text)` · `embedded(page, height, title)`, an iframe
that holds a page and works without a kernel.
"""

import base64
import hashlib
import html
import json
from collections.abc import Sequence
from typing import Any

__all__ = ["digest", "embedded", "page"]

POLICY = "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; base-uri 'none'"
STYLE = """
:root{color-scheme:light dark;--ink:#0f172a;--paper:#fff;--pale:#526077;--wire:#475569;--gate:#eef2f9;--line:#cbd5e1;
--value:#006b4f;--grad:#b3261e;--now:#ffe08a;--focus:#1d4ed8}
@media(prefers-color-scheme:dark){:root{--ink:#e6ebf4;--paper:#10151f;--pale:#a3b0c5;--wire:#8c9bb4;--gate:#243049;
--line:#35415a;--value:#4fd1a5;--grad:#ff8a80;--now:#6b5310;--focus:#8ab4ff}}
body{margin:0;padding:1rem;font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.15rem;margin:0 0 .6rem}h2{font-size:1.05rem;margin:0 0 .3rem}h2::first-letter{text-transform:uppercase}
nav{display:flex;gap:.4rem;align-items:center;margin-bottom:.8rem;flex-wrap:wrap}
nav input{flex:1;min-width:8rem;accent-color:var(--focus)}
button{font:inherit;color:inherit;background:none;border:1px solid var(--line);border-radius:6px;padding:.25rem .7rem;
min-height:2rem;cursor:pointer}button:hover{background:var(--gate)}
:focus-visible{outline:3px solid var(--focus);outline-offset:1px}
main{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(22rem,100%),1fr))}
section{border:1px solid var(--line);border-radius:8px;padding:.7rem;min-width:0}
.graph svg{max-width:100%;height:auto;display:block;margin:auto}
.graph text{font:13px system-ui,sans-serif;text-anchor:middle;fill:var(--value);font-variant-numeric:tabular-nums}
.graph .g{fill:var(--grad)}.graph .i{fill:var(--ink)}.graph .n{fill:var(--ink);font-weight:700}
.graph .s{font-size:11px;fill:var(--pale)}.graph path{fill:none;stroke:var(--wire)}.graph line{stroke:var(--wire)}
.graph .gate rect{fill:var(--gate);stroke:var(--wire)}.graph .lit line{stroke:var(--grad);stroke-width:3}
.graph .lit rect{fill:var(--now);stroke-width:2.6}
.say{min-height:3em;margin:.4rem 0;font-weight:600}.wrong{color:var(--grad)}
.cost,.below{color:var(--pale);margin:.2rem 0}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td{padding:0 .8rem 0 0}
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
    box.querySelectorAll("g.node").forEach((node, at) => {
      node.classList.toggle("lit", frame.lit.includes(at));
      const below = node.querySelector(".g");
      if (below) below.textContent = frame.below[at] || "";
    });
    box.querySelector(".say").textContent = done ? show.verdict : (at + 1) + ". " + frame.say;
    box.querySelector(".say").classList.toggle("wrong", done && show.verdict.includes("wrong"));
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


def digest(text: str) -> str:
    """The hash by which a page's policy allows its own script or style."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def page(topic: str, svg: str, columns: Sequence[dict[str, Any]]) -> str:
    """One HTML file without any request; what a user named goes in as data, never as markup."""
    sections = "".join(
        f"<section><h2>{html.escape(column['title'])}</h2><div class=graph>{svg}</div>"
        f"<p class=below>Below the wires: {html.escape(column['below'])}.</p>"
        "<p class=say aria-live=polite></p><p class=cost></p>"
        "<details><summary>The numbers as a table</summary><table><tbody></tbody></table></details>"
        f"<noscript><ol>{''.join('<li>' + html.escape(frame['say']) for frame in column['frames'])}</ol>"
        f"<p>{html.escape(column['verdict'])}</p></noscript></section>"
        for column in columns
    )
    data = json.dumps(list(columns), ensure_ascii=False).replace("<", "\\u003c")
    policy = POLICY.format(style=digest(STYLE), script=digest(SCRIPT))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(topic)}</title>'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{STYLE}</style></head><body><h1>{html.escape(topic.capitalize())}</h1>"
        "<nav aria-label=Player><button id=back>Back</button><button id=play>Play</button>"
        "<button id=next>Next</button><input type=range min=0 value=0 aria-label=Step></nav>"
        f'<main>{sections}</main><script type="application/json" id="data">{data}</script>'
        f"<script>{SCRIPT}</script></body></html>"
    )


def embedded(page: str, height: int, title: str) -> str:
    """A page inside a notebook's output, cut off from the notebook's own; it may be saved and printed."""
    return (
        f'<iframe srcdoc="{html.escape(page)}" title="{html.escape(title)}" '
        'sandbox="allow-scripts allow-downloads allow-modals" '
        f'style="width:100%;height:{height}px;border:0"></iframe>'
    )
