"""Sample calls of elementwise functions."""

import numpy as np

from .samples import d, sample

X = np.array([[1.5, -2.1, 0.3], [0.25, 3.2, -0.6]])
Y = np.array([[0.7], [-1.3]])
POSITIVE = np.abs(X) + 0.5
SMALL = X / 4

for _name in ["exp", "exp2", "expm1", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan", "arcsinh", "sinc", "i0"]:
    sample(_name, d(X))
for _name in ["absolute", "fabs", "negative", "positive", "square", "reciprocal", "cbrt", "copy"]:
    sample(_name, d(X))
for _name in ["deg2rad", "rad2deg", "radians", "degrees"]:
    sample(_name, d(X))
for _name in ["log", "log2", "log10", "log1p", "sqrt"]:
    sample(_name, d(POSITIVE))
for _name in ["arcsin", "arccos", "arctanh"]:
    sample(_name, d(SMALL))
sample("arccosh", d(POSITIVE + 1))
sample("modf", d(X))
sample("frexp", d(X))
sample("nan_to_num", d(np.array([1.0, np.nan, np.inf, -np.inf, 2.0])), nan=3.0, posinf=4.0, neginf=-1.0)
sample("astype", d(X), np.float64)

for _name in ["add", "subtract", "multiply", "divide", "maximum", "minimum", "fmax", "fmin", "arctan2", "hypot"]:
    sample(_name, d(X), d(Y))
for _name in ["logaddexp", "logaddexp2", "remainder", "fmod", "copysign", "heaviside"]:
    sample(_name, d(X), d(Y))
sample("fmax", d(np.array([np.nan, 1.0, 3.0])), d(np.array([2.0, np.nan, 1.0])))
sample("divmod", d(X), d(Y))
sample("power", d(POSITIVE), d(Y))
sample("power", d(X), 3)
sample("float_power", d(POSITIVE), d(Y))
sample("ldexp", d(X), np.array([1, 2, -1]))
sample("clip", d(X), -1.0, d(np.float64(1.4)))
sample("clip", d(X), None, 1.4)
sample("clip", d(X), min=-1.0)
sample("where", X > 0, d(X), d(Y))

for _name in ["add", "subtract", "multiply", "divide", "hypot", "logaddexp", "maximum"]:
    sample(f"{_name}.outer", d(X[0]), d(Y))
sample("add.reduce", d(X), axis=1, keepdims=True)
sample("add.reduce", d(X))
sample("multiply.reduce", d(X), (0, 1), initial=2.0)
sample("maximum.reduce", d(X), where=X < 3, initial=-5.0)
sample("minimum.reduce", d(X), axis=None)
sample("logaddexp.reduce", d(X))
sample("hypot.reduce", d(X))
sample("add.accumulate", d(X))
sample("multiply.accumulate", d(X), axis=1)
sample("maximum.accumulate", d(np.array([[1.0, 3.0, 2.0, 4.0], [5.0, 4.0, 1.0, 7.0]])), axis=1)
sample("minimum.accumulate", d(X))
