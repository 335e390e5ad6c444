"""Programs that share a folder: nobody runs what another is at, and a dead one blocks nobody."""

import signal
import subprocess
import sys
import threading

import pytest

from amortize.claims import Claims

HOLDER = """
import sys, time
from pathlib import Path
from amortize.claims import Claims
claims = Claims(Path(sys.argv[1]))
print(claims.take(sys.argv[2]), flush=True)
time.sleep(600)
"""


@pytest.fixture
def hold(tmp_path):
    """Starts another program that claims a cell and keeps it."""
    programs = []

    def start(key):
        command = [sys.executable, "-c", HOLDER, str(tmp_path), key]
        programs.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert programs[-1].stdout.readline() == "True\n"
        return programs[-1]

    yield start
    for program in programs:
        program.kill()
        program.wait()


def test_a_cell_is_one_program_s_until_it_gives_it_up(tmp_path):
    one, other = Claims(tmp_path), Claims(tmp_path)
    assert one.take("a") and one.take("b") and one.take("a")
    assert not other.take("a") and other.take("c") and not one.take("c")
    one.release("a")
    assert other.take("a") and not one.take("a") and not other.take("b")
    one.close()
    assert other.take("b")


def test_a_program_that_is_killed_gives_up_its_cells(tmp_path, hold):
    mine, program = Claims(tmp_path), hold("a")
    assert not mine.take("a")
    program.send_signal(signal.SIGKILL)
    program.wait()
    assert mine.take("a")
    mine.close()
    assert [path.name for path in (tmp_path / ".sweeps").iterdir()] == ["turn"]


def test_threads_take_and_release_at_once(tmp_path):
    mine, other = Claims(tmp_path), Claims(tmp_path)

    def work(name):
        for i in range(20):
            assert mine.take(f"{name}{i}")
            if i < 19:
                mine.release(f"{name}{i}")

    threads = [threading.Thread(target=work, args=(name,)) for name in "xyz"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.take(f"{name}{i}") for name in "xyz" for i in (0, 18, 19)] == [
        True,
        True,
        False,
    ] * 3


def test_of_many_programs_one_gets_the_cell(tmp_path):
    programs = [Claims(tmp_path) for _ in range(4)]
    assert [program.take("a") for program in programs] == [True, False, False, False]
    programs[0].close()
    assert [program.take("a") for program in programs[1:]] == [True, False, False]
