"""Readers and generators of training data."""

from eventsnn.core.batches import batches
from eventsnn.datasets.bins import bin_events, bin_times
from eventsnn.datasets.delayed_xor import DelayedXor, delayed_xor
from eventsnn.datasets.digits import load_digits, shift, upright
from eventsnn.datasets.evidence import Evidence, evidence_accumulation
from eventsnn.datasets.mnist import load_mnist
from eventsnn.datasets.n_mnist import EventDigits, Events, bin_frames, load_events
from eventsnn.datasets.randman import randman
from eventsnn.datasets.sequential import pixel_currents, threshold_crossings
from eventsnn.datasets.spiking_digits import Spikes, SpikingDigits
from eventsnn.datasets.store_recall import StoreRecall, store_recall
from eventsnn.datasets.yin_yang import yin_yang

__all__ = ["DelayedXor", "EventDigits", "Events", "Evidence", "Spikes", "SpikingDigits",
           "StoreRecall", "batches", "bin_events", "bin_frames", "bin_times", "delayed_xor",
           "evidence_accumulation", "load_digits", "load_events", "load_mnist", "pixel_currents",
           "randman", "shift", "store_recall", "threshold_crossings", "upright", "yin_yang"]
