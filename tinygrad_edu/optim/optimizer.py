"""What all optimisers share: groups of parameters, one θ for each group and dtype, and a step written on vectors.

`Optimizer` · `Update`. Builds on `flat`.
"""

import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Literal, TypedDict

import numpy as np

from ..engine import Value
from ..errors import GraphError, SettingError
from ..modes import current_mode
from .flat import Array, Flat

__all__ = ["Optimizer", "Parameters", "Rate", "Schedule", "Settings", "Shared", "Update"]

Schedule = Callable[[float], float]
Rate = float | Schedule
Settings = dict[str, Any]
Update = Callable[..., None]
Parameters = Iterable[Value] | Iterable[Mapping[str, Any]]


class Shared(TypedDict, total=False):
    """What every optimiser takes besides its own settings: see `Optimizer`."""

    maximize: bool
    on_nonfinite: Literal["raise", "skip"]


_PLAIN = frozenset({int, float, bool, tuple, list, str, type(None)})
# Where settings lie: from 0 up to, and without, this.
_UNDER = {"lr": np.inf, "eps": np.inf, "weight_decay": np.inf, "momentum": np.inf, "alpha": 1, "rho": 1, "betas": 1}


class Optimizer:
    """Base of the optimisers. A method gives its `rule`: the lecture's formula on the vectors θ and g.

    `params` are leaf Values, or dictionaries {"params": …, "lr": …} for groups with settings of their own. Any setting
    may be a schedule, a function of the number of steps taken so far. `on_nonfinite` says what a step does with nan or
    infinite gradients: "raise" (GraphError naming the parameter) or "skip" (nothing moves; `skipped` counts).
    With `maximize` the gradient is climbed.

    As in PyTorch a parameter without a gradient sits the step out, with its decay, its memory and its own clock.
    A leaf given twice is stepped once. Parameters added later come in a group of their own: `add_param_group`.
    """

    formula: ClassVar[str] = ""

    def __init_subclass__(cls) -> None:
        """Take the formula from the docstring: its indented lines."""
        doc = textwrap.dedent("    " + (cls.__doc__ or ""))
        cls.formula = textwrap.dedent("\n".join(line for line in doc.splitlines() if line.startswith("    ")))

    def __init__(
        self,
        params: Parameters,
        defaults: Mapping[str, Any],
        *,
        maximize: bool = False,
        on_nonfinite: Literal["raise", "skip"] = "raise",
    ) -> None:
        if on_nonfinite not in ("raise", "skip"):
            raise SettingError(f"{self}: on_nonfinite={on_nonfinite!r} is not known; choose 'raise' or 'skip'")
        if isinstance(params, Value | Mapping):
            raise TypeError(f"{self}: params is one {type(params).__name__}; give a list, [p]")
        self.defaults = {**defaults, "maximize": maximize}
        self.on_nonfinite = on_nonfinite
        self.param_groups: list[dict[str, Any]] = []
        self.steps = self.skipped = 0
        self._flats: list[tuple[dict[str, Any], Flat]] = []
        given: list[Any] = list(params)
        if not given:
            raise SettingError(f"{self}: there are no parameters to optimise; pass the leaves, e.g. net.parameters()")
        for group in given if isinstance(given[0], Mapping) else [{"params": given}]:
            self.add_param_group(group)

    def __str__(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        groups = [{k: v for k, v in group.items() if k != "params"} for group in self.param_groups]
        return f"{self}({', '.join(map(repr, groups))})"

    # What a method gives

    @staticmethod
    def memory(settings: Settings) -> dict[str, float]:  # noqa: ARG004 - a method looks at its own
        """The vectors a method remembers, by name, with the number they start from."""
        return {}

    def factor(self, settings: Mapping[str, Any]) -> Callable[[int], float] | None:  # noqa: ARG002 - for others
        """What a parameter's running product is multiplied with at its step t, before `rule` gets it as `product`."""
        return None

    @staticmethod
    def rule(*args: Any, **settings: Any) -> Update:
        """The update for a parameter's step `t` = 1, 2, …: a function of θ, g and the vectors of `memory`, in place.

        It must leave g as it is: the parameters' `.grad` look at it.
        """
        raise NotImplementedError("an optimiser needs a rule")

    # What all share

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Add parameters with settings of their own; what is not named takes the optimiser's.

        ValueError for a parameter that another group has, TypeError for what is not a leaf Value.
        """
        if unknown := group.keys() - {"params", *self.defaults}:
            raise SettingError(f"{self}: unknown setting {sorted(unknown)}; its settings are {sorted(self.defaults)}")
        params = group["params"]
        leaves = [params] if isinstance(params, Value) else list(params)
        for p in leaves:
            self._check_leaf(p)
        leaves = list(dict.fromkeys(leaves))
        full = {**self.defaults, **group, "params": leaves}
        for name in full.keys() & _UNDER.keys():
            self._check_range(name, full[name])
        self.param_groups.append(full)
        kinds = dict.fromkeys(p.dtype for p in leaves)
        self._flats += [(full, Flat([p for p in leaves if p.dtype == kind])) for kind in kinds]

    def _check_leaf(self, p: Any) -> None:
        if not isinstance(p, Value):
            raise TypeError(f"{self}: {type(p).__name__} is no parameter; pass Values, e.g. net.parameters()")
        if p.gate is not None:
            raise GraphError(f"{self}: {p.label} comes from gate {p.gate}; only leaves can be updated")
        if any(p is known for _, flat in self._flats for known in flat.parameters):
            raise SettingError(f"{self}: {p.label} is in another group already; a parameter belongs to one")

    def _check_range(self, name: str, value: Any) -> None:
        numbers = value if isinstance(value, tuple | list) else (value,)
        if not all(callable(number) or 0 <= number < _UNDER[name] for number in numbers):
            raise SettingError(f"{self}: {name}={value!r} is out of range: from 0 to less than {_UNDER[name]}")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters; with `set_to_none=False` they become zeros."""
        trace = current_mode().trace
        for _, flat in self._flats:
            if trace is not None:
                trace.forget(flat.parameters)
                continue
            flat.forget()
            if not set_to_none:
                flat.zero()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter that has a gradient; `closure`, if given, computes the loss and its gradients first."""
        loss = None if closure is None else closure()
        trace = current_mode().trace
        if trace is not None:
            trace.step(self)
            return loss
        if self.gathered():
            for group, flat in self._flats:
                if len(flat.absent) < len(flat.parameters):
                    flat.advance()
                    self._move(flat, self.settings(group))
                    flat.release()
            self.steps += 1
        return loss

    def gathered(self) -> bool:
        """Lay all gradients into the vectors g; False if the step is to be skipped."""
        for _, flat in self._flats:
            flat.gather()
        for _, flat in self._flats:
            bad = flat.nonfinite()
            if bad is not None:
                return self._refused(bad)
        return True

    def _refused(self, bad: Value) -> bool:
        if self.on_nonfinite == "raise":
            raise GraphError(
                f"{self}: the gradient of {bad.label}, shape {bad.shape}, has nan or infinite numbers; nothing was "
                "updated. Look where they come from, or pass on_nonfinite='skip' to leave such steps out"
            )
        self.skipped += 1
        return False

    def settings(self, group: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of a group as numbers for this step: schedules are asked."""
        if _PLAIN.issuperset(map(type, group.values())):
            return dict(group)
        return {k: v if type(v) in _PLAIN else self._number(v) for k, v in group.items()}

    def _number(self, setting: Any) -> Any:
        number = setting(self.steps) if callable(setting) else setting
        # A NumPy scalar would decide the dtype of what it is multiplied with; a Python number does not.
        return number.item() if isinstance(number, np.generic) else number

    def _move(self, flat: Flat, settings: dict[str, Any]) -> None:
        initial = self.memory(settings)
        if initial.keys() != flat.memory.keys():
            flat.remember(initial)
        if (factor := self.factor(settings)) is not None:
            flat.carry(factor)
        plain = not (settings.get("weight_decay") or settings["maximize"])
        for t, product, where in flat.stretches():
            update = self.rule(t, product=product, **settings)
            for theta, g, *kept in flat.blocks(where, initial):
                update(theta, g if plain else self._decayed(theta, g, **settings), *kept)

    def _decayed(
        self,
        theta: Array,
        g: Array,
        *,
        lr: float,
        maximize: bool,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        **_: Any,
    ) -> Array:
        """The gradient as the rule is to see it: turned round to climb, with the decay λ θ unless that is decoupled."""
        if maximize:
            g = -g
        if decoupled_weight_decay:
            theta *= 1 - lr * weight_decay
            return g
        return g + weight_decay * theta

    # State

    def state_dict(self) -> dict[str, Any]:
        """Everything a later run needs to go on exactly, as numbers and copied arrays, in PyTorch's layout.

        {"state": {index: {"step": …, vector: array}}, "param_groups": [{setting: number, "params": indices}], "steps"}.
        A schedule is code and is kept as its number of the moment; loading leaves the optimiser's own schedule.
        """
        index = {p: i for i, p in enumerate(p for group in self.param_groups for p in group["params"])}
        groups = [
            {**self.settings(group), "params": [index[p] for p in group["params"]]} for group in self.param_groups
        ]
        state = {
            index[p]: flat.state(i) for _, flat in self._flats for i, p in enumerate(flat.parameters) if flat.clock(i)
        }
        return {"state": dict(sorted(state.items())), "param_groups": groups, "steps": self.steps}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`, of this library or of PyTorch (its tensors and settings are understood)."""
        groups, state = state_dict["param_groups"], state_dict["state"]
        sizes = [len(group["params"]) for group in groups]
        if sizes != (ours := [len(group["params"]) for group in self.param_groups]):
            raise SettingError(f"{self}: the state has groups of {sizes} parameters, this optimiser of {ours}")
        index: dict[Value, int] = {}
        for group, saved in zip(self.param_groups, groups, strict=True):
            index.update(zip(group["params"], saved["params"], strict=True))
            group.update({k: saved[k] for k in saved.keys() & self.defaults.keys() if not callable(group[k])})
        for group, flat in self._flats:
            initial = self.memory(self.settings(group))
            flat.load([_arrays(state.get(index[p], {}), initial) for p in flat.parameters], initial)
        self.steps = int(state_dict.get("steps", max((flat.steps for _, flat in self._flats), default=0)))


def _arrays(state: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The clock and the named arrays of one parameter's state; PyTorch's tensors become arrays."""
    known = {name: state[name] for name in names if state.get(name) is not None}
    arrays: dict[str, Array] = {k: v.detach().cpu().numpy() if hasattr(v, "detach") else v for k, v in known.items()}
    # PyTorch's SGD keeps no clock: a velocity says that there was a step.
    product = {"mu_product": float(state["mu_product"])} if "mu_product" in state else {}
    return {"step": int(state.get("step", bool(known))), **product, **arrays}
