"""Typical mistakes: what the solution says, what is written in its place."""

MISTAKES = {
    "mean taken as constant": ("dnormal - through_mean - through_variance", "dnormal - through_variance"),
    "variance taken as constant": ("dnormal - through_mean - through_variance", "dnormal - through_mean"),
    "unbiased variance": ("x.var(axis=0)", "x.var(axis=0, ddof=1)"),
    "epsilon outside the root": ("np.sqrt(x.var(axis=0) + 1e-5)", "np.sqrt(x.var(axis=0)) + 1e-5"),
    "gamma forgotten": ("dnormal = dout * gamma", "dnormal = dout"),
}
