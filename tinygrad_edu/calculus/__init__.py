"""Functions of functions: gradients, products with Jacobians, Jacobians, Hessians, of any order.

`grad`, `value_and_grad`, `elementwise_grad`, `vjp`, `jvp` · `jacobian`, `hessian`, `hvp` · `checkpoint`. Names and
conventions are JAX's. Builds on the gates.
"""

from .checkpointing import checkpoint
from .gradients import elementwise_grad, grad, jvp, value_and_grad, vjp
from .jacobians import hessian, hvp, jacobian

__all__ = [
    "checkpoint",
    "elementwise_grad",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "value_and_grad",
    "vjp",
]
