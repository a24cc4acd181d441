"""Pictures of spikes, potentials, weights, images, training: PNG, SVG or PDF. Needs no display.

Every function takes arrays, and writes one file of page width, which appears when it is complete.
Matplotlib is an optional dependency, imported on first use: ``pip install 'eventsnn[plot]'``.
"""

from eventsnn.plot.cells import responses, traces
from eventsnn.plot.curves import correlogram, interval_histogram, psth, spectrum, training
from eventsnn.plot.figure import check_picture
from eventsnn.plot.images import images
from eventsnn.plot.matrix import weights
from eventsnn.plot.overview import Overview
from eventsnn.plot.points import classes
from eventsnn.plot.spikes import raster

__all__ = ["Overview", "check_picture", "classes", "correlogram", "images", "interval_histogram",
           "psth", "raster", "responses", "spectrum", "traces", "training", "weights"]
