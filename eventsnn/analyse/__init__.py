"""Recorded spikes to numbers, in pieces, so that a recording may be larger than memory."""

from eventsnn.analyse.intervals import IntervalStatistics
from eventsnn.analyse.rates import population_rate

__all__ = ["IntervalStatistics", "population_rate"]
