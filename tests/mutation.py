"""The kit judged by mutants: every derivative of every gate is spoilt in every way below, and must be caught.

`python -m tests.mutation` prints the score and the survivors; `--gates mul exp` takes some gates, `--originals 1000`
also runs the unspoilt gates that often and counts false alarms. A mutant that equals the original at every sample and
drawn input is equivalent: no check could tell, and it does not count.
"""

import argparse
import copy
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings

from tinygrad_edu import Value, walk
from tinygrad_edu.testing import check_gate
from tinygrad_edu.testing.engines import TinygradEdu
from tinygrad_edu.testing.gradients import Problem, widened

from .gates.samples import SAMPLES, Call, every

Derivative = Callable[..., Any]


def spoilt_result(change: Callable[[Any], Any]) -> Callable[[Derivative], Derivative]:
    """A mutation that changes what the derivative gives."""
    return lambda derivative: lambda g, out, *inputs, **settings: change(derivative(g, out, *inputs, **settings))


def spoilt_upstream(change: Callable[[Any], Any]) -> Callable[[Derivative], Derivative]:
    """A mutation that changes the upstream gradient the derivative gets."""
    return lambda derivative: lambda g, out, *inputs, **settings: derivative(change(g), out, *inputs, **settings)


def swapped(derivative: Derivative) -> Derivative:
    """The first two inputs exchanged."""

    def by(g: Any, out: Any, *inputs: Any, **settings: Any) -> Any:
        return derivative(g, out, *inputs[1::-1], *inputs[2:], **settings)

    return by


def wrong_axis(derivative: Derivative) -> Derivative:
    """The setting `axis` off by one, cyclically."""

    def by(g: Any, out: Any, *inputs: Any, **settings: Any) -> Any:
        axis, ndim = settings.get("axis"), np.ndim(inputs[0])
        if isinstance(axis, int) and ndim > 1:
            settings["axis"] = (axis + 1) % ndim
        return derivative(g, out, *inputs, **settings)

    return by


def not_unbroadcast(derivative: Derivative) -> Derivative:
    """One copy's gradient in place of the sum over all that broadcasting made."""

    def by(g: Any, out: Any, *inputs: Any, position: int | None = None, **settings: Any) -> Any:
        more = {} if position is None else {"position": position}
        down = derivative(g, out, *inputs, **more, **settings)
        for x in inputs:
            shape = np.shape(x)
            grown = np.ndim(down) - len(shape)
            stretched = grown >= 0 and all(n in (1, m) for n, m in zip(shape, np.shape(down)[grown:], strict=True))
            if shape != np.shape(down) and np.shape(down) == np.shape(out) and stretched and np.size(down):
                first = (slice(0, 1),) * grown
                rest = tuple(slice(0, n) for n in shape)
                return down[first + rest].reshape(shape)
        return down

    return by


def bare(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


def transposed(down: Any) -> Any:
    return down.transpose().reshape(down.shape) if np.ndim(down) > 1 else down


def mean_along_last(down: Any) -> Any:
    return down * 0 + down.mean(axis=-1, keepdims=True) if np.ndim(down) and np.size(down) else down


MUTATIONS: dict[str, Callable[[Derivative], Derivative]] = {
    "sign": spoilt_result(lambda down: -1 * down),
    "factor 2": spoilt_result(lambda down: 2 * down),
    "factor 1/2": spoilt_result(lambda down: down / 2),
    "off by a factor 1 + 1e-6": spoilt_result(lambda down: down * (1 + 1e-6)),
    "off by 1e-6": spoilt_result(lambda down: down + 1e-6),
    "detached": spoilt_result(lambda down: down * 0),
    "detached at second order": spoilt_result(bare),
    "transposed": spoilt_result(transposed),
    "reversed": spoilt_result(lambda down: down[::-1] if np.ndim(down) else down),
    "mean along the last axis": spoilt_result(mean_along_last),
    "upstream left out": spoilt_upstream(lambda g: g * 0 + 1),
    "upstream squared": spoilt_upstream(lambda g: g * g),
    "upstream constant at second order": spoilt_upstream(bare),
    "inputs swapped": swapped,
    "wrong axis": wrong_axis,
    "missing unbroadcast": not_unbroadcast,
}


class Overwriting(TinygradEdu):
    """An engine that writes = for +=: of several gradients that reach a leaf, one stays."""

    def pull(self, out: Any, upstream: Any, leaves: Any, again: bool = False) -> list[Any]:
        last: dict[Any, Any] = {}
        found = walk(
            out, upstream, create_graph=again, watch=lambda node, k, g, down: last.update({node.inputs[k]: down})
        )
        return [last.get(leaf) if leaf in found else None for leaf in leaves]


EQUIVALENT: list[str] = []


@dataclass(frozen=True)
class Mutant:
    """A gate with one derivative spoilt, or right but on a faulty engine."""

    name: str
    gate: Any
    engine: TinygradEdu | None = None


def spoil(gate: Any, position: int, mutation: Callable[[Derivative], Derivative]) -> Any:
    """A copy of a gate whose derivative by the input at `position` is spoilt."""
    mutant = copy.copy(gate)

    def derivatives_of(count: int) -> tuple[Derivative, ...]:
        right = gate.derivatives_of(count)
        return tuple(mutation(d) if k == position else d for k, d in enumerate(right))

    mutant.derivatives, mutant.derivatives_of = derivatives_of(len(gate.derivatives)), derivatives_of
    return mutant


def differentiated(calls: list[Call]) -> list[int]:
    """The positions that the samples differentiate by."""
    found = set()
    for each in calls:
        floating = {k for k, x in enumerate(each.inputs) if x.dtype.kind in "fc"}
        found |= floating if each.wrt is None else floating & set(each.wrt)
    return sorted(found)


def mutants(name: str, gate: Any, calls: list[Call]) -> Iterator[Mutant]:
    """All mutants of a gate."""
    for position in differentiated(calls)[:3]:
        for fault, mutation in MUTATIONS.items():
            yield Mutant(f"{name}, input {position}: {fault}", spoil(gate, position, mutation))
    yield Mutant(f"{name}: = in place of +=", gate, Overwriting())


def drawn_calls(name: str, count: int) -> list[Call]:
    """Calls from the strategy of a gate, the same in every run."""
    strategy, found = SAMPLES[name].drawn, []
    if strategy is None:
        return []

    @settings(max_examples=count, database=None, derandomize=True, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(strategy)
    def collect(each: Call) -> None:
        found.append(each)

    collect()
    return found


def accepts(gate: Any, each: Call, engine: TinygradEdu | None = None, seed: int = 0) -> bool:
    """Whether the kit finds nothing wrong; a mutant that raises is caught as well."""
    options = {"settings": dict(each.settings), "wrt": each.wrt, "order": each.order, "seed": seed, "shrink": 0}
    try:
        with np.errstate(all="ignore"):
            return check_gate(gate, *each.inputs, engine=engine, **options).ok
    except Exception:  # noqa: BLE001 - whatever a spoilt derivative raises, it shows
        return False


def equivalent(mutant: Mutant, gate: Any, calls: list[Call]) -> bool:
    """Whether a mutant passes on the very gradients of the original, to second order, wherever we look."""
    if mutant.engine is not None:
        return False
    with np.errstate(all="ignore"):
        return all(same_gradients(mutant.gate, gate, each) for each in calls)


def same_gradients(spoilt: Any, right: Any, each: Call) -> bool:
    """Whether two gates give the same first gradients, and second ones of f + f²/2, at a call."""
    found = []
    for one in (spoilt, right):
        problem = Problem(partial(one, **each.settings), [widened(x) for x in each.inputs], wrt=each.wrt)
        first = problem.pulled(*problem.inputs)
        curved = Problem(problem.bent, problem.inputs, wrt=each.wrt)
        weights = [curved.like(problem.inputs[k]) for k in problem.wrt]
        second = curved.pulled_twice(weights, *problem.inputs) if each.order > 1 and not problem.complex else []
        found.append([*first, *second])
    return all(np.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True) for a, b in zip(*found, strict=True))


def judge(name: str, gate: Any, count: int = 40) -> tuple[int, int, list[str]]:
    """How many mutants of a gate were caught, how many are equivalent, and the names of those that survived."""
    calls = [*SAMPLES[name].calls, *drawn_calls(name, count)]
    caught, same, survivors = 0, 0, []
    for mutant in mutants(name, gate, calls):
        if not all(accepts(mutant.gate, each, mutant.engine) for each in calls):
            caught += 1
        elif equivalent(mutant, gate, calls):
            same += 1
            EQUIVALENT.append(mutant.name)
        else:
            survivors.append(mutant.name)
    return caught, same, survivors


def false_alarms(gates: dict[str, Any], runs: int) -> list[str]:
    """The original gates that were refused in `runs` checks, each with a seed of its own."""
    every_call = [(name, each) for name in sorted(gates) for each in [*SAMPLES[name].calls, *drawn_calls(name, 6)]]
    picked = [every_call[k % len(every_call)] for k in range(runs)]
    return [
        f"{name}({each}), seed {k}" for k, (name, each) in enumerate(picked) if not accepts(gates[name], each, seed=k)
    ]


def main(arguments: list[str] | None = None) -> int:
    """Print the score; exit status 1 where it is under 99 % or an original was refused."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--gates", nargs="*", help="names of gates; all by default")
    parser.add_argument("--originals", type=int, default=0, help="how often to check unspoilt gates")
    options = parser.parse_args(arguments)
    gates = {name: gate for name, gate in every().items() if name in SAMPLES and name in (options.gates or SAMPLES)}
    caught, same, survivors = 0, 0, []
    for name, gate in sorted(gates.items()):
        now, equal, alive = judge(name, gate)
        caught, same, survivors = caught + now, same + equal, survivors + alive
        print(f"{name:24} {now:4} caught {equal:3} equivalent {len(alive):3} survive", flush=True)
    score = caught / max(caught + len(survivors), 1)
    print(f"{caught} of {caught + len(survivors)} mutants of {len(gates)} gates caught: {score:.2%}; {same} equivalent")
    print("\n".join(f"survived: {name}" for name in survivors))
    alarms = false_alarms(gates, options.originals)
    if options.originals:
        print(f"{options.originals - len(alarms)} of {options.originals} checks of unspoilt gates passed")
        print("\n".join(f"refused: {name}" for name in alarms))
    return int(score < 0.99 or bool(alarms))


if __name__ == "__main__":
    sys.exit(main())
