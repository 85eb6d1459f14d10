"""Numbers behind the pictures of a state: norms, effective rank, how far few things rule, how many channels outlive a while.

What is measured is what would be read, as in `state_diff.comparable`. `concentration` asks in each version what its memory
can tell about being ruled by little:

    v1      share of channels in which one token has spoken louder (e^k) than all others together
    v2, v3  share of channels whose mean is more than four times the median size: their sums do not tell tokens apart
    v4      share of channels in which one token weighs more than all others together: the sums are kept relative to the
            largest weight, so a denominator below 2 says just that (in a state as read, not in an edited one)
    v5 – v7 share of a head matrix's squared norm that lies in its strongest single association, mean over heads
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch

from rwkv_backend import decay
from rwkv_backend.analysis.reading import frozen
from rwkv_backend.analysis.records import StateStatistics
from rwkv_backend.analysis.state_diff import comparable
from rwkv_backend.records import Labelled

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.probe import Probe
    from rwkv_backend.state import State

HORIZONS = (8, 32, 128, 512)
"""Tokens: a phrase, a sentence, a paragraph, a page."""

MANY_TIMES = 4.0
"""How many times the median a channel's mean must be to stand out."""

ONE_TOKEN = "share of channels in which one token outweighs all others together"
OUTLIERS = "share of channels whose mean is more than four times the median size"
ONE_ASSOCIATION = "share of a head's memory that lies in its strongest single association"


def state_statistics(
    model: RWKVModel, state: State, *, probe: Probe | None = None, horizons: Sequence[int] = HORIZONS
) -> StateStatistics:
    """Of `state` as it is; `probe` with the last token's "att.decay", without which 6 and 7 show their learned base."""
    measured = comparable(state)
    names = tuple(f.name for f in measured.fields if any(f.name in layer for layer in measured.layers))
    norms = np.full((len(state.layers), len(names)), np.nan)
    for row, layer in zip(norms, measured.layers, strict=True):
        for name, tensor in layer.items():
            row[names.index(name)] = float(tensor.cpu().double().nan_to_num(0.0).norm())
    kept = [model.decay(layer, probe) for layer in range(model.sizes.n_layer)]
    fades = model.version != "1"
    rule = [_concentration(model.version, layer) for layer in state.layers]
    return StateStatistics(
        fields=names,
        norms=Labelled("norm", ("layer", "field"), frozen(norms)),
        effective_rank=_ranks(state),
        concentration=Labelled("concentration", ("layer",), frozen(np.asarray(rule)), "share"),
        concentration_about=_about(model.version),
        horizons=tuple(horizons),
        outliving=_outliving(kept, horizons) if fades else None,
        channels=tuple(0 if k is None else k.numel() for k in kept) if fades else (),
    )


def effective_rank(matrices: Tensor) -> Tensor:
    """e to the entropy of the normalised singular values, (H, N, N) -> (H,); NaN for a matrix of zeros."""
    shares = torch.linalg.svdvals(matrices.cpu().double())
    shares = shares / shares.sum(-1, keepdim=True)
    return torch.exp(-torch.special.xlogy(shares, shares).sum(-1))


def _ranks(state: State) -> Labelled | None:
    if "att.wkv" not in state.layers[0]:
        return None
    ranks = torch.stack([effective_rank(layer["att.wkv"]) for layer in state.layers])
    return Labelled("effective rank", ("layer", "head"), frozen(ranks))


def _about(version: str) -> str:
    return ONE_TOKEN if version in "14" else OUTLIERS if version in "23" else ONE_ASSOCIATION


def _concentration(version: str, layer: dict[str, Tensor]) -> float:
    if version in "567":
        energies = torch.linalg.svdvals(layer["att.wkv"].cpu().double()).square()  # (H, N), largest first
        return float((energies[:, 0] / energies.sum(1)).mean())
    if "att.denominator" not in layer or not bool(layer["att.denominator"].any()):
        return float("nan")
    if version == "1":
        return float((layer["att.keys"].amax(0) * 2 > layer["att.denominator"]).cpu().double().mean())
    if version == "4":
        return float((layer["att.denominator"] < 2).cpu().double().mean())
    sizes = (layer["att.numerator"] / layer["att.denominator"].clamp(min=1e-38)).abs()
    return float((sizes > MANY_TIMES * sizes.median()).cpu().double().mean())


def _outliving(kept: list[Tensor | None], horizons: Sequence[int]) -> Labelled:
    counts = np.full((len(kept), len(horizons)), np.nan)
    for row, fractions in zip(counts, kept, strict=True):
        if fractions is not None:
            row[:] = [decay.outliving(fractions.cpu().double().numpy(), tokens) for tokens in horizons]
    return Labelled("channels that outlive", ("layer", "tokens"), frozen(counts), "channels")
