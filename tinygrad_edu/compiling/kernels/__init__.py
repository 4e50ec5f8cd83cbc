"""Kernels: functions of arrays in batch-last memory, (C, *space, N), that planned programs call in the place of gates.

Each takes `out`, the memory to write its whole result to. Builds on `gates`.
"""
