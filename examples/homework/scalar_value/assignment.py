"""Assignment: a class Value with `data`, `grad`, the operators + * **, `tanh()` and `backward()`."""

import math

from tinygrad_edu.testing.homework import Case


def gradients(f, *numbers):
    """A case's run: f on Values of the submission; its value and the gradients by all of them."""

    def run(names):
        values = [names["Value"](x) for x in numbers]
        out = f(*values)
        out.backward()
        return [out.data, *(v.grad for v in values)]

    return run


def twice_used(x, y):
    z = x * y
    return z * z + z


T = math.tanh(0.5)
NAMES = ("Value",)
CASES = {
    "a sum": Case(1, gradients(lambda x, y: x + y, 2.0, 3.0), [5, 1, 1], "An add gate distributes."),
    "a product": Case(2, gradients(lambda x, y: x * y, 2.0, 3.0), [6, 3, 2], "A multiply gate swaps its inputs."),
    "a power": Case(1, gradients(lambda x: x**3, 2.0), [8, 12], "The derivative of xⁿ is n·xⁿ⁻¹."),
    "tanh": Case(1, gradients(lambda x: x.tanh(), 0.5), [T, 1 - T * T], "The derivative of tanh is 1 - tanh²."),
    "a value used twice": Case(2, gradients(lambda x: x + x, 3.0), [6, 2], "Gradients add up: += in place of =."),
}


def drawn(random):
    """Cases with other numbers at each grading."""
    x, y = random.uniform(0.5, 2.0, 2).tolist()
    right = [x * y * x * y + x * y, (2 * x * y + 1) * y, (2 * x * y + 1) * x]
    return {"a shared part": Case(3, gradients(twice_used, x, y), right, "Go back in topological order.")}
