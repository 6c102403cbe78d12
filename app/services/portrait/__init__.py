"""码上督: the portrait (画像) of a village and month: a score whose every point leads to rows.

indicators  what is looked at: SQL of rows, by component
terms       the county's settings: weights, and how points are made
method      pure functions from figures to points, bands and confidence
counting    the figures of all villages of a county, set-based
snapshots   what was computed is kept: once a month, again only as a new revision with its reason
showing     a village's portrait with its trend, and the rows behind a point
"""
