"""Learning from few digits, a fifth of them with a wrong label: what weight decay, dropout and the others save."""

import numpy as np

from tinygrad_edu import nn, optim
from tinygrad_edu.data import DataLoader, load_digits
from tinygrad_edu.training import EarlyStopping, accuracy_score, evaluate, fit

SMALL = {"epochs": 4, "seeds": 1}  # what the tests run
WAYS = {
    "nothing": {},
    "weight decay 1": {"decay": 1.0},
    "dropout 0.5": {"dropout": 0.5},
    "label smoothing 0.1": {"smoothing": 0.1},
    "early stopping": {"patience": 5},
}


def trained(train, validation, epochs, seed, *, decay=0.0, dropout=0.0, smoothing=0.0, patience=None):
    """A wide network after training, and for how many epochs."""
    nn.manual_seed(seed)
    net = nn.MLP([64, 256, 10], dropout=dropout)
    optimiser = optim.AdamW(optim.decay_matrices(net.parameters(), decay), lr=3e-3)
    stop = None if patience is None else EarlyStopping(patience)
    batches = DataLoader(train, batch_size=20, rng=seed)
    loss = nn.CrossEntropyLoss(label_smoothing=smoothing)
    return net, len(fit(net, loss, optimiser, batches, epochs, validation=validation, stop=stop))


def main(epochs=60, seeds=3):
    """Print losses and the accuracy on digits that were not seen, means over the seeds."""
    X, y = load_digits()
    X = X / 16
    order = np.random.default_rng(0).permutation(len(y))
    train, validation, test = ((X[rows], y[rows]) for rows in np.split(order, [200, 400]))
    wrong = np.random.default_rng(1).permutation(200)[:40]
    train[1][wrong] = (train[1][wrong] + 1) % 10
    print(f"{'':<21}{'epochs':>7}{'training loss':>15}{'test loss':>11}{'right':>8}")
    for name, settings in WAYS.items():
        found = []
        for seed in range(seeds):
            net, count = trained(train, validation, epochs, seed, **settings)
            seen, unseen = (evaluate(net, nn.CrossEntropyLoss(), *rows, measures=RIGHT) for rows in (train, test))
            found.append((count, seen["test loss"], unseen["test loss"], unseen["right"]))
        count, low, high, right = np.mean(found, axis=0)
        print(f"{name:<21}{count:>7.0f}{low:>15.4f}{high:>11.3f}{right:>8.1%}")


RIGHT = {"right": lambda labels, outputs: accuracy_score(labels, outputs.argmax(1))}

if __name__ == "__main__":
    main()
