"""Values that are constant piece by piece in time."""

from eventsnn.core.jit import scalar


@scalar
def first_at(steps, begin, end, step_number):
    """The first of ``begin ... end`` whose entry in the ascending `steps` is not below a step."""
    while begin < end:
        middle = (begin + end) // 2
        if steps[middle] < step_number:
            begin = middle + 1
        else:
            end = middle
    return begin


@scalar
def piece_at(steps, begin, end, step_number):
    """Which of the pieces ``begin ... end``, that start at `steps`, holds in a step (int64).

    The first of them starts at step 0.
    """
    return first_at(steps, begin, end, step_number + 1) - 1
