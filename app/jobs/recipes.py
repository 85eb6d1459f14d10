"""Copy as Python: what a plot shows, put into the words of the library's recipes, which know tokens and no window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.analysis_messages import AskRecipe, Patch
from app.jobs.desk import Desk, Jobs, Steps
from app.jobs.lab_kept import lab_of
from app.jobs.sweeps import parted, patched_texts
from app.jobs.text_read import TextRead
from rwkv_backend.errors import RWKVError

if TYPE_CHECKING:
    from rwkv_backend.session import Session

LONGEST = 512
"""Tokens that an ablation looks at, as in the lab."""

INFLUENCE = """\
state = model.new_state()
if first:
    model.forward(tokens[:first], state)
maps = [
    rwkv_backend.finish(
        rwkv_backend.influence_map(model, tokens[first:], layer, {head}, measure={measure!r}, state=state)
    ).values
    for layer in {layers}
]
values = sum(maps) / len(maps)
"""


def recipe(desk: Desk, job: AskRecipe) -> Steps:
    yield
    from rwkv_backend.analysis import recipes
    from rwkv_backend.analysis.records import Shown

    session, _ = desk.opened()
    shown = dict(job.shown)
    text = TextRead(session, job.at)
    text.require()
    if "states" not in shown and text.edited:
        raise RWKVError("The memory was edited: no script finds it from the text alone.", "Undo the edit first.")
    chosen: dict[str, Any] = {**shown, **_tokens(desk, session, text, shown)}
    if chosen["plot"] == "influence_map" and (chosen.get("layer") is None or chosen.get("first")):
        return _influence(session, chosen)
    known = set(Shown.__dataclass_fields__)
    return recipes.recipe(Shown(**{name: value for name, value in chosen.items() if name in known}))


def _tokens(desk: Desk, session: Session, text: TextRead, shown: Mapping[str, Any]) -> dict[str, object]:
    """What the script reads."""
    if "states" in shown:
        before, after = (lab_of(desk).get(number).tokens for number in shown["states"])
        if not before or not after:
            raise RWKVError("One of the states was edited or loaded: no script finds it from a text.")
        return {"tokens": before, "other_tokens": after}
    if shown["plot"] == "ablation":
        context, following = parted(text, shown["cut"], LONGEST)
        return {"tokens": context, "other_tokens": following}
    if shown["plot"] == "patching":
        asked = Patch(0, word=shown["word"], other=shown["other"], target=shown["target"])
        ours, theirs, target = patched_texts(session, text, asked)
        return {"tokens": tuple(ours), "other_tokens": tuple(theirs), "target": target}
    return {"tokens": text.tokens}


def _influence(session: Session, chosen: Mapping[str, Any]) -> str:
    """The recipe reads a text from its beginning and one layer; a plot may show the end of one, and all layers' mean."""
    from rwkv_backend.analysis import recipes
    from rwkv_backend.analysis.records import Shown

    head = recipes.recipe(
        Shown("token_influence", chosen["model"], tuple(chosen["tokens"]), chosen["dtype"])
    ).partition("answer =")[0]
    picked = [chosen["layer"]] if chosen["layer"] is not None else [*range(session.model.sizes.n_layer)]
    layers = [layer for layer in picked if session.model.decay(layer) is not None] or picked
    body = INFLUENCE.format(head=chosen["head"], measure=chosen["measure"], layers=layers)
    return f"{head}first = {chosen['first']}\n{body}print(values.shape)\n"


JOBS: Jobs = {AskRecipe: recipe}
