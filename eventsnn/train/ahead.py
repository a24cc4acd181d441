"""Batches on their way to a device while the one before them is computed there."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from eventsnn.core.device import to
from eventsnn.train.evaluate import moved


def moved_ahead(batches: Iterable[tuple[Any, Any]], model: Any) -> Iterator[tuple[Any, Any]]:
    """The batches, pairs of whatever and inputs, with the inputs moved to where a model is.

    On a device the copies of a batch begin before the one before it is given out, so that they go
    on beside what is computed with that; what is computed with a batch waits for its copies. An
    error of the iterator comes where its batch would have, after all others.
    """
    if getattr(model, "device", "cpu") == "cpu":
        yield from ((items, moved(x, model)) for items, x in batches)
        return
    from eventsnn.core import cuda
    iterator, failure = iter(batches), None
    held: tuple[Any, Any, Callable[[], None]] | None = None
    while failure is None:
        following = None
        try:
            items, x = next(iterator)
            following = items, *cuda.backend.ahead(lambda x=x: to(x, "cuda"))
        except Exception as error:  # of the user's own encoder, too; StopIteration among them
            failure = error
        if held is not None:
            items, x, arrived = held
            arrived()
            yield items, x
        held = following
    if not isinstance(failure, StopIteration):
        raise failure
