"""Memory that was freed once is used again without page faults."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource
import sys
import threading
from amortize.allocator import keep_pages

if sys.argv[1] == "kept":
    assert keep_pages()
faults = []
def work():
    for _ in range(6):
        b"x" * (1 << 26)  # NumPy would ask for huge pages by itself
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(faults[-1] - faults[0])
"""


def faults(how: str) -> int:
    """Page faults of five further times that a large array is made and freed in a thread."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's allocator alone is told")
def test_freed_memory_is_kept():
    assert faults("kept") < 1000 < faults("plain")
