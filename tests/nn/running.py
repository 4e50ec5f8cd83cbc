"""Run a case here or in PyTorch and collect all that can be compared: outputs, gradients and state, over three
steps.
"""

from typing import Any

import numpy as np

from tests.nn.cases import Case, numbers
from tinygrad_edu import Value, nn

STEPS = 3


def flat(out: Any) -> list[Any]:
    return [x for part in out for x in flat(part)] if isinstance(out, tuple | list) else [] if out is None else [out]


def filled(state: dict[str, Any]) -> dict[str, Any]:
    """The same numbers for both: parameters from the sine, variances positive, counts left at 0."""
    made = {}
    for k, (key, array) in enumerate(sorted(state.items())):
        x = numbers(np.shape(array), k + 50)
        made[key] = np.zeros((), np.int64) if "num_batches" in key else np.abs(x) + 0.5 if "var" in key else x
    return made


def packed(found: dict[str, Any]) -> Any:
    """All that was collected as one vector, in the order of its names."""
    return np.concatenate([np.ravel(found[name]).astype(float) for name in sorted(found)])


def upstream(outputs: list[Any], dtype: Any) -> list[Any]:
    return [numbers(tuple(out.shape), 90 + k).astype(dtype) for k, out in enumerate(outputs)]


def layer_of(case: Case, dtype: Any) -> nn.Module:
    """The layer or loss of a case, here, with the numbers that PyTorch's gets."""
    nn.set_default_dtype(dtype)
    try:
        layer: nn.Module = getattr(nn, case.kind)(*case.arguments, **case.options).train(case.training)
    finally:
        nn.set_default_dtype(np.float64)
    layer.load_state_dict(filled(layer.state_dict()))
    return layer


def here(case: Case, dtype: Any) -> dict[str, Any]:
    layer = layer_of(case, dtype)
    found: dict[str, Any] = {}
    for step in range(STEPS + case.training):
        if step == STEPS:
            layer.eval()
        layer.zero_grad()
        arrays = [given.make(10 * step + k, dtype) for k, given in enumerate(case.inputs)]
        inputs = [Value(x) if given.graded else x for x, given in zip(arrays, case.inputs, strict=True)]
        outputs = flat(layer(*inputs))
        for k, out in enumerate(outputs):
            found[f"{step} output {k}"] = getattr(out, "data", out)
        loss = sum(np.sum(out * g) for out, g in zip(outputs, upstream(outputs, dtype), strict=True))
        loss.backward()
        found |= {f"{step} input {k}": x.grad for k, x in enumerate(inputs) if isinstance(x, Value)}
        found |= {f"{step} gradient {name}": p.grad for name, p in layer.named_parameters() if p.grad is not None}
        found |= {f"{step} state {name}": array for name, array in layer.named_buffers()}
    return found


def in_torch(case: Case, dtype: Any) -> dict[str, Any]:
    import torch

    kind = getattr(torch, np.dtype(dtype).name)
    as_tensor = lambda x: torch.tensor(x, dtype=kind) if isinstance(x, list) else x
    options = {name: as_tensor(x) for name, x in case.options.items()}
    layer = getattr(torch.nn, case.kind)(*map(as_tensor, case.arguments), **options).to(kind).train(case.training)
    state = filled({name: t.detach().numpy() for name, t in layer.state_dict().items()})
    layer.load_state_dict({name: torch.tensor(x) for name, x in state.items()})
    found: dict[str, Any] = {}
    for step in range(STEPS + case.training):
        if step == STEPS:
            layer.eval()
        layer.zero_grad()
        inputs = []
        for k, given in enumerate(case.inputs):
            tensor = torch.tensor(given.make(10 * step + k, dtype))
            inputs.append(tensor.requires_grad_() if given.graded else tensor)
        outputs = flat(layer(*inputs))
        for k, out in enumerate(outputs):
            found[f"{step} output {k}"] = out.detach().numpy().copy()
        weights = upstream(outputs, dtype)
        sum((out * torch.tensor(g)).sum() for out, g in zip(outputs, weights, strict=True)).backward()
        found |= {f"{step} input {k}": x.grad.numpy() for k, x in enumerate(inputs) if x.requires_grad}
        found |= {
            f"{step} gradient {name}": p.grad.numpy().copy()
            for name, p in layer.named_parameters()
            if p.grad is not None
        }
        found |= {f"{step} state {name}": b.numpy().copy() for name, b in layer.named_buffers()}
    return found
