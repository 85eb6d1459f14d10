"""Words and numbers as the plots write them: names of axes and measures, values, times, tokens with visible spaces.

No widgets here, and nothing is drawn.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QCoreApplication

from rwkv_backend.records import Measure, StateField

_VISIBLE = {" ": "␣", "\n": "⏎", "\r": "␍", "\t": "⇥", "\u00a0": "⍽", "\u3000": "□"}


def axis_name(name: str) -> str:
    """The name of an axis for the reader; a name that is not known is shown as it is."""
    translate = QCoreApplication.translate
    known = {
        "layer": translate("Plot", "layer"),
        "channel": translate("Plot", "channel"),
        "head": translate("Plot", "head"),
        "key": translate("Plot", "key"),
        "value": translate("Plot", "value"),
        "position": translate("Plot", "position"),
        "feature": translate("Plot", "feature"),
        "distance": translate("Plot", "distance"),
    }
    first, also, second = name.partition(" and ")
    if also:
        return translate("Plot", "{0} and {1}").format(axis_name(first), axis_name(second))
    return known.get(name, name)


def axis_names(name: str) -> str:
    """The same in the plural, for what is counted."""
    translate = QCoreApplication.translate
    known = {
        "layer": translate("Plot", "layers"),
        "channel": translate("Plot", "channels"),
        "head": translate("Plot", "heads"),
        "position": translate("Plot", "positions"),
    }
    return known.get(name, name)


def measure_name(field: StateField, measure: Measure) -> str:
    """What a row of the state map shows: "value by channel"."""
    translate = QCoreApplication.translate
    axes = [axis_name(axis) for axis in field.axes]
    if measure.key == "value":
        return translate("Plot", "value by {0}").format(axes[0])
    if measure.key == "magnitude":
        return translate("Plot", "magnitude by {0}").format(axes[0])
    if measure.key == "rows" and len(axes) > 1:
        return translate("Plot", "norm by {0} and {1}").format(axes[0], axes[1])
    if measure.key == "norm":
        return translate("Plot", "norm by {0}").format(axes[1] if len(axes) == 2 else axes[0])
    return measure.label


def number(value: float) -> str:
    """Three digits that count: 0.00123, 0.84, 12.3, 4,560, 1.2×10⁷."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e6 or size < 1e-4:
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        return f"{mantissa}×10{_raised(int(exponent))}".replace("-", "−")
    if size >= 100:
        return f"{value:,.0f}".replace("-", "−")
    digits = 2 - math.floor(math.log10(size))
    return f"{value:.{digits}f}".rstrip("0").rstrip(".").replace("-", "−")


def _raised(exponent: int) -> str:
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def half_life(tokens: float) -> str:
    """A half-life with its unit; beyond the scale it says so instead of a number of many digits."""
    translate = QCoreApplication.translate
    if math.isnan(tokens):
        return translate("Plot", "no decay")
    if tokens >= 1e6:
        return translate("Plot", "over 1,000,000 tokens")
    return translate("Plot", "{0} tokens").format(number(tokens))


def percent(fraction: float) -> str:
    """A share or probability: 34 %, 3.4 %, 0.03 %, <0.01 %."""
    return QCoreApplication.translate("Plot", "{0} %").format(hundredths(fraction))


def hundredths(fraction: float) -> str:
    """The number before the % sign."""
    value = 100 * fraction
    if value == 0:
        return "0"
    if value < 0.01:
        return "<0.01"
    if value < 1:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def visible(text: str, token: int | None = None) -> str:
    """A token's text with its blanks made visible; a token without text is shown by its number."""
    if not text and token is not None:
        return f"#{token}"
    return "".join(_VISIBLE.get(sign, sign if sign.isprintable() else f"\\x{ord(sign):02x}") for sign in text)
