"""Losses, regularisers, optimisers, schedules, the training loop, checkpoints."""

from eventsnn.train.adam import Adam, AdamW
from eventsnn.train.checkpoint import Checkpoint, load, restore, save
from eventsnn.train.clip import Clipped
from eventsnn.train.e_prop import EProp
from eventsnn.train.epochs import Epoch
from eventsnn.train.evaluate import accuracy, evaluate
from eventsnn.train.loop import fit
from eventsnn.train.losses import cross_entropy, mse
from eventsnn.train.memory import Memory, memory
from eventsnn.train.model import load_model, save_model
from eventsnn.train.penalties import Rate, Voltage, Weight
from eventsnn.train.readouts import FirstSpike, FirstTime, readout
from eventsnn.train.rmsprop import RMSprop
from eventsnn.train.schedules import Cosine, Exponential, StepDecay, Warmup
from eventsnn.train.sgd import SGD
from eventsnn.train.spike_losses import SpikeCount, VanRossum

__all__ = [
    "SGD", "Adam", "AdamW", "Checkpoint", "Clipped", "Cosine", "EProp", "Epoch", "Exponential",
    "FirstSpike", "FirstTime", "Memory", "RMSprop", "Rate", "SpikeCount", "StepDecay", "VanRossum",
    "Voltage", "Warmup", "Weight", "accuracy", "cross_entropy", "evaluate", "fit", "load",
    "load_model", "memory", "mse", "readout", "restore", "save", "save_model",
]
