"""The tapes of versions 1 to 4. The formulas, with their reasons, are in `models/`; here they are only listed."""

from __future__ import annotations

from typing import Any

from rwkv_backend.native import codes
from rwkv_backend.native.tape import Tape, matrix_of
from rwkv_backend.native.writer import Writer


class V1(Writer):
    def write(self) -> Tape:
        self.embed(self.weights.tok_emb, self.x)
        for layer, block in enumerate(self.weights.blocks):
            self.norm(self.y, self.x, block.ln1)
            self.time_mix(layer, block.attn)
            self.norm(self.y, self.x, block.ln2)
            self.channel_mix(layer, block.mlp, "ffn.last_input")
            self.tape.probe(layer, "residual", self.x, self.width)
        self.head()
        return self.tape

    def shifted(self, layer: int, field: str) -> int:
        target, last = self.tape.buffer("shifted", self.width), self.tape.field(layer, field)
        self.tape.add(codes.SHIFT_HALF, target, self.y, last, 0, 0, 0, self.width)
        self.keep_last(layer, field, self.width // 2)
        return target

    def time_mix(self, layer: int, w: Any) -> None:
        x = self.shifted(layer, "att.last_input")
        key, value, gate = (self.product(n, x, getattr(w, n)) for n in ("key", "value", "receptance"))
        self.tape.add(codes.EXP_1, key, 0, 0, 0, 0, 0, self.att)
        read = self.tape.buffer("read", self.att)
        self.window(layer, w, read, key, value)
        self.on(codes.TIMES_SIGMOID, read, gate, self.att)
        out = self.product("out", read, w.output)
        self.on(codes.BY_POSITION, out, self.tape.vector(w.time_gamma), self.width)
        self.on(codes.ADD, self.x, out, self.width)

    def window(self, layer: int, w: Any, read: int, key: int, value: int) -> None:
        tape = self.tape
        sums, keys, both = (tape.field(layer, f"att.{n}") for n in ("denominator", "keys", "key_values"))
        if hasattr(w, "time_ww"):
            heads, longest = w.time_ww.shape[:2]
            table, alpha, beta, code = tape.vector(w.time_ww), 0, 0, codes.FOLDED_WINDOW
        else:
            heads, longest = w.time_w.shape
            table, alpha, beta = (tape.vector(t) for t in (w.time_w, w.time_alpha, w.time_beta))
            code = codes.WINDOW
        tape.add(code, read, sums, table, alpha, beta, key, value, keys, both, 0, 0, self.att, heads, longest)

    def channel_mix(self, layer: int, w: Any, field: str) -> None:
        x = self.shifted(layer, field)
        key, hidden = self.product("wide", x, w.key), self.product("hidden", x, w.value)
        self.on(codes.TIMES_MISH, hidden, key, matrix_of(w.key).outer)
        gate, out = self.product("gate", x, w.receptance), self.product("out", hidden, w.weight)
        self.on(codes.TIMES_SIGMOID, out, gate, self.width)
        self.on(codes.ADD, self.x, out, self.width)

    def head(self) -> None:
        tape, w = self.tape, self.weights
        self.norm(self.y, self.x, w.ln_f)
        asked = tape.buffer("asked", self.width)
        scaled = tape.buffer("shifted", self.width)
        self.on(codes.COPY, scaled, self.y, self.width)
        self.on(codes.BY_POSITION, scaled, tape.vector(w.time_out), self.width)
        tape.add(codes.TAKE_ASKED, asked, scaled, 0, 0, 0, 0, self.width)
        tape.product(codes.LOGITS, asked, matrix_of(w.head), codes.ASKED_ROWS)
        tape.add(codes.TAKE_ASKED, asked, self.y, 0, 0, 0, 0, self.width)
        self.copy_head(asked)


class Sums(Writer):
    """What versions 2 to 4 share."""

    def block(self, layer: int, block: Any) -> None:
        self.norm(self.y, self.x, block.ln1)
        if hasattr(block, "ffnPre"):
            self.channel_mix(layer, block.ffnPre, "ffn_pre.last_input")
        else:
            self.time_mix(layer, block.att)
        self.norm(self.y, self.x, block.ln2)
        self.channel_mix(layer, block.ffn, "ffn.last_input")

    def time_mix(self, layer: int, w: Any) -> None:
        blends = [self.blend(f"for {s}", layer, "att.last_input", w, s) for s in "kvr"]
        key, value = (self.product(n, x, getattr(w, n)) for n, x in zip(("key", "value"), blends, strict=False))
        read = self.tape.buffer("read", self.att)
        self.recurrence(layer, w, read, key, value)
        self.narrow(layer, codes.NEAR_ROWS, read, blends[2], self.x, self.y)
        gate = self.product("receptance", blends[2], w.receptance)
        self.on(codes.TIMES_SIGMOID, read, gate, self.att)
        out = self.product("out", read, w.output)
        self.beside(layer, w, out)
        self.keep_last(layer, "att.last_input")
        self.on(codes.ADD, self.x, out, self.width)

    def recurrence(self, layer: int, w: Any, read: int, key: int, value: int) -> None:
        self.tape.add(codes.EXP_2, key, 0, 0, 0, 0, 0, self.att)
        decay, bonus = self.tape.vector(w.time_decay), self.tape.vector(w.time_first)
        sums = (self.tape.field(layer, f"att.{n}") for n in ("numerator", "denominator"))
        self.tape.add(codes.SUMS, read, key, value, decay, bonus, *sums, 0, 0, 0, 0, self.att, 0, self.epsilon)

    @property
    def epsilon(self) -> int:
        """The exponent of the number that keeps the quotient finite."""
        return 8

    def beside(self, layer: int, w: Any, out: int) -> None:
        """What a variant adds to the time mix."""


class V2(Sums):
    def block(self, layer: int, block: Any) -> None:
        """Here the stream itself is normalised."""
        self.norm(self.x, self.x, block.ln1)
        self.on(codes.COPY, self.y, self.x, self.width)
        if hasattr(block, "ffnPre"):
            self.channel_mix(layer, block.ffnPre, "ffn_pre.last_input")
        else:
            self.time_mix(layer, block.att)
        self.norm(self.x, self.x, block.ln2)
        self.on(codes.COPY, self.y, self.x, self.width)
        self.channel_mix(layer, block.ffn, "ffn.last_input")

    def share(self, w: Any, suffix: str) -> tuple[int, Any]:
        return codes.BLEND_FROM, w.time_mix

    @property
    def epsilon(self) -> int:
        return 16 if hasattr(self.weights, "head_q") else 8


class V3(Sums):
    pass


class V4(Sums):
    def narrows(self, layer: int) -> bool:
        """4a and 4b attend to all rows beside this, and MishGLU has a channel mix of its own."""
        block = self.weights.blocks[layer]
        own = (
            hasattr(block, "tiny_q") or (hasattr(block, "att") and hasattr(block.att, "qq")) or hasattr(block.ffn, "aa")
        )
        return super().narrows(layer) and not own

    def write(self) -> Tape:
        tape, first = self.tape, self.weights.blocks[0]
        raw = self.x
        if any(hasattr(block, "tiny_q") for block in self.weights.blocks):
            raw = tape.buffer("raw", self.width)
        self.embed(self.weights.emb, raw)
        self.norm(self.x, raw, first.ln0)
        if hasattr(first, "pos_emb_x"):
            across, down = tape.vector(first.pos_emb_x), tape.vector(first.pos_emb_y)
            tape.add(codes.POSITIONS, self.x, across, down, 0, 0, 0, self.width, first.pos_emb_x.shape[1])
        for layer, block in enumerate(self.weights.blocks):
            self.block(layer, block)
            if hasattr(block, "tiny_q"):
                self.tiny_attention(layer, block, raw)
            tape.probe(layer, "residual", self.x, self.width)
        self.head()
        return tape

    def recurrence(self, layer: int, w: Any, read: int, key: int, value: int) -> None:
        decay, bonus = self.tape.vector(w.time_decay), self.tape.vector(w.time_first)
        sums = (self.tape.field(layer, f"att.{n}") for n in ("numerator", "denominator", "max_exponent"))
        self.tape.add(codes.LOG_SUMS, read, key, value, decay, bonus, *sums, 0, 0, 0, self.att)

    def beside(self, layer: int, w: Any, out: int) -> None:
        """4b: softmax attention with one small head."""
        if not hasattr(w, "qq"):
            return
        blends = (self.blend("for qkv", layer, "att.last_input", w, s) for s in ("qq", "kk", "vv"))
        query, key, value = (self.product(s, x, getattr(w, s)) for s, x in zip(("qq", "kk", "vv"), blends, strict=True))
        small = matrix_of(w.qq).outer
        self.tape.scores = self.tape.scores or self.tape.new_place()
        keys, values = self.tape.field(layer, "qkv.keys"), self.tape.field(layer, "qkv.values")
        found = self.tape.buffer("attended", small)
        self.tape.add(codes.ATTEND, found, query, self.tape.scores, keys, values, key, value, 0, 0, 0, 0, small)
        self.on(codes.ADD, out, self.product("more", found, w.oo), self.width)

    def channel_mix(self, layer: int, w: Any, field: str) -> None:
        if not hasattr(w, "aa"):
            super().channel_mix(layer, w, field)
            return
        for_key = self.blend("for key", layer, field, w, "k")
        for_receptance = self.blend("for receptance", layer, field, w, "r")
        self.keep_last(layer, field)
        hidden, gate = self.product("hidden", for_key, w.aa), self.product("wide", for_receptance, w.bb)
        self.on(codes.TIMES_MISH, hidden, gate, matrix_of(w.aa).outer)
        self.on(codes.ADD, self.x, self.product("out", hidden, w.value), self.width)

    def tiny_attention(self, layer: int, block: Any, raw: int) -> None:
        self.norm(self.y, self.x, block.tiny_ln)
        query, key = (self.product(f"tiny {s}", self.y, getattr(block, f"tiny_{s}")) for s in "qk")
        value = self.product("tiny v", raw, block.tiny_v)
        read, memory = self.tape.buffer("tiny", self.width), self.tape.field(layer, "tiny.memory")
        small = matrix_of(block.tiny_q).outer
        self.tape.add(codes.TINY, read, query, key, value, memory, 0, 0, 0, 0, 0, 0, self.width, small)
        self.on(codes.ADD, self.x, read, self.width)
