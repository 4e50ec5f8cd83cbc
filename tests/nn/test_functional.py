"""Functions that stand behind no layer give PyTorch's numbers and gradients too; and none is left uncompared."""

from typing import Any

import numpy as np
import pytest

from tests.nn.cases import CASES
from tests.nn.make_reference import INITIALISERS
from tests.nn.test_against_torch import ONLY_HERE
from tinygrad_edu import Value, nn
from tinygrad_edu.nn import functional as F

torch = pytest.importorskip("torch")

RNG = np.random.default_rng(0)
Q, K, V = (RNG.normal(size=(2, 3, n, 4)) for n in (5, 6, 6))
X, Y = RNG.normal(size=(2, 4, 3))
ADDED, LET = RNG.normal(size=(5, 6)), RNG.random((5, 6)) < 0.7
CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("cosine_similarity", (X, Y), {}),
    ("cosine_similarity", (X, Y), {"dim": 0, "eps": 0.1}),
    ("normalize", (X,), {}),
    ("normalize", (X,), {"p": 1.0, "dim": 0}),
    ("normalize", (X,), {"p": 3.0, "eps": 10.0}),
    ("scaled_dot_product_attention", (Q, K, V), {}),
    ("scaled_dot_product_attention", (Q, K, V), {"scale": 0.3, "attn_mask": ADDED}),
    ("scaled_dot_product_attention", (Q, K, V), {"attn_mask": LET}),
    ("scaled_dot_product_attention", (K, K, V), {"is_causal": True}),
]


def tensor(x: Any) -> Any:
    return torch.tensor(x) if isinstance(x, np.ndarray) else x


@pytest.mark.parametrize(("name", "arrays", "settings"), CALLS)
def test_a_function_and_its_gradients_are_pytorchs(name: str, arrays: Any, settings: dict[str, Any]) -> None:
    mine, theirs = [Value(x) for x in arrays], [torch.tensor(x, requires_grad=True) for x in arrays]
    out = getattr(F, name)(*mine, **settings)
    wanted = getattr(torch.nn.functional, name)(*theirs, **{key: tensor(x) for key, x in settings.items()})
    np.testing.assert_allclose(out.data, wanted.detach().numpy(), rtol=1e-9, atol=1e-12)
    upstream = np.sin(np.arange(out.size)).reshape(out.shape)
    out.backward(upstream)
    wanted.backward(torch.tensor(upstream))
    for leaf, other in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(leaf.grad, other.grad.numpy(), rtol=1e-8, atol=1e-11)


def test_one_hot_is_pytorchs() -> None:
    labels = np.array([[2, 0], [1, 1]])
    for classes in (-1, 5):
        wanted = torch.nn.functional.one_hot(torch.tensor(labels), classes).numpy()
        np.testing.assert_array_equal(F.one_hot(labels, *([] if classes < 0 else [classes])), wanted)


ELSEWHERE = {
    "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
    "fractional_max_pool2d": "test_convolution.py",
    "pad": "test_convolution.py",
    "one_hot": "above",
}


def plain(name: str) -> str:
    return name.lower().replace("_", "").removesuffix("loss")


def test_every_function_that_pytorch_has_is_compared_by_itself_or_behind_a_layer() -> None:
    both = {name for name in F.__all__ if hasattr(torch.nn.functional, name)}
    layers = {plain(case.kind) for case in CASES}
    behind = {name for name in both if any(kind.startswith(plain(name)) for kind in layers)}
    assert both - behind - {name for name, *_ in CALLS} - ELSEWHERE.keys() == set()
    assert len(both) > 60


def test_what_is_only_here_is_not_in_pytorch_or_is_a_container_and_every_initialiser_is_compared() -> None:
    containers = {"Module", "ModuleDict", "ModuleList", "Parameter", "Sequential"}
    assert {name for name in ONLY_HERE if hasattr(torch.nn, name)} == containers | {"FractionalMaxPool2d"}
    deterministic = {"constant_", "dirac_", "sparse_", "calculate_gain"}  # in test_init.py
    assert {name for name in nn.init.__all__ if hasattr(torch.nn.init, name)} == {*INITIALISERS} | deterministic
