"""The forward/backward interface of the course: a graph object that calls its gates, in order and then in reverse.

The engine hides this behind `backward()`. Here each gate is an object with `forward` and `backward` that keeps what it
was given, as a layer of Caffe does; the numbers and local gradients come from the package's own declarations.
"""

from dataclasses import dataclass, field

from tinygrad_edu import GATES, Value, sigmoid
from tinygrad_edu.engine import Gate


@dataclass
class Node:
    """One gate with the names of its inputs and of its output; `backward` returns local × upstream for each input."""

    gate: Gate
    inputs: tuple[str, ...]
    output: str
    kept: tuple[object, ...] = field(default=(), repr=False)

    def forward(self, *inputs: float) -> float:
        out = self.gate.forward(*inputs)
        self.kept = (out, *inputs)
        return out

    def backward(self, upstream: float) -> list[float]:
        return [derivative(upstream, *self.kept) for derivative in self.gate.derivatives]


class ComputationalGraph:
    """Nodes in topological order: forward calls them in it, backward in its reverse, and adds where paths meet."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes

    def forward(self, inputs: dict[str, float]) -> dict[str, float]:
        values = dict(inputs)
        for node in self.nodes:
            values[node.output] = node.forward(*(values[name] for name in node.inputs))
        return values

    def backward(self) -> dict[str, float]:
        gradients = {self.nodes[-1].output: 1.0}
        for node in reversed(self.nodes):
            for name, downstream in zip(node.inputs, node.backward(gradients[node.output]), strict=True):
                gradients[name] = gradients.get(name, 0.0) + downstream
        return gradients


def neuron() -> ComputationalGraph:
    """σ(w·x + b) in three gates."""
    mul, add = GATES["mul"], GATES["add"]
    return ComputationalGraph(
        [Node(mul, ("w", "x"), "t"), Node(add, ("t", "b"), "s"), Node(GATES["sigmoid"], ("s",), "f")]
    )


def main() -> None:
    inputs = {"w": 2.0, "x": -1.0, "b": 3.0}
    graph = neuron()
    values, gradients = graph.forward(inputs), graph.backward()
    w, x, b = leaves = [Value(number, name=name) for name, number in inputs.items()]
    f = sigmoid(w * x + b)
    f.backward()
    print(f"f = {values['f']:.4f}; the engine says {f:.4f}")
    for leaf in leaves:
        print(f"∂f/∂{leaf.name} = {gradients[leaf.name]:+.4f}; the engine says {leaf.grad:+.4f}")


if __name__ == "__main__":
    main()
