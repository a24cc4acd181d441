"""What the examples of networks end with: rates, variability of intervals, a picture."""

import numpy as np

from eventsnn.analyse import IntervalStatistics
from eventsnn.plot import raster
from eventsnn.simulate import Network, Spikes


def summarise(net: Network, recorded: dict[str, Spikes], picture: str | None) -> None:
    """Print the mean rate (Hz) and CV of each population, and draw its spikes to `picture`."""
    for name, spikes in recorded.items():
        intervals = IntervalStatistics(len(spikes.view))
        intervals.add(spikes.times, spikes.ids)
        cv = intervals.cv()
        cv = cv[np.isfinite(cv)]  # neurons with too few spikes have none
        print(f"{name:>4}: {intervals.rates(net.time).mean():5.2f} Hz, "
              f"CV {cv.mean() if cv.size else np.nan:.2f}")
    if picture:
        raster({name: ((spikes.times, spikes.ids), len(spikes.view))
                for name, spikes in recorded.items()}, picture, t_stop=net.time, overwrite=True)
