"""How strongly the next-token distribution reacts to each token read, by whatever way its influence takes.

The length of the gradient of ln p(next) with respect to each token's embedding, over the likeliest next tokens, weighted by
their probability: √(Σ_j p_j·|∂ ln p_j / ∂ embedding[u]|²). To second order this is how far the distribution moves (in
Kullback-Leibler divergence) when the embedding does. It follows every path, through all tokens between as well, and agrees
better with leaving tokens out than any share of a read-out does; the tests say by how much.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from rwkv_backend.probe import Probe
from rwkv_backend.records import Progress

if TYPE_CHECKING:
    from torch import Tensor

    from rwkv_backend.models.base import RWKVModel
    from rwkv_backend.state import State

PLAIN_FORMULAS = "gradient"
"""What no fast path can keep: with a probe that wants it, the text is read by formulas that gradients flow through."""

LIKELIEST = 2
"""Next tokens whose gradients are taken. More cost a backward pass each and change the order of tokens hardly at all."""

MOST_BYTES = 2**30
"""Memory that the values kept for the backward passes may take."""

KEPT_A_CHANNEL = 40
"""Numbers kept for the backward pass for each token, layer and channel: about, and rather too many."""


def affordable(model: RWKVModel, count: int) -> bool:
    """Whether the gradients over `count` tokens fit in memory. Weights in fewer bits stay unpacked for them."""
    sizes = model.sizes
    numbers = sizes.n_layer * count * sizes.n_embd * KEPT_A_CHANNEL
    unpacked = 0 if model.weight_bytes >= 4 * model.info.n_params else model.info.n_params
    return 4 * (numbers + unpacked) <= MOST_BYTES


def sensitivity(model: RWKVModel, tokens: Sequence[int], state: State) -> Generator[Progress, None, Tensor]:
    """(T,) on the CPU, float32, for two tokens or more. `state` reads them; what was before them counts as fixed."""
    began = time.perf_counter()
    with torch.enable_grad(), _embeddings_kept(model) as embeddings:
        logits = model.forward(tokens, state, probe=Probe(PLAIN_FORMULAS, every=True))
        log_p = torch.log_softmax(logits.float(), -1)
    yield Progress(1, LIKELIEST + 1, "runs", time.perf_counter() - began)
    best = log_p.detach().topk(min(LIKELIEST, len(log_p)))
    total = torch.zeros(len(tokens), device=log_p.device)
    for done, (log_chance, token) in enumerate(zip(best.values, best.indices.tolist(), strict=True), 2):
        gradients = torch.autograd.grad(log_p[token], embeddings, retain_graph=True)
        total += log_chance.exp() * torch.cat(gradients).square().sum(-1)
        yield Progress(done, LIKELIEST + 1, "runs", time.perf_counter() - began)
    return total.sqrt().cpu()


@contextmanager
def _embeddings_kept(model: RWKVModel) -> Iterator[list[Tensor]]:
    """Within it, the embeddings that the model looks up are leaves that gradients reach, listed in the order of the text."""
    weights, name = model.weights, "tok_emb" if model.version == "1" else "emb"
    embedding, leaves = getattr(weights, name), []

    def kept(tokens: Tensor) -> Tensor:
        leaves.append(embedding(tokens).detach().requires_grad_())
        return leaves[-1]

    setattr(weights, name, kept)
    try:
        yield leaves
    finally:
        setattr(weights, name, embedding)
