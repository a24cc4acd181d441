"""Recorded spikes to numbers, in pieces, so that a recording may be larger than memory."""

from eventsnn.analyse.bins import binned_counts
from eventsnn.analyse.bursts import Bursts, bursts
from eventsnn.analyse.correlation import count_correlation, count_covariance
from eventsnn.analyse.correlogram import correlograms
from eventsnn.analyse.counts import firing_rates, spike_counts
from eventsnn.analyse.fano import fano_factor, fano_factor_of_counts
from eventsnn.analyse.interval_histogram import PooledIntervals, interval_histogram
from eventsnn.analyse.intervals import IntervalStatistics
from eventsnn.analyse.isi_distance import isi_distance
from eventsnn.analyse.psth import psth
from eventsnn.analyse.rates import PopulationRate, population_rate
from eventsnn.analyse.smooth import (
    Alpha, Epanechnikov, Exponential, Gaussian, Rectangular, Triangular, smooth_rate)
from eventsnn.analyse.spectrum import power_spectrum
from eventsnn.analyse.spike_distance import spike_distance
from eventsnn.analyse.spike_synchronization import spike_synchronization
from eventsnn.analyse.summary import Mean, SpikeStatistics, Summary, summary
from eventsnn.analyse.synchrony import synchrony
from eventsnn.analyse.tiling import spike_time_tiling
from eventsnn.analyse.trains import Trains, spike_trains
from eventsnn.analyse.van_rossum import van_rossum_distance
from eventsnn.analyse.variability import cv, cv2, interval_statistics, lv, lvr
from eventsnn.analyse.victor_purpura import victor_purpura_distance
from eventsnn.core.exports import public as _public

__all__ = _public(globals())
