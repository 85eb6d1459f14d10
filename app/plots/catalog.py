"""All plots, in the order in which the inspector offers them. Importing this imports pyqtgraph: the window does it late."""

from __future__ import annotations

from app.plots.activity import Activity
from app.plots.decay_curves import DecayCurves
from app.plots.half_life import HalfLife
from app.plots.memory import Memory
from app.plots.next_token import NextToken
from app.plots.panel import PlotPanel
from app.plots.state_map import StateMap

PLOTS: tuple[type[PlotPanel], ...] = (StateMap, Memory, DecayCurves, HalfLife, Activity, NextToken)
