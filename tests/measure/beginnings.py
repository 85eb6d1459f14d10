"""What it is worth that texts which begin alike are read once: fresh conversations with one long system text.

    python -m tests.measure.beginnings [--conversations 20] [--head 200] [VERSION ...]

Time from sending a message to the first written token, in turns with states of beginnings kept and without; medians over
the conversations from the third on, as a head is known after two.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

import torch

from rwkv_backend.demo_models import demo_models
from rwkv_backend.loading import open_model
from rwkv_backend.records import Step
from rwkv_backend.sampling import SamplingParams
from rwkv_backend.session import Session, WriteSettings
from rwkv_backend.templates import TEMPLATES
from rwkv_backend.tokenizers import load_tokenizer

TEMPLATE = next(template for template in TEMPLATES if template.extra == "System")
SETTINGS = WriteSettings(SamplingParams(seed=1, banned=(0,)), max_tokens=1)
TALE = "You tell tales to a child that cannot sleep. There was a king who had three sons and a fox. "


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("versions", nargs="*", default=["4", "6.0"])
    parser.add_argument("--conversations", type=int, default=20)
    parser.add_argument("--head", type=int, default=200, help="tokens of the system text")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for model in demo_models():
        if model.version in options.versions:
            opened = open_model(model.path)
            tokenizer = load_tokenizer(vocab_size=opened.info.vocab_size, model_path=model.path)
            head = tokenizer.decode(tokenizer.encode(TALE * options.head)[: options.head])
            kept, plain = Session(opened, tokenizer), Session(opened, tokenizer)
            plain.beginnings.budget = 0
            measure(model.version, kept, plain, head, options.conversations)


def measure(version: str, kept: Session, plain: Session, head: str, conversations: int) -> None:
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(conversations):
        for session in (kept, plain):
            session.clear()
            times[session is kept].append(
                1e3 * first_token(session, head, f"What does the {number}th fox say to the king?")
            )
        assert kept.state.tokens_seen == plain.state.tokens_seen
    ended, info = kept.ended, kept.info()
    assert ended is not None
    fast, slow = (statistics.median(times[which][2:]) for which in (True, False))
    sys.stdout.write(
        f"version {version}: {ended.prompt_known + ended.prompt_tokens} tokens, {ended.prompt_known} of them known;"
        f" first token after {fast:.1f} ms ({min(times[True][2:]):.1f} to {max(times[True][2:]):.1f}), without"
        f" {slow:.1f} ms ({min(times[False][2:]):.1f} to {max(times[False][2:]):.1f}): {slow / fast:.1f} times;"
        f" {info.beginnings} states, {info.beginning_bytes / 2**20:.1f} of {info.beginning_budget / 2**20:.0f} MB\n"
    )


def first_token(session: Session, head: str, message: str) -> float:
    began = time.perf_counter()
    for event in session.chat(message, TEMPLATE, head, SETTINGS):
        if isinstance(event, Step):
            return time.perf_counter() - began
    raise AssertionError("a token is written")


if __name__ == "__main__":
    main()
