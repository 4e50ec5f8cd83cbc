"""A scalar engine in the manner of micrograd: each number of the network is a node of its own, with a closure."""

from collections.abc import Callable
from math import exp, log


class Scalar:
    """A number, the numbers it was made from, and how to pass its gradient to them."""

    __slots__ = ("back", "data", "grad", "parents")

    def __init__(self, data: float, parents: tuple["Scalar", ...] = (), back: Callable[[], None] | None = None) -> None:
        self.data, self.parents, self.back, self.grad = data, parents, back, 0.0

    def __add__(self, other: "Scalar") -> "Scalar":
        out = Scalar(self.data + other.data, (self, other))

        def back() -> None:
            self.grad += out.grad
            other.grad += out.grad

        out.back = back
        return out

    def __mul__(self, other: "Scalar") -> "Scalar":
        out = Scalar(self.data * other.data, (self, other))

        def back() -> None:
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.back = back
        return out

    def unary(self, data: float, slope: float) -> "Scalar":
        """A function of one input with the given value and derivative."""
        out = Scalar(data, (self,))

        def back() -> None:
            self.grad += slope * out.grad

        out.back = back
        return out

    def relu(self) -> "Scalar":
        """The larger of x and 0."""
        return self.unary(max(self.data, 0.0), float(self.data > 0))

    def exp(self) -> "Scalar":
        """e to the x."""
        return self.unary(e := exp(self.data), e)

    def log(self) -> "Scalar":
        """The natural logarithm."""
        return self.unary(log(self.data), 1 / self.data)

    def backward(self) -> None:
        """Gradients of all numbers this one was made from, by depth-first search with a stack of its own."""
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((parent, False) for parent in node.parents)
        self.grad = 1.0
        for node in reversed(order):
            if node.back:
                node.back()
