"""A formula's syntax tree written as text, LaTeX or MathML; every name is escaped. Builds on `text`.

`Text` · `Latex` · `MathML`, each with `written(tree)`; `latex_text` · `latex_symbol`.
"""

import ast
import html
import re
from typing import Any

from .text import number, plain

__all__ = ["Latex", "MathML", "Text", "Writer", "called", "latex_symbol", "latex_text"]

ADD, OVER, MUL, POW, ATOM = 1, 2, 3, 4, 5  # how tightly a part holds together; a/b in a line is looser than a·b
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
}  # fmt: skip
_NAMED = {letter: f"\\{word}" for word, letter in _GREEK.items()}
_STANDARD = frozenset({"sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "ln", "max", "min", "arcsin",
                       "arccos", "arctan", "det"})  # fmt: skip
_LATEX_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "`": r"\textasciigrave{}", "-": "{-}",
}  # fmt: skip


_SIGNS = {
    "∠": r"\angle", "∗": r"\ast", "Λ": r"\Lambda", "⊥": r"\perp", "∛": r"\sqrt[3]{\ }", "⌊": r"\lfloor",
    "⌋": r"\rfloor", "▣": r"\boxdot", "▦": r"\boxplus", "↦": r"\mapsto", "↻": r"\circlearrowright", "ᴴ": r"^{H}",
    "ʷ": r"^{w}", "⁺": r"^{+}", "ₚ": r"_{p}", "∇": r"\nabla", "⊙": r"\odot", "\u0304": r"\bar{\ }",
}  # fmt: skip
"""What gates have in their symbols and sentences, in amssymb's commands."""
_LATEX_ESCAPES |= {
    **{c: rf"\textsuperscript{{{n}}}" for c, n in zip("⁻⁰¹²³⁴⁵⁶⁷⁸⁹ᵀ", "-0123456789T", strict=True)},
    **{c: rf"\textsubscript{{{n}}}" for c, n in zip("₀₁₂₃₄₅₆₇₈₉ₙᵢ", "0123456789ni", strict=True)},
    **{c: rf"\textsuperscript{{{n}}}" for c, n in zip("ˣʸⁱ²³", "xyi23", strict=True)},
    **{c: rf"\ensuremath{{{command}}}" for c, command in _NAMED.items()},
    **{c: rf"\ensuremath{{{command}}}" for c, command in _SIGNS.items()},
    "−": r"\ensuremath{-}",
    "·": r"\ensuremath{\cdot}",
    "×": r"\ensuremath{\times}",
    "÷": r"\ensuremath{\div}",
    "∞": r"\ensuremath{\infty}",
    "∂": r"\ensuremath{\partial}",
    "√": r"\ensuremath{\surd}",
    "…": r"\ldots{}",
    "Σ": r"\ensuremath{\Sigma}",
    "Π": r"\ensuremath{\Pi}",
    "≥": r"\ensuremath{\ge}",
    "≤": r"\ensuremath{\le}",
    "⊗": r"\ensuremath{\otimes}",
    "‖": r"\ensuremath{\Vert}",
    "→": r"\ensuremath{\to}",
    "ˣ": r"\textsuperscript{x}",
}


def latex_text(text: str) -> str:
    """Text for LaTeX in which nothing is a command."""
    return "".join(_LATEX_ESCAPES.get(c, c) for c in text)


def called(node: ast.Call) -> str:
    """The name of the function that is called."""
    return node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)


_OPERATIONS: dict[type, str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.MatMult: "@",
}
_COMPARISONS: dict[type, str] = {ast.Gt: ">", ast.GtE: "≥", ast.Lt: "<", ast.LtE: "≤", ast.Eq: "=", ast.NotEq: "≠"}
_LATEX_SIGNS = {"*": r"\cdot", "@": "", "⊗": r"\otimes", "≥": r"\ge", "≤": r"\le", "≠": r"\ne"}


class Writer:
    """Walks a formula; what differs between notations is overridden. `part` gives the text and how tight it is."""

    def __init__(self, precision: int) -> None:
        self.precision = precision

    def written(self, node: ast.expr) -> str:
        return self.part(node)[0]

    def part(self, node: ast.expr) -> tuple[str, int]:
        match node:
            case ast.Constant(value=value):
                return self.constant(value)
            case ast.Name(id=name):
                return self.name(name), ATOM
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return self.minus(self.inside(inner, OVER)), ADD
            case ast.BinOp(left=left, op=op, right=right):
                return self.operation(_OPERATIONS[type(op)], left, right)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self.comparison(self.inside(left, ADD), _COMPARISONS[type(op)], self.inside(right, ADD)), 0
            case ast.Call():
                return self.function(called(node), node.args)
        raise ValueError(f"no notation for {ast.dump(node)[:80]}")

    def inside(self, node: ast.expr, level: int) -> str:
        """A part in parentheses if it is looser than what is around it."""
        text, tight = self.part(node)
        return text if tight >= level else self.parenthesised(text)

    def constant(self, value: Any) -> tuple[str, int]:
        text = str(value).replace("-", "−") if isinstance(value, int | str) else number(value, self.precision)
        return self.digits(text), ADD if text.startswith("−") else ATOM if "·" not in text else MUL

    def operation(self, op: str, left: ast.expr, right: ast.expr) -> tuple[str, int]:
        if op == "+" and isinstance(right, ast.UnaryOp):  # a number below 0
            return self.joined(self.inside(left, ADD), op, self.parenthesised(self.written(right))), ADD
        if op in "+-":
            return self.joined(self.inside(left, ADD), op, self.inside(right, ADD if op == "+" else OVER)), ADD
        if op == "/":
            return self.fraction(left, right)
        if op == "**":
            return self.power(self.inside(left, ATOM), right), POW
        return self.joined(self.inside(left, MUL), op, self.inside(right, MUL if op == "*" else POW)), MUL

    def function(self, name: str, arguments: list[ast.expr]) -> tuple[str, int]:
        if name == "sqrt":
            return self.root(arguments[0]), ATOM
        if name == "abs":
            return self.absolute(self.written(arguments[0])), ATOM
        if name in ("T", "mT"):
            return self.transposed(self.inside(arguments[0], ATOM)), POW
        if name == "exp":
            return self.power(self.name("e"), arguments[0]), POW
        if name == "outer":
            return self.joined(self.inside(arguments[0], POW), "⊗", self.inside(arguments[1], POW)), MUL
        if name == "indicator":
            return self.indicator(self.written(arguments[0])), ATOM
        if name == "partial":
            return self.partial(*map(self.written, arguments)), ATOM
        return self.applied(name, [self.written(x) for x in arguments]), ATOM

    def minus(self, text: str) -> str:
        return f"−{text}"

    def parenthesised(self, text: str) -> str:
        return f"({text})"

    def digits(self, text: str) -> str:
        return text

    def name(self, name: str) -> str:
        return plain(name)

    def joined(self, left: str, op: str, right: str) -> str:
        raise NotImplementedError

    def comparison(self, left: str, sign: str, right: str) -> str:
        return f"{left} {sign} {right}"

    def fraction(self, left: ast.expr, right: ast.expr) -> tuple[str, int]:
        raise NotImplementedError

    def power(self, base: str, exponent: ast.expr) -> str:
        raise NotImplementedError

    def root(self, inner: ast.expr) -> str:
        raise NotImplementedError

    def absolute(self, text: str) -> str:
        return f"|{text}|"

    def transposed(self, text: str) -> str:
        return f"{text}ᵀ"

    def indicator(self, text: str) -> str:
        return f"1[{text}]"

    def partial(self, above: str, below: str) -> str:
        return f"∂{above}/∂{below}"

    def applied(self, name: str, arguments: list[str]) -> str:
        return f"{name}({', '.join(arguments)})"


class Text(Writer):
    """A formula on one line of Unicode."""

    def joined(self, left: str, op: str, right: str) -> str:
        return f"{left}·{right}" if op == "*" else f"{left} {op.replace('-', '−')} {right}"

    def fraction(self, left: ast.expr, right: ast.expr) -> tuple[str, int]:
        return f"{self.inside(left, MUL)} / {self.inside(right, POW)}", OVER

    def power(self, base: str, exponent: ast.expr) -> str:
        text, tight = self.part(exponent)
        if re.fullmatch(r"[-−]?\d+", text):
            return base + text.replace("−", "-").translate(_SUPERSCRIPT)
        return f"{base}^{text if tight == ATOM else f'({text})'}"

    def root(self, inner: ast.expr) -> str:
        return f"√{self.inside(inner, ATOM)}"


class Latex(Writer):
    """A formula in LaTeX's mathematics mode."""

    def joined(self, left: str, op: str, right: str) -> str:
        sign = _LATEX_SIGNS.get(op, op)
        return f"{left} {sign} {right}" if sign else f"{left} {right}"

    def minus(self, text: str) -> str:
        return f"-{text}"

    def parenthesised(self, text: str) -> str:
        return rf"\left({text}\right)"

    def digits(self, text: str) -> str:
        mantissa, dot, power = text.replace("−", "-").replace("∞", r"\infty").partition("·10")
        exponent = power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
        return f"{mantissa} \\cdot 10^{{{exponent}}}" if dot else mantissa if mantissa != "nan" else r"\mathrm{nan}"

    def name(self, name: str) -> str:
        return latex_symbol(name)

    def comparison(self, left: str, sign: str, right: str) -> str:
        return f"{left} {_LATEX_SIGNS.get(sign, sign)} {right}"

    def fraction(self, left: ast.expr, right: ast.expr) -> tuple[str, int]:
        return rf"\frac{{{self.written(left)}}}{{{self.written(right)}}}", POW

    def power(self, base: str, exponent: ast.expr) -> str:
        return f"{base}^{{{self.written(exponent)}}}"

    def root(self, inner: ast.expr) -> str:
        return rf"\sqrt{{{self.written(inner)}}}"

    def absolute(self, text: str) -> str:
        return rf"\left|{text}\right|"

    def transposed(self, text: str) -> str:
        return rf"{text}^{{\top}}"

    def indicator(self, text: str) -> str:
        return rf"\mathbf{{1}}\left[{text}\right]"

    def partial(self, above: str, below: str) -> str:
        return rf"\frac{{\partial {above}}}{{\partial {below}}}"

    def applied(self, name: str, arguments: list[str]) -> str:
        word = rf"\{name}" if name in _STANDARD else _NAMED.get(name) or rf"\operatorname{{{latex_text(name)}}}"
        return rf"{word}\left({', '.join(arguments)}\right)"


def _split(name: str) -> tuple[str, str]:
    """A name of a letter (or a Greek letter's name) and an index: w0, w_in, theta_1; others have no index."""
    found = re.fullmatch(rf"([A-Za-z]|{'|'.join(_GREEK)}|[α-ω])_?(\d+|(?<=_)[A-Za-z0-9]+)", name)
    base, index = found.groups() if found else (name, "")
    return _GREEK.get(base, base), index


def latex_symbol(name: str) -> str:
    """A name as LaTeX: w0 as w_{0}, theta as \\theta, words upright, everything escaped."""
    base, index = _split(plain(name))
    letter = _NAMED.get(base) or (base if re.fullmatch("[A-Za-z]", base) else rf"\text{{{latex_text(base)}}}")
    return f"{letter}_{{{index}}}" if index else letter


class MathML(Writer):
    """A formula as presentation MathML, which browsers draw and screen readers read."""

    def joined(self, left: str, op: str, right: str) -> str:
        sign = {"*": "·", "-": "−", "@": ""}.get(op, op)
        return f"<mrow>{left}{f'<mo>{sign}</mo>' if sign else ''}{right}</mrow>"

    def minus(self, text: str) -> str:
        return f"<mrow><mo>−</mo>{text}</mrow>"

    def parenthesised(self, text: str) -> str:
        return f"<mrow><mo>(</mo>{text}<mo>)</mo></mrow>"

    def digits(self, text: str) -> str:
        return f"<mn>{text}</mn>"

    def name(self, name: str) -> str:
        base, index = _split(plain(name))
        letter = f"<mi>{html.escape(base)}</mi>"
        return (
            f"<msub>{letter}<{(kind := 'mn' if index.isdigit() else 'mi')}>{index}</{kind}></msub>" if index else letter
        )

    def comparison(self, left: str, sign: str, right: str) -> str:
        return f"<mrow>{left}<mo>{html.escape(sign)}</mo>{right}</mrow>"

    def fraction(self, left: ast.expr, right: ast.expr) -> tuple[str, int]:
        return f"<mfrac>{self.written(left)}{self.written(right)}</mfrac>", POW

    def power(self, base: str, exponent: ast.expr) -> str:
        return f"<msup>{base}{self.written(exponent)}</msup>"

    def root(self, inner: ast.expr) -> str:
        return f"<msqrt>{self.written(inner)}</msqrt>"

    def absolute(self, text: str) -> str:
        return f"<mrow><mo>|</mo>{text}<mo>|</mo></mrow>"

    def transposed(self, text: str) -> str:
        return f"<msup>{text}<mi>T</mi></msup>"

    def indicator(self, text: str) -> str:
        return f"<mrow><mn>1</mn><mo>[</mo>{text}<mo>]</mo></mrow>"

    def partial(self, above: str, below: str) -> str:
        return f"<mfrac><mrow><mo>∂</mo>{above}</mrow><mrow><mo>∂</mo>{below}</mrow></mfrac>"

    def applied(self, name: str, arguments: list[str]) -> str:
        inside = "<mo>,</mo>".join(arguments)
        return f"<mrow><mi>{html.escape(name)}</mi><mo>(</mo>{inside}<mo>)</mo></mrow>"
