"""A lesson's data put into one HTML file that needs nothing else: no network, no library, no renderer.

`page(data, table)` → text. Script and style stand in the file and are allowed by their hashes alone.
Builds on `shorten` and `showpage`.
"""

import base64
import html
import json
import re
import zlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from ..showpage import digest
from . import shorten

__all__ = ["page"]

PACKED = 300_000
"""Characters of data beyond which they are packed; the page unpacks them with DecompressionStream."""

WHAT_IF = 250
"""Gates up to which the inputs of a scalar lesson can be changed in the page."""

ICONS = {
    "first": "M6 5h2v14H6zM20 5v14L9 12z",
    "back": "M18 5v14L7 12z",
    "play": "M7 4l13 8-13 8z",
    "next": "M6 5v14l11-7z",
    "last": "M16 5h2v14h-2zM4 5v14l11-7z",
    "find": "M15 15l5 5M17 10.5a6.5 6.5 0 1 1-13 0a6.5 6.5 0 0 1 13 0z",
    "groups": "M4 4h7v7H4zM13 13h7v7h-7zM13 7.5h7M16.5 4v7M4 16.5h7",
    "minus": "M5 12h14",
    "plus": "M5 12h14M12 5v14",
    "fit": "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
    "colours": "M12 3a9 9 0 1 0 0 18c2 0 2-3 .5-4s0-3 2-3H18c2 0 3-1 3-2.5C21 6.5 17 3 12 3z"
    "M7.5 11h.01M11 7.5h.01M15.5 8.5h.01",
    "theme": "M20 14A8.5 8.5 0 0 1 10 4a8.5 8.5 0 1 0 10 10z",
    "save": "M12 4v11M7 11l5 5 5-5M5 20h14",
    "print": "M7 8V3h10v5M7 17H4v-8h16v8h-3M7 14h10v7H7z",
}
POLICY = (
    "default-src 'none'; img-src data:; script-src 'sha256-{script}'; style-src 'sha256-{style}'; "
    "base-uri 'none'; form-action 'none'"
)


ABSENT = {
    "6-tensors.js": "const heatmap=()=>'',inspect=()=>{},inspectWire=()=>{},ruleShapes=()=>'';",
    "6-whatif.js": "const whatif={offered:false},adjust=()=>{},change=()=>{};",
    "7-quiz.js": "const quiz={hides:()=>false,hidesTensor:()=>false,place:()=>''},ask=()=>{};",
    "tensors.css": "",
}
"""What stands for a script or a style that a page has no use for."""


OF_TENSORS = ("6-tensors.js", "tensors.css")


@cache
def _parts(absent: frozenset[str]) -> tuple[str, str, str]:
    """The page, its style and its script, without the comments and indents that only their readers need."""
    folder = files(__package__) / "page"
    names = sorted(each.name for each in folder.iterdir())
    texts = {name: ABSENT[name] if name in absent else (folder / name).read_text("utf-8") for name in names}
    script = shorten.script("\n".join(text for name, text in texts.items() if name.endswith(".js")))
    style = shorten.style("\n".join(text for name, text in texts.items() if name.endswith(".css")))
    template = re.sub(r"\n+", "\n", texts["page.html"])
    return re.sub(r"\{i:(\w+)\}", lambda found: _icon(found[1]), template), style, script


def _icon(name: str) -> str:
    return f'<svg viewBox="0 0 24 24" aria-hidden="true"><path d="{ICONS[name]}"/></svg>'


def page(data: Mapping[str, Any], table: str = "", hidden: bool = False) -> str:
    """The whole file. `table` is HTML for who has no JavaScript; with `hidden` the data can't be read by eye."""
    scalar = not data["tensors"] and "quiz" not in data and len(data["gates"]) <= WHAT_IF
    needed = {"6-whatif.js": scalar, "7-quiz.js": "quiz" in data, **dict.fromkeys(OF_TENSORS, bool(data["tensors"]))}
    template, style, script = _parts(frozenset(name for name, holds in needed.items() if not holds))
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    packed = hidden or len(text) > PACKED
    if packed:
        text = json.dumps({"packed": base64.b64encode(zlib.compress(text.encode(errors="replace"), 9)).decode()})
    script = f'(async()=>{{"use strict";const D=await({UNPACK})();\n{script}\n}})();'
    filled = {
        "policy": POLICY.format(script=digest(script), style=digest(style)),
        "title": html.escape(str(data["title"]) or "Lesson"),
        "style": style,
        "table": table,
        "data": text.replace("<", "\\u003c"),
        "script": script,
    }
    return re.sub(r"\{(\w+)\}", lambda found: filled.get(found[1], found[0]), template)


UNPACK = (
    'async()=>{const d=JSON.parse(document.getElementById("lesson").textContent);if(!d.packed)return d;'
    "const b=Uint8Array.from(atob(d.packed),c=>c.charCodeAt(0));"
    'return new Response(new Blob([b]).stream().pipeThrough(new DecompressionStream("deflate"))).json()}'
)
