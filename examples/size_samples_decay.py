"""Three tables of what the courses say in words: depth against width, samples and weight decay against size."""

import numpy as np

from tinygrad_edu import nn, optim
from tinygrad_edu.data import load_digits

SMALL = {"steps": 20, "seeds": 1}  # what the tests run
BUDGET = ([64, 32, 10], [64, 24, 24, 10], [64, 20, 20, 20, 10], [64, 17, 17, 17, 17, 17, 10])
DECAYS = (0.0, 0.01, 0.03)


def trained(sizes, activation, loss, steps, lr, seed):
    """A network after `steps` steps of Adam on `loss(net)`."""
    nn.manual_seed(seed)
    net = nn.MLP(sizes, activation)
    optimizer = optim.Adam(net.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(net).backward(leaves_only=True)
        optimizer.step()
    return net


def depth_against_width(steps=150, seeds=3):
    """Layers, parameters and the median test error on digits of networks of nearly one size."""
    X, y = load_digits()
    X = X / 16
    train, test = np.split(np.random.default_rng(0).permutation(len(y)), [500])
    loss_of = nn.CrossEntropyLoss()
    for sizes in BUDGET:
        nets = [trained(sizes, "relu", lambda f: loss_of(f(X[train]), y[train]), steps, 0.01, s) for s in range(seeds)]
        errors = [np.mean(net(X[test]).data.argmax(1) != y[test]) for net in nets]
        yield nets[0].num_layers, nets[0].num_parameters(), float(np.median(errors))


def samples_against_size(counts=(20, 80, 320), steps=200, seeds=3):
    """For a linear unit and for 64 hidden ones: the median squared error to a noisy linear truth at each count."""

    def error(sizes, n, seed):
        rng = np.random.default_rng(seed)
        truth, X, T = rng.normal(size=6), rng.normal(size=(n, 6)), rng.normal(size=(1000, 6))
        y, loss_of = (X @ truth + 0.5 * rng.normal(size=n))[:, None], nn.MSELoss()
        net = trained(sizes, "tanh", lambda f: loss_of(f(X), y), steps, 0.03, seed)
        return np.mean((net(T).data[:, 0] - T @ truth) ** 2)

    models = ([6, 1], [6, 64, 1])
    return [[float(np.median([error(m, n, s) for s in range(seeds)])) for n in counts] for m in models]


def decay_against_size(features, noise, steps=200, seeds=6, decays=DECAYS):
    """Test accuracy of a linear model and of 200 hidden units for each λ of λ Σ w², from 60 samples with noise."""

    def accuracy(sizes, decay, seed):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(2060, features))
        y = X @ rng.normal(size=features) / np.sqrt(features) + noise * rng.normal(size=2060) > 0
        loss_of, penalty = nn.CrossEntropyLoss(), nn.penalties.L2(decay)
        labels = y[:60].astype(int)
        net = trained(sizes, "relu", lambda f: loss_of(f(X[:60]), labels) + penalty(f), steps, 0.05, seed)
        return np.mean(net(X[60:]).data.argmax(1) == y[60:])

    models = ([features, 2], [features, 200, 2])
    return [[float(np.mean([accuracy(m, d, s) for s in range(seeds)])) for d in decays] for m in models]


def main(**limits):
    """Print the tables; which depth wins, and whom decay helps, depends on the task."""
    print("layers  parameters  test error on digits")
    print(*(f"{n:>6}  {size:>10}  {error:.1%}" for n, size, error in depth_against_width(**limits)), sep="\n")
    print("error from 20, 80, 320 samples: linear, 64 hidden units", *samples_against_size(**limits), sep="\n")
    for features, noise in ((30, 1.0), (10, 0.5)):
        print(f"accuracy at λ = {DECAYS}, {features} features: linear, 200 hidden units")
        print(*decay_against_size(features, noise, **limits), sep="\n")


if __name__ == "__main__":
    main()
