"""Learning rates over the steps: by hand, at the ends, refusals, and in the training loop."""

import math

import pytest

from eventsnn.train import Cosine, Exponential, StepDecay, Warmup


def test_step_decay__falls_at_each_multiple():
    rates = [StepDecay(0.8, every=3, factor=0.25)(step) for step in range(9)]

    assert rates == [0.8] * 3 + [0.2] * 3 + [0.05] * 3


def test_exponential__has_one_ratio():
    schedule = Exponential(2.0, 0.9)

    assert schedule(0) == 2.0
    for step in range(20):
        assert schedule(step + 1) / schedule(step) == pytest.approx(0.9)


def test_cosine__is_even_about_its_middle_and_stays_at_the_end():
    schedule = Cosine(1.0, steps=40, least=0.2)

    assert (schedule(0), schedule(40), schedule(1000)) == pytest.approx((1.0, 0.2, 0.2))
    for step in range(41):
        assert schedule(step) + schedule(40 - step) == pytest.approx(1.2)
    rates = [schedule(step) for step in range(41)]
    assert rates == sorted(rates, reverse=True)


def test_warmup__rises_in_a_line_to_where_the_next_begins():
    schedule = Warmup(5, then=Cosine(1.0, steps=10))

    assert [schedule(step) for step in range(5)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert [schedule(5 + step) for step in range(12)] == [Cosine(1.0, 10)(k) for k in range(12)]


@pytest.mark.parametrize("make, error, words", [
    (lambda: StepDecay(-1.0, 3), ValueError, "rate must be at least 0, got -1"),
    (lambda: StepDecay(1.0, 0), ValueError, "every must be at least 1, got 0"),
    (lambda: StepDecay(1.0, 2.5), TypeError, "every must be a whole number"),
    (lambda: Exponential(1.0, math.nan), ValueError, "factor must be finite"),
    (lambda: Cosine(1.0, 0), ValueError, "steps must be at least 1"),
    (lambda: Cosine(1.0, 5, least=-1.0), ValueError, "least must be at least 0"),
    (lambda: Warmup(0, Exponential(1.0, 1.0)), ValueError, "steps must be at least 1"),
    (lambda: Warmup(3, 0.1), TypeError, "then must be a schedule, got 0.1"),
])
def test_schedules__refuse(make, error, words):
    with pytest.raises(error, match=words):
        make()
