"""Sample calls of reductions, running totals and statistics."""

import numpy as np

from .samples import d, sample

X = np.array([[1.5, -2.1, 0.3, 0.9], [0.25, 3.2, -0.6, 1.1], [-1.4, 0.8, 2.2, -0.2]])
CUBE = np.linspace(-2.3, 3.1, 12).reshape(2, 3, 2) ** 3 / 4
MASK = np.array([[True, False, True, True], [False, True, True, False], [True, True, False, True]])
HOLES = np.where(MASK, X, np.nan)

for _name in ["sum", "mean", "prod", "max", "min", "amax", "amin", "var", "std", "ptp", "median", "average"]:
    sample(_name, d(X))
    sample(_name, d(CUBE), axis=1, keepdims=True)
    sample(_name, d(CUBE), axis=(0, -1))
for _name in ["nansum", "nanmean", "nanprod", "nanmax", "nanmin", "nanvar", "nanstd", "nanmedian"]:
    sample(_name, d(HOLES))
    sample(_name, d(HOLES), axis=1, keepdims=True)
    sample(_name, d(HOLES), axis=0)
for _name in ["sum", "mean", "prod", "var", "std", "nansum", "nanmean"]:
    sample(_name, d(X), axis=1, where=MASK)
    sample(_name, d(X), dtype=np.float64)
sample("sum", d(X), axis=0, initial=2.0)
sample("sum", d(X), axis=0, initial=d(np.float64(2.0)))
sample("prod", d(X), initial=2.0, where=MASK)
sample("max", d(X), axis=1, where=MASK, initial=0.95)
sample("min", d(X), axis=1, where=MASK, initial=9.0)
sample("max", d(X), initial=9.0)
sample("nanmax", d(HOLES), axis=0, initial=0.0)
sample("var", d(X), axis=0, ddof=1, where=MASK)
sample("var", d(X), axis=0, mean=X.mean(0, keepdims=True))
sample("std", d(X), axis=0, ddof=1)
sample("std", d(X), correction=1)
sample("nanvar", d(HOLES), ddof=1)
sample("average", d(X), weights=d(np.abs(X) + 0.1))
sample("average", d(X), axis=1, weights=d(np.array([0.1, 0.2, 0.3, 0.5])), returned=True)
sample("average", d(X), axis=(1, 0), weights=np.abs(X.T) + 0.1)
sample("average", d(X), axis=0, returned=True)

for _method in ["linear", "lower", "higher", "midpoint", "nearest", "hazen", "weibull", "median_unbiased"]:
    sample("quantile", d(X), 0.3, method=_method)
for _method in ["normal_unbiased", "inverted_cdf", "averaged_inverted_cdf", "closest_observation"]:
    sample("quantile", d(X), 0.3, axis=1, method=_method)
sample("quantile", d(X), np.array([[0.1, 0.5], [0.9, 1.0]]), axis=1, keepdims=True)
sample("quantile", d(CUBE), [0.0, 0.7], axis=(0, 2))
sample("quantile", d(HOLES), [0.2, 0.7], axis=1)
sample("percentile", d(X), [25, 50], axis=0)
sample("nanquantile", d(HOLES), [0.2, 0.7], axis=1)
sample("nanpercentile", d(HOLES), 40, axis=0, keepdims=True)
sample("median", d(X), axis=1)

sample("cov", d(X))
sample("cov", d(X), d(X[:2] ** 2), bias=True)
sample("cov", d(X), rowvar=False, ddof=0)
sample("cov", d(X), fweights=[1, 2, 3, 1], aweights=d(np.array([0.1, 0.4, 0.2, 0.3])))
sample("cov", d(X), aweights=np.array([0.1, 0.4, 0.2, 0.3]), ddof=0)
sample("cov", d(X), fweights=[1, 2, 3, 1])
sample("cov", d(X[0]))
sample("corrcoef", d(X))
sample("corrcoef", d(X[0]), d(X[1]))
sample("corrcoef", d(X), rowvar=False)

for _name in ["cumsum", "cumprod", "nancumsum", "nancumprod"]:
    sample(_name, d(X))
    sample(_name, d(X), axis=1)
    sample(_name, d(X), 0, np.float64)
sample("nancumsum", d(HOLES), axis=0)
sample("nancumprod", d(HOLES))
sample("cumprod", d(np.array([2.0, 0.0, 3.0, 0.0, 1.5])))
for _name in ["cumulative_sum", "cumulative_prod"]:
    sample(_name, d(X[0]))
    sample(_name, d(X), axis=-1, include_initial=True)
sample("bincount", np.array([0, 3, 1, 1]), weights=d(X[0]), minlength=5)
