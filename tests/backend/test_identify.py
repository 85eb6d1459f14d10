"""Which version a file holds: recognised from names and shapes in any order, and refused in a sentence where these do
not add up.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
import torch

from rwkv_backend.errors import LayoutError, UnknownModelError
from rwkv_backend.inspection import inspect
from rwkv_backend.models import FAMILIES, identify
from rwkv_backend.models.layout import BUFFERS, Glance
from rwkv_backend.models.refused import REFUSALS
from rwkv_backend.records import Shapes
from tests import tiny
from tests.shared import Saved, assert_one_sentence, every_kind, shapes_of

KNOWN = {
    "1": ("1", ""),
    "1-folded": ("1", "folded position weights"),
    "2": ("2", ""),
    "2-ffnpre": ("2", "ffnPre"),
    "2-pile": ("2", ""),
    "3": ("3", ""),
    "3-copy": ("3", ""),
    "3-ffnpre": ("3", "ffnPre"),
    "4": ("4", ""),
    "4-wide": ("4", ""),
    "4-ffnpre": ("4", "ffnPre in block 0"),
    "4-copy": ("4", "copy head"),
    "4-posemb": ("4", "learned positions"),
    "4a": ("4", "4a: tiny attention"),
    "4b": ("4", "4b: softmax attention beside the time mix"),
    "4-mishglu": ("4", "MishGLU"),
    "5.0": ("5.0", "u = exp(time_first)"),
    "5.0-r2": ("5.0", "u = time_faaaa"),
    "5.1": ("5.1", "u = exp(time_first)"),
    "5.1-r2r3": ("5.1", "u = time_faaaa"),
    "5.2": ("5.2", ""),
    "6.0": ("6.0", ""),
    "6.0-state": ("6.0", "tuned initial state"),
    "6.0a": ("6.0a", ""),
    "7.0": ("7.0", ""),
    "7.0-g1": ("7.0", ""),
}


def found_in(shapes: Shapes) -> object:
    """All that the order of the names might change."""
    plan = identify(shapes)
    return plan.family, plan.found, plan.sizes, plan.fields, plan.layout.parts


# Recognised


@every_kind
def test_every_kind_is_recognised_with_evidence(kind: str) -> None:
    shapes = shapes_of(kind)
    plan = identify(shapes)
    assert (plan.found.version, plan.found.variant) == KNOWN[kind]
    assert plan.found.evidence
    assert all(plan.found.evidence)
    sizes = tiny.SIZES[kind]
    assert plan.sizes.n_layer == sizes.n_layer
    assert plan.sizes.n_embd == sizes.n_embd
    assert plan.sizes.vocab_size == sizes.vocab
    assert plan.sizes.n_att == sizes.att
    assert plan.sizes.n_ffn == (5 * sizes.ffn // 2 if sizes.version == "1" else sizes.ffn)
    has_heads = sizes.version not in ("2", "3", "4")
    assert plan.sizes.n_head == (sizes.n_head if has_heads else None)
    assert plan.sizes.head_size == (sizes.att // sizes.n_head if has_heads else None)


@every_kind
def test_exactly_one_version_answers(kind: str) -> None:
    for shapes in (shapes_of(kind), shapes_of(kind, n_layer=4)):
        answers = [family for family in FAMILIES if family.recognise(Glance(shapes)) is not None]
        assert [family.version for family in answers] == [KNOWN[kind][0][0]]


@every_kind
def test_order_of_the_names_does_not_matter(kind: str) -> None:
    shapes = shapes_of(kind)
    want = found_in(shapes)
    orders = [sorted(shapes), sorted(shapes, reverse=True), list(shapes)[::-1]]
    for seed in range(3):
        shuffled = list(shapes)
        random.Random(seed).shuffle(shuffled)
        orders.append(shuffled)
    for names in orders:
        assert found_in({name: shapes[name] for name in names}) == want


@pytest.mark.parametrize("kind", [kind for kind, sizes in tiny.SIZES.items() if not sizes.ffn_pre])
def test_one_layer_is_enough(kind: str) -> None:
    plan = identify(shapes_of(kind, n_layer=1))
    assert (plan.found.version, plan.found.variant) == KNOWN[kind]
    assert plan.sizes.n_layer == 1


def test_twelve_layers_are_counted_and_not_sorted_as_words() -> None:
    assert identify(shapes_of("4", n_layer=12)).sizes.n_layer == 12


@every_kind
def test_prefix_of_a_trainer_is_taken_off(kind: str, saved: Saved) -> None:
    path = saved(kind)
    plain = inspect(path)
    torch.save({f"_forward_module.{name}": t for name, t in tiny.checkpoint(kind).items()}, path)
    prefixed = inspect(path)
    assert (prefixed.version, prefixed.variant) == (plain.version, plain.variant) == KNOWN[kind]
    assert prefixed.evidence == plain.evidence


@pytest.mark.parametrize("kind", ["3", "3-copy", "3-ffnpre"])
def test_only_the_shape_of_time_decay_tells_version_3_from_4(kind: str) -> None:
    shapes = dict(shapes_of(kind))
    for name, shape in shapes.items():
        if name.endswith("time_decay"):
            shapes[name] = shape[:1]
    assert identify(shapes).found.version == "4"
    for name in shapes:
        if name.endswith("time_decay"):
            shapes[name] = (*shapes[name], 1)
    assert identify(shapes).found.version == "3"


def test_blocks_that_disagree_give_one_answer_in_any_order() -> None:
    """Block 0 looks like version 3, block 1 like version 4: which comes first in the file must not decide."""
    shapes = {**shapes_of("3-copy"), "blocks.1.att.time_decay": (tiny.SIZES["3-copy"].n_embd,)}
    answers = set()
    for names in (list(shapes), list(shapes)[::-1]):
        try:
            answers.add(identify({name: shapes[name] for name in names}).found.version)
        except UnknownModelError as error:
            answers.add(type(error).__name__)
    assert len(answers) == 1


# Incomplete

NEEDED_TO_RECOGNISE = {
    "1": ("tok_emb.weight", "head_q.weight"),  # without head_q it would be an older formula
    "3-ffnpre": ("emb.weight", "blocks.1.att.time_decay", "blocks.1.att.time_mix_k"),  # its only time mix
}
"""Without one of these the file shows no version at all, so that the error cannot say which tensor is missing."""

SHOWS_AN_OPTION = (
    "time_ww", "ffnPre.key.weight", "pos_emb_x", "tiny_q.weight", "qq.weight", "aa.weight", "time_faaaa", "gate.weight",
)  # fmt: skip
"""Without one of these the file looks like one without that option, and the error names the rest of it."""

DISPENSABLE = (*BUFFERS, "blocks.0.att.v0", "blocks.0.att.v1", "blocks.0.att.v2")


def can_be_missing(kind: str, name: str) -> bool:
    return name.endswith(DISPENSABLE[:-3]) or (tiny.KINDS[kind] == "7.0" and name in DISPENSABLE)


@every_kind
def test_missing_tensor_is_named(kind: str) -> None:
    shapes = shapes_of(kind)
    for name in shapes:
        rest = {other: shape for other, shape in shapes.items() if other != name}
        if can_be_missing(kind, name):
            assert identify(rest).found.version == KNOWN[kind][0]
            continue
        if name.endswith("time_state"):
            continue  # see below
        with pytest.raises(UnknownModelError) as caught:
            identify(rest)
        assert_one_sentence(caught.value)
        if name in NEEDED_TO_RECOGNISE.get(kind, NEEDED_TO_RECOGNISE.get(kind[0], ("emb.weight",))):
            continue
        assert isinstance(caught.value, LayoutError), name
        if not name.endswith(SHOWS_AN_OPTION):
            assert name in str(caught.value)
        else:
            assert "blocks." in str(caught.value)


def test_tuned_state_that_lacks_a_layer_is_refused() -> None:
    shapes = dict(shapes_of("6.0-state"))
    del shapes["blocks.1.att.time_state"]
    with pytest.raises(LayoutError, match=r"blocks\.1\.att\.time_state"):
        identify(shapes)


SHOWS_A_SIZE = (
    "emb.weight", "time_w", "time_ww", "key.weight", "head_q.weight", "pos_emb_x", "tiny_q.weight", "qq.weight", "aa.weight",
    "time_decay", "time_faaaa", "time_maa_w2", "time_decay_w2", "gate_w1", "r_k", "att.w1", "att.a1", "att.v1", "att.g1",
)  # fmt: skip
"""Sizes are read from these: where one is wrong, it is another tensor that does not fit."""


def too_large(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """The shape with one axis longer by one, for each axis."""
    for axis, size in enumerate(shape):
        yield (*shape[:axis], size + 1, *shape[axis + 1 :])


@every_kind
def test_tensor_of_a_wrong_shape_is_named(kind: str) -> None:
    shapes = shapes_of(kind)
    for name, shape in shapes.items():
        if can_be_missing(kind, name):
            continue
        for wrong in too_large(shape):
            with pytest.raises(UnknownModelError) as caught:
                identify({**shapes, name: wrong})
            assert_one_sentence(caught.value)
            if name in str(caught.value):
                continue
            assert name.endswith(SHOWS_A_SIZE), f"{name} {wrong}: {caught.value}"
            if isinstance(caught.value, LayoutError):
                named = any(other in str(caught.value) for other in shapes)
                assert named or "cannot be split" in str(caught.value)
            else:
                assert kind[0] == "3", "only there does a shape alone show the version"
                assert name.endswith("att.time_decay")


@pytest.mark.parametrize(
    ("kind", "narrowed"),
    [("4a", ("tiny_q.weight", "tiny_k.weight")), ("4b", ("att.qq.weight", "att.kk.weight", "att.vv.weight"))],
)
def test_attention_of_different_width_in_each_block_is_refused(kind: str, narrowed: tuple[str, ...]) -> None:
    shapes = dict(shapes_of(kind))
    width = tiny.SIZES[kind].n_embd
    shapes |= {f"blocks.1.{name}": (2, width) for name in narrowed}
    if kind == "4b":
        shapes["blocks.1.att.oo.weight"] = (width, 2)
    with pytest.raises(LayoutError, match=r"blocks\.1\."):
        identify(shapes)


@every_kind
def test_nothing_but_our_own_errors_comes_of_any_shape(kind: str) -> None:
    """No axis, an axis of nothing, more axes, the axes the other way round."""
    shapes = shapes_of(kind)
    for name, shape in shapes.items():
        for odd in ((), (0, *shape[1:]), (*shape, 2), (2, *shape), shape[::-1], (1,) * 7):
            try:
                plan = identify({**shapes, name: odd})
            except UnknownModelError as error:
                assert_one_sentence(error)
            else:
                assert plan.found.version[0] in (KNOWN[kind][0][0], "4"), "a version 3 without its axis of one is a 4"


@every_kind
def test_vectors_may_be_stored_with_any_axes_of_one(kind: str) -> None:
    """But for time_decay, which shows the version by its axes."""
    shapes, width = dict(shapes_of(kind)), (tiny.SIZES[kind].n_embd,)
    vectors = [
        name
        for name, shape in shapes.items()
        if name.split(".")[-1].startswith(("time_mix", "time_maa_", "x_")) and shape == (1, 1, *width)
    ]
    assert vectors or kind[0] == "1"
    for shape in (width, (1, *width), (*width, 1), (1, *width, 1)):
        assert identify(shapes | dict.fromkeys(vectors, shape)).found.version == KNOWN[kind][0]


@every_kind
def test_tensor_that_nothing_uses_is_refused_by_name(kind: str) -> None:
    shapes = shapes_of(kind)
    for surprise in ("blocks.0.att.surprise", "blocks.1.ffn.extra.weight", "surprise.weight", "blocks.surprise"):
        with pytest.raises(LayoutError) as caught:
            identify({**shapes, surprise: (3, 4)})
        assert surprise in str(caught.value)
        assert_one_sentence(caught.value)


@pytest.mark.parametrize(
    ("kind", "extra"),
    [
        ("5.2", "head_q.weight"),
        ("4", "blocks.0.att.time_mix_qq"),
        ("4", "blocks.0.tiny_ln.weight"),
        ("4", "blocks.0.pos_emb_y"),
        ("4", "pos_emb_x"),
        ("3", "blocks.0.pos_emb_x"),
        ("2", "blocks.0.ln0.weight"),
        ("6.0", "blocks.0.att.time_first"),
        ("7.0", "blocks.0.ffn.receptance.weight"),
        ("1", "blocks.0.attn.tiny_att.qkv.weight"),
    ],
)
def test_part_of_another_variant_is_never_ignored(kind: str, extra: str) -> None:
    with pytest.raises(UnknownModelError):
        identify({**shapes_of(kind), extra: (tiny.SIZES[kind].n_embd,)})


@every_kind
def test_missing_block_is_named(kind: str) -> None:
    shapes = shapes_of(kind, n_layer=3)
    for gap in (0, 1):
        rest = {name: shape for name, shape in shapes.items() if not name.startswith(f"blocks.{gap}.")}
        with pytest.raises(LayoutError, match=f"Block {gap} is missing") as caught:
            identify(rest)
        assert_one_sentence(caught.value)


def test_block_number_of_absurd_length_is_only_a_strange_name() -> None:
    with pytest.raises(LayoutError, match="99999999"):
        identify({**shapes_of("4"), f"blocks.{'9' * 5000}.att.key.weight": (3, 3)})


# Refused

GPT2 = {"wte.weight": (50257, 768), "wpe.weight": (1024, 768), "h.0.attn.c_attn.weight": (768, 2304)}

STRANGERS = [
    ("Transformer", ("tok_emb.weight", "blocks.0.attn.query.weight")),
    ("copy head", ("tok_emb.weight", "blocks.0.attn.time_w")),
    ("RWKV-8", ("blocks.0.ffn.enn.weight",)),
    ("RWKV-8", ("blocks.3.qkv.ennk.weight",)),
    ("RWKV-8", ("emb0",)),
    ("RWKV-8", ("emb1",)),
    ("RWKV-8", ("rosa_emb.weight",)),
    ("RWKV-7b", ("blocks.0.qkv.qq.weight",)),
    ("RWKV-7b", ("blocks.1.qkv.k_emb.weight",)),
    ("RWKV-7b", ("k_emb.weight",)),
    ("RWKV-7a", ("blocks.0.att.r_k", "blocks.0.ffn.s_emb.weight")),
    ("6.0b or 6.0c", ("blocks.0.att.time_maa_rkvw_w1",)),
    ("initial states", ("blocks.0.att.time_state",)),
    ("Mamba", ("blocks.0.att.A_log",)),
    ("Mamba", ("blocks.0.att.in_proj.weight",)),
    ("fla", ("model.layers.0.attn.r_proj.weight",)),
    ("fla", ("layers.0.attn.r_proj.weight",)),
    ("July 2023", ("blocks.0.att.ln_x.weight", "blocks.0.att.time_decay", "blocks.0.att.time_mix_k")),
    ("AI-Writer's later models", ("blocks.0.att.time_mix_k", "blocks.0.att.time_decay", "blocks.0.ln1.weight")),
    ("MishGLU", ("emb.weight", "blocks.0.att.ln_x.weight", "blocks.0.ffn.aa.weight")),
    ("second channel mix", ("emb.weight", "blocks.1.att.ln_x.weight", "blocks.0.ffnPre.key.weight")),
    ("web-rwkv", ("blocks.0.att.time_mix_x",)),
    ("web-rwkv", ("blocks.0.att.time_mix_w1",)),
]


def refusal_of(shapes: Shapes) -> str:
    with pytest.raises(UnknownModelError) as caught:
        identify(shapes)
    assert_one_sentence(caught.value)
    assert not isinstance(caught.value, LayoutError), "no version was recognised"
    return str(caught.value)


@pytest.mark.parametrize(("named", "names"), STRANGERS)
def test_known_stranger_is_refused_for_what_it_is(named: str, names: tuple[str, ...]) -> None:
    assert named in refusal_of({name: (4, 4) for name in names})
    for name in names if len(names) > 1 else ():
        fewer = {other: (4, 4) for other in names if other != name}
        assert named not in refusal_of(fewer), f"{name} is not what shows it"


def test_every_refusal_has_an_example() -> None:
    shown = {refusal_of({name: (4, 4) for name in names}) for _, names in STRANGERS}
    assert shown == {f"{refusal.sentence} {refusal.hint}".strip() for refusal in REFUSALS}


@pytest.mark.parametrize(
    ("kind", "mark", "named"),
    [
        ("7.0", "blocks.0.ffn.s_emb.weight", "RWKV-7a"),
        ("7.0", "blocks.0.qkv.qq.weight", "RWKV-7b"),
        ("7.0", "blocks.1.ffn.enn.weight", "RWKV-8"),
        ("6.0", "blocks.0.att.time_maa_rkvw_w1", "6.0b or 6.0c"),
        ("4", "blocks.1.att.A_log", "Mamba"),
        ("1", "blocks.0.attn.query.weight", "Transformer"),
        ("5.1", "blocks.0.att.time_mix_x", "web-rwkv"),
    ],
)
def test_whole_model_with_the_mark_of_a_stranger_is_refused_as_that(kind: str, mark: str, named: str) -> None:
    assert named in refusal_of({**shapes_of(kind), mark: (4, 4)})


def test_preview_of_version_5_lacks_only_its_bonus() -> None:
    shapes = {name: shape for name, shape in shapes_of("5.1").items() if not name.endswith("time_first")}
    assert "July 2023" in refusal_of(shapes)


def test_gpt2_is_not_an_rwkv() -> None:
    said = refusal_of(GPT2)
    assert "3 tensors" in said
    assert "wte.weight" in said


def test_empty_file_and_single_names_are_not_an_rwkv() -> None:
    refusal_of({})
    for name in ("emb.weight", "blocks.0.att.key.weight", "blocks..", "blocks.0.", "", ".", "head.weight"):
        refusal_of({name: (4, 4)})


def test_two_versions_in_one_file_are_not_settled_by_a_guess() -> None:
    said = refusal_of({**shapes_of("4"), "blocks.0.att.r_k": (4, 9)})
    assert "RWKV-4" in said
    assert "RWKV-7.0" in said
