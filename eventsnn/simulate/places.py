"""Where a network runs."""

from typing import Any

from eventsnn.core import check
from eventsnn.core.device import require
from eventsnn.simulate.group import Group

DELIVERIES = "ordered", "atomic"


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
