"""Where a network runs, and what it can run there."""

from typing import Any

from eventsnn.core import check
from eventsnn.core.device import require
from eventsnn.simulate.group import Group

DELIVERIES = "ordered", "atomic"


class CannotRun(ValueError):
    """Of a network that a device does not run."""


def checked(device: Any, delivery: Any) -> tuple[str, str]:
    """A device that is there, and how it adds up what spikes bring."""
    require(device)
    if delivery not in DELIVERIES:
        raise check.unknown("delivery", delivery, DELIVERIES)
    if device == "cpu" and delivery != "ordered":
        raise check.must("delivery", "be 'ordered' on a CPU", repr(delivery))
    return device, delivery


def kind_of_group(device: str, delivery: str) -> type[Group]:
    """The class of a network's groups."""
    if device == "cpu":
        return Group
    from eventsnn.simulate.cuda import AtomicGroup, DeviceGroup
    return AtomicGroup if delivery == "atomic" else DeviceGroup


def check_synapses(device: str, plasticity: Any) -> None:
    """Refuse synapses that a device does not run."""
    if plasticity is not None and device != "cpu":
        raise check.must("plasticity", "be left out in a network on a CUDA device",
                         type(plasticity).__name__, "run it with device='cpu'", error=CannotRun)
