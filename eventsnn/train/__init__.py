"""Losses, optimisers, the training loop, checkpoints."""

from eventsnn.train.checkpoint import Checkpoint, load, restore, save
from eventsnn.train.loop import Epoch, accuracy, fit
from eventsnn.train.losses import cross_entropy, mse, readout
from eventsnn.train.optimise import SGD, Adam

__all__ = ["SGD", "Adam", "Checkpoint", "Epoch", "accuracy", "cross_entropy", "fit", "load", "mse",
           "readout", "restore", "save"]
