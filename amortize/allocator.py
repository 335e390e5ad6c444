"""Keeps freed memory in the process: XLA's CPU backend asks for the same large buffers every step.

glibc gives buffers of this size back to the system at once, and a fifth to a third of a step's
processor time went into page faults (docs/experiments.md).
"""

from __future__ import annotations

import ctypes
import platform

# Of glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -2, -4, -8
_LARGEST = 2**31 - 1  # bytes; what an int of mallopt holds
_PAD = 1 << 28  # bytes that are asked for at a time


def keep_pages() -> bool:
    """Keep what is freed for the next allocation; before JAX starts its threads.

    Returns:
        Whether it took effect: under glibc alone.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    options = {
        _M_ARENA_MAX: 1,  # other arenas map large buffers whatever the options say
        _M_MMAP_MAX: 0,
        _M_TRIM_THRESHOLD: _LARGEST,
        _M_TOP_PAD: _PAD,
    }
    return all([mallopt(option, value) == 1 for option, value in options.items()])
