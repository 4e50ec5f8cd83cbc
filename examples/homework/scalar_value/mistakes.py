"""Typical mistakes: what the solution says, what is written in its place."""

MISTAKES = {
    "overwrites gradients": ("x.grad += g", "x.grad = g"),
    "does not swap": ("(g * other.data, g * self.data)", "(g * self.data, g * other.data)"),
    "forgets the inner power": ("g * n * self.data ** (n - 1)", "g * self.data ** (n - 1)"),
    "wrong order": ("reversed(order)", "order"),
    "seeds with 0": ("self.grad = 1.0", "self.grad = 0.0"),
}
