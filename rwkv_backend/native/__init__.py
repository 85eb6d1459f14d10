"""The CPU's fast path: one native call reads a token, or a chunk of them, through the whole model.

    tape.py, programs.py   write down a model as a list of operations on addresses: the tape
    run.py                 runs a tape; products.py, rows.py and recurrences.py hold the operations
    dots.py                products of few rows: each weight is read once, as fast as memory gives it
    tiles.py, strassen.py, byte_tiles.py   products of many: of floats, of large matrices of floats, of int8
    vectors.py, *_vectors.py, functions.py, addresses.py, team.py   what those are made of
    object_code.py         makes machine code of all this, and loads it
    build.py               has that done once for this machine, and keeps it for the next start
    reader.py              the model's side: checks the state, lends its memory to the tape, returns the logits

The formulas to read are those in `models/` and `wkv.py`; this says the same to a machine. Kernels take addresses, so
nothing is copied and nothing is allocated; everything is checked before the first of them writes.
"""
