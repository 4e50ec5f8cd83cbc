"""Functions of functions: gradients, Jacobians, Hessians, checkpointing."""
