"""A disk that fails, or a machine that stops, at the k-th change."""

import os

CHANGES = ("open", "write", "fsync", "ftruncate", "replace", "unlink", "mkdir", "rmdir")


class Stop(BaseException):
    """The machine stops: nothing after it changes the disk any more."""


class Disk:
    """In the place of `os`: calls `fault(call, arguments)` at the k-th change of the disk.

    Without `fault` the machine stops there; `torn` lets half of a write arrive before. With
    `lost`, what was not forced to the disk is lost, as when the power goes.
    """

    def __init__(self, k, fault=None, torn=False, lost=False):
        self.k, self.fault, self.torn, self.lost = k, fault, torn, lost
        self.n = 0
        self.stopped = False
        self.calls = []
        self._open = {}  # descriptor -> name
        self._sizes = {}  # name -> bytes that were forced to the disk

    def __getattr__(self, name):
        call = getattr(os, name)
        return (lambda *args: self._change(name, call, args)) if name in CHANGES else call

    def close(self, descriptor):
        self._open.pop(descriptor, None)
        os.close(descriptor)

    def _change(self, name, call, args):
        if self.stopped:
            raise Stop
        if name != "open" or args[1] & os.O_CREAT:
            self.n += 1
            self.calls.append(name)
            if self.n == self.k:
                if self.fault is not None:
                    return self.fault(name, args)
                if self.torn and name == "write":
                    os.write(args[0], bytes(args[1])[:len(args[1]) // 2])
                self.stopped = True
                raise Stop
        result = call(*args)
        if name == "open":
            self._open[result] = os.fspath(args[0])
            if args[1] & os.O_CREAT:
                self._sizes.setdefault(os.fspath(args[0]), 0)
        elif name == "fsync" and args[0] in self._open and self._open[args[0]] in self._sizes:
            self._sizes[self._open[args[0]]] = os.fstat(args[0]).st_size
        elif name == "replace":
            self._sizes[os.fspath(args[1])] = self._sizes.pop(os.fspath(args[0]), None)
        return result

    def restart(self):
        """The machine starts again: no file is open, no lock is held."""
        for descriptor in list(self._open):
            self.close(descriptor)
        if self.lost:
            for name, size in self._sizes.items():
                if size is not None and os.path.isfile(name):
                    os.truncate(name, min(size, os.path.getsize(name)))
