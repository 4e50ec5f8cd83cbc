"""Assignment: gradients under broadcasting, and of a matrix product.

`add_backward(g, x, y)`, `mul_backward(g, x, y)`, `matmul_backward(g, x, y)` give the gradients by x and y.
"""

import numpy as np

from tinygrad_edu.testing.homework import Case

G = np.array([[1.0, -2.0, 0.5], [3.0, 1.0, -1.0]])
X = np.array([[0.5, 2.0, -1.0], [1.0, 0.0, 4.0]])
ROW, COLUMN = np.array([2.0, -1.0, 3.0]), np.array([[2.0], [-3.0]])


def call(name, *inputs):
    return lambda names: names[name](*(x.copy() for x in inputs))


SUM = "Sum the gradient over the axes along which an input was broadcast."
NAMES = ("add_backward", "mul_backward", "matmul_backward")
CASES = {
    "add, equal shapes": Case(1, call("add_backward", G, X, X), [G, G]),
    "add, a row": Case(2, call("add_backward", G, X, ROW), [G, G.sum(0)], SUM),
    "add, a column": Case(2, call("add_backward", G, COLUMN, X), [G.sum(1, keepdims=True), G], SUM),
    "multiply, a row": Case(2, call("mul_backward", G, X, ROW), [G * ROW, (G * X).sum(0)], SUM),
    "multiply, a scalar": Case(1, call("mul_backward", G, X, np.array(2.0)), [2 * G, (G * X).sum()], SUM),
}


def drawn(random):
    """Cases with other numbers at each grading."""
    x, w, d = random.normal(size=(2, 3)), random.normal(size=(3, 4)), random.normal(size=(2, 4))
    product = call("matmul_backward", d, x, w)
    return {"matrix product": Case(3, product, [d @ w.T, x.T @ d], "dX = dY·Wᵀ and dW = Xᵀ·dY.")}
