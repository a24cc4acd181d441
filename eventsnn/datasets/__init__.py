"""Readers and generators of training data."""

from eventsnn.datasets.digits import load_digits, shift

__all__ = ["load_digits", "shift"]
