"""Make PyTorch's numbers for tests where PyTorch is missing: `reference.npz` for every case, `initialisers.npz`.

python -m tests.nn.make_reference
"""

from pathlib import Path
from typing import Any

import numpy as np

from tests.nn.cases import CASES
from tests.nn.running import in_torch, packed

INITIALISERS = ["uniform_", "normal_", "trunc_normal_", "xavier_uniform_", "xavier_normal_", "kaiming_uniform_"]
INITIALISERS += ["kaiming_normal_", "orthogonal_", "eye_", "ones_", "zeros_"]
SHAPE = (300, 200)
QUANTILES = np.linspace(0.01, 0.99, 25)


def torchs_quantiles(name: str) -> Any:
    """Quantiles of a matrix that PyTorch's initialiser filled."""
    import torch

    filled = getattr(torch.nn.init, name)(torch.empty(SHAPE, dtype=torch.float64))
    return np.quantile(filled.numpy(), QUANTILES)


def main() -> None:
    here = Path(__file__).parent
    found = {str(case): packed(in_torch(case, np.float64)) for case in CASES}
    np.savez_compressed(here / "reference.npz", allow_pickle=False, **found)
    drawn = {name: torchs_quantiles(name) for name in INITIALISERS}
    np.savez_compressed(here / "initialisers.npz", allow_pickle=False, **drawn)


if __name__ == "__main__":
    main()
