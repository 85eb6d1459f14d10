"""The command line as users' scripts rely on it: names in the output, numbers that are right, exit codes, and files that
appear whole or not at all.
"""

from __future__ import annotations

import errno
import json
import math
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from rwkv_backend import cli, loading
from rwkv_backend.loading import open_model
from rwkv_backend.models.base import RWKVModel
from rwkv_backend.probe import Probe
from tests import tiny
from tests.shared import (
    ROOT,
    Array,
    Saved,
    assert_near,
    every_kind,
    expected,
    fields_of,
    one_kind_of_each_formula,
    read,
    room_of,
    text_of,
)

BYTES = {"vocab": 256, "n_layer": 1}
"""A tiny model of bytes: 256 rows, no tokenizer file needed."""

NEWLINE = ord("\n")
"""What the bytes tokenizer puts before a text."""

Capture = pytest.CaptureFixture[str]


def run(capsys: Capture, *arguments: str | Path) -> str:
    """Standard output of a command that succeeds."""
    code = cli.main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert code == 0, err
    return out


def run_json(capsys: Capture, *arguments: str | Path) -> dict[str, Any]:
    told = json.loads(run(capsys, *arguments, "--json"))
    assert isinstance(told, dict)
    return told


def fails(capsys: Capture, *arguments: str | Path) -> str:
    """The sentence of a command that cannot be done."""
    code = cli.main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert code == 2
    assert not out
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    return err


def misused(capsys: Capture, *arguments: str | Path) -> str:
    """What argparse says of arguments that make no sense."""
    with pytest.raises(SystemExit) as caught:
        cli.main([str(argument) for argument in arguments])
    assert caught.value.code == 2
    return capsys.readouterr().err


def listed(tokens: list[int]) -> str:
    return ",".join(map(str, tokens))


# inspect

INSPECTED = (
    "version", "variant", "n_layer", "n_embd", "n_head", "head_size", "vocab_size", "ctx_len", "dtype", "n_params",
    "file_bytes", "tokenizer", "evidence",
)  # fmt: skip


@every_kind
def test_inspect_tells_what_the_contract_names(kind: str, saved: Saved, capsys: Capture) -> None:
    path, sizes = saved(kind), tiny.SIZES[kind]
    told = run_json(capsys, "inspect", path)
    assert set(INSPECTED) <= told.keys()
    assert told["version"] == {"6.0a": "6.0a"}.get(kind, tiny.KINDS[kind])
    assert told["variant"] is None or told["variant"]  # never an empty text
    assert (told["n_layer"], told["n_embd"], told["vocab_size"]) == (sizes.n_layer, sizes.n_embd, sizes.vocab)
    heads = sizes.version not in ("2", "3", "4")
    assert told["n_head"] == (sizes.n_head if heads else None)
    assert told["head_size"] == (sizes.att // sizes.n_head if heads else None)
    limited = sizes.version == "1" or sizes.head_qk or sizes.extra_attention
    assert told["ctx_len"] == (sizes.ctx_len if limited else room_of(kind))
    assert told["dtype"] == "float32"
    numbers = sum(t.numel() for name, t in tiny.checkpoint(kind).items() if not name.endswith("_mask"))
    assert told["n_params"] == numbers
    assert told["file_bytes"] == path.stat().st_size
    assert told["tokenizer"] is None
    assert told["evidence"]


def test_inspect_finds_the_tokenizer_and_tells_a_person_the_same(saved: Saved, capsys: Capture) -> None:
    path = saved("5.2", **BYTES)
    assert run_json(capsys, "inspect", path)["tokenizer"] == "bytes"
    card = run(capsys, "inspect", path)
    assert "RWKV-5.2" in card
    assert "4 heads of 8" in card
    assert "bytes" in card


def test_inspect_imports_neither_torch_nor_numpy(saved: Saved) -> None:
    script = (
        "import sys; from rwkv_backend.cli import main; code = main(['inspect', *sys.argv[1:], '--json']);"
        "print([name for name in ('torch', 'numpy', 'tokenizers') if name in sys.modules], file=sys.stderr);"
        "sys.exit(code)"
    )
    for kind in ("1", "4", "7.0"):
        done = subprocess.run(
            [sys.executable, "-c", script, saved(kind)], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert json.loads(done.stdout)["version"] == tiny.KINDS[kind]
        assert done.stderr.strip() == "[]"


# logits


@one_kind_of_each_formula
def test_logits_of_any_chunk_are_those_of_the_reference(
    kind: str, saved: Saved, tmp_path: Path, capsys: Capture
) -> None:
    path, tokens, out = saved(kind), text_of(kind, 20), tmp_path / "x.npy"
    want = expected(kind, tokens)
    for chunk in ((), ("--chunk", "1"), ("--chunk", "7")):
        assert run(capsys, "logits", path, "--tokens", listed(tokens), "--out", out, *chunk) == ""
        got = np.load(out)
        assert got.dtype == np.float32
        assert got.shape == (len(tokens), tiny.SIZES[kind].vocab)
        assert np.abs(got - want).max() < 2e-4
        out.unlink()


def test_logits_are_read_as_many_at_a_time_as_asked(
    saved: Saved, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, sizes = saved("4"), []
    forward = RWKVModel.forward

    def watched(model: RWKVModel, tokens: list[int], *more: Any, **named: Any) -> torch.Tensor:
        sizes.append(len(tokens))
        return forward(model, tokens, *more, **named)

    monkeypatch.setattr(RWKVModel, "forward", watched)
    for chunk, read_at_once in (((), [20]), (("--chunk", "7"), [7, 7, 6]), (("--chunk", "99"), [20])):
        sizes.clear()
        run(capsys, "logits", path, "--tokens", listed(text_of("4", 20)), "--out", tmp_path / "x", *chunk)
        assert sizes == read_at_once


@pytest.mark.parametrize("dtype", cli.DTYPES)
def test_logits_are_float32_whatever_holds_the_weights(
    dtype: str, saved: Saved, tmp_path: Path, capsys: Capture
) -> None:
    path, out = saved("4"), tmp_path / "x.npy"
    run(capsys, "logits", path, "--tokens", "3,14,15", "--dtype", dtype, "--out", out)
    got, want = np.load(out), read(open_model(path, dtype=dtype), [3, 14, 15])
    assert got.dtype == np.float32
    assert (got == want).all()


def test_file_gets_exactly_the_name_asked_for(saved: Saved, tmp_path: Path, capsys: Capture) -> None:
    """numpy by itself would add .npy to it."""
    run(capsys, "logits", saved("4"), "--tokens", "1", "--out", tmp_path / "scores")
    run(capsys, "trace", saved("4"), "--tokens", "1", "--out", tmp_path / "memory")
    assert np.load(tmp_path / "scores").shape == (1, 101)
    assert zipfile.is_zipfile(tmp_path / "memory")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["4.pth", "memory", "scores"]


# trace


@one_kind_of_each_formula
def test_trace_holds_the_state_the_decays_and_their_meaning(
    kind: str, saved: Saved, tmp_path: Path, capsys: Capture
) -> None:
    path, tokens, out = saved(kind), text_of(kind, 20), tmp_path / "x.npz"
    assert run(capsys, "trace", path, "--tokens", listed(tokens), "--out", out) == ""
    model, probe = open_model(path), Probe("att.decay")
    state = model.new_state()
    with torch.no_grad():
        model.forward(tokens, state, probe=probe)
    want = {f"state/{name}": tensor.numpy() for name, tensor in fields_of(state)}
    for layer in range(tiny.SIZES[kind].n_layer):
        decay = model.decay(layer, probe)
        if decay is not None:
            want[f"decay/{layer}"] = decay.numpy()
    with np.load(out) as archive:
        assert set(archive.files) == {*want, "fields.json"}
        for name, array in want.items():
            assert archive[name].dtype == array.dtype, name
            assert (archive[name] == array).all(), name
    described = json.loads(zipfile.ZipFile(out).read("fields.json"))
    assert described.keys() == {name.split("/")[2] for name in want if name.startswith("state/")}
    for name, array in want.items():
        if name.startswith("state/"):
            field = described[name.split("/")[2]]
            assert len(field["axes"]) == array.ndim
            assert field["about"]


# generate

SAMPLED = ("--temperature", "1", "--top-p", "1", "--presence", "0", "--frequency", "0")
GREEDY = ("--temperature", "0", "--presence", "0", "--frequency", "0")


def write(capsys: Capture, path: Path, *more: str, prompt: str = "ab", count: int = 40) -> dict[str, Any]:
    return run_json(capsys, "generate", path, "--prompt", prompt, "--max-tokens", str(count), *SAMPLED, *more)


def test_generate_tells_what_the_contract_names(saved: Saved, capsys: Capture) -> None:
    told = write(capsys, saved("4", **BYTES), "--seed", "3")
    assert {"tokens", "text", "stop_reason", "prompt_tok_s", "decode_tok_s", "seed", "logprobs"} <= told.keys()
    assert told["stop_reason"] == "length"
    assert told["seed"] == 3
    assert len(told["tokens"]) == len(told["logprobs"]) == 40
    assert told["text"] == bytes(told["tokens"]).decode("utf-8", "replace")
    assert told["prompt_tokens"] == 3
    assert told["prompt_tok_s"] > 0
    assert told["decode_tok_s"] > 0


def test_same_seed_gives_the_same_text_and_another_another(saved: Saved, capsys: Capture) -> None:
    path = saved("6.0", **BYTES)
    one, again = (write(capsys, path, "--seed", "5") for _ in range(2))
    assert one["tokens"] == again["tokens"]
    assert write(capsys, path, "--seed", "6")["tokens"] != one["tokens"]
    unseeded = write(capsys, path)
    assert write(capsys, path, "--seed", str(unseeded["seed"]))["tokens"] == unseeded["tokens"]


def test_text_streamed_is_the_text_told(saved: Saved, capsys: Capture) -> None:
    path = saved("4", **BYTES)
    told = write(capsys, path, "--seed", "5")
    streamed = run(capsys, "generate", path, "--prompt", "ab", "--max-tokens", "40", *SAMPLED, "--seed", "5")
    assert streamed == told["text"] + "\n"


@pytest.mark.parametrize("kind", ["1", "2", "5.0", "7.0"])
def test_temperature_0_writes_the_likeliest_tokens_of_the_reference(kind: str, saved: Saved, capsys: Capture) -> None:
    told = run_json(capsys, "generate", saved(kind, **BYTES), "--prompt", "hey", "--max-tokens", "8", *GREEDY)
    prompt, logprobs = [NEWLINE, *b"hey"], []
    for token in told["tokens"]:
        row = expected(kind, prompt, **BYTES)[-1]
        assert token == row.argmax()
        logprobs.append(float(row[token] - np.logaddexp.reduce(row)))
        prompt.append(token)
    assert_near(told["logprobs"], logprobs, 1e-3)


def test_stop_string_ends_the_text_before_it(saved: Saved, capsys: Capture) -> None:
    path = saved("4", **BYTES)
    whole = write(capsys, path, "--seed", "5")["text"]
    stop = whole[11:14]
    told = write(capsys, path, "--seed", "5", "--stop", "never seen", "--stop", stop)
    assert told["text"] == whole[: whole.index(stop)]
    assert (told["stop_reason"], told["stop_detail"]) == ("stop string", stop)


def test_full_context_ends_the_text(saved: Saved, capsys: Capture) -> None:
    told = write(capsys, saved("1", **BYTES), count=100)
    assert told["stop_reason"] == "context full"
    assert len(told["tokens"]) + told["prompt_tokens"] == tiny.SIZES["1"].ctx_len


def test_settings_are_passed_on(saved: Saved, capsys: Capture) -> None:
    path = saved("4", **BYTES)
    plain = write(capsys, path, "--seed", "5")["tokens"]
    for setting in (
        ("--top-k", "1"),
        ("--top-p", "0.1"),
        ("--min-p", "0.5"),
        ("--temperature", "0.2"),
        ("--presence", "2"),
        ("--frequency", "2"),
    ):
        assert write(capsys, path, "--seed", "5", *setting)["tokens"] != plain, setting
    loud = ("--seed", "5", "--frequency", "1")
    assert (
        write(capsys, path, *loud, "--penalty-decay", "0.5")["tokens"]
        == write(capsys, path, *loud, "--penalty-half-life", "1")["tokens"]
        != write(capsys, path, *loud, "--penalty-decay", "1")["tokens"]
    )


@pytest.mark.parametrize(
    "setting",
    [
        ("--temperature", "-1"),
        ("--temperature", "nan"),
        ("--top-p", "1.5"),
        ("--min-p", "2"),
        ("--top-k", "-3"),
        ("--penalty-decay", "1.1"),
        ("--seed", "-1"),
        ("--seed", "9" * 30),
        ("--preset", "no such preset"),
    ],
)
def test_bad_setting_is_refused_before_anything_is_loaded(
    setting: tuple[str, str], saved: Saved, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(loading, "load")
    fails(capsys, "generate", saved("4", **BYTES), "--prompt", "a", *setting)


def test_other_things_that_cannot_be_written_after_are_refused(saved: Saved, capsys: Capture) -> None:
    assert "stop string" in fails(capsys, "generate", saved("4", **BYTES), "--prompt", "a", "--stop", "")
    assert "No tokenizer" in fails(capsys, "generate", saved("4"), "--prompt", "a")
    too_long = fails(capsys, "generate", saved("1", **BYTES), "--prompt", "a" * 99)
    assert "100 tokens" in too_long
    assert "32 positions" in too_long


# eval

TALE = "Once upon a time there was a fisherman and his wife, who lived in a pigsty close by the sea. Ünïcödé."


def losses(kind: str, tokens: list[int], window: int | None = None) -> Array:
    """−ln p of tokens[1:] by the reference, with a fresh state for every `window` of them."""
    found = []
    for start in range(0, len(tokens) - 1, window or len(tokens)):
        part = tokens[start : start + (window or len(tokens)) + 1]
        rows = expected(kind, part[:-1], **BYTES)
        found.append(np.logaddexp.reduce(rows, axis=1) - rows[np.arange(len(rows)), part[1:]])
    return np.concatenate(found)


def evaluated(capsys: Capture, path: Path, text: str, *more: str) -> dict[str, Any]:
    file = path.with_suffix(".txt")
    file.write_text(text, encoding="utf-8")
    return run_json(capsys, "eval", path, file, *more)


@pytest.mark.parametrize(
    ("kind", "window"),
    [
        *((kind, window) for kind in ("2", "4", "5.2", "6.0", "7.0") for window in (None, 16)),
        ("4", 1),
        ("4", 50),
        ("4", 1000),
    ],
)
def test_eval_tells_the_loss_of_the_reference(kind: str, window: int | None, saved: Saved, capsys: Capture) -> None:
    data = TALE.encode()
    want = losses(kind, [NEWLINE, *data], window)
    told = evaluated(capsys, saved(kind, **BYTES), TALE, *([] if window is None else ["--window", str(window)]))
    assert (told["tokens"], told["bytes"], told["window"]) == (len(data), len(data), window)
    assert told["nats_per_token"] == pytest.approx(want.mean(), abs=1e-4)
    assert told["bits_per_byte"] == pytest.approx(want.sum() / math.log(2) / len(data), abs=1e-4)
    check_positions(told["by_position"], want, window or len(want))


def check_positions(buckets: list[dict[str, Any]], want: Array, window: int) -> None:
    """Positions 0, 1, 2–3, 4–7 …: each token counted once, each bucket with its own mean."""
    positions = np.arange(len(want)) % window
    starts = [0, *(2**i for i in range(20))]
    assert [bucket["start"] for bucket in buckets] == [start for start in starts if start <= positions.max()]
    for bucket in buckets:
        inside = (positions >= bucket["start"]) & (positions <= bucket["end"])
        assert bucket["end"] == max(0, 2 * bucket["start"] - 1)
        assert bucket["tokens"] == inside.sum()
        assert bucket["nats"] == pytest.approx(want[inside].mean(), abs=1e-4)
    assert sum(bucket["tokens"] for bucket in buckets) == len(want)
    assert sum(bucket["tokens"] * bucket["nats"] for bucket in buckets) == pytest.approx(want.sum(), abs=1e-2)


@pytest.mark.parametrize(("asked", "used"), [(None, 32), (20, 20), (1000, 32)])
def test_eval_of_a_model_with_few_positions_is_in_windows(
    asked: int | None, used: int, saved: Saved, capsys: Capture
) -> None:
    want = losses("1", [NEWLINE, *TALE.encode()], used)
    told = evaluated(capsys, saved("1", **BYTES), TALE, *([] if asked is None else ["--window", str(asked)]))
    assert told["window"] == used
    assert told["nats_per_token"] == pytest.approx(want.mean(), abs=1e-4)
    check_positions(told["by_position"], want, used)


def test_eval_counts_bytes_and_not_characters(saved: Saved, capsys: Capture) -> None:
    told = evaluated(capsys, saved("4", **BYTES), "\u00fc\u20ac\U0001f600")
    assert told["bytes"] == told["tokens"] == 2 + 3 + 4


def test_eval_does_not_translate_line_ends(saved: Saved, capsys: Capture) -> None:
    path = saved("4", **BYTES)
    text = path.with_suffix(".dos")
    text.write_bytes(b"one\r\ntwo\r\n")
    assert run_json(capsys, "eval", path, text)["bytes"] == 10


def test_text_longer_than_one_chunk_is_evaluated_with_its_state_carried_on(saved: Saved, capsys: Capture) -> None:
    text = TALE * 12
    want = losses("4", [NEWLINE, *text.encode()])
    told = evaluated(capsys, saved("4", **BYTES), text)
    assert told["tokens"] == len(want) > 1024
    assert told["nats_per_token"] == pytest.approx(want.mean(), abs=1e-4)


def test_texts_that_cannot_be_evaluated_are_refused(saved: Saved, tmp_path: Path, capsys: Capture) -> None:
    path, text = saved("4", **BYTES), tmp_path / "text"
    text.write_bytes(b"abc\xff\xfedef")
    said = fails(capsys, "eval", path, text)
    assert "not UTF-8" in said
    assert "byte 3" in said
    text.write_bytes(TALE.encode("utf-16"))
    assert "not UTF-8" in fails(capsys, "eval", path, text)
    text.write_bytes(b"")
    assert "empty" in fails(capsys, "eval", path, text)
    assert "cannot be read" in fails(capsys, "eval", path, tmp_path)
    assert "No such file" in fails(capsys, "eval", path, tmp_path / "nowhere.txt")


# cache


def test_cache_tells_what_is_kept_and_removes_it(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RWKV_PLAYGROUND_CACHE", str(tmp_path))
    assert run_json(capsys, "cache")["bytes"] == 0
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "a-int8.safetensors").write_bytes(b"x" * 1000)
    assert run_json(capsys, "cache")["bytes"] == 1000
    told = run_json(capsys, "cache", "--clear")
    assert (told["bytes"], told["freed_bytes"]) == (0, 1000)


# bench


def test_bench_tells_what_the_contract_names(saved: Saved, capsys: Capture) -> None:
    path = saved("5.2")
    told = run_json(capsys, "bench", path, "--prompt-tokens", "9", "--new-tokens", "2")
    for name in ("load_s", "prefill_tok_s", "decode_tok_s"):
        low, high = told[f"{name}_range"]
        assert 0 < low <= told[name] <= high
    assert told["weights_mb"] == open_model(path).weight_bytes / 1e6
    assert told["peak_rss_mb"] > 50
    assert told["torch_threads"] == torch.get_num_threads()
    assert (told["prompt_tokens"], told["new_tokens"], told["runs"]) == (9, 2, 3)


def test_bench_leaves_room_for_the_new_tokens(saved: Saved, capsys: Capture) -> None:
    told = run_json(capsys, "bench", saved("1"), "--runs", "1")
    assert told["prompt_tokens"] + told["new_tokens"] <= tiny.SIZES["1"].ctx_len
    assert min(told["prompt_tokens"], told["new_tokens"]) >= 1


def test_bench_holds_the_weights_as_asked(saved: Saved, capsys: Capture) -> None:
    short, long = (
        run_json(capsys, "bench", saved("4"), "--runs", "1", "--new-tokens", "1", "--dtype", dtype)
        for dtype in ("bfloat16", "float32")
    )
    assert short["weights_mb"] < 0.6 * long["weights_mb"]


BIG_PARENT = """
import subprocess, sys
held = b"x" * 900_000_000
child = "from rwkv_backend.bench import peak_rss_bytes; print(peak_rss_bytes())"
sys.exit(subprocess.run([sys.executable, "-c", child]).returncode)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the peak is not inherited")
def test_peak_memory_is_our_own_and_not_that_of_whoever_started_us() -> None:
    done = subprocess.run([sys.executable, "-c", BIG_PARENT], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 50e6 < int(done.stdout) < 800e6


# Failures


@pytest.mark.parametrize("command", ["inspect", "logits", "trace", "generate", "bench", "eval"])
def test_missing_and_strange_files_are_refused_by_every_command(command: str, tmp_path: Path, capsys: Capture) -> None:
    out, text = tmp_path / "out", tmp_path / "text.txt"
    text.write_text("abc")
    more: dict[str, tuple[str | Path, ...]] = {
        "logits": ("--tokens", "1", "--out", out),
        "trace": ("--tokens", "1", "--out", out),
        "generate": ("--prompt", "a"),
        "eval": (text,),
    }
    for path in (tmp_path / "nowhere.pth", tmp_path, text):
        fails(capsys, command, path, *more.get(command, ()))
    assert not out.exists()


@pytest.mark.parametrize("command", ["logits", "trace"])
def test_nothing_is_written_when_tokens_or_device_are_refused(
    command: str, saved: Saved, tmp_path: Path, capsys: Capture
) -> None:
    out, path = tmp_path / "out", saved("4")
    for tokens, named in (("3,101", "101"), ("3,-1", "-1"), ("", "no tokens"), (",", "no tokens")):
        assert named in fails(capsys, command, path, f"--tokens={tokens}", "--out", out)
    fails(capsys, command, path, "--tokens", "1", "--device", "cuda:77", "--out", out)
    fails(capsys, command, saved("1"), "--tokens", listed([*text_of("1"), 1]), "--out", out)
    assert "not numbers" in said_of_nan(capsys, command, tmp_path, out)
    assert "cannot be written" in fails(capsys, command, path, "--tokens", "1", "--out", tmp_path / "no" / "x")
    assert "cannot be written" in fails(capsys, command, path, "--tokens", "1", "--out", tmp_path)
    assert not out.exists()


def said_of_nan(capsys: Capture, command: str, folder: Path, out: Path) -> str:
    tensors = tiny.checkpoint("4")
    tensors["head.weight"][3, 3] = float("nan")
    torch.save(tensors, folder / "nan.pth")
    return fails(capsys, command, folder / "nan.pth", "--tokens", "1", "--out", out)


def test_failed_write_leaves_the_old_file(
    saved: Saved, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "x.npy"
    run(capsys, "logits", saved("4"), "--tokens", "1,2", "--out", out)
    before = out.read_bytes()

    def full(file: Any, _: object) -> None:
        file.write(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    assert "No space left" in fails(capsys, "logits", saved("4"), "--tokens", "1,2,3", "--out", out)
    assert out.read_bytes() == before


@pytest.mark.parametrize("case", ["a token beyond 64 bits", "a zero byte in a path", "a zero byte in a text's path"])
def test_absurd_arguments_end_in_a_sentence_too(case: str, saved: Saved, tmp_path: Path, capsys: Capture) -> None:
    path = saved("4", **BYTES)
    if case == "a token beyond 64 bits":
        fails(capsys, "logits", path, "--tokens", "9" * 30, "--out", tmp_path / "x")
    elif case == "a zero byte in a path":
        fails(capsys, "logits", path, "--tokens", "1", "--out", "x\0y")
    else:
        fails(capsys, "eval", path, "x\0y")


def test_misuse_is_explained_with_exit_code_2(saved: Saved, tmp_path: Path, capsys: Capture) -> None:
    path, out = str(saved("4")), str(tmp_path / "x")
    assert "COMMAND" in misused(capsys)
    assert "numbers with commas" in misused(capsys, "logits", path, "--tokens", "a,b", "--out", out)
    assert "1 or more" in misused(capsys, "logits", path, "--tokens", "1", "--chunk", "0", "--out", out)
    assert "float64" in misused(capsys, "logits", path, "--tokens", "1", "--dtype", "float64", "--out", out)
    assert "--out" in misused(capsys, "logits", path, "--tokens", "1")
    assert "--prompt" in misused(capsys, "generate", path)
    assert "dance" in misused(capsys, "dance", path)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("command", ["logits", "generate", "bench", "eval"])
def test_interruption_ends_with_130_and_nothing_written(
    command: str, saved: Saved, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    path, out, text = saved("4", **BYTES), tmp_path / "out", tmp_path / "text.txt"
    text.write_text("abc")
    model = type(open_model(path))
    monkeypatch.setattr(model, "forward", interrupted)
    more: dict[str, tuple[str | Path, ...]] = {
        "logits": ("--tokens", "1", "--out", out),
        "generate": ("--prompt", "a"),
        "eval": (text,),
    }
    assert cli.main([command, str(path), *map(str, more.get(command, ()))]) == 130
    told, err = capsys.readouterr()
    assert not told
    assert err == "interrupted\n"
    assert not out.exists()


# As processes


def start(*arguments: str | Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "rwkv_backend", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_ctrl_c_ends_a_running_generation_with_130(saved: Saved) -> None:
    process = start("generate", saved("4", **BYTES), "--prompt", "a", "--max-tokens", "100000000", "--seed", "1")
    assert process.stdout is not None
    assert process.stdout.read(1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err == b"interrupted\n"


def test_reader_that_goes_away_ends_the_generation_quietly(saved: Saved) -> None:
    process = start("generate", saved("4", **BYTES), "--prompt", "a", "--max-tokens", "100000000", "--seed", "1")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.read(1)
    process.stdout.close()
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.poll() == 0
    assert process.stderr.read() == b""
    process.stderr.close()


def test_refusal_of_a_process_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    process = start("inspect", tmp_path / "nowhere.pth")
    out, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert not out
    assert err.startswith(b"error: ")
    assert err.count(b"\n") == 1
