"""What the two sides of a tape agree on, who writes it and who runs it: operations, places, sizes, how matrices are held."""

from __future__ import annotations

# Operations on rows. A product: result, x, kind, weight, scale, low, inner, outer, breadth, bias.
(
    PRODUCT, EMBED, NORM, GROUP_NORM, TAKE_ASKED, COPY, ADD, BLEND_FROM, BLEND_TO, BLEND_CHOSEN, SHIFT_HALF, TAKE_PART,
    KEEP_LAST, KEEP, SIGMOID, TANH, SQUARED_RELU, TIMES, TIMES_SIGMOID, TIMES_SILU, TIMES_MISH, EXP_1, EXP_2,
    BY_POSITION, POSITIONS, REPEAT, FADING, GENTLE_FADING, CONSTANT_FADING, EXP, LEAN, PREPARE_KEY, NARROW, TAKE_LAST,
) = range(34)  # fmt: skip

# Operations that read and write the state
RECURRENCES = 100
MATRIX, DELTA, BONUS, LOG_SUMS, SUMS, TINY, ATTEND, COPY_SCORES, WINDOW, FOLDED_WINDOW = range(100, 110)

# The first places: nothing, the tokens, the logits, and the working memory of products
NOTHING, INPUT, LOGITS, SHARED, OWN, TEAM, FIRST_FREE = range(7)

# Sizes: tokens to read, rows of logits asked for, tokens read before, entries in the copy head's memory, and the rows that
# those asked for need in the last layer: one more, for the token shift
TOKENS, ASKED, SEEN, COPY_SEEN, NEAR, SIZES = range(6)

# Breadths: the rows that an operation is for. Narrowed rows lie at the front of their buffers, `NEAR_IN_PLACE` at the end
ALL_ROWS, ASKED_ROWS, NEAR_ROWS, NEAR_IN_PLACE = range(4)

# How a matrix is held. INT4_WIDE: its scales are float32, not float16. TABLE: float32, stored (in, out). BY_INPUTS is added
# to one of the first four where the matrix lies (in, out) because most of its inputs are zero
FLOAT32, BFLOAT16, FLOAT16, INT8, INT4, INT4_WIDE, TABLE = range(7)
BY_INPUTS = 8

WIDTH = 16
"""Numbers in a row of a tape."""

BLOCK = 128
"""Columns of a product that a thread takes at a time."""

BYTE_BLOCK = 128
"""Inputs of an int8 matrix that are counted in bytes together."""
