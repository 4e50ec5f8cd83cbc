"""What every layer and model is: `Module`, a function with parameters, buffers and children.

A module keeps no registry: an attribute that is a Parameter or a Module counts as one. Builds on `parameter`, `files`
and the engine.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from inspect import Parameter as Argument
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from ..engine import Value
from ..errors import ShapeError, StateError
from ..modes import current_mode, group
from .files import load_state, save_state
from .listing import listing
from .parameter import Parameter

__all__ = ["Handle", "Module", "StateReport"]

Hook = Callable[..., Any]
PLAIN = frozenset({bool, int, float, str, tuple, type(None)})


class StateReport(NamedTuple):
    """What `load_state_dict` did not find in the state, and what it found there without a place for it."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Handle:
    """Takes a hook away again: `remove()`, or leaving a `with` block."""

    def __init__(self, hooks: dict[int, Hook], hook: Hook) -> None:
        self._hooks, self._key = hooks, max(hooks, default=-1) + 1
        hooks[self._key] = hook

    def remove(self) -> None:
        """Forget the hook; a second call does nothing."""
        self._hooks.pop(self._key, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class Module:
    """A function with parameters: subclass it, set layers and Parameters as attributes, define `forward`.

    Calling the module runs `forward` in a group of its own, so that a drawing shows it as one box, and the hooks.
    Attributes are found by their kind, so `super().__init__()` may be left out. As in PyTorch otherwise, but a
    `state_dict` holds copies, as plain arrays.

    >>> from tinygrad_edu import nn
    >>> class Twice(nn.Module):
    ...     def __init__(self):
    ...         self.inner = nn.Linear(2, 2)
    ...     def forward(self, x):
    ...         return self.inner(self.inner(x))
    >>> [name for name, _ in Twice().named_parameters()]
    ['inner.weight', 'inner.bias']
    """

    training: bool = True
    forward: Callable[..., Any]

    # Calling
    def __call__(self, *inputs: Any, **options: Any) -> Any:
        trace = current_mode().trace
        if trace is not None:
            for name in ("training", *vars(self).get("_buffers", ()), *self._plain()):
                trace.flag(self, name)
        own = vars(self)
        with group(self.label):
            for before in (*own["_pre_hooks"].values(),) if "_pre_hooks" in own else ():
                changed = before(self, inputs)
                inputs = inputs if changed is None else changed if isinstance(changed, tuple) else (changed,)
            try:
                out = self.forward(*inputs, **options)
            except ShapeError as error:
                error.add_note(f"in {self.label}")
                raise
            for after in (*own["_forward_hooks"].values(),) if "_forward_hooks" in own else ():
                changed = after(self, inputs, out)
                out = out if changed is None else changed
        return out

    @property
    def label(self) -> str:
        """The attribute that holds the module and its class: '0: Linear'."""
        name = vars(self).get("_name")
        return f"{name}: {type(self).__name__}" if name else type(self).__name__

    def _plain(self) -> list[str]:
        """The names of settings: numbers, texts and the like."""
        return [name for name, x in vars(self).items() if name[0] != "_" and type(x) in PLAIN]

    def _hooks(self, kind: str) -> dict[int, Hook]:
        hooks: dict[int, Hook] = vars(self).setdefault(kind, {})
        return hooks

    def register_forward_hook(self, hook: Hook) -> Handle:
        """Call `hook(module, inputs, output)` after each forward; what it returns, if anything, becomes the output."""
        return Handle(self._hooks("_forward_hooks"), hook)

    def register_forward_pre_hook(self, hook: Hook) -> Handle:
        """Call `hook(module, inputs)` before each forward; what it returns, if anything, becomes the inputs."""
        return Handle(self._hooks("_pre_hooks"), hook)

    # Attributes
    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Parameter):
            value.name = value.name or name
        elif isinstance(value, Module):
            vars(value).setdefault("_name", name)
        elif isinstance(value, list | tuple | dict):
            held = value.values() if isinstance(value, dict) else value
            if any(isinstance(one, Module | Parameter) for one in held):
                raise TypeError(
                    f"{self.label}.{name}: layers in a {type(value).__name__} would not be found and never trained; "
                    "use nn.ModuleList or nn.Sequential for layers, one attribute each for parameters"
                )
        elif isinstance(vars(self).get(name), Parameter) and value is not None:
            raise TypeError(
                f"{self.label}.{name} is a parameter: fill it with nn.init, {name}.data = … or load_state_dict, "
                "or replace it by nn.Parameter(…)"
            )
        if name in self._parametrized():
            raise TypeError(f"{self.label}.{name} is computed from parametrizations.{name}: set those, or remove it")
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        computed = self._parametrized().get(name)
        if computed is None:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return computed()

    def _parametrized(self) -> dict[str, "Module"]:
        """Attributes that are computed from other parameters when read: name to the module that computes them."""
        holder = vars(self).get("parametrizations")
        return dict(holder.named_children()) if holder is not None else {}

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Hold a parameter under this name, as an assignment does."""
        setattr(self, name, param)

    def add_module(self, name: str, module: "Module | None") -> None:
        """Hold a module under this name, as an assignment does."""
        setattr(self, name, module)

    def register_buffer(self, name: str, array: Any, persistent: bool = True) -> None:
        """Hold a plain array that is state but not learned; `persistent` ones are part of the `state_dict`."""
        vars(self).setdefault("_buffers", {})[name] = persistent
        setattr(self, name, array)

    # Finding
    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """Modules held directly, with their names, in the order they were set."""
        return ((name, held) for name, held in vars(self).items() if isinstance(held, Module))

    def children(self) -> Iterator["Module"]:
        """Modules held directly."""
        return (child for _, child in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, "Module"]]:
        """The module itself and all below it, each once, under its path: 'block.0.conv'."""
        seen: set[int] = set()
        for path, module in self._tree(prefix):
            if id(module) not in seen:
                seen.add(id(module))
                yield path, module

    def modules(self) -> Iterator["Module"]:
        """The module itself and all below it, each once."""
        return (module for _, module in self.named_modules())

    def _tree(self, prefix: str = "") -> Iterator[tuple[str, "Module"]]:
        """The module itself and all below it under every path, so that what is shared is named twice."""
        yield prefix, self
        for name, child in self.named_children():
            yield from child._tree(f"{prefix}.{name}" if prefix else name)

    def get_submodule(self, target: str) -> "Module":
        """The module at a path such as 'block.0.conv'; AttributeError if there is none."""
        found: Any = self
        for part in filter(None, target.split(".")):
            found = vars(found).get(part)
            if not isinstance(found, Module):
                raise AttributeError(f"{self.label} has no submodule {target!r}")
        return found

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Parameter]]:
        """Parameters with their paths, each once; without `recurse` only those held directly."""
        seen: set[int] = set()
        for path, module in self._tree(prefix) if recurse else [(prefix, self)]:
            for name, held in vars(module).items():
                if isinstance(held, Parameter) and id(held) not in seen:
                    seen.add(id(held))
                    yield f"{path}.{name}" if path else name, held

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Parameters, each once: what an optimiser gets."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, Any]]:
        """Buffers (plain arrays) with their paths."""
        for path, module in self._tree(prefix):
            for name in vars(module).get("_buffers", {}):
                if getattr(module, name) is not None:
                    yield f"{path}.{name}" if path else name, getattr(module, name)

    def buffers(self) -> Iterator[Any]:
        """Buffers: plain arrays."""
        return (array for _, array in self.named_buffers())

    def num_parameters(self, trainable_only: bool = False) -> int:
        """How many numbers the module learns."""
        return sum(p.size for p in self.parameters() if p.requires_grad or not trainable_only)

    # Switching
    def train(self, mode: bool = True) -> Self:
        """Training behaviour of all layers: dropout drops, batch normalisation uses the batch."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Inference behaviour of all layers: outputs depend on the input and the stored state alone."""
        return self.train(False)

    def apply(self, function: "Callable[[Module], Any]") -> Self:
        """Call `function` on all modules, children first."""
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters():
            parameter.zero_grad()

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Learn all parameters, or freeze them."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def to(self, dtype: Any) -> Self:
        """Change parameters and floating buffers to another dtype, in place."""
        for parameter in self.parameters():
            parameter.data = parameter.data.astype(dtype)
            parameter.zero_grad()
        for module in self.modules():
            for name in vars(module).get("_buffers", {}):
                array = getattr(module, name)
                if array is not None and np.asarray(array).dtype.kind == "f":
                    setattr(module, name, array.astype(dtype))
        return self

    def float(self) -> Self:
        """Parameters and floating buffers in float32, in place."""
        return self.to(np.float32)

    def double(self) -> Self:
        """Parameters and floating buffers in float64, in place."""
        return self.to(np.float64)

    # State
    def _places(self) -> Iterator[tuple[str, "Module", str]]:
        """Every key of the state dict, with the module and attribute it stands for."""
        for path, module in self._tree():
            own = [name for name, held in vars(module).items() if isinstance(held, Parameter)]
            kept = [name for name, persistent in vars(module).get("_buffers", {}).items() if persistent]
            for name in own + [name for name in kept if getattr(module, name) is not None]:
                yield f"{path}.{name}" if path else name, module, name

    def state_dict(self) -> dict[str, Any]:
        """Copies of all parameters and persistent buffers, as plain arrays under PyTorch's keys."""
        return {key: np.array(_array(getattr(module, name))) for key, module, name in self._places()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> StateReport:
        """Write a state into parameters and buffers: arrays, Values or PyTorch tensors, in this module's dtypes.

        Nothing is written unless all fits: `ShapeError` lists what has another shape, `StateError` (a RuntimeError)
        what is missing or unexpected, which `strict=False` only reports.
        """
        given = {key: _array(array) for key, array in self._renamed(state).items()}
        places = {key: (module, name) for key, module, name in self._places()}
        report = StateReport([key for key in places if key not in given], [key for key in given if key not in places])
        shared = [key for key in places if key in given]
        wrong = [
            f"{key}: {given[key].shape} given, {np.shape(getattr(*places[key]))} wanted"
            for key in shared
            if given[key].shape != np.shape(getattr(*places[key]))
        ]
        if wrong:
            raise ShapeError(f"{self.label}: the state does not fit. " + "; ".join(wrong))
        if strict and (report.missing_keys or report.unexpected_keys):
            raise StateError(
                f"{self.label}: missing {report.missing_keys}, unexpected {report.unexpected_keys}; "
                "load_state_dict(state, strict=False) loads the rest"
            )
        for key in shared:
            _write(*places[key], given[key])
        return report

    def save(self, path: str | Path) -> Path:
        """Write the `state_dict` to a `.npz` or `.safetensors` file (the latter with the extra `models`)."""
        return save_state(self.state_dict(), path)

    def load(self, path: str | Path, strict: bool = True) -> Self:
        """Read a `state_dict` from a `.npz` or `.safetensors` file, PyTorch's too."""
        self.load_state_dict(load_state(path), strict)
        return self

    def _renamed(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """The state with keys of older formats brought up to date by the modules that know them."""
        given = dict(state)
        for path, module in self._tree():
            for old, new in module._old_keys().items():
                prefix = f"{path}." if path else ""
                if prefix + old in given:
                    given[prefix + new] = given.pop(prefix + old)
        return given

    def _old_keys(self) -> dict[str, str]:
        """Keys of older checkpoints and what they are called now."""
        return {
            f"{name}_{old}": f"parametrizations.{name}.{new}"
            for name, module in self._parametrized().items()
            for old, new in getattr(module, "old_keys", {}).items()
        }

    # Describing
    def extra_repr(self) -> str:
        """The arguments the module was made with, where they are attributes and not their defaults."""
        return ", ".join(_settings(self))

    def __repr__(self) -> str:
        own = self.extra_repr()
        below = [f"({name}): {child!r}".replace("\n", "\n  ") for name, child in self.named_children()]
        if not below:
            return f"{type(self).__name__}({own})"
        return f"{type(self).__name__}(\n  " + "\n  ".join([own] * bool(own) + below) + "\n)"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """What a notebook shows: the layers, as items that open."""
        return {"text/html": listing(self), "text/plain": repr(self)}


def _settings(module: Module) -> Iterable[str]:
    for name, argument in list(signature(type(module).__init__).parameters.items())[1:]:
        value = vars(module).get(name, argument.default)
        if isinstance(value, Value | Module) or argument.kind in (Argument.VAR_POSITIONAL, Argument.VAR_KEYWORD):
            continue
        value = False if value is None and argument.default is True else value
        value = value.tolist() if isinstance(value, np.ndarray) else value
        if value is not argument.default and value != argument.default:
            yield f"{name}={value!r}"


def _array(x: Any) -> Any:
    return x.data if isinstance(x, Value) else np.asarray(x)


def _write(module: Module, name: str, array: Any) -> None:
    held = getattr(module, name)
    if isinstance(held, Parameter):
        held._assign(array)
    else:
        setattr(module, name, np.array(array, np.asarray(held).dtype)[()])
