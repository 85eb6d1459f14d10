"""Copy as Python: a short script that computes again what a plot shows, with nothing but the library's public names.

Each script opens the model, reads the tokens from a fresh state and leaves the plotted array in `values`. The numbers are
those of the plot up to rounding: the text may have been read there in other chunks. Which fields of `Shown` a plot needs
beside plot, model, dtype and tokens:

    state_map         field, measure           difference       other_tokens (the state after), part: relative, cosine
    decay             layer                    difference_map   other_tokens, field, measure
    half_lives                                 lens             first, top, part: top_probabilities, top_tokens,
    memory            layer, field                              next_probability, next_rank, entropy
    activity                                   influence_map    layer, head, measure
    next_words                                 token_influence  part: overall, by_layer, by_head
    statistics        part: norms,             leave_one_out    part: divergence, change
                      effective_rank,          ablation         other_tokens (those that follow), by_head, period
                      concentration,           patching         other_tokens, target, read, by_head,
                      outliving                                 part: effect, restored
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

from rwkv_backend.analysis.records import Shown
from rwkv_backend.errors import SettingError

WIDTH = 110

READ = """\
probe = rwkv_backend.Probe("att.decay")
state = model.new_state()
model.forward(tokens, state, probe=probe)
"""

LAST_TOKEN = """\
state = model.new_state()
if tokens[:-1]:
    model.forward(tokens[:-1], state)
before = rwkv_backend.memories(state.clone())
model.forward(tokens[-1:], state)
values = rwkv_backend.activity(before, rwkv_backend.memories(state)).values
"""

TWO_STATES = """\
before, after = model.new_state(), model.new_state()
model.forward(tokens, before)
model.forward(other_tokens, after)
"""

FRAMES = 'frames = rwkv_backend.FrameMaker(model, rwkv_backend.load_tokenizer("bytes"))\n'


def recipe(shown: Shown) -> str:
    """The script. Raises SettingError for a plot that has none."""
    if shown.plot not in _BODIES:
        raise SettingError(f"There is no recipe for the plot {shown.plot!r}.", f"Choose one of {', '.join(PLOTS)}.")
    body = _BODIES[shown.plot](shown)
    lines = ["import rwkv_backend", "", f"model = rwkv_backend.open_model({shown.model!r}, dtype={shown.dtype!r})"]
    lines.append(_listed("tokens", shown.tokens))
    if "other_tokens" in body:
        lines.append(_listed("other_tokens", shown.other_tokens))
    return "\n".join(lines) + "\n" + body + "print(values.shape)\n"


def _listed(name: str, tokens: Sequence[int]) -> str:
    numbers = ", ".join(str(int(token)) for token in tokens)
    if len(numbers) + len(name) < WIDTH:
        return f"{name} = [{numbers}]"
    return f"{name} = [\n{textwrap.fill(numbers, WIDTH, initial_indent='    ', subsequent_indent='    ')}\n]"


def _finished(call: str, part: str) -> str:
    """A job run to its end, and one array of its answer."""
    return f"answer = rwkv_backend.finish(rwkv_backend.{call})\nvalues = answer.{part}\n"


def _state_map(shown: Shown) -> str:
    return READ + f"values = rwkv_backend.state_map(state, {shown.field!r}, {shown.measure!r}).values\n"


def _decay(shown: Shown) -> str:
    return READ + FRAMES + f"values = frames.decay({shown.layer}, probe).values\n"


def _half_lives(shown: Shown) -> str:
    return READ + FRAMES + "values = frames.half_lives(probe).values\n"


def _memory(shown: Shown) -> str:
    return READ + f"values = state.layers[{shown.layer}][{shown.field!r}].numpy()\n"


def _activity(shown: Shown) -> str:
    return LAST_TOKEN


def _next_words(shown: Shown) -> str:
    return "state = model.new_state()\nvalues = model.forward(tokens, state).softmax(-1).numpy()\n"


def _statistics(shown: Shown) -> str:
    part = shown.part or "norms"
    return READ + f"values = rwkv_backend.state_statistics(model, state, probe=probe).{part}.values\n"


def _difference(shown: Shown) -> str:
    return TWO_STATES + f"values = rwkv_backend.compare_states(before, after).{shown.part or 'relative'}.values\n"


def _difference_map(shown: Shown) -> str:
    call = f"rwkv_backend.difference_map(before, after, {shown.field!r}, {shown.measure!r})"
    return TWO_STATES + f"values = {call}.values\n"


def _lens(shown: Shown) -> str:
    call = f"logit_lens(model, tokens, first={shown.first}, top={shown.top})"
    return _finished(call, shown.part or "top_probabilities")


def _influence_map(shown: Shown) -> str:
    call = f"influence_map(model, tokens, {shown.layer}, {shown.head}, measure={shown.measure or 'share'!r})"
    return _finished(call, "values")


def _token_influence(shown: Shown) -> str:
    return _finished("token_influence(model, tokens)", shown.part or "overall")


def _leave_one_out(shown: Shown) -> str:
    return _finished(f"leave_one_out(model, tokens, target={shown.target})", shown.part or "divergence")


def _ablation(shown: Shown) -> str:
    call = f"ablation_sweep(model, tokens, other_tokens, by_head={shown.by_head}, period={shown.period})"
    return _finished(call, "change.values")


def _patching(shown: Shown) -> str:
    asked = f"{shown.target}, read={shown.read}, by_head={shown.by_head}"
    return _finished(f"patch_sweep(model, tokens, other_tokens, {asked})", f"{shown.part or 'effect'}.values")


_BODIES: dict[str, Callable[[Shown], str]] = {
    "state_map": _state_map,
    "decay": _decay,
    "half_lives": _half_lives,
    "memory": _memory,
    "activity": _activity,
    "next_words": _next_words,
    "statistics": _statistics,
    "difference": _difference,
    "difference_map": _difference_map,
    "lens": _lens,
    "influence_map": _influence_map,
    "token_influence": _token_influence,
    "leave_one_out": _leave_one_out,
    "ablation": _ablation,
    "patching": _patching,
}
PLOTS = tuple(_BODIES)
"""The plots that have a recipe."""
