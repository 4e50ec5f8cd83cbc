"""PyTorch, eager."""

from typing import Any

from ..workloads import BETAS, EPSILON, MOMENTUM, Contestant, Workload

__all__ = ["make"]


def layers_of(workload: Workload, nn: Any) -> list[Any]:
    """The layers in a library that has PyTorch's names."""
    two = len(workload.shape) > 1
    builders = {
        "linear": nn.Linear,
        "conv": lambda i, o, k, pad: nn.Conv2d(i, o, k, padding=pad),
        "norm": nn.BatchNorm2d if two else nn.BatchNorm1d,
        "relu": nn.ReLU,
        "pool": lambda: nn.MaxPool2d(2),
        "flatten": nn.Flatten,
    }
    return [builders[kind](*sizes) for kind, *sizes in workload.layers]


def make(workload: Workload, weights: dict[str, Any]) -> Contestant:
    """Modules, autograd and `torch.optim`."""
    import torch

    model = torch.nn.Sequential(*layers_of(workload, torch.nn))
    model.load_state_dict({key: torch.tensor(array) for key, array in weights.items()}, strict=False)
    if workload.optimiser == "adam":
        optimiser: Any = torch.optim.Adam(model.parameters(), lr=workload.rate, betas=BETAS, eps=EPSILON)
    else:
        optimiser = torch.optim.SGD(model.parameters(), lr=workload.rate, momentum=MOMENTUM)
    loss_of = torch.nn.CrossEntropyLoss()

    def step(X: Any, y: Any) -> float:
        loss = loss_of(model(X), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return float(loss.item())

    def running() -> list[Any]:
        return [b.numpy() for name, b in model.named_buffers() if "running" in name]

    return Contestant(lambda X, y: (torch.from_numpy(X), torch.from_numpy(y)), step, running)
