"""What things cost: activations beside a convolution, steps with batches of 60 to 260, the memory of a larger batch."""

import tracemalloc
from math import factorial, log
from timeit import repeat

import numpy as np

from tinygrad_edu import Value, nn

SMALL = {"channels": 2, "batches": (60, 64)}  # what the tests run


def terms_of_exp(error):
    """How many terms of Σ rᵏ/k! it takes until the rest is below `error`, once x = k ln 2 + r with |r| ≤ ln 2 / 2."""
    n = 1
    while (log(2) / 2) ** n / factorial(n) > error:
        n += 1
    return n


def operations(channels=16, kernel=3, error=2.0**-53):
    """Additions, multiplications, divisions and comparisons for one element of the result."""
    exponential = 5 + 2 * (terms_of_exp(error) - 1)  # x / ln 2, rounding, x - k ln 2 in two, times 2ᵏ; Horner's rule
    return {
        "relu": 1,
        "leaky relu": 2,
        "sigmoid": exponential + 2,
        "tanh": exponential + 4,
        f"conv2d {kernel} x {kernel}, {channels} channels": 2 * kernel**2 * channels,
    }


def milliseconds(call):
    """The shortest of a few runs."""
    return 1e3 * min(repeat(call, number=1, repeat=5))


def network_loss(batch):
    """The loss of a 64-128-10 network on random data."""
    nn.manual_seed(0)
    net, X = nn.MLP([64, 128, 10], "sigmoid"), np.random.default_rng(0).normal(size=(batch, 64))
    return lambda: nn.functional.cross_entropy(net(X), np.arange(batch) % 10)


def gates(value):
    """How many gates made a value."""
    made, front = set(), {value}
    while front := {v for v in front if isinstance(v, Value) and v.gate} - made:
        made |= front
        front = {v for made_now in front for v in made_now.inputs if isinstance(v, Value)}
    return len(made)


def held(batch):
    """Bytes that the forward computation of a batch leaves for the walk back."""
    forward = network_loss(batch)
    tracemalloc.start()
    _loss = forward()
    held_now, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held_now


def main(channels=16, batches=(60, 64, 100, 128, 200, 256, 260)):
    """Print the three tables; seconds are of this machine and this moment."""
    x, F = np.random.default_rng(0).normal(size=(8, channels, 32, 32)), nn.functional
    conv = nn.Conv2d(channels, channels, 3, padding=1)
    calls = [lambda: F.relu(x), lambda: F.leaky_relu(x), lambda: F.sigmoid(x), lambda: F.tanh(x), lambda: conv(x)]
    for (name, count), call in zip(operations(channels).items(), calls, strict=True):
        print(f"{name:<28} {count:>4} operations an element, {milliseconds(call):.3f} ms")
    for n in batches:
        forward = network_loss(n)
        each = 1e3 * milliseconds(lambda forward=forward: forward().backward()) / n
        print(f"batch {n:>3}: {gates(forward())} gates a step, {each:.2f} µs a sample, {held(n):>7} bytes held")


if __name__ == "__main__":
    main()
