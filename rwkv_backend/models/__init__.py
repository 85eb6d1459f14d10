"""Which version a file holds, found from tensor names and shapes alone.

File names, environment variables and the order of keys are never asked: all three have misled other programs.
Exactly one family must answer; none or two is an error that lists what was seen.
"""

from __future__ import annotations

from rwkv_backend.errors import UnknownModelError
from rwkv_backend.models.base import Plan, RWKVModel
from rwkv_backend.models.layout import Glance, Layout, Recognition
from rwkv_backend.models.refused import refuse_known_strangers
from rwkv_backend.models.v1 import V1
from rwkv_backend.models.v2 import V2
from rwkv_backend.models.v3 import V3
from rwkv_backend.models.v4 import V4
from rwkv_backend.models.v5 import V5
from rwkv_backend.models.v6 import V6
from rwkv_backend.models.v7 import V7
from rwkv_backend.records import Shapes

FAMILIES: tuple[type[RWKVModel], ...] = (V1, V2, V3, V4, V5, V6, V7)


def identify(shapes: Shapes) -> Plan:
    """Recognise the version and check every tensor's name and shape; nothing is read.

    Raises UnknownModelError if it is none or not one that we run, LayoutError (naming the tensor) if it is incomplete.
    """
    names = Glance(shapes)
    refuse_known_strangers(names)
    answers = [(family, found) for family in FAMILIES if (found := family.recognise(names)) is not None]
    if not answers:
        raise _not_rwkv(shapes)
    if len(answers) > 1:
        raise _ambiguous([found for _, found in answers])
    family, found = answers[0]
    layout = Layout(found.version, shapes)
    sizes = family.declare(layout)
    layout.check()
    return Plan(family, found, layout, sizes, family.state_shapes(layout, sizes))


def _not_rwkv(shapes: Shapes) -> UnknownModelError:
    shown = ", ".join(list(shapes)[:3])
    return UnknownModelError(
        f"The file's {len(shapes)} tensors ({shown} …) are not those of any RWKV version from 1 to 7.0.",
        "Choose a file that an RWKV trainer wrote.",
    )


def _ambiguous(found: list[Recognition]) -> UnknownModelError:
    versions = " and of ".join(f"RWKV-{f.version} ({'; '.join(f.evidence)})" for f in found)
    return UnknownModelError(f"The file shows signs of {versions}, so it is not clear how to run it.")
