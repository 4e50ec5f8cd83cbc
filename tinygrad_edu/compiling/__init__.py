"""Compiling: a function traced once, its forward and backward simplified and printed as NumPy source.

Builds on the engine.
"""
