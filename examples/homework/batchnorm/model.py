"""A solution."""

import numpy as np


def standardised(x):
    deviation = np.sqrt(x.var(axis=0) + 1e-5)
    return (x - x.mean(axis=0)) / deviation, deviation


def forward(x, gamma, beta):
    normal, _ = standardised(x)
    return gamma * normal + beta


def backward(dout, x, gamma):
    normal, deviation = standardised(x)
    dnormal = dout * gamma
    through_mean = dnormal.mean(axis=0)
    through_variance = normal * (dnormal * normal).mean(axis=0)
    dx = (dnormal - through_mean - through_variance) / deviation
    return dx, (dout * normal).sum(axis=0), dout.sum(axis=0)
