"""Runs to HDF5 and back."""

from eventsnn.record.recorder import Recorder
from eventsnn.record.recording import Recording
from eventsnn.record.repair import Repair, repair
from eventsnn.record.sampling import Sampling
from eventsnn.record.report import Report
from eventsnn.record.survey import Survey, survey

__all__ = ["Recorder", "Recording", "Repair", "Report", "Sampling", "Survey", "repair", "survey"]
