"""The fast paths of CUDA devices: steps recorded as graphs, Triton kernels for single tokens and for chunks.

Nothing here is needed to run a model: without a CUDA device, or without Triton, the plain formulas of `models/` go on.
"""
