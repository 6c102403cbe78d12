"""Figures: spending, key figures, portraits."""
