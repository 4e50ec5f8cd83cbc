"""How methods go down z = x²/10 + y² and a bent valley: where they are after each step, and a picture and a film."""

from tinygrad_edu import optim
from tinygrad_edu.errors import DependencyError

SMALL = {"frames": 3}  # what the tests run
METHODS = {
    "SGD": lambda p: optim.SGD(p, lr=0.95),
    "Momentum": lambda p: optim.Momentum(p, lr=0.1),
    "NAG": lambda p: optim.NAG(p, lr=0.1),
    "AdaGrad": lambda p: optim.Adagrad(p, lr=1.5),
    "AdaDelta": lambda p: optim.Adadelta(p, eps=1e-5),
    "RMSProp": lambda p: optim.RMSprop(p, lr=0.5, alpha=0.9),
    "Adam": lambda p: optim.Adam(p, lr=0.5),
}
VALLEY = {
    "Adam": lambda p: optim.Adam(p, lr=0.1),
    "L-BFGS": lambda p: optim.LBFGS(p, max_iter=1, max_eval=20, line_search_fn="strong_wolfe"),
    "Newton": lambda p: optim.Newton(p, damping=1e-3),
}


def told(title, ways, steps):
    """A line for each method: its height after some of the steps."""
    print(f"{title:<22}" + "".join(f"{f'step {t}':>12}" for t in steps))
    for name in ways.points:
        heights = ways.heights(name)
        print(f"{name:<22}" + "".join(f"{heights[t]:>12.3g}" for t in steps))


def main(frames=20):
    """Print the heights; save `paths.png`, `paths.gif` and `valley.png`."""
    bowl = optim.paths(optim.bowl, (-7.0, 2.0), METHODS, steps=20)
    told("z = x²/10 + y²", bowl, (0, 1, 5, 10, 20))
    valley = optim.paths(optim.rosenbrock, (-1.2, 1.0), VALLEY, steps=60)
    told("Rosenbrock's valley", valley, (0, 5, 20, 40, 60))
    try:
        bowl.plot().savefig("paths.png")
        valley.plot().savefig("valley.png")
        short = optim.paths(optim.bowl, (-7.0, 2.0), METHODS, steps=frames)
        print("saved paths.png, valley.png and", short.animate("paths.gif", frames_per_second=5))
    except DependencyError as error:
        print("no pictures:", error)


if __name__ == "__main__":
    main()
