"""Numba's simulator with the threads of a block taking turns.

Numba's own manager of a block asks each thread again and again whether it waits, in the one
interpreter that the threads need to get on: 20 times the work. Here a thread runs until it waits
for the others, or ends, and then the next one does; a kernel without a barrier needs no threads of
Python at all. The order turns round from barrier to barrier and from block to block, so that a
barrier that is missing shows, whichever thread is to wait for whichever.
"""

import threading

import numpy as np
from numba.cuda.simulator import kernel
from numba.cuda.simulator.kernelapi import Dim3


class _Thread(kernel.BlockThread):
    """A thread of a block, which runs when it is told to."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._go, self._back, self.waits = threading.Semaphore(0), threading.Semaphore(0), False

    def run(self):
        self._go.acquire()
        super().run()
        self.waits = False
        self._back.release()

    def syncthreads(self):
        self.waits = True
        self._back.release()
        self._go.acquire()
        if self.abort:
            raise RuntimeError("another thread of the block failed")

    def turn(self):
        """Let it run up to the next barrier, or to the end."""
        self._go.release()
        self._back.acquire()


class Turns(kernel.BlockManager):
    """Runs the threads of a block one after the other."""

    def run(self, grid_point, *arguments):
        points = list(np.ndindex(*self._block_dim))[::-1 if sum(grid_point) % 2 else 1]
        if "syncthreads" not in self._f.__code__.co_names:
            here = threading.current_thread()
            here.blockIdx = Dim3(*grid_point)
            for point in points:
                here.threadIdx = Dim3(*point)
                self._f(*arguments)
            return
        live = [_Thread(lambda: self._f(*arguments), self, grid_point, point, self._debug)
                for point in points]
        for thread in live:
            thread.start()
        while live:
            for thread in live:
                thread.turn()
            failed = [thread.exception for thread in live if thread.exception]
            live = [thread for thread in live[::-1] if thread.waits]
            if failed:
                for thread in live:
                    thread.abort = True
                    thread.turn()
                error, trace = failed[0]
                raise error.with_traceback(trace)


def take_turns():
    """Have the simulator run blocks so."""
    kernel.BlockManager = Turns
