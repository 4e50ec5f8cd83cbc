"""Make `reference.npz`, PyTorch's numbers for every case, for tests where PyTorch is missing.

python -m tests.nn.make_reference
"""

from pathlib import Path

import numpy as np

from tests.nn.cases import CASES
from tests.nn.running import in_torch, packed


def main() -> None:
    found = {str(case): packed(in_torch(case, np.float64)) for case in CASES}
    np.savez_compressed(Path(__file__).parent / "reference.npz", allow_pickle=False, **found)


if __name__ == "__main__":
    main()
