"""The fast paths of CUDA devices. None is needed to run a model: without such a device the plain formulas of `models/` go on.

    pages, graphs, stepper         tokens and chunks recorded as CUDA graphs over the page where the state lives
    fused, unlearning, launching,  the step in seven or eight Triton kernels a block, built in a thread while the recorded
    kernels, memory_kernels,       plain step is already at work; versions 2 to 7 in their usual forms, 16 or 32 bits or int8
    matrices
    scans, scan_kernels            the recurrences over a chunk, one Triton kernel each
    half_products                  chunks times 16-bit or int8 matrices on the tensor cores
    shortlists                     sampling from the likeliest tokens, so that not all logits cross the bus

Kernels wait for one another in order; on Hopper a kernel fetches its weights while the one before it ends.
"""
