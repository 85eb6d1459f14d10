"""What a small plot draws of a layer's decay: bands and a median, or version 1's weights by distance.

Importing this imports pyqtgraph: the window does it late.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor

from app import theme
from app.plots.decay_curves import LOG_TOKENS, MEDIAN, QUANTILES
from app.plots.ink import Numbers, Stroke, band, in_one
from rwkv_backend.records import FloatArray, Labelled


def median_left(decay: Labelled | None) -> Numbers | None:
    """What the median channel keeps after LOG_TOKENS; None where nothing decays."""
    if decay is None or decay.axes[-1] == "distance":
        return None
    kept = float(np.clip(np.median(decay.values), 0.0, 1.0))
    return np.asarray(kept**LOG_TOKENS)


def fractions(values: FloatArray) -> list[Stroke]:
    kept = np.clip(np.quantile(values, QUANTILES), 0.0, 1.0)
    left, x = np.asarray(kept[:, None] ** LOG_TOKENS), np.log10(LOG_TOKENS)
    series = theme.current().series[0]
    return [
        band(x, left[0], left[4], blend(series, 0.22)),
        band(x, left[1], left[3], blend(series, 0.48)),
        Stroke(x, left[MEDIAN], series),
    ]


def weights(table: FloatArray) -> list[Stroke]:
    """Each head's learned weights by distance, as parts of the layer's largest."""
    shown = np.abs(table[:, 1:].astype(np.float64))
    shown /= max(float(shown.max(initial=0.0)), 1e-30)
    x = np.log10(np.arange(1, table.shape[1], dtype=np.float64))
    series = theme.current().series[0]
    return [Stroke(*in_one(x, shown), blend(series, 0.48)), Stroke(x, np.median(shown, axis=0), series)]


def blend(ink: str, part: float) -> str:
    """So much of the ink on the plots' ground."""
    one, other = QColor(ink), QColor(theme.current().surface)
    channels = ((one.red(), other.red()), (one.green(), other.green()), (one.blue(), other.blue()))
    return QColor(*(round(part * a + (1 - part) * b) for a, b in channels)).name()
