"""码上督: key figures (指标), named in data and computed from whitelisted fields.

definitions  `app/assets/reference/kpis.toml`, checked
sources      what a definition may name, and its SQL
counting     one statement per part of a figure
figures      cells of a place by period, with what is missing and what is hidden
"""

from app.services.kpis.definitions import UNITS, Kpi, definitions, find
from app.services.kpis.figures import Cell, Each, Figures, Note, figures
from app.services.kpis.periods import Grain

__all__ = ["UNITS", "Cell", "Each", "Figures", "Grain", "Kpi", "Note", "definitions", "figures", "find"]
