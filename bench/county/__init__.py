"""An invented county-year for testing the rules, with planted cases. It was written without looking at the
rules."""

from bench.county.generate import generate
from bench.county.truth import Case, Truth

__all__ = ["Case", "Truth", "generate"]
