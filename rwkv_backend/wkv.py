"""The recurrences of all versions side by side: what each keeps of the past, and how it reads it.

Every function takes a chunk of tokens and the memory left by the tokens before it, and returns the read-outs and the new
memory. One token is the plain formula of SPEC; a chunk gives the same numbers without a step a token:

    v1       a learned table of weights by distance over a window of past keys
    v2, v3   numerator and denominator, each a sum that fades by a constant fraction a token
    v4       the same sums, kept relative to their largest exponent so that nothing overflows
    v5, v6   a matrix a head; it fades by a constant (v5) or by what the current token asks for (v6)
    v7       a matrix a head that also unlearns: what is written under a key replaces what was there

Letters: T tokens, A channels, H heads, N channels a head. Everything is float32. Decays are passed as natural
logarithms (≤ 0, so −0.01 keeps about 99 % a token), since only sums of logarithms are safe over many tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rwkv_backend.cuda import scans

BLOCK = 16
"""Tokens handled at once inside a chunk. Larger blocks make more work in all-pairs terms, smaller ones more steps."""

NEVER = -1e30
"""The exponent of an empty v4 memory."""

FORGET_ALL = -1e20
"""Decays are not let below this: e to it is 0 as well, and 0·(−inf) cannot arise."""


def fading(time_decay: Tensor) -> Tensor:
    """Natural logarithm of the fraction kept a token, −exp(time_decay), for versions 2 to 6; same shape, finite."""
    return (-torch.exp(time_decay)).clamp(min=FORGET_ALL)


# v1 ------------------------------------------------------------------------------------------------------------------


def wkv_window(table: Tensor, alpha: Tensor, beta: Tensor, key_values: Tensor, key_sums: Tensor) -> Tensor:
    """num/den of RWKV-1: num[t] = β[h, t]·Σ_{u≤t} w[h, t−u]·α[h, u]·e[u]·v[u], den[t] = Σ_{u≤t} e[u].

    table (H, L), farthest distance first: w[h, d] = table[h, L−1−d]; alpha (H, U); beta (H, T); key_values e·v (U, A) of all
    positions so far, of which the last T are asked for; key_sums (T, A). Returns (T, A).
    """
    heads, longest = table.shape
    asked, positions = key_sums.shape[0], key_values.shape[0]
    # Row j of `windows` is the table from entry j on, zeros after its end: the weights of position t = L−1−j for u = 0, 1, …
    windows = torch.cat((table, table.new_zeros(heads, positions)), dim=1).unfold(1, positions, 1)
    first = longest - positions
    latest_first = windows[:, first : first + asked] @ (_by_head(key_values, heads) * alpha.unsqueeze(2))
    return _merged(latest_first.flip(1) * beta.unsqueeze(2)) / key_sums


def wkv_folded_window(table: Tensor, key_values: Tensor, key_sums: Tensor) -> Tensor:
    """The same where w, α and β are folded into one table [H, t, u]. AI-Writer's RWKV-1."""
    asked, positions = key_sums.shape[0], key_values.shape[0]
    weights = table[:, positions - asked : positions, :positions].tril(positions - asked)
    return _merged(weights @ _by_head(key_values, table.shape[0])) / key_sums


def _by_head(x: Tensor, heads: int) -> Tensor:
    """(U, A) -> (H, U, N)"""
    return x.unflatten(1, (heads, -1)).transpose(0, 1)


def _merged(x: Tensor) -> Tensor:
    """(H, T, N) -> (T, A)"""
    return x.transpose(0, 1).flatten(1)


# v2, v3 --------------------------------------------------------------------------------------------------------------


def wkv_sums(
    key: Tensor, value: Tensor, decay: Tensor, bonus: Tensor, numerator: Tensor, denominator: Tensor, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """(aa + u∘k∘v) / (bb + u∘k + ε), then aa = w∘aa + k∘v and bb = w∘bb + k. For RWKV-2 and 3.

    key is already exponentiated, k = exp(min(·, 60)); key, value (T, A); decay log w (A,); bonus u (A,).
    Returns read-outs (T, A) and the new numerator and denominator (A,).
    """
    if scans.can_scan(key, value, numerator):
        return scans.sums(key, value, decay, bonus, numerator, denominator, epsilon)
    added = torch.stack((key * value, key), dim=1)  # (T, 2, A)
    sums, last = _fading_sums(added, decay, torch.stack((numerator, denominator)))
    top, bottom = (sums + bonus * added).unbind(1)
    return top / (bottom + epsilon), last[0], last[1]


def _fading_sums(added: Tensor, decay: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
    """S_t = w∘S_{t−1} + x_t: the sums before each token (T, ..., A) and the one after the last (..., A)."""
    keep = torch.exp(decay)
    whole = added.shape[0] // BLOCK * BLOCK
    sums, carry = [], start
    if whole:
        blocks = added[:whole].unflatten(0, (-1, BLOCK))  # (B, 16, ..., A)
        local, ends = _step_through(blocks.unbind(1), keep, torch.zeros_like(blocks[:, 0]))
        carries = []
        for end in ends:
            carries.append(carry)
            carry = torch.exp(decay * BLOCK) * carry + end
        steps = torch.arange(BLOCK, device=added.device).view(-1, *[1] * start.dim())
        inside = torch.stack(local, 1)  # (B, 16, ..., A)
        sums.append((inside + torch.exp(decay * steps) * torch.stack(carries).unsqueeze(1)).flatten(0, 1))
    if whole < added.shape[0]:
        rest, carry = _step_through(added[whole:].unbind(0), keep, carry)
        sums.append(torch.stack(rest))
    return torch.cat(sums), carry


def _step_through(added: tuple[Tensor, ...], keep: Tensor, carry: Tensor) -> tuple[list[Tensor], Tensor]:
    sums = []
    for x in added:
        sums.append(carry)
        carry = keep * carry + x
    return sums, carry


# v4 ------------------------------------------------------------------------------------------------------------------

LogSums = tuple[Tensor, Tensor, Tensor]
"""(numerator, denominator, exponent): the true sums are numerator·e^exponent and denominator·e^exponent."""


def wkv_log_sums(key: Tensor, value: Tensor, decay: Tensor, bonus: Tensor, memory: LogSums) -> tuple[Tensor, LogSums]:
    """The sums of v2 with k = exp(key), for keys of any size. For RWKV-4.

    key, value (T, A), key not exponentiated; decay −exp(time_decay) (A,); bonus time_first (A,).
    Returns the read-outs (T, A) and the new memory.
    """
    if scans.can_scan(key, value, *memory):
        return scans.log_sums(key, value, decay, bonus, memory)
    (top, bottom, exponent), memory = _log_sums(key, value, decay, memory)
    now = bonus + key
    largest = torch.maximum(exponent, now)
    past, present = torch.exp(exponent - largest), torch.exp(now - largest)
    return (past * top + present * value) / (past * bottom + present), memory


def _log_sums(key: Tensor, value: Tensor, decay: Tensor, memory: LogSums) -> tuple[LogSums, LogSums]:
    """The sums before each token, each (T, A), and the memory after the last."""
    whole = key.shape[0] // BLOCK * BLOCK
    found: list[LogSums] = []
    if whole:
        keys, values = (x[:whole].unflatten(0, (-1, BLOCK)) for x in (key, value))  # (B, 16, A)
        nothing = torch.zeros_like(keys[:, 0])
        local, ends = _log_steps(keys.unbind(1), values.unbind(1), decay, (nothing, nothing, nothing + NEVER))
        carries = []
        for end in zip(*ends, strict=True):
            carries.append(memory)
            memory = _join((memory[0], memory[1], memory[2] + decay * BLOCK), end)
        top, bottom, exponent = (torch.stack(x).unsqueeze(1) for x in zip(*carries, strict=True))  # (B, 1, A)
        steps = torch.arange(BLOCK, device=key.device).unsqueeze(1)
        inside = tuple(torch.stack(x, 1) for x in zip(*local, strict=True))
        joined = _join((top, bottom, exponent + decay * steps), (inside[0], inside[1], inside[2]))
        found.append((joined[0].flatten(0, 1), joined[1].flatten(0, 1), joined[2].flatten(0, 1)))
    if whole < key.shape[0]:
        rest, memory = _log_steps(key[whole:].unbind(0), value[whole:].unbind(0), decay, memory)
        found.extend((a.unsqueeze(0), b.unsqueeze(0), p.unsqueeze(0)) for a, b, p in rest)
    top, bottom, exponent = (torch.cat(x) for x in zip(*found, strict=True))
    return (top, bottom, exponent), memory


def _log_steps(
    keys: tuple[Tensor, ...], values: tuple[Tensor, ...], decay: Tensor, memory: LogSums
) -> tuple[list[LogSums], LogSums]:
    befores = []
    for key, value in zip(keys, values, strict=True):
        befores.append(memory)
        top, bottom, exponent = memory
        faded = exponent + decay
        largest = torch.maximum(faded, key)
        past, present = torch.exp(faded - largest), torch.exp(key - largest)
        memory = (past * top + present * value, past * bottom + present, largest)
    return befores, memory


def _join(one: LogSums, other: LogSums) -> LogSums:
    """The sum of two sums that are kept relative to different exponents."""
    largest = torch.maximum(one[2], other[2])
    a, b = torch.exp(one[2] - largest), torch.exp(other[2] - largest)
    return a * one[0] + b * other[0], a * one[1] + b * other[1], largest


# v5, v6 --------------------------------------------------------------------------------------------------------------


def wkv_matrix(r: Tensor, k: Tensor, v: Tensor, decay: Tensor, bonus: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    """y[j] = Σ_i r[i]·(u[i]·k[i]·v[j] + S[i, j]), then S[i, j] = w[i]·S[i, j] + k[i]·v[j]. For RWKV-5 and 6.

    r, k, v (T, H, N); decay log w (T, H, N) or, if constant, (H, N); bonus u (H, N); memory S (H, key, value).
    Returns y (T, H, N) and the new memory.
    """
    if scans.can_scan(r, k, v, decay, memory):
        return scans.matrix(r, k, v, decay, bonus, memory)
    if r.shape[0] == 1:
        return _matrix_step(r[0], k[0], v[0], torch.exp(decay if decay.dim() == 2 else decay[0]), bonus, memory)
    decay = decay.expand_as(k)
    out = []
    for start in range(0, r.shape[0], BLOCK):
        block = slice(start, start + BLOCK)
        y, memory = _matrix_block(r[block], k[block], v[block], decay[block], bonus, memory)
        out.append(y)
    return torch.cat(out), memory


def _matrix_step(r: Tensor, k: Tensor, v: Tensor, keep: Tensor, bonus: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    now = (r * bonus * k).sum(-1, keepdim=True) * v  # (H, N)
    past = (r.unsqueeze(1) @ memory).squeeze(1)
    return (now + past).unsqueeze(0), keep.unsqueeze(-1) * memory + k.unsqueeze(-1) * v.unsqueeze(1)


def _matrix_block(
    r: Tensor, k: Tensor, v: Tensor, decay: Tensor, bonus: Tensor, memory: Tensor
) -> tuple[Tensor, Tensor]:
    """All pairs (t, s) of the block at once. What s wrote has faded by the decays strictly between s and t."""
    faded, kept, rest = _pair_decays(decay)
    scores = (r.unsqueeze(1) * k.unsqueeze(0) * faded).sum(-1)  # (t, s, H), 0 unless s < t
    scores = scores + torch.diag_embed((r * bonus * k).sum(-1).T).permute(1, 2, 0)
    y = torch.einsum("tsh,shj->thj", scores, v) + torch.einsum("thi,hij->thj", r * kept, memory)
    written = torch.einsum("shi,shj->hij", k * rest, v)
    return y, (kept[-1] * torch.exp(decay[-1])).unsqueeze(-1) * memory + written


def _pair_decays(decay: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What is left between tokens of a block, from log decays (T, H, N).

    faded (t, s, H, N): of what s wrote, read at t; 0 unless s < t.
    kept (T, H, N): of the memory before the block, read at t. rest (T, H, N): of what s wrote, after the block.
    Sums over the tokens between, never differences of running sums: after a token that forgets nearly all,
    differences have lost the digits of the mild decays that follow.
    """
    count = decay.shape[0]
    index = torch.arange(count, device=decay.device)
    between = (index.unsqueeze(1) - 1 > index).view(count, count, 1, 1)  # token t−1 lies after s
    shifted = torch.cat((torch.zeros_like(decay[:1]), decay[:-1])).unsqueeze(1)  # (t, 1, H, N): decay of t−1
    sums = torch.where(between, shifted, 0.0).cumsum(0)
    earlier = (index.unsqueeze(1) > index).view(count, count, 1, 1)
    faded = torch.where(earlier, torch.exp(sums), 0.0)
    kept = torch.exp(shifted.squeeze(1).cumsum(0))
    last = sums[-1] + torch.where((index < count - 1).view(-1, 1, 1), decay[-1], 0.0)
    return faded, kept, torch.exp(last)


# v7 ------------------------------------------------------------------------------------------------------------------


def wkv_delta(
    r: Tensor, k: Tensor, v: Tensor, decay: Tensor, a: Tensor, b: Tensor, memory: Tensor
) -> tuple[Tensor, Tensor]:
    """S = S·diag(w) + (S a) bᵀ + v kᵀ, then y = S r, with S[value, key] and S a taken before the decay. For RWKV-7.

    r, k, v, a, b (T, H, N); a = −κ̂ reads what is stored under the key, b = κ̂∘rate removes it. decay log w (T, H, N),
    above −0.6066. memory (H, value, key). Returns y (T, H, N) and the new memory.
    """
    if scans.can_scan(r, k, v, decay, a, b, memory):
        return scans.delta(r, k, v, decay, a, b, memory)
    if r.shape[0] == 1:
        return _delta_step(r[0], k[0], v[0], torch.exp(decay[0]), a[0], b[0], memory)
    by_head = tuple(x.transpose(0, 1) for x in (r, k, v, decay, a, b))  # (H, T, N)
    out = []
    for start in range(0, r.shape[0], BLOCK):
        block = slice(start, start + BLOCK)
        y, memory = _delta_block(tuple(x[:, block] for x in by_head), memory)
        out.append(y)
    return torch.cat(out, 1).transpose(0, 1), memory


def _delta_step(
    r: Tensor, k: Tensor, v: Tensor, keep: Tensor, a: Tensor, b: Tensor, memory: Tensor
) -> tuple[Tensor, Tensor]:
    stored = memory @ a.unsqueeze(-1)  # (H, value, 1)
    memory = memory * keep.unsqueeze(1) + stored * b.unsqueeze(1) + v.unsqueeze(-1) * k.unsqueeze(1)
    return (memory @ r.unsqueeze(-1)).squeeze(-1).unsqueeze(0), memory


def _delta_block(inputs: tuple[Tensor, ...], memory: Tensor) -> tuple[Tensor, Tensor]:
    """A block at once; inputs r, k, v, decay, a, b, each (H, T, N). With P_t the decay from the block's start to t:

    S_t = (S_0 + Σ_{s≤t} (u_s b̂_sᵀ + v_s k̂_sᵀ))·diag(P_t), where b̂ = b/P, k̂ = k/P and u_s = S_{s−1} a_s.
    The u depend on one another only backwards in time, so they solve one triangular system: (I − tril(ã b̂ᵀ)) U = …
    The decay is never below e^−0.61 a token, so 1/P stays under e^9.8 in a block and loses nothing.
    """
    r, k, v, decay, a, b = inputs
    total = decay.cumsum(1)
    kept = torch.exp(total)
    k_hat, b_hat = k / kept, b / kept
    a_tilde, r_tilde = a * torch.exp(total - decay), r * kept
    identity = torch.eye(r.shape[1], device=r.device, dtype=r.dtype)
    from_others = torch.tril(a_tilde @ b_hat.mT, -1)
    from_start = a_tilde @ memory.mT + torch.tril(a_tilde @ k_hat.mT, -1) @ v
    system = identity - from_others
    u = torch.linalg.solve_triangular(system, from_start, upper=False, unitriangular=True)  # (H, T, value)
    y = r_tilde @ memory.mT + torch.tril(r_tilde @ b_hat.mT) @ u + torch.tril(r_tilde @ k_hat.mT) @ v
    return y, (memory + u.mT @ b_hat + v.mT @ k_hat) * kept[:, -1].unsqueeze(1)
