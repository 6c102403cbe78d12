"""码上督: what villages spend, taken apart and compared; every figure leads to its rows.

slices      a time and filters that combine: one definition for figure, rows and address
places      a village, or a town with its villages; asks `access`
breakdown   by month, purpose, payee, method, class, account title, project, village
trend       month by month beside the place's own past
comparison  per household beside villages of the same size
rows        the payments themselves
"""

from app.services.spending.breakdown import By, breakdown
from app.services.spending.comparison import compare
from app.services.spending.places import Place, town, village
from app.services.spending.rows import rows
from app.services.spending.slices import NOTHING, Slice
from app.services.spending.trend import trend

__all__ = ["NOTHING", "By", "Place", "Slice", "breakdown", "compare", "rows", "town", "trend", "village"]
