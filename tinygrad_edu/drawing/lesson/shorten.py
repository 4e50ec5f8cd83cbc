"""The page's script and style without what only their readers need: comments, spaces, its own long names.

`script(text)` · `style(text)`. Builds on nothing.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import count

__all__ = ["script", "style"]

SKIPPED = re.compile(r"//[^\n]*|/\*.*?\*/|\s+", re.DOTALL)
STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'')
PATTERN = re.compile(r"/(?![*/])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/\w*")
WORD = re.compile(r"[\w$\u0080-\uffff]+")
BEFORE_PATTERN = frozenset("(,=:[!&|?{};+-*%<>~^") | {"return", "typeof", "case"}
AS_GOOD = {"const": "let", "true": "!0", "false": "!1", "undefined": "void 0"}
LOCAL = frozenset({"const", "let"})
DECLARED = LOCAL | {"function"}


def script(text: str) -> str:
    """JavaScript in which every statement ends in a semicolon and no loop is empty, shortened; so are its own names.

    >>> script("const a = 1; // one\\nconst double = (x) => x + +a; double(`${double(2)} {}`);")
    'let a=1,_a=x=>x+ +a;_a(`${_a(2)} {}`);'
    """
    tokens = [*_tokens(text)]
    return _joined(tokens, _short_names(tokens))


def _tokens(text: str) -> Iterator[str]:
    """Words, strings, patterns, templates and signs; a space where there was one."""
    at, last = 0, ""
    while at < len(text):
        if (skipped := SKIPPED.match(text, at)) is not None:
            at = skipped.end()
            yield " "
            continue
        last = _token(text, at, last)
        at += len(last)
        yield last


def _token(text: str, at: int, last: str) -> str:
    if text[at] == "`":
        return text[at : _template_end(text, at)]
    if text.startswith("...", at):
        return "..."
    found = STRING.match(text, at)
    if found is None and (not last or last in BEFORE_PATTERN):
        found = PATTERN.match(text, at)
    found = found or WORD.match(text, at)
    return found[0] if found else text[at]


def _joined(tokens: list[str], names: Mapping[str, str]) -> str:
    made: list[str] = []
    for token, gap in _needed([*_apart(tokens)]):
        short = _template(token, names) if token[0] == "`" else _word(token, names, made[-1] if made else "")
        if gap and made and _stick(made[-1], short):
            made.append(" ")
        made.append(short)
    return "".join(made)


Spaced = tuple[str, bool]
"""A token, and whether a space stood before it."""


def _apart(tokens: list[str]) -> Iterator[Spaced]:
    gap = False
    for token in tokens:
        if not token.isspace():
            yield token, gap
        gap = token.isspace()


def _needed(spaced: list[Spaced]) -> Iterator[Spaced]:
    """What must stay: `(x) =>` is `x =>`, a semicolon goes before a brace, a declaration joins the one before it."""
    tokens = [token for token, _ in spaced]
    joined = _joined_declarations(tokens)
    at = 0
    while at < len(spaced):
        if tokens[at] == "(" and tokens[at + 2 : at + 5] == [")", "=", ">"] and WORD.fullmatch(tokens[at + 1]):
            yield tokens[at + 1], True
            at += 3
        elif at in joined:
            yield ",", False
            at += 2
        else:
            if tokens[at : at + 2] != [";", "}"]:
                yield spaced[at]
            at += 1


def _joined_declarations(tokens: list[str]) -> set[int]:
    """Where a semicolon stands between two declarations that can be one."""
    found: set[int] = set()
    around: list[tuple[str, str]] = []  # the bracket, and how the statement around it begins
    begins = ""
    for k, (sign, after) in enumerate(zip(tokens, [*tokens[1:], ""], strict=True)):
        if sign in ("(", "[", "{"):
            around.append((sign, begins))
            begins = ""
        elif sign in (")", "]", "}"):
            begins = around.pop()[1]
        elif sign == ";":
            in_loop = bool(around) and around[-1][0] == "("
            if begins in LOCAL and after in LOCAL and not in_loop:
                found.add(k)
            begins = ""
        elif not begins or (sign in LOCAL and tokens[k - 1] == "}"):
            begins = sign
    return found


def _word(token: str, names: Mapping[str, str], last: str) -> str:
    """A short name, but for properties; and what serves as well where nobody edits any more."""
    return token if last == "." else names.get(token, AS_GOOD.get(token, token))


def _stick(left: str, right: str) -> bool:
    """Whether two tokens would be read as one, or as another, without a space between."""
    a, b = left[-1], right[0]
    return bool((WORD.match(a) and WORD.match(b)) or (a in "+-" and a == b) or (a == "/" and b in "/*"))


def _template_end(text: str, start: int) -> int:
    """The end of a template literal, with what is nested in its ${…}."""
    at, depth = start + 1, 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif not depth and text[at] == "`":
            return at + 1
        elif not depth and text.startswith("${", at):
            depth, at = 1, at + 1
        elif depth and text[at] == "`":
            at = _template_end(text, at) - 1
        elif depth and text[at] in "{}":
            depth += 1 if text[at] == "{" else -1
        at += 1
    raise ValueError("a template literal has no end")


def _template(token: str, names: Mapping[str, str]) -> str:
    """A template literal: its text as it stands, its ${…} shortened."""
    made: list[str] = []
    start = 0
    while (at := token.find("${", start)) >= 0:
        end = _closing(token, at + 2)
        made += [token[start : at + 2], _joined([*_tokens(token[at + 2 : end])], names)]
        start = end
    return "".join([*made, token[start:]])


def _closing(text: str, at: int) -> int:
    """Where the brace closes that was opened just before."""
    depth = 1
    while True:
        if text[at] == "`":
            at = _template_end(text, at) - 1
        elif string := STRING.match(text, at):
            at = string.end() - 1
        elif text[at] in "{}":
            depth += 1 if text[at] == "{" else -1
            if not depth:
                return at
        at += 1


def _short_names(tokens: list[str]) -> dict[str, str]:
    """A short name for each one that is declared, unless it is also a property somewhere: one name has one meaning."""
    bare = [token for token in tokens if not token.isspace()]
    declared: list[str] = []
    properties: set[str] = set()
    brackets: list[str] = []
    for k, (before, token, after) in enumerate(zip(["", *bare], bare, [*bare[1:], ""], strict=False)):
        if token in ("(", "[", "{"):
            brackets.append(token)
        elif token in (")", "]", "}"):
            brackets.pop()
        elif len(token) > 2 and (
            before in DECLARED
            or (not brackets and before == "," and after == "=")
            or (before == "(" and bare[k + 1 : k + 4] == [")", "=", ">"])
        ):
            declared.append(token)
        elif before == "." or (
            before in ("{", ",") and (after == ":" or (_in_braces(brackets) and after in (",", "}")))
        ):
            properties.add(token)
    words = {word for token in bare if token[0] not in "\"'" for word in WORD.findall(token)}
    fresh = (name for k in count() if (name := f"_{_letters(k)}") not in words)
    uses = Counter(bare)
    return {name: next(fresh) for name in sorted({*declared} - properties, key=lambda name: (-uses[name], name))}


def _in_braces(brackets: list[str]) -> bool:
    return bool(brackets) and brackets[-1] == "{"


def _letters(k: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return letters[k] if k < len(letters) else letters[k // len(letters) - 1] + letters[k % len(letters)]


def style(text: str) -> str:
    """CSS, shortened.

    >>> style("a > b { color: red; /* why */ }\\nc:not(.d) { margin: 0 1px; }")
    'a>b{color:red}c:not(.d){margin:0 1px}'
    """
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" ?([{};,>]) ?", r"\1", text)
    return re.sub(r": ", ":", text).replace(";}", "}").strip()
