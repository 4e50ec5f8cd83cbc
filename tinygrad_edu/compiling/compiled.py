"""`compile`: a function traced once for each kind of input, and run as a program ever after.

`Compiled` · `compile`. Builds on `build`, `source` and `trace`.
"""

import html
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, update_wrapper
from operator import itemgetter
from pathlib import Path
from threading import RLock
from typing import Any

import numpy as np

from ..arrays import locked
from ..calculus.trees import leaves, mapped, rebuilt
from ..engine import Gate, Value, _node, constant
from ..errors import GraphError
from ..modes import current_mode, tracing
from ..random import generator
from .build import built, labels_of, valued
from .passes import optimised
from .profiling import Profile, profiled
from .program import Program
from .saving import saved
from .scalars import is_python, python_source
from .source import function_of, source_of, tell_line
from .trace import Trace, collector_resting
from .updates import Stretch

__all__ = ["Compiled", "compile"]

WIDEST = 400  # characters of a line that a notebook shows: constants may have many more
_array = np.ndarray
_PLAIN = frozenset({bool, int, float, str})
_ARRAYS = (Value, np.ndarray, np.generic)


def compile(function: Callable[..., Any], *, plan: bool = True, without: Iterable[str] = ()) -> "Compiled":
    """`function` as a program in plain NumPy that is traced once, simplified, and run at each later call.

    For functions of arrays and Values, in nested tuples, lists and dicts too: `compile(f)`, `compile(grad(f))`,
    `compile(model)`, or a whole training step that clears gradients, computes a loss, walks back and lets an optimiser
    step. Parameters, running statistics and optimisers are read and moved as the function does; dropout draws anew.
    One program is made for each structure, set of shapes and dtypes, and values of all other arguments.

    `plan=False` leaves the lines as they were recorded, `without` switches passes off by name (`passes.PASSES`).
    Raises GraphError where Python would look at a number while tracing, as `if` on a Value does.

    >>> import numpy as np
    >>> from tinygrad_edu import compile, grad
    >>> slope = compile(grad(lambda x: np.sum(np.exp(x) * x)))
    >>> slope(np.array([0.0, 1.0])).round(3).tolist()
    [1.0, 5.437]
    """
    return Compiled(function, plan, frozenset(without))


def _refused(*_: Any, **__: Any) -> Any:
    raise GraphError(
        "the result of a compiled function can't be differentiated: compile the derivative, compile(grad(f)) instead "
        "of grad(compile(f)), or the whole step with its backward()"
    )


def _compiled(*inputs: Any) -> Any:
    """A compiled function, whose inside the graph doesn't see."""
    raise NotImplementedError("this gate only marks where a program has run")


OPAQUE = Gate(_compiled, {"inputs": _refused}, symbol="compiled")


class Compiled:
    """A function that runs as a program. `source` is the program's text, `program` its instructions."""

    def __init__(self, function: Callable[..., Any], plan: bool, without: frozenset[str]) -> None:
        update_wrapper(self, function)
        self.function, self.plan, self.without = function, plan, without
        self._variants: dict[Any, list[Variant]] = {}
        self._lock = RLock()
        self._latest: Variant | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if current_mode().trace is not None:
            return self.function(*args, **kwargs)
        with self._lock:  # two threads would write to the same buffers
            variant: Variant | None = self._latest
            given: Sequence[Any] = args
            if variant is None or kwargs or not (variant.takes(args) and variant.fits()):
                variant, given = self._variant(args, kwargs)
            try:
                found = variant.run(*given, *variant.inputs())
            except Exception as error:
                if not variant.python:
                    tell_line(error, variant.program)
                raise
            out = variant.returned(found)
        return out if not variant.asked else variant.opaque(out, leaves((args, kwargs)))

    def trace(self, *args: Any, **kwargs: Any) -> "Compiled":
        """Make the program for such arguments without running it."""
        self._variant(args, kwargs)
        return self

    def _key(self, args: Any, kwargs: Any) -> tuple[Any, list[Any]]:
        """What of the arguments decides which program it is, and their leaves."""
        tree = (args, kwargs)
        given = leaves(tree)
        return (_structure(tree), tuple(map(_kind, given)), current_mode().ties), given

    def _variant(self, args: Any, kwargs: Any) -> tuple["Variant", Sequence[Any]]:
        key, given = self._key(args, kwargs)
        arrays = [x._data if isinstance(x, Value) else x for x in given if isinstance(x, _ARRAYS)]
        for variant in self._variants.get(key, ()):
            if variant.fits():
                self._latest = variant
                return variant, arrays
        graded = frozenset(leaf for v in self._variants.get(key, ()) for leaf, _ in v.guarded if leaf._grad is not None)
        with collector_resting():
            made = Variant(self, args, kwargs, graded)
        variants = self._variants.setdefault(key, [])
        variants.insert(0, made)
        del variants[8:]
        self._latest = made
        return made, arrays

    @property
    def program(self) -> Program:
        """The program of the latest call."""
        return self._made().program

    @property
    def source(self) -> str:
        """The source of the latest call's program: a module that needs nothing but NumPy."""
        return self._made().source

    @property
    def report(self) -> str:
        """What each pass has left of the program: its name and the number of lines after it."""
        return "\n".join(f"{name:24}{lines:6}" for name, lines in self.program.report)

    def save(self, path: str | Path, test_data: Sequence[Any] | None = None) -> Path:
        """Write the latest program to a file that runs with NumPy alone.

        With `test_data`, a tuple of arguments, the inputs and results of a run on them lie beside it in an .npz file,
        and the file run by itself compares. Nothing moves by this: the run is on copies.
        """
        if test_data is None:
            return saved(Path(path), self.source, self.program, None, None)
        with self._lock:
            variant, given = self._variant(tuple(test_data), {})
            return saved(Path(path), variant.source, variant.program, variant.run, [*given, *variant.inputs()])

    def profile(self, *args: Any, runs: int = 9) -> Profile:
        """What each line of the program for these arguments costs, the quickest of some runs; print it.

        Nothing moves by this: the runs are on copies.
        """
        with self._lock:
            variant, given = self._variant(args, {})
            return profiled(variant.source, variant.program, [*given, *variant.inputs()], runs)

    def _made(self) -> "Variant":
        if self._latest is None:
            raise GraphError(
                f"{self!r}: there is no program yet, since it depends on the shapes of the arguments: "
                "call it first, or trace(*args) to make the program without running it"
            )
        return self._latest

    def __repr__(self) -> str:
        programs = sum(map(len, self._variants.values()))
        return f"compile({getattr(self, '__name__', self.function)}, {programs} program{'s' * (programs != 1)})"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """What a notebook shows: the source of the latest program, once there is one."""
        if self._latest is None:
            return {"text/plain": repr(self)}
        text = "\n".join(line if len(line) <= WIDEST else f"{line[:WIDEST]} …" for line in self.source.splitlines())
        source = f"<details><summary>{html.escape(repr(self))}</summary><pre>{html.escape(text)}</pre></details>"
        return {"text/html": source, "text/plain": repr(self)}


def _structure(tree: Any) -> Any:
    if type(tree) is dict:
        return tuple((key, _structure(branch)) for key, branch in tree.items())
    if type(tree) in (list, tuple):
        return (type(tree), *map(_structure, tree))
    return None if tree is None else 0


def _kind(x: Any) -> Any:
    """What of an argument a program depends on."""
    if type(x) is np.ndarray:
        return x.shape, x.dtype
    if isinstance(x, _ARRAYS):
        return (True, x.shape, x.dtype) if isinstance(x, Value) else (x.shape, x.dtype)
    try:
        hash(x)
    except TypeError:
        raise GraphError(f"compile: an argument of type {type(x).__name__} is neither numbers nor hashable") from None
    return type(x), x


class Variant:
    """The program for one kind of input."""

    def __init__(self, owner: Compiled, args: Any, kwargs: Any, graded: frozenset[Value]) -> None:
        self.program = optimised(self._recorded(owner, args, kwargs, graded), owner.plan, owner.without)
        self.python = owner.plan and "python" not in owner.without and is_python(self.program)
        self.run = function_of(self.program, self.python)

    def _recorded(self, owner: Compiled, args: Any, kwargs: Any, graded: frozenset[Value]) -> Program:
        """What the function does, line by line; nothing holds the graph of the trace when this is done."""
        trace = Trace(graded)
        given = leaves((args, kwargs))
        labels = labels_of(owner.function, args, kwargs)
        values = [isinstance(x, Value) for x in given]
        stand_ins: list[Any] = []
        arguments = []
        for x, label in zip(given, labels, strict=True):
            if isinstance(x, _ARRAYS):
                x = trace.argument(x)
                arguments.append((label, x))
            stand_ins.append(x)
        try:
            with tracing(trace):
                out = owner.function(*(again := rebuilt((args, kwargs), stand_ins))[0], **again[1])
        finally:
            trace.restore()
        outs = leaves(out)
        self.out = mapped(lambda _: 0, out)
        self.single = len(outs) == 1 and outs[0] is out
        self.bare = not kwargs and all(type(x) is np.ndarray for x in args)
        self.forms = [(x.shape, x.dtype) for x in args] if self.bare else []
        self.ties = current_mode().ties
        self.asked = any(isinstance(x, Value) and x.requires_grad for x in given)
        group = owner.plan and "lanes" not in owner.without
        program, self.link = built(trace, _name(owner), arguments, outs, group=group)
        self.valued = valued(trace, outs, [s for s, v in zip(stand_ins, values, strict=True) if v])
        self._guards(trace)
        self._steps()
        return program

    @cached_property
    def source(self) -> str:
        """The program as text."""
        return python_source(self.program) if self.python else source_of(self.program)

    def _steps(self) -> None:
        """What the optimisers' steps move."""
        stretches = self.link.stretches
        moving = [(each, [s for s in stretches if s.optimizer is each]) for each in self.link.steppers]
        self.steppers = [(each, mine, list({s.flat: s.absent for s in mine}.items())) for each, mine in moving]
        self.tied = {p for s in stretches for p in s.parameters} <= {*self.link.leaves}

    def _guards(self, trace: Trace) -> None:
        """What must be as it was while tracing."""
        flags = [flag for key, flag in trace.flags.items() if key not in trace.reads and key not in trace.writes]
        flags = [(o, name, was) for o, name, was in flags if getattr(o, name) is was]  # not what tracing changed
        plain = [type(was) in _PLAIN and name in vars(o) for o, name, was in flags]
        self.flags = [flag for flag, is_plain in zip(flags, plain, strict=True) if not is_plain]
        self.settings = _settings(flag for flag, is_plain in zip(flags, plain, strict=True) if is_plain)
        self.kinds = [(p.dtype, p.shape) for p in self.link.leaves]
        self.needs = [p.requires_grad for p in self.link.leaves]
        reads = {owner for owner, name in self.link.reads if name == "_grad"}
        guarded = [p for p in trace.gradients if p not in trace.zeroed]
        self.guarded = [(p, p not in reads) for p in guarded]
        self._look()

    def _look(self) -> None:
        """Remember the leaves' data as they are now; `settled`: and they lie where the optimisers want them."""
        self.data = [p._data for p in self.link.leaves]
        self.seen = list(zip(self.link.leaves, self.data, self.needs, strict=True))
        self.settled = False

    def takes(self, args: tuple[Any, ...]) -> bool:
        """Whether this program is for such arguments, found out quickly: True only where all are plain arrays."""
        if len(args) != len(self.forms) or current_mode().ties != self.ties:
            return False
        for x, (shape, dtype) in zip(args, self.forms, strict=False):  # as long as each other, seen above
            if type(x) is not _array or x.dtype is not dtype or x.shape != shape:
                return False
        return self.bare

    def fits(self) -> bool:
        """Whether this program is still the one that tracing would make."""
        for leaf, data, needs in self.seen:
            if leaf._data is not data or leaf.requires_grad is not needs:
                return self._fits_anew()
        for owner, name, was in self.flags:
            if getattr(owner, name) is not was:
                return False
        try:
            for own, get, were in self.settings:
                if get(own) != were:
                    return False
        except (KeyError, ValueError):  # one is gone, or an array now
            return False
        return not self.guarded or all((leaf._grad is None) is empty for leaf, empty in self.guarded)

    def _fits_anew(self) -> bool:
        """The same after leaves were given other data: of the same kind, they are as good."""
        leaves = self.link.leaves
        if [(p.dtype, p.shape) for p in leaves] != self.kinds or [p.requires_grad for p in leaves] != self.needs:
            return False
        self._look()
        return self.fits()

    def inputs(self) -> list[Any]:
        """What the program needs besides the arguments, as it is now."""
        link = self.link
        if not self.settled:
            for stretch in link.stretches:
                stretch.take()
            self._look()
            self.settled = self.tied
        more = self.data.copy()
        for owner, name in link.reads:
            more.append(getattr(owner, name))
        if link.draws:
            more.append(generator())
        for stretch in link.stretches:
            more += stretch.given()
        return more

    def opaque(self, out: Any, given: Sequence[Any]) -> Any:
        """The result for arguments that need a gradient: a graph that says why it ends here."""
        if not current_mode().recording:
            return out
        inputs, label = tuple(x for x in given if isinstance(x, Value)), current_mode().label

        def node(x: Any) -> Any:
            return _node(x._data, OPAQUE, None, inputs, {}, True, label) if isinstance(x, Value) else x

        return mapped(node, out)

    def returned(self, found: Sequence[Any]) -> Any:
        """Do what the function did besides, and give what it returned."""
        link, at = self.link, self.link.returned
        for leaf in link.graded:
            leaf._grad = locked(found[at])
            at += 1
        for owner, name in link.written:
            setattr(owner, name, found[at])
            at += 1
        for optimizer, stretches, flats in self.steppers:
            self._moved(optimizer, stretches, flats, found[at])
            at += 1
        if self.single:
            return self._out(found[0], self.valued[0])
        outs = [self._out(x, valued) for x, valued in zip(found, self.valued, strict=False)]
        return rebuilt(self.out, outs)

    def _out(self, x: Any, valued: bool) -> Any:
        x = x[()] if isinstance(x, np.ndarray) and not x.ndim else x
        return constant(x) if valued else x

    @staticmethod
    def _moved(optimizer: Any, stretches: list[Stretch], flats: list[Any], finite: bool) -> None:
        """Tell an optimiser and its parameters that the program has moved them, or could not."""
        for stretch in stretches:
            stretch.show()
        if not finite:
            bad = next(b for s in stretches if (b := s.flat.nonfinite()) is not None)
            optimizer._refused(bad)
            return
        for flat, absent in flats:
            flat.absent = absent
            flat.advance()
            flat.release()
        for stretch in stretches:
            if stretch.product is not None:
                stretch.carry()
        optimizer.steps += 1


def _settings(flags: Iterable[tuple[Any, str, Any]]) -> list[tuple[dict[str, Any], Callable[..., Any], Any]]:
    """Attributes owner by owner, which is quicker to look through than one by one."""
    names: dict[int, tuple[dict[str, Any], list[str]]] = {}
    for owner, name, _ in flags:
        names.setdefault(id(owner), (vars(owner), []))[1].append(name)
    return [(own, get := itemgetter(*wanted), get(own)) for own, wanted in names.values()]


def _name(owner: Compiled) -> str:
    """The program's name: that of the function."""
    name = getattr(owner.function, "__name__", type(owner.function).__name__.lower())
    return name if name.isidentifier() else "program"
