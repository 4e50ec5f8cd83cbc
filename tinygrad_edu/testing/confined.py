"""The process that homework runs in: it is told on standard input what to run, and answers with numbers in a file.

`main` · `needed` (what a case uses of its assignment) · `guard` (what a submission may not do). Builds on `cases`.

The submission shares the process with the case that calls it, so nothing here may know what is right: before the
submission starts, the assignment loses every name that the case does not use, and all that is left are the inputs.
"""

import gc
import json
import os
import sys
import sysconfig
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from .cases import cases_of

__all__ = ["guard", "main", "needed"]

_DENIED = ("os.", "socket.", "subprocess.", "shutil.", "ctypes.", "pty.", "gc.", "fcntl.", "mmap.", "signal.",
           "syslog.", "sqlite3.", "webbrowser.", "winreg.", "_winapi.", "cpython.")  # fmt: skip
_HARMLESS = ("os.listdir", "os.putenv", "os.unsetenv")  # an import lists folders
_PROGRAMS = frozenset({"_posixsubprocess", "_ctypes", "ctypes", "_multiprocessing", "faulthandler", "_testcapi"})


def main() -> None:
    """Run one case on one submission. No return: what the submission left to be done at the end is not done."""
    leave = os._exit
    order = json.load(sys.stdin)
    allowed = (sys.stdlib_module_names - _PROGRAMS) | {"numpy", *order["modules"]}
    cases, names = cases_of(order["assignment"], order["seed"])
    run = cases[order["case"]].run
    kept = needed(run, names)
    for name in names.keys() - kept:
        del names[name]
    libraries = _libraries(order["modules"])
    _limit(order["seconds"])
    answer, text = Path(order["answer"]).open("w"), order["submission"]  # noqa: SIM115 - the guard lets none be opened
    del cases, names, order
    for name in list(sys.modules):
        if name.partition(".")[0] not in allowed | {"__main__"}:
            del sys.modules[name]
    gc.collect()
    dumps, asarray = json.dumps, np.asarray
    sys.addaudithook(guard(frozenset(allowed), libraries))
    try:
        out = dumps({"numbers": [asarray(x, float).tolist() for x in run(_executed(text))]})
    except BaseException as error:  # noqa: BLE001 - whatever it raises, SystemExit too, is its answer
        out = dumps({"error": _told(error)})
    answer.write(out)
    answer.flush()
    leave(0)


def _executed(text: str) -> dict[str, Any]:
    """The names of a submission."""
    module = ModuleType("homework")
    sys.modules["homework"] = module  # a dataclass looks its module up
    exec(compile(text, "homework.py", "exec"), vars(module))  # noqa: S102 - to run it is the task
    return vars(module)


def _told(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except BaseException:  # noqa: BLE001 - its text is the submission's too
        return "an error that can't be printed"


def _functions(thing: Any) -> Iterator[Any]:
    """What a function, class or container holds that could be a function."""
    if isinstance(thing, FunctionType):
        yield from (cell.cell_contents for cell in thing.__closure__ or ())
        yield from (thing.__defaults__, thing.__kwdefaults__, getattr(thing, "__wrapped__", None))
    elif isinstance(thing, dict):
        yield from thing.values()
    elif isinstance(thing, tuple | list | set | frozenset):
        yield from thing
    elif not isinstance(thing, ModuleType | np.ndarray):
        yield from (vars(thing).values() if hasattr(thing, "__dict__") else ())
        yield from (getattr(thing, name, None) for name in ("func", "args", "keywords", "__func__", "fget"))
        yield None if isinstance(thing, type) else type(thing)


def _words(code: CodeType) -> set[str]:
    """The names in a function's program, those of functions within it too."""
    inner = (_words(each) for each in code.co_consts if isinstance(each, CodeType))
    return set(code.co_names).union(*inner)


def needed(run: Any, names: dict[str, Any]) -> set[str]:
    """The `names` of an assignment that `run` may reach.

    >>> names = {"factor": 2, "right": 6}
    >>> exec("def run(given): return [given['f'](factor)]", names)
    >>> sorted(needed(names["run"], names))
    ['factor']
    """
    found: set[str] = set()
    seen: dict[int, Any] = {}
    waiting = [run]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing
        waiting += _functions(thing)
        if isinstance(thing, FunctionType) and thing.__globals__ is names:
            words = _words(thing.__code__) & names.keys()
            found |= words
            waiting += [names[word] for word in words]
    return found


def _libraries(modules: list[str]) -> tuple[str, ...]:
    """The folders that may be read: the standard library's, NumPy's, those of modules that the assignment allows."""
    found = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
    for name in ("numpy", *modules):
        found.append(str(Path(import_module(name).__file__ or "").parent))
    found += [str(Path(path)) for path in sys.path if path.endswith((".zip", "lib-dynload"))]
    return tuple(path + os.sep for path in found)


def guard(allowed: frozenset[str], libraries: tuple[str, ...]) -> Callable[[str, tuple[Any, ...]], None]:
    """An audit hook against programs, the network, files but `libraries`, modules but `allowed`, and other memory.

    All it needs it holds itself, as defaults: a submission may replace what it can name.
    """

    def closed(
        event: str,
        args: tuple[Any, ...],
        allowed: frozenset[str] = allowed,
        libraries: tuple[str, ...] = libraries,
        denied: tuple[str, ...] = _DENIED,
        harmless: tuple[str, ...] = _HARMLESS,
        text: type = str,
        kind: Callable[[Any], type] = type,
        refusal: type[Exception] = PermissionError,
    ) -> None:
        if event == "open":
            path, _, flags = args
            place = path if kind(path) is text else ""
            outside = not place.startswith(libraries) or ".." in place or flags & 3
            foreign = "-packages" in place and not place.startswith(libraries[2:])
            if outside or foreign:
                raise refusal("homework opens no files")
        elif event == "import":
            if kind(args[0]) is not text or args[0].partition(".")[0] not in allowed:
                raise refusal("homework imports NumPy and the standard library only")
        elif event.startswith(denied) and event not in harmless:
            raise refusal("homework runs without network, files and other programs")

    return closed


def _limit(seconds: float) -> None:
    """What the operating system takes care of, where it can: time, memory, sizes of files, further processes."""
    try:
        import resource
    except ImportError:  # Windows
        return
    memory = (2 << 30) + _held() * resource.getpagesize()
    limits = {"CPU": int(seconds) + 1, "AS": memory, "FSIZE": 1 << 20, "CORE": 0, "NPROC": 0}
    for name, most in limits.items():
        try:
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))
        except (AttributeError, OSError, ValueError):  # not on this system
            continue


def _held() -> int:
    """The pages of memory that are taken already: a large library may need more than a homework may."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:  # no Linux
        return 0
