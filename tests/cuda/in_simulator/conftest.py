"""The simulator as these tests run it."""

from tests.cuda import turns

turns.take_turns()
