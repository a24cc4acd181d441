"""Distributions: by the tests of Kolmogorov and Smirnov, at fixed seeds; and what they refuse."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special, stats

from eventsnn.connect import values
from eventsnn.core import random
from eventsnn.simulate import ClippedNormal, Distribution, LogNormal, Normal, Uniform, draw

N = 20_000
LAWS = {  # what is drawn, and scipy's distribution of it
    "normal": (Normal(2.0, 0.5), stats.norm(2.0, 0.5)),
    "clipped": (ClippedNormal(1.0, 2.0, 0.0, 3.0), stats.truncnorm(-0.5, 1.0, 1.0, 2.0)),
    "inhibition": (ClippedNormal(-1.0, 1.0, high=0.0), stats.truncnorm(-np.inf, 1.0, -1.0, 1.0)),
    "tail": (ClippedNormal(0.0, 1.0, low=9.0), stats.truncnorm(9.0, np.inf)),
    "lower tail": (ClippedNormal(0.0, 1.0, high=-9.0), stats.truncnorm(-np.inf, -9.0)),
    "log-normal": (LogNormal(-1.0, 0.7), stats.lognorm(0.7, scale=math.exp(-1.0))),
    "uniform": (Uniform(-60.0, -50.0), stats.uniform(-60.0, 10.0)),
}
ALPHA = 1e-4 / len(LAWS)  # Bonferroni, which Holm is never stricter than


@pytest.mark.parametrize("name", LAWS)
def test_draw__has_the_distribution(name):
    distribution, expected = LAWS[name]

    drawn = draw(distribution, 5, random.INITIAL_STATE, range(N))

    assert stats.kstest(drawn, expected.cdf).pvalue > ALPHA
    least, most = distribution.bounds()
    assert least <= drawn.min() < drawn.max() <= most


def test_draw__would_notice_a_wrong_distribution():
    drawn = draw(Normal(2.0, 0.5), 5, random.INITIAL_STATE, range(N))

    assert stats.kstest(drawn, stats.norm(2.0, 0.55).cdf).pvalue < ALPHA
    assert stats.kstest(np.clip(drawn, 1.5, None), LAWS["normal"][1].cdf).pvalue < ALPHA


def test_normal_quantile__is_that_of_scipy():
    u = np.concatenate([10.0**np.arange(-300, 0), np.linspace(1e-6, 1 - 1e-6, 1001),
                        1 - 10.0**np.arange(-15, -1)])

    assert_allclose([values.normal_quantile(float(x)) for x in u], special.ndtri(u), rtol=1e-14,
                    atol=1e-15)


def test_draw__depends_on_seed_stream_item_and_id_alone():
    law, ids = Uniform(0.0, 1.0), np.array([7, 0, 2**32 - 1, 12])

    drawn = draw(law, 1, 6, ids)

    assert_array_equal(drawn, [draw(law, 1, 6, [k])[0] for k in ids])
    assert len({*drawn, *draw(law, 2, 6, ids), *draw(law, 1, 5, ids), *draw(law, 1, 6, ids, 1)}
               ) == 16


def test_draw__of_no_width_is_one_number():
    for law in (Normal(1.5, 0.0), Uniform(1.5, 1.5), LogNormal(math.log(1.5), 0.0)):
        assert_allclose(draw(law, 1, 6, range(3)), 1.5, rtol=1e-15)


def test_law__in_a_unit_is_scaled():
    for law, _ in LAWS.values():
        assert_allclose([values.quantile(law.law(1e-4), u) for u in (0.01, 0.5, 0.99)],
                        [values.quantile(law.law(), u) * 1e4 for u in (0.01, 0.5, 0.99)])


REFUSED = [
    (lambda: Normal(math.nan, 1.0), ValueError, "mean must be finite, got nan"),
    (lambda: Normal(0.0, -1.0), ValueError, "std must be at least 0, got -1"),
    (lambda: Normal("0", 1.0), TypeError, "mean must be a number, got '0'"),
    (lambda: ClippedNormal(0.0, 0.0), ValueError, "std must be above 0, got 0"),
    (lambda: ClippedNormal(0.0, 1.0, 2.0, 1.0), ValueError, "high must be above low = 2, got 1"),
    (lambda: ClippedNormal(0.0, 1.0, low=math.nan), ValueError, "low must be finite, got nan"),
    (lambda: ClippedNormal(0.0, 1.0, low=50.0), ValueError, "lie within 37 std of the mean"),
    (lambda: LogNormal(0.0, -0.1), ValueError, "sigma must be at least 0, got -0.1"),
    (lambda: LogNormal(math.inf, 1.0), ValueError, "mean must be finite, got inf"),
    (lambda: Uniform(1.0, 0.0), ValueError, "high must be at least low = 1, got 0"),
    (lambda: Uniform(-math.inf, 0.0), ValueError, "low must be finite, got -inf"),
    (lambda: draw(1.0, 1, 1, [0]), TypeError, "distribution must be one of eventsnn.simulate"),
    (lambda: draw(Normal(0.0, 1.0), 1, 1, [-1]), ValueError, "ids must lie in 0 ... 2\\^32 - 1"),
    (lambda: draw(Normal(0.0, 1.0), 1, 1, [0.5]), TypeError, "ids must be whole numbers"),
    (lambda: draw(Normal(0.0, 1.0), 1, 1, [[0]]), ValueError, "ids must have one axis"),
    (lambda: draw(Normal(0.0, 1.0), -1, 1, [0]), ValueError, "seed must be at least 0"),
]


@pytest.mark.parametrize(("action", "error", "message"), REFUSED)
def test_distributions__refuse(action, error, message):
    with pytest.raises(error, match=message) as caught:
        action()

    assert "\n" not in str(caught.value)


def test_distribution__of_others_needs_a_law():
    with pytest.raises(NotImplementedError):
        Distribution().bounds()
