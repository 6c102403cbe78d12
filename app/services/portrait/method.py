"""How points are made of figures: pure functions, the same for every village."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.models.supervision import Band
from app.services.portrait.indicators import INDICATORS, Indicator
from app.services.portrait.terms import Method, Weights

TENTHS = 10


@dataclass(frozen=True)
class Own:
    """What a village's rows say of an indicator: `n` rows, `good` of them whole, and their weighted mean;
    `there` as False: the ledger is not kept. Of an indicator that deducts, `mean` is what is left."""

    n: int = 0
    good: int = 0
    mean: float | None = None
    there: bool = True

    def counts(self, indicator: Indicator) -> bool:
        """Whether there are enough rows to be looked at."""
        return self.there and self.mean is not None and (indicator.deducts or self.n >= indicator.minimum)


@dataclass(frozen=True)
class Middle:
    """The median of others, and of how many; `county`: too few of the same size, so of the whole county."""

    median: float | None
    n: int
    county: bool = False


@dataclass(frozen=True)
class Scored:
    """An indicator with its points in tenths; `value` is None where it cannot be told at all, and then its
    maximum does not count either. `own_counts`: the village's own rows are part of the value."""

    indicator: Indicator
    maximum: int
    own: Own
    middle: Middle
    value: float | None
    own_counts: bool

    @property
    def points(self) -> int | None:
        """In tenths."""
        return None if self.value is None else round(self.maximum * self.value)


@dataclass(frozen=True)
class Portrait:
    """All indicators of a village; `points` are in tenths of 100."""

    scored: tuple[Scored, ...]
    points: int | None
    confidence: int
    band: Band


def shrunk(own: float, n: int, median: float | None, pull: int) -> float:
    """The village's own figure drawn towards its peers' median, the less the more rows there are."""
    if median is None or n + pull == 0:
        return own
    return (n * own + pull * median) / (n + pull)


def score(indicator: Indicator, own: Own, middle: Middle, weights: Weights, method: Method) -> Scored:
    """The points of an indicator. Without its ledger there are none; with too few rows it is the peers'
    median; what open warnings deduct is never smoothed."""
    maximum = weights.points[indicator.key] * TENTHS
    counts = own.counts(indicator)
    value: float | None
    if not own.there:
        value = None
    elif indicator.deducts:
        value = own.mean
    elif counts and own.mean is not None:
        value = shrunk(own.mean, own.n, middle.median, method.pull)
    else:
        value = middle.median
    return Scored(indicator, maximum, own, middle, value, counts)


def portrait(
    scored: Sequence[Scored], computable: float | None, weights: Weights, method: Method
) -> Portrait:
    """Put the indicators together. `computable`: the share of the rules that could be judged, None when none
    was run. What cannot be told is left out above and below the line, and lowers the confidence."""
    told = [one for one in scored if one.value is not None]
    full = sum(one.maximum for one in told)
    points = None
    if full:
        points = round(sum(one.maximum * (one.value or 0.0) for one in told) * 100 * TENTHS / full)
    sure = confidence(scored, computable, method)
    return Portrait(tuple(scored), points, sure, band(points, sure, method))


def confidence(scored: Sequence[Scored], computable: float | None, method: Method) -> int:
    """How far the data carry, 0 to 100: the weight of the indicators whose ledger is kept, and the share of
    the rules that could be judged."""
    whole = sum(one.maximum for one in scored)
    kept = sum(one.maximum for one in scored if one.own.there) / whole if whole else 0.0
    rules = method.rules_percent / 100
    return round(100 * ((1 - rules) * kept + rules * (computable or 0.0)))


def band(points: int | None, sure: int, method: Method) -> Band:
    """green, yellow, red; unknown when the data do not carry."""
    if points is None or sure < method.least_confidence:
        return Band.UNKNOWN
    if points >= method.green * TENTHS:
        return Band.GREEN
    return Band.YELLOW if points >= method.yellow * TENTHS else Band.RED


def ordered(scored: Mapping[str, Scored]) -> tuple[Scored, ...]:
    """In the order of the list of indicators."""
    return tuple(scored[indicator.key] for indicator in INDICATORS)
