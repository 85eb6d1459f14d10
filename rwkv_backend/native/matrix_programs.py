"""The tapes of versions 5 to 7. The formulas, with their reasons, are in `models/`; here they are only listed."""

from __future__ import annotations

from typing import Any

from rwkv_backend.models.base import RWKVModel
from rwkv_backend.native import codes
from rwkv_backend.native.tape import matrix_of
from rwkv_backend.native.writer import Writer


class Matrices(Writer):
    """What versions 5 to 7 share."""

    def __init__(self, model: RWKVModel) -> None:
        super().__init__(model)
        assert model.sizes.n_head is not None
        self.heads = model.sizes.n_head

    def normalised(self, w: Any, read: int) -> int:
        weight, bias = self.tape.vector(w.ln_x.weight), self.tape.vector(w.ln_x.bias)
        self.tape.add(codes.GROUP_NORM, read, read, weight, bias, 0, 0, self.att, self.heads)
        return read

    def output(self, w: Any, read: int) -> None:
        self.on(codes.ADD, self.x, self.product("out", read, w.output), self.width)

    def matrix(self, layer: int, inputs: tuple[int, ...], keep: int, bonus: int, each: bool) -> int:
        read, memory = self.tape.buffer("read", self.att), self.tape.field(layer, "att.wkv")
        sizes = (self.att, self.heads, int(each))
        self.tape.add(codes.MATRIX, read, *inputs, keep, bonus, memory, 0, 0, 0, 0, *sizes)
        return read


class V5(Matrices):
    def time_mix(self, layer: int, w: Any) -> None:
        gated = hasattr(w, "gate")
        blends = [self.blend(f"for {s}", layer, "att.last_input", w, s) for s in ("rkvg" if gated else "rkv")]
        self.keep_last(layer, "att.last_input")
        r = self.reading(layer, "receptance", blends[0], w.receptance)
        inputs = (r, self.product("key", blends[1], w.key), self.product("value", blends[2], w.value))
        keep = self.by_channel("keep", w.time_decay)
        self.tape.add(codes.CONSTANT_FADING, keep, 0, 0, 0, 0, 0, self.att)
        read = self.matrix(layer, inputs, keep, self.bonus(w), each=False)
        self.narrow(layer, codes.NEAR_ROWS, read, self.x, *blends[3:])
        self.normalised(w, read)
        if gated:
            self.on(codes.TIMES_SILU, read, self.product("gate", blends[3], w.gate), self.att)
        self.output(w, read)

    def by_channel(self, name: str, values: Any) -> int:
        target = self.tape.buffer(name, self.att)
        self.tape.add(codes.REPEAT, target, self.tape.vector(values), 0, 0, 0, 0, self.att, values.numel())
        return target

    def bonus(self, w: Any) -> int:
        """As `models.v5.bonus`: time_first with one axis is a logarithm."""
        raw = w.time_faaaa if hasattr(w, "time_faaaa") else w.time_first
        target = self.by_channel("bonus", raw)
        if not hasattr(w, "time_faaaa") and raw.dim() != 2:
            self.tape.add(codes.EXP, target, 0, 0, 0, 0, 0, self.att)
        return target


class V6(Matrices):
    def share(self, w: Any, suffix: str) -> tuple[int, Any]:
        return codes.BLEND_TO, getattr(w, f"time_maa_{suffix}")

    def time_mix(self, layer: int, w: Any) -> None:
        blends = self.five_blends(layer, w)
        self.keep_last(layer, "att.last_input")
        small = self.table("small", blends["w"], w.time_decay_w1)
        self.tape.add(codes.TANH, small, 0, 0, 0, 0, 0, w.time_decay_w1.shape[1])
        asked, keep = self.table("asked decay", small, w.time_decay_w2), self.tape.buffer("keep", self.att)
        self.tape.add(codes.FADING, keep, asked, self.tape.vector(w.time_decay), 0, 0, 0, self.att)
        self.tape.probe(layer, "att.decay", keep, self.att)
        r = self.reading(layer, "receptance", blends["r"], w.receptance)
        inputs = (r, self.product("key", blends["k"], w.key), self.product("value", blends["v"], w.value))
        bonus = self.tape.vector(w.time_faaaa)
        read = self.matrix(layer, inputs, keep, bonus, each=True)
        self.narrow(layer, codes.NEAR_ROWS, read, self.x, blends["g"])
        self.normalised(w, read)
        self.gate(w, blends["g"], read)
        self.output(w, read)

    def five_blends(self, layer: int, w: Any) -> dict[str, int]:
        """Each token chooses how much of its predecessor it takes, anew for decay, key, value, receptance and gate."""
        tape, field = self.tape, "att.last_input"
        rank = w.time_maa_w2.shape[1]
        z = self.table("z", self.blend("for z", layer, field, w, "x"), w.time_maa_w1)
        tape.add(codes.TANH, z, 0, 0, 0, 0, 0, 5 * rank)
        part, blends = tape.buffer("part of z", rank), {}
        for place, suffix in enumerate("wkvrg"):
            tape.add(codes.TAKE_PART, part, z, 0, 0, 0, 0, rank, 5 * rank, place * rank)
            more = self.table("more", part, w.time_maa_w2[place])
            share = tape.vector(getattr(w, f"time_maa_{suffix}"))
            blends[suffix] = tape.buffer(f"for {suffix}", self.width)
            last = tape.field(layer, field)
            tape.add(codes.BLEND_CHOSEN, blends[suffix], self.y, last, share, more, 0, self.width)
        return blends

    def gate(self, w: Any, x: int, read: int) -> None:
        if hasattr(w, "gate"):
            self.on(codes.TIMES_SILU, read, self.product("gate", x, w.gate), self.att)
            return
        small = self.table("small", x, w.gate_w1)
        self.tape.add(codes.TANH, small, 0, 0, 0, 0, 0, w.gate_w1.shape[1])
        self.on(codes.TIMES, read, self.table("gate", small, w.gate_w2), self.att)


class V7(Matrices):
    def share(self, w: Any, suffix: str) -> tuple[int, Any]:
        return codes.BLEND_TO, getattr(w, f"x_{suffix}")

    def time_mix(self, layer: int, w: Any) -> None:
        tape, att = self.tape, self.att
        blends = {s: self.blend(f"for {s}", layer, "att.last_input", w, s) for s in "rwkvag"}
        self.keep_last(layer, "att.last_input")
        r = self.reading(layer, "receptance", blends["r"], w.receptance)
        key, value = self.product("key", blends["k"], w.key), self.product("value", blends["v"], w.value)
        self.values(layer, w, value, blends["v"])
        keep = self.keep(layer, w, blends["w"])
        rate = self.table("rate", self.table("small", blends["a"], w.a1), w.a2)
        direction = tape.buffer("direction", att)
        vectors = (tape.vector(t) for t in (w.a0, w.k_k, w.k_a))
        tape.add(codes.PREPARE_KEY, key, rate, direction, *vectors, att, self.heads)
        read, memory = tape.buffer("read", att), tape.field(layer, "att.wkv")
        inputs = (read, r, key, value, keep, direction, rate, memory)
        tape.add(codes.DELTA, *inputs, 0, 0, 0, att, self.heads)
        self.narrow(layer, codes.NEAR_ROWS, read, r, key, value, self.x, blends["g"])
        self.normalised(w, read)
        bonus = tape.vector(w.r_k)
        tape.add(codes.BONUS, read, r, key, value, bonus, 0, 0, 0, 0, 0, 0, att, self.heads)
        small = self.table("small", blends["g"], w.g1)
        tape.add(codes.SIGMOID, small, 0, 0, 0, 0, 0, w.g1.shape[1])
        self.on(codes.TIMES, read, self.table("gate", small, w.g2), att)
        self.output(w, read)

    def values(self, layer: int, w: Any, value: int, x: int) -> None:
        """Blocks after the first lean towards the first block's values."""
        first = self.tape.buffer("first value", self.att)
        if layer == 0:
            self.on(codes.COPY, first, value, self.att)
            return
        asked = self.table("asked", self.table("small", x, w.v1), w.v2)
        self.tape.add(codes.LEAN, value, first, self.tape.vector(w.v0), asked, 0, 0, self.att)

    def keep(self, layer: int, w: Any, x: int) -> int:
        small = self.table("small", x, w.w1)
        self.tape.add(codes.TANH, small, 0, 0, 0, 0, 0, w.w1.shape[1])
        asked, keep = self.table("asked decay", small, w.w2), self.tape.buffer("keep", self.att)
        self.tape.add(codes.GENTLE_FADING, keep, asked, self.tape.vector(w.w0), 0, 0, 0, self.att)
        self.tape.probe(layer, "att.decay", keep, self.att)
        return keep

    def channel_mix(self, layer: int, w: Any, field: str) -> None:
        x = self.blend("for key", layer, field, w, "k")
        self.keep_last(layer, field)
        self.narrow(layer, codes.ASKED_ROWS, x, self.x)
        hidden = self.product("hidden", x, w.key)
        self.tape.add(codes.SQUARED_RELU, hidden, 0, 0, 0, 0, 0, matrix_of(w.key).outer)
        self.on(codes.ADD, self.x, self.product("out", hidden, w.value), self.width)
