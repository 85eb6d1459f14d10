"""How long a model remembers a name: it is said once, and some tokens of tale later a place comes where it is due.

    Once upon a time there was a boy whose name was Balomi. | … n tokens of tale … | "My name is" -> Balomi?

Each trial is run twice, with this name and with another one in the introduction, all else alike. What the due name costs
less after its own introduction is what memory saves, in bits; no model is too small to show some of it. Names are made up
of syllables, so that none can have been learnt; names, tales and their order come from the seed alone, the same for every
model. Fillers begin at sentences of the given text and are cut after n tokens, wherever that falls.
"""

from __future__ import annotations

import math
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from rwkv_backend.compare.arrays import frozen, frozen_ints
from rwkv_backend.compare.records import CompareSettings, NeedleCurve
from rwkv_backend.errors import SettingError
from rwkv_backend.records import Progress

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.state import State
    from rwkv_backend.tokenizers import Tokenizer

INTRODUCTION = "Once upon a time there was a boy whose name was"
AFTER_NAME = ".\n\n"
QUESTION = '\n\n"What is your name?" asked the king.\n\n"My name is'
CONSONANTS = "bdfgklmnprstvz"
VOWELS = "aeiou"
SYLLABLES = 3
BYTES_A_TOKEN = 8
"""More than any tokenizer makes of a token of plain English on average: so much text is taken for a filler."""


@dataclass(frozen=True)
class Trial:
    """A name, another one, and a tale to put between."""

    name: str
    other: str
    tale: str


@dataclass(frozen=True)
class Answer:
    """bits that the name costs where it is due, and whether the likeliest tokens spell it."""

    bits: float
    spelled: bool


def recall(
    model: RWKVModel, tokenizer: Tokenizer, text: str, settings: CompareSettings
) -> Generator[Progress, None, NeedleCurve]:
    """The curve over the distances for which the model has room. Raises SettingError if there is none."""
    longest = max(settings.needle_distances, default=0)
    trials = [Spelled(tokenizer, trial) for trial in make_trials(text, settings.seed, settings.needle_trials, longest)]
    distances = fitting(model, trials, settings.needle_distances)
    rows = []
    for done, trial in enumerate(trials):
        yield Progress(done, len(trials), "runs")
        said = answers(model, trial, trial.introduction, distances)
        unsaid = answers(model, trial, trial.other_introduction, distances)
        rows.append((said, unsaid))
    yield Progress(len(trials), len(trials), "runs")
    filler = [[len(b"".join(map(tokenizer.bytes_of, t.filler[:n]))) for n in distances] for t in trials]
    return _curve(distances, rows, np.array(filler))


def make_trials(text: str, seed: int, count: int, longest: int) -> list[Trial]:
    """The same for every model: nothing here knows a tokenizer."""
    if count < 1:
        raise SettingError("The recall test needs 1 trial or more.")
    random = np.random.default_rng([seed, 20210805])
    return [Trial(_name(random), _name(random), _tale(random, text, longest * BYTES_A_TOKEN)) for _ in range(count)]


def _name(random: np.random.Generator) -> str:
    letters = (
        f"{CONSONANTS[random.integers(len(CONSONANTS))]}{VOWELS[random.integers(len(VOWELS))]}"
        for _ in range(SYLLABLES)
    )
    return "".join(letters).capitalize()


def _tale(random: np.random.Generator, text: str, size: int) -> str:
    """`size` characters from the beginning of some sentence on; a short text is gone through again."""
    sentences = [match.end() for match in re.finditer(r"[.!?][\"']?\s+", text)] or [0]
    start = sentences[int(random.integers(len(sentences)))]
    tale = text[start:] + "\n\n"
    while len(tale) < size and text:
        tale += text + "\n\n"
    return tale[:size]


class Spelled:
    """A trial as tokens. The name is spelled alike in both places."""

    def __init__(self, tokenizer: Tokenizer, trial: Trial) -> None:
        start = tokenizer.start if tokenizer.end_of_text is None else tokenizer.end_of_text
        opening = [*([] if start is None else [start]), *tokenizer.encode(INTRODUCTION)]
        closing = tokenizer.encode(AFTER_NAME)
        self.name = tokenizer.encode(f" {trial.name}")
        self.introduction = [*opening, *self.name, *closing]
        self.other_introduction = [*opening, *tokenizer.encode(f" {trial.other}"), *closing]
        self.filler = tokenizer.encode(trial.tale)
        self.question = tokenizer.encode(QUESTION)

    def length(self, distance: int) -> int:
        """Tokens that the model reads in all."""
        longest = max(len(self.introduction), len(self.other_introduction))
        return longest + distance + len(self.question) + len(self.name)


def fitting(model: RWKVModel, trials: Sequence[Spelled], distances: Sequence[int]) -> list[int]:
    """The distances for which there are room and filler, in order."""
    room = model.max_tokens
    found = sorted(
        n for n in set(distances) if all(n <= len(t.filler) and (room is None or t.length(n) <= room) for t in trials)
    )
    if not found:
        raise SettingError("No distance of the recall test fits this model and text.", "Give shorter distances.")
    return found


def answers(model: RWKVModel, trial: Spelled, introduction: Sequence[int], distances: Sequence[int]) -> list[Answer]:
    """One reading of the filler, with a question asked of a copy of the state at each distance."""
    state, read = model.new_state(), 0
    found = []
    with torch.no_grad():
        model.forward(list(introduction), state)
        for distance in distances:
            if distance > read:
                model.forward(trial.filler[read:distance], state)
                read = distance
            found.append(ask(model, state.clone(), trial))
    return found


def ask(model: RWKVModel, state: State, trial: Spelled) -> Answer:
    """`state` reads the question and the name."""
    logits: Tensor = model.forward([*trial.question, *trial.name], state, every=True)
    due = logits[len(trial.question) - 1 : -1].cpu().double()  # the scores before each token of the name
    name = torch.tensor(trial.name)
    nats = torch.nn.functional.cross_entropy(due, name, reduction="sum")
    return Answer(float(nats) / math.log(2), bool((due.argmax(1) == name).all()))


def _curve(
    distances: Sequence[int], rows: Sequence[tuple[list[Answer], list[Answer]]], filler: NDArray[np.int64]
) -> NeedleCurve:
    said, unsaid = (np.array([[a.bits for a in row[side]] for row in rows]) for side in (0, 1))  # (trials, distances)
    recalled, by_chance = (np.array([[a.spelled for a in row[side]] for row in rows]) for side in (0, 1))
    saved, count = unsaid - said, len(rows)
    spread = saved.std(0, ddof=1) / math.sqrt(count) if count > 1 else np.full(len(distances), np.nan)
    return NeedleCurve(
        distances=frozen_ints(distances),
        bytes=frozen(filler.mean(0)),
        said=frozen(said.mean(0)),
        unsaid=frozen(unsaid.mean(0)),
        saved=frozen(saved.mean(0)),
        error=frozen(spread),
        recalled=frozen(recalled.mean(0)),
        by_chance=frozen(by_chance.mean(0)),
        trials=count,
    )
