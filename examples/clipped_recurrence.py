"""A recurrent network adds up numbers that are marked in a sequence: with clipped gradients and without."""

import numpy as np

from tinygrad_edu import nn, optim

SMALL = {"steps": 5, "length": 10}  # what the tests run


def sequences(n, length, rng):
    """Numbers and marks, [length, n, 2], and the sum of the two marked numbers."""
    numbers, marks = rng.uniform(-1, 1, (length, n)), np.zeros((length, n))
    for k in range(n):
        marks[rng.choice(length, 2, replace=False), k] = 1
    return np.stack([numbers, marks], axis=2), (numbers * marks).sum(0)


class Adder(nn.Module):
    """An RNN and a linear layer on its last output."""

    def __init__(self, hidden=32):
        self.rnn = nn.RNN(2, hidden, nonlinearity="relu")
        self.out = nn.Linear(hidden, 1)
        nn.init.orthogonal_(self.rnn.weight_hh_l0, gain=1.8)  # too large: gradients grow with the length

    def forward(self, x):
        return self.out(self.rnn(x)[0][-1])[:, 0]


def main(steps=150, length=25):
    """Print how the loss and the largest gradient norm of each tenth of the training go."""
    for bound in (None, 1.0):
        nn.manual_seed(0)
        net, loss_of, rng = Adder(), nn.MSELoss(), np.random.default_rng(0)
        optimiser = optim.SGD(net.parameters(), lr=0.01, momentum=0.9, on_nonfinite="skip")
        losses, norms = [], []
        with np.errstate(all="ignore"):
            for _ in range(steps):
                x, y = sequences(32, length, rng)
                optimiser.zero_grad()
                loss = loss_of(net(x), y)
                loss.backward(leaves_only=True)
                norms.append(optim.clip_grad_norm_(net.parameters(), np.inf if bound is None else bound))
                optimiser.step()
                losses.append(loss.item())
        print("without clipping" if bound is None else f"clipped at {bound}")
        for part in np.array_split(np.arange(steps), 5):
            worst = max(norms[k] for k in part)
            print(f"  step {part[-1] + 1:>4}: loss {np.mean([losses[k] for k in part]):.3g}, largest norm {worst:.3g}")


if __name__ == "__main__":
    main()
