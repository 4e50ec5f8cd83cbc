"""What convolution and pooling cost beside PyTorch, forward and backward, float32, batch 64, in one process, in turns.

Two networks, LeNet on 28×28 and 2 × (conv3×3-BN-ReLU-pool) on 32×32×3, which must first reach the same losses over
five steps of gradient descent, and single layers. A ratio is the median over rounds of (our time / PyTorch's), so below
1 is faster.

Both use all cores; OPENBLAS_NUM_THREADS=1 limits both to one. A graph's memory is given back to the system after each
step and fetched again page by page; MALLOC_TRIM_THRESHOLD_ and MALLOC_MMAP_THRESHOLD_=4000000000 keep it (glibc).
"""

import os
from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from tinygrad_edu import Value, nn
from tinygrad_edu.nn import functional

__all__ = ["LAYERS", "NETWORKS", "losses", "main"]

BATCH, STEPS, RATE, ROUNDS, SECONDS = 64, 5, 0.05, 9, 0.25
Way = Callable[[], object]


def lenet(nn: Any) -> list[Any]:
    """LeNet in either library's layers."""
    return [
        *[nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)],
        *[nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()],
        *[nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)],
    ]


def cnn(nn: Any) -> list[Any]:
    """Two blocks with BatchNorm."""
    return [
        *[nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)],
        *[nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2)],
        *[nn.Flatten(), nn.Linear(64 * 8 * 8, 10)],
    ]


NETWORKS = {"LeNet 28×28": (lenet, (1, 28, 28)), "CNN 32×32×3": (cnn, (3, 32, 32))}
LAYERS: dict[str, tuple[tuple[int, ...], Callable[[Any], Callable[[Any, list[Any]], Any]], list[tuple[int, ...]]]] = {
    "conv 1→6 5×5, 28×28": ((1, 28, 28), lambda F: lambda x, w: F.conv2d(x, *w, padding=2), [(6, 1, 5, 5), (6,)]),
    "conv 6→16 5×5, 14×14": ((6, 14, 14), lambda F: lambda x, w: F.conv2d(x, *w), [(16, 6, 5, 5), (16,)]),
    "conv 3→32 3×3, 32×32": ((3, 32, 32), lambda F: lambda x, w: F.conv2d(x, *w, padding=1), [(32, 3, 3, 3), (32,)]),
    "conv 32→64 3×3, 16×16": (
        (32, 16, 16),
        lambda F: lambda x, w: F.conv2d(x, *w, padding=1),
        [(64, 32, 3, 3), (64,)],
    ),
    "conv 64→64 1×1, 16×16": ((64, 16, 16), lambda F: lambda x, w: F.conv2d(x, *w), [(64, 64, 1, 1), (64,)]),
    "depthwise 32 3×3, 32×32": (
        (32, 32, 32),
        lambda F: lambda x, w: F.conv2d(x, *w, padding=1, groups=32),
        [(32, 1, 3, 3), (32,)],
    ),
    "transposed 32→16 2×2/2, 16×16": (
        (32, 16, 16),
        lambda F: lambda x, w: F.conv_transpose2d(x, *w, stride=2),
        [(32, 16, 2, 2), (16,)],
    ),
    "max pool 2×2, 32×32×32": ((32, 32, 32), lambda F: lambda x, w: F.max_pool2d(x, 2), []),
    "max pool 3×3/2, 32×32×32": ((32, 32, 32), lambda F: lambda x, w: F.max_pool2d(x, 3, 2), []),
    "average pool 2×2, 32×32×32": ((32, 32, 32), lambda F: lambda x, w: F.avg_pool2d(x, 2), []),
}


def batch(shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Images and labels, always the same."""
    random = np.random.default_rng(0)
    return random.standard_normal((BATCH, *shape), np.float32), random.integers(0, 10, BATCH)


def pair(build: Callable[[Any], list[Any]], shape: tuple[int, ...]) -> tuple[Way, Way]:
    """A network's forward and backward pass here and in PyTorch, from the same weights; each gives loss and step."""
    import torch

    torch.manual_seed(0)
    theirs, ours = torch.nn.Sequential(*build(torch.nn)), nn.Sequential(*build(nn))
    ours.load_state_dict({name: t.numpy().astype(np.float32) for name, t in theirs.state_dict().items()})
    for parameter in ours.parameters():
        parameter.data = parameter.data.astype(np.float32)
    x, y = batch(shape)
    inputs, labels = torch.tensor(x), torch.tensor(y)

    def our_pass() -> tuple[float, Any]:
        ours.zero_grad()
        loss = functional.cross_entropy(ours(Value(x, requires_grad=False)), y)
        loss.backward(leaves_only=True)
        return float(loss.item()), [(p, p.grad) for p in ours.parameters()]

    def their_pass() -> tuple[float, Any]:
        theirs.zero_grad()
        loss = torch.nn.functional.cross_entropy(theirs(inputs), labels)
        loss.backward()
        return loss.item(), [(p, p.grad) for p in theirs.parameters()]

    return our_pass, their_pass


def losses(run: Callable[[], Any]) -> list[float]:
    """The losses of a few steps of gradient descent."""
    found = []
    for _ in range(STEPS):
        loss, gradients = run()
        found.append(loss)
        for p, g in gradients:
            p.data = p.data - RATE * g
    return found


def layer(name: str) -> tuple[Way, Way]:
    """One layer's forward and backward pass, by its input too; ours with the batch last in memory, as in a network."""
    import torch

    shape, function, weights = LAYERS[name]
    random = np.random.default_rng(0)
    x = np.moveaxis(random.standard_normal((*shape, BATCH), np.float32), -1, 0)
    w = [random.standard_normal(s, np.float32) * np.float32(0.1) for s in weights]
    values, tensors = (
        [Value(a) for a in (x, *w)],
        [torch.tensor(a, requires_grad=True) for a in (np.ascontiguousarray(x), *w)],
    )
    g = random.standard_normal(function(functional)(values[0], values[1:]).shape, np.float32)
    ours, theirs = np.moveaxis(np.ascontiguousarray(np.moveaxis(g, 0, -1)), -1, 0), torch.tensor(g)

    def our_pass() -> None:
        for v in values:
            v.zero_grad()
        function(functional)(values[0], values[1:]).backward(ours, leaves_only=True)

    def their_pass() -> None:
        for t in tensors:
            t.grad = None
        function(torch.nn.functional)(tensors[0], tensors[1:]).backward(theirs)

    our_pass(), their_pass()
    for v, t in zip(values, tensors, strict=True):
        np.testing.assert_allclose(v.grad, t.grad.numpy(), rtol=1e-3, atol=1e-3 * float(np.abs(v.grad).max()))
    return our_pass, their_pass


def ratio(ours: Way, theirs: Way) -> tuple[float, float]:
    """Milliseconds of our way, and the median over rounds of our time over theirs."""
    times = []
    for _ in range(ROUNDS):
        pair = []
        for way in (ours, theirs):
            calls, start = 0, perf_counter()
            while calls < 2 or perf_counter() - start < SECONDS:
                way()
                calls += 1
            pair.append((perf_counter() - start) / calls)
        times.append(pair)
    return median(a for a, _ in times) * 1e3, median(a / b for a, b in times)


def main() -> None:
    """Print milliseconds and ratios of each network and layer."""
    try:
        import torch
    except ImportError:
        print("torch is not installed: nothing to compare with")
        return
    torch.set_num_threads(int(os.environ.get("OPENBLAS_NUM_THREADS", os.cpu_count() or 1)))
    ways: Mapping[str, Callable[[], tuple[Way, Way]]] = {
        **{name: (lambda build=build, shape=shape: pair(build, shape)) for name, (build, shape) in NETWORKS.items()},
        **{name: (lambda name=name: layer(name)) for name in LAYERS},
    }
    for name, make in ways.items():
        ours, theirs = make()
        if name in NETWORKS:
            np.testing.assert_allclose(losses(ours), losses(theirs), rtol=1e-3)
        milliseconds, quotient = ratio(ours, theirs)
        print(f"{name:<32} {milliseconds:>8.2f} ms  {quotient:>6.2f} × PyTorch")
