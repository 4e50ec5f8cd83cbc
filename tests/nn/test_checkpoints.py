"""A checkpoint that PyTorch trained and saved gives the same outputs here, and ours there."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.nn import torch_models
from tinygrad_edu import nn

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

MODELS = [
    ("lenet", lambda: nn.models.LeNet(), (6, 1, 28, 28)),
    ("resnet", lambda: nn.models.ResNet(planes=(8, 16), blocks=2), (6, 3, 16, 16)),
]


@pytest.mark.parametrize(("name", "mine", "shape"), MODELS)
def test_checkpoints_pass_in_both_directions(name: str, mine: Any, shape: tuple[int, ...], tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    torch.manual_seed(0)
    theirs, here = getattr(torch_models, name)(), mine()
    x = torch.randn(shape)
    for _ in range(3):
        theirs.zero_grad()
        torch.nn.functional.cross_entropy(theirs(x), torch.arange(6)).backward()
        with torch.no_grad():
            for parameter in theirs.parameters():
                parameter -= 0.05 * parameter.grad
    save_file(theirs.state_dict(), tmp_path / "theirs.safetensors")
    here.load(tmp_path / "theirs.safetensors").eval()
    wanted = theirs.eval()(x).detach().numpy()
    np.testing.assert_allclose(here(x.numpy()).data, wanted, atol=1e-5)
    back = getattr(torch_models, name)()
    back.load_state_dict(load_file(here.to(np.float32).save(tmp_path / "mine.safetensors")))
    np.testing.assert_allclose(back.eval()(x).detach().numpy(), wanted, atol=1e-5)
