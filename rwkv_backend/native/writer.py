"""Writes a model's tape: what all versions share, from the token to the stream, and from the stream to the logits.

Names of buffers say what they hold at the moment; `x` is the residual stream, `y` its normalised copy.
"""

from __future__ import annotations

from typing import Any

from rwkv_backend.linear import Linear
from rwkv_backend.models.base import RWKVModel
from rwkv_backend.native import codes
from rwkv_backend.native.tape import KINDS, Tape, matrix_of, table_of


class Writer:
    """What versions share: the way from token to stream, the squared-ReLU channel mix, the way to the logits."""

    def __init__(self, model: RWKVModel) -> None:
        self.model = model
        self.weights = model.weights
        self.tape = Tape()
        self.width, self.att, self.words = model.sizes.n_embd, model.sizes.n_att, model.sizes.vocab_size
        self.x, self.y = self.tape.buffer("x", self.width), self.tape.buffer("y", self.width)

    def write(self) -> Tape:
        self.embed(self.weights.emb, self.x)
        if hasattr(self.weights.blocks[0], "ln0"):
            self.norm(self.x, self.x, self.weights.blocks[0].ln0)
        for layer, block in enumerate(self.weights.blocks):
            self.block(layer, block)
            self.tape.probe(layer, "residual", self.x, self.width)
        self.head()
        return self.tape

    def block(self, layer: int, block: Any) -> None:
        self.norm(self.y, self.x, block.ln1)
        self.time_mix(layer, block.att)
        self.norm(self.y, self.x, block.ln2)
        self.channel_mix(layer, block.ffn, "ffn.last_input")

    def time_mix(self, layer: int, w: Any) -> None:
        raise NotImplementedError

    def channel_mix(self, layer: int, w: Any, field: str) -> None:
        """Adds σ(Wr x_r) ∘ Wv·relu²(Wk x_k) to the stream."""
        for_key = self.blend("for key", layer, field, w, "k")
        for_receptance = self.blend("for receptance", layer, field, w, "r")
        self.keep_last(layer, field)
        self.narrow(layer, codes.ASKED_ROWS, for_key, for_receptance, self.x)
        hidden = self.product("hidden", for_key, w.key)
        self.tape.add(codes.SQUARED_RELU, hidden, 0, 0, 0, 0, 0, matrix_of(w.key).outer)
        gate, out = self.product("gate", for_receptance, w.receptance), self.product("out", hidden, w.value)
        self.on(codes.TIMES_SIGMOID, out, gate, self.width)
        self.on(codes.ADD, self.x, out, self.width)

    # Pieces

    def embed(self, embedding: Any, target: int) -> None:
        table = self.tape.weight(embedding.table)
        self.tape.add(codes.EMBED, target, table, 0, 0, 0, 0, self.width, KINDS[embedding.table.dtype])

    def narrows(self, layer: int) -> bool:
        """Whether only the last rows matter after this layer's memory: nothing later looks at the others."""
        last = len(self.weights.blocks) - 1
        return layer == last and not hasattr(self.weights, "head_q") and hasattr(self.weights.blocks[last], "att")

    def narrow(self, layer: int, breadth: int, *buffers: int) -> None:
        if self.narrows(layer):
            self.tape.narrow(breadth, *buffers)

    def norm(self, target: int, source: int, norm: Any, breadth: int = codes.ALL_ROWS) -> None:
        weight, bias = self.tape.vector(norm.weight), self.tape.vector(norm.bias)
        self.tape.add(codes.NORM, target, source, weight, bias, 0, 0, self.width, 0, breadth)

    def product(self, name: str, x: int, linear: Linear, breadth: int | None = None) -> int:
        """The product of buffer x and a matrix, in the buffer of that name."""
        matrix = matrix_of(linear)
        result = self.tape.buffer(name, matrix.outer)
        self.tape.product(result, x, matrix, breadth)
        return result

    def reading(self, layer: int, name: str, x: int, linear: Linear) -> int:
        """As `product`, for what memory is read with: in the last layer only the last rows are wanted."""
        return self.product(name, x, linear, codes.NEAR_IN_PLACE if self.narrows(layer) else None)

    def table(self, name: str, x: int, weight: Any) -> int:
        self.tape.vector(weight)
        result = self.tape.buffer(name, weight.shape[1])
        self.tape.product(result, x, table_of(weight))
        return result

    def on(self, code: int, target: int, source: int, width: int) -> None:
        """An operation on two arrays of the same shape."""
        self.tape.add(code, target, source, 0, 0, 0, 0, width)

    def blend(self, name: str, layer: int, field: str, w: Any, suffix: str) -> int:
        """y and its predecessors, blended by the share that the version has for it."""
        code, share = self.share(w, suffix)
        target, last = self.tape.buffer(name, self.width), self.tape.field(layer, field)
        self.tape.add(code, target, self.y, last, self.tape.vector(share), 0, 0, self.width)
        return target

    def share(self, w: Any, suffix: str) -> tuple[int, Any]:
        return codes.BLEND_FROM, getattr(w, f"time_mix_{suffix}")

    def keep_last(self, layer: int, field: str, kept: int | None = None) -> None:
        width = self.width if kept is None else kept
        self.tape.add(codes.KEEP_LAST, self.tape.field(layer, field), self.y, 0, 0, 0, 0, self.width, width)

    def head(self) -> None:
        tape, w = self.tape, self.weights
        asked = tape.buffer("asked", self.width)
        if not hasattr(w, "head_q"):
            tape.add(codes.TAKE_ASKED, asked, self.x, 0, 0, 0, 0, self.width)
            self.norm(asked, asked, w.ln_out, codes.ASKED_ROWS)
            tape.product(codes.LOGITS, asked, matrix_of(w.head), codes.ASKED_ROWS)
            return
        self.norm(self.y, self.x, w.ln_out)
        tape.add(codes.TAKE_ASKED, asked, self.y, 0, 0, 0, 0, self.width)
        tape.product(codes.LOGITS, asked, matrix_of(w.head), codes.ASKED_ROWS)
        self.copy_head(asked)

    def copy_head(self, asked: int) -> None:
        tape, w = self.tape, self.weights
        wide, window = matrix_of(w.head_q).outer, self.model.copy_window
        query = tape.buffer("query", wide)
        tape.product(query, asked, matrix_of(w.head_q), codes.ASKED_ROWS)
        key = self.product("copy key", self.y, w.head_k)
        keys, words = tape.field(None, "copy.keys"), tape.field(None, "copy.tokens")
        most = window or 1 << 60
        tape.add(codes.COPY_SCORES, codes.LOGITS, query, key, keys, words, 0, 0, 0, 0, 0, 0, wide, self.words, most)
