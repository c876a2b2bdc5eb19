"""Memory that a process shares with one that it spawns.

Invariant: shared memory that was given can be written to. Where a system has no room for it, asking
for it or growing it raises OSError; no write ends the process later, as SIGBUS would. Its contents
have no name on any disk and are gone with the last process that has them.

Linux gives such memory by `memfd_create`: it is not a part of `/dev/shm`, which containers often
make small or leave out. Where there is no such call, or a sandbox refuses it, an unlinked temporary
file takes its place (`unlinked_file`).
"""

import fcntl
import mmap
import multiprocessing.reduction
import os
import sys
import tempfile
from collections.abc import Callable
from typing import Any, Self

_NOEXEC_SEAL = 0x8
"""MFD_NOEXEC_SEAL of Linux 6.3, which Python does not name. Without it the kernel logs a warning,
or refuses the memory, by the sysctl `vm.memfd_noexec`."""

_ZEROS = bytes(1 << 20)


class SharedMemory:
    """Shared memory that can grow. Pickling it for a spawned process shares it.

    Args:
        file: a descriptor of `memory_file`, which now belongs to this object.

    Attributes:
        map: the memory, as long as this process knows it to be.

    Raises:
        OSError: it cannot be mapped.
    """

    def __init__(self, file: int) -> None:
        self._file = file
        try:
            self.map = mmap.mmap(file, os.fstat(file).st_size)
        except BaseException:
            os.close(file)
            raise

    @classmethod
    def made(cls, size: int) -> Self:
        """New memory, all zeros.

        Args:
            size: bytes.

        Raises:
            OSError: the system has no room.
        """
        return cls(memory_file(size))

    def __reduce__(self) -> tuple[Callable[[Any], "SharedMemory"], tuple[Any]]:
        return _attached, (multiprocessing.reduction.DupFd(self._file),)

    def grow(self, size: int) -> None:
        """Make the memory longer; other processes see that once they `follow`.

        Args:
            size: bytes.

        Raises:
            OSError: there is no room; the memory stays as it is.
        """
        reserve(self._file, len(self.map), size)
        self.map = mmap.mmap(self._file, size)

    def follow(self) -> None:
        """Take over the length that another process gave to the memory."""
        self.map = mmap.mmap(self._file, os.fstat(self._file).st_size)

    def close(self) -> None:
        """Give the memory back; every view of it must be released."""
        self.map.close()
        os.close(self._file)


def _attached(descriptor: Any) -> SharedMemory:  # noqa: ANN401 - multiprocessing's, without a type
    return SharedMemory(descriptor.detach())


def memory_file(size: int) -> int:
    """A descriptor of `size` bytes of memory, which no other program can open by a name.

    Raises:
        OSError: there is no room.
    """
    try:
        file = _memfd()
    except OSError:
        return unlinked_file(size)
    try:
        os.ftruncate(file, size)
    except BaseException:
        os.close(file)
        raise
    return file


def unlinked_file(size: int) -> int:
    """The same, in the folder for temporary files, for systems without `memfd_create`.

    Raises:
        OSError: the folder has no room, or cannot be written to.
    """
    with tempfile.TemporaryFile() as opened:
        file = os.dup(opened.fileno())
    try:
        reserve(file, 0, size)
    except BaseException:
        os.close(file)
        raise
    return file


def reserve(file: int, held: int, size: int) -> None:
    """Make a memory file longer, with room for every byte of it.

    Args:
        file: its descriptor.
        held: the bytes that it has.
        size: the bytes that it gets.

    Raises:
        OSError: there is no room; the file has the bytes that it had.
    """
    if _is_sealed(file):
        # The kernel gives the memory when it is written to, and takes it from no file system.
        os.ftruncate(file, size)
        return
    # A file that is only made longer gets its room when it is written to. If there is none by then,
    # the process that writes gets SIGBUS.
    try:
        at = held
        while at < size:
            at += os.pwrite(file, _ZEROS[: size - at], at)
    except OSError:
        os.ftruncate(file, held)
        raise


def _memfd() -> int:
    if sys.platform != "linux" or not (
        hasattr(os, "memfd_create") and hasattr(fcntl, "F_ADD_SEALS")
    ):
        raise OSError("this system has no memfd_create")
    flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
    try:
        file = os.memfd_create("cleanwire-pages", flags | _NOEXEC_SEAL)
    except OSError:
        file = os.memfd_create("cleanwire-pages", flags)
    try:
        # A process that cleans hostile pages must not be able to take memory away from the worker.
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
    except BaseException:
        os.close(file)
        raise
    return file


def _is_sealed(file: int) -> bool:
    """Whether a memory file is one of `_memfd`: files on a file system have no seals."""
    if sys.platform != "linux" or not hasattr(fcntl, "F_GET_SEALS"):
        return False
    try:
        return bool(fcntl.fcntl(file, fcntl.F_GET_SEALS) & fcntl.F_SEAL_SHRINK)
    except OSError:
        return False
