"""Typical mistakes: what the solution says, what is written in its place."""

MISTAKES = {
    "no sum over broadcast axes": ("return unbroadcast(g, x.shape), unbroadcast(g, y.shape)", "return g, g"),
    "mean in place of sum": ("g = g.sum(axis=", "g = g.mean(axis="),
    "loses the axis": ("keepdims=True", "keepdims=False"),
    "not transposed": ("np.matmul(x.T, g)", "np.matmul(x, g.T)"),
    "does not swap": ("unbroadcast(g * y, x.shape)", "unbroadcast(g * x, x.shape)"),
}
