"""Batches of an epoch, and that `fit` goes by them."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eventsnn import train
from eventsnn.core import random
from eventsnn.datasets import batches
from eventsnn.layers import Linear, SequentialState


@pytest.mark.parametrize("n, batch_size, drop_last, sizes", [
    (10, 5, False, [5, 5]), (11, 5, False, [5, 5, 1]), (11, 5, True, [5, 5]),
    (4, 5, False, [4]), (4, 5, True, []), (0, 5, False, []), (1, 1, True, [1]),
])
def test_batches__hold_each_item_once_but_for_those_dropped(n, batch_size, drop_last, sizes):
    got = batches(n, batch_size, seed=3, drop_last=drop_last)

    assert [len(batch) for batch in got] == sizes
    items = np.concatenate([np.empty(0, np.int64), *got])
    assert len(set(items)) == sum(sizes) and set(items) <= set(range(n))
    assert all(batch.dtype == np.int64 for batch in got)


def test_batches__unshuffled_are_in_order():
    assert_array_equal(np.concatenate(batches(7, 3, shuffle=False)), np.arange(7))


def test_batches__order_is_a_function_of_seed_and_epoch():
    def order(seed, epoch):
        return np.concatenate(batches(50, 8, seed, epoch)).tolist()

    assert order(1, 2) == order(1, 2)
    assert len({tuple(order(seed, epoch)) for seed in range(3) for epoch in range(4)}) == 12


def test_batches__order_is_that_of_the_stream_of_the_data():
    draw = random.generator(5, random.DATA)
    draw.bit_generator.advance(7 << 128)

    assert_array_equal(np.concatenate(batches(20, 20, 5, 7)), draw.permutation(20))


def test_fit__goes_by_batches():
    inputs, seen = np.arange(11.0), []

    def encode(x):
        seen.append(x.astype(int).tolist())
        return np.ones((1, len(x), 1), np.float32)

    train.fit(SequentialState(Linear(1, 2)), inputs, np.zeros(11, int), epochs=2, batch_size=4,
              seed=9, encode=encode, progress=False)

    assert seen == [batch.tolist() for epoch in range(2) for batch in batches(11, 4, 9, epoch)]


@pytest.mark.parametrize("arguments, options, error, words", [
    ((-1, 2), {}, ValueError, "n must be at least 0"),
    ((2.0, 2), {}, TypeError, "n must be a whole number"),
    ((2, 0), {}, ValueError, "batch_size must be at least 1"),
    ((2, 2, -1), {}, ValueError, "seed must be at least 0"),
    ((2, 2, 0, -1), {}, ValueError, "epoch must be at least 0"),
    ((2, 2, 0, 2**64), {}, ValueError, "epoch must be at most"),
    ((2, 2), {"shuffle": "no"}, TypeError, "shuffle must be True or False"),
    ((2, 2), {"drop_last": 2}, TypeError, "drop_last must be True or False"),
])
def test_batches__refuses(arguments, options, error, words):
    with pytest.raises(error, match=words):
        batches(*arguments, **options)
