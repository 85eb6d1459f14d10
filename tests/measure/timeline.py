"""Going back in a long session: what a timeline takes, how long it takes to be anywhere in it, what writing pays for it.

    python -m tests.measure.timeline [--tokens 10000] [--places 50] [--budget MB] [VERSION ...]

One prompt of a quarter of the tokens, the rest written. Then rewind (in a fork), fork with another token, and look, each
at random places: median and worst, in milliseconds, with the state read and at hand.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise

import torch

from rwkv_backend.demo_models import demo_models
from rwkv_backend.generation import generate
from rwkv_backend.loading import open_model
from rwkv_backend.models.base import RWKVModel
from rwkv_backend.records import Finished
from rwkv_backend.sampling import SamplingParams
from rwkv_backend.session import Session, WriteSettings
from rwkv_backend.timeline import BUDGET
from rwkv_backend.tokenizers import Tokenizer, load_tokenizer

PARAMS = SamplingParams(seed=1, banned=(0,), presence=0, frequency=0)
"""Without penalties, whose cost grows with the number of different tokens written; without the end of text."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("versions", nargs="*", default=["4", "6.0", "1"])
    parser.add_argument("--tokens", type=int, default=10_000)
    parser.add_argument("--places", type=int, default=50)
    parser.add_argument("--budget", type=int, default=BUDGET // 2**20, help="megabytes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for model in demo_models():
        if model.version in options.versions:
            opened = open_model(model.path)
            tokenizer = load_tokenizer(vocab_size=opened.info.vocab_size, model_path=model.path)
            write(f"version {model.version}")
            speed_of_writing(opened, tokenizer)
            long_session(opened, tokenizer, options.tokens, options.places, options.budget * 2**20)


def speed_of_writing(model: RWKVModel, tokenizer: Tokenizer, tokens: int = 200, rounds: int = 5) -> None:
    """The same text without and with a timeline, in turns; process time, which others on the machine disturb least."""
    bare: list[float] = []
    noted: list[float] = []
    compared: list[float] = []
    text = "Once upon a time"
    for _ in range(rounds):
        bare.append(seconds_of(lambda: list(generate(model, tokenizer, text, params=PARAMS, max_tokens=tokens))))
        for times, changes in ((noted, False), (compared, True)):
            session = Session(model, tokenizer)
            session.keeps_changes = changes
            settings = WriteSettings(PARAMS, max_tokens=tokens)
            times.append(seconds_of(lambda s=session, w=settings: list(s.complete(text, w))))  # type: ignore[misc]
    least = min(bare)
    write(
        f"  writing {tokens} tokens: {1e3 * least:.0f} ms without a timeline; with one"
        f" {100 * (min(noted) / least - 1):+.1f} %, that keeps changes {100 * (min(compared) / least - 1):+.1f} %"
    )


def long_session(model: RWKVModel, tokenizer: Tokenizer, tokens: int, places: int, budget: int) -> None:
    session = Session(model, tokenizer, budget)
    room = min(tokens, model.max_tokens or tokens)
    words = tokenizer.encode("Once upon a time there was a king who had three sons. " * room)[: room // 4]
    most = 0
    for event in session.complete(tokenizer.decode(words), WriteSettings(PARAMS, max_tokens=room - room // 4 - 2)):
        most = max(most, session.timeline.memory_bytes)
        last = event
    assert isinstance(last, Finished)
    gaps = [b - a for a, b in pairwise((*session.timeline.checkpoints, len(session.timeline)))]
    write(
        f"  {len(session.timeline):,} tokens, {last.tokens_per_second:.0f} tok/s; at most {most / 2**20:.1f} MB of"
        f" {budget / 2**20:.0f}; {len(gaps)} checkpoints, gaps {min(gaps)} to {max(gaps)} tokens"
    )
    state = session.state
    sizes: dict[str, list[float]] = {"look": [], "rewind": [], "fork": []}
    numbers = random.Random(0)
    for _ in range(places):
        n = numbers.randrange(1, len(session.timeline))
        sizes["look"].append(1e3 * wall_of(lambda n=n: session.look(n)))  # type: ignore[misc]
        sizes["rewind"].append(1e3 * wall_of(lambda n=n: rewound(session, n)))  # type: ignore[misc]
        sizes["fork"].append(1e3 * wall_of(lambda n=n: forked(session, n)))  # type: ignore[misc]
    assert session.state is state, "the live state was left alone"
    for name, times in sizes.items():
        write(f"  {name:7} median {statistics.median(times):6.1f} ms, worst {max(times):6.1f} ms")


def rewound(session: Session, n: int) -> None:
    timeline = session.timeline.fork(len(session.timeline))
    timeline.rewind(n)
    assert timeline.state.tokens_seen == n


def forked(session: Session, n: int) -> None:
    assert session.timeline.fork_with(n, 5).state.tokens_seen == n + 1


def write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def seconds_of(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def wall_of(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
