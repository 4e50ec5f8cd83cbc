"""Training steps in NumPy with every derivative worked out on paper: `plain` as one writes them first, `planned` as
fast as NumPy goes. What `compile` makes of the same steps is measured against them.
"""
