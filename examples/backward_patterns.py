"""Patterns in backward flow: add distributes, max routes, mul swaps, and a value used twice adds up what comes back."""

import numpy as np

from tinygrad_edu import Value, draw, tie_policy


def show(title: str, out: Value, *inputs: Value, upstream: float = 2.0) -> None:
    out.backward(upstream)
    gradients = ", ".join(f"{v.name} = {v.item():g} gets {v.grad:g}" for v in inputs)
    print(f"{title:<11} upstream {upstream:g}: {gradients}")


def pair() -> tuple[Value, Value]:
    return Value(3.0, name="x"), Value(-4.0, name="y")


def main() -> None:
    x, y = pair()
    show("add", x + y, x, y)

    x, y = pair()
    show("max", np.maximum(x, y), x, y)

    x, y = pair()
    show("mul", x * y, x, y)

    x, y = pair()
    show("copy", x * y + x, x, y)

    x, y = Value(1.0, name="x"), Value(1.0, name="y")
    show("max, split", np.maximum(x, y), x, y)

    x, y = Value(1.0, name="x"), Value(1.0, name="y")
    with tie_policy("both"):
        show("max, both", np.maximum(x, y), x, y)

    x, y, z, w = (Value(number, name=name) for name, number in {"x": 3.0, "y": -4.0, "z": 2.0, "w": -1.0}.items())
    f = (x * y + np.maximum(z, w)) * 2
    f.backward()
    draw(f).save("backward_patterns.svg")
    print("all three in one circuit: backward_patterns.svg")


if __name__ == "__main__":
    main()
