"""A deep network on handwritten digits with and without batch normalisation, at rates that differ a hundredfold."""

from itertools import pairwise

import numpy as np

from tinygrad_edu import nn, optim
from tinygrad_edu.data import DataLoader, load_digits
from tinygrad_edu.training import accuracy_score, evaluate, fit

SMALL = {"epochs": 1, "rates": (0.1,)}  # what the tests run
SIZES = (64, 64, 32, 32, 16, 16)


def network(normalised):
    """Five hidden layers; the bias before a normalisation would be cancelled by it, so it is left out."""
    layers = []
    for inputs, outputs in pairwise(SIZES):
        layers.append(nn.Linear(inputs, outputs, bias=not normalised, weight_init="he_normal"))
        layers += [nn.BatchNorm1d(outputs)] * normalised + [nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(SIZES[-1], 10))


def main(epochs=8, rates=(0.02, 0.2, 2.0), seed=0):
    """Print the loss by epoch and the accuracy on rows held out."""
    X, y = load_digits()
    train, test = np.split(np.random.default_rng(seed).permutation(len(y)), [1400])
    for rate in rates:
        for normalised in (False, True):
            nn.manual_seed(seed)
            net, loss = network(normalised), nn.CrossEntropyLoss()
            batches = DataLoader((X[train], y[train]), batch_size=64, rng=seed)  # the pixels as they come: 0 to 16
            with np.errstate(all="ignore"):
                optimiser = optim.SGD(net.parameters(), lr=rate, on_nonfinite="skip")
                history = fit(net, loss, optimiser, batches, epochs)
                found = evaluate(net, loss, X[test], y[test], measures={"accuracy": right})
            losses = " ".join(f"{one:.2f}" for one in history["loss"])
            print(f"rate {rate:<5} {'with' if normalised else 'without':>7}: {losses}; {found['accuracy']:.1%} right")


def right(labels, outputs):
    """The share of largest outputs at the right class."""
    return accuracy_score(labels, outputs.argmax(1))


if __name__ == "__main__":
    main()
