"""Runs to HDF5 and back."""

from eventsnn.record.recorder import Recorder
from eventsnn.record.recording import Recording

__all__ = ["Recorder", "Recording"]
