"""Compiled loops: plain and compiled they are one function, and each process picks the cheaper."""

import importlib
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cleanwire import native
from streams.cli.compile import LOOPS
from streams.cli.main import run

ROOT = Path(__file__).resolve().parents[1]


def python(*arguments, cwd=ROOT, **env):
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, check=False, timeout=250, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"} | env,
    )  # fmt: skip


def same(one, other):
    """Whether two results are equal to the bit, and of one type."""
    if isinstance(one, np.ndarray):
        return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


@pytest.mark.slow
def test_every_loop_gives_the_same_plain_and_compiled(tmp_path):
    done = python("-m", "helpers.loop_calls", str(tmp_path / "calls"))
    assert done.returncode == 0, done.stderr
    recorded = pickle.loads((tmp_path / "calls").read_bytes())  # noqa: S301 - of the line above
    for module in LOOPS:
        importlib.import_module(module)
    native.require()
    loops = {loop.file_name: loop for loop in native._loops if loop.file_name is not None}
    assert recorded.keys() == loops.keys()
    for name in sorted(loops):
        calls = recorded[name]
        assert calls, f"{name} is not called by helpers.loop_calls"
        for arguments, result, after in calls:
            assert same(loops[name].made(*arguments), native._unboxed(result)), name
            assert same(arguments, after), f"{name} changes its arguments otherwise"


PAGE = (
    "<article><h1>A lock opens</h1><p>" + "The lock opens again on Monday, after nine weeks. " * 9
)
COUNTED = (
    "import sys, numpy as np\n"
    "from cleanwire import native\n"
    "import cleanwire.similarity.hash_table_layout as layout\n"
    "from cleanwire.similarity.hash_table_layout import keys_of as held\n"
    "native.announce(lambda line, _: print('said', line))\n"
    "hashes = np.arange(3, dtype=np.uint64)\n"
    "def look():\n"
    "    assert held is layout.keys_of\n"
    "    assert held(hashes).tolist() == [0, 2654435769, 1013904242]\n"
    "    print(native._loops[0].made is not None, 'numba' in sys.modules)\n"
)
PLAIN, NATIVE = "False False", "True True"


def counted(program, **env):
    done = python("-W", "error", "-c", COUNTED + program, **env)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder that holds the machine code of the loop."""
    folder = tmp_path_factory.mktemp("kept")
    counted("native.require()", NUMBA_CACHE_DIR=str(folder))
    return str(folder)


def test_a_page_is_cleaned_without_numba(tmp_path):
    code = (
        f"import sys, cleanwire; cleanwire.Pipeline(); print(cleanwire.clean_page({PAGE!r}).title)\n"
        "print('numba' in sys.modules, 'llvmlite' in sys.modules)"
    )
    done = python("-W", "error", "-c", code, NUMBA_CACHE_DIR=str(tmp_path))
    assert done.stdout.splitlines() == ["A lock opens", "False False"], done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_kept_code_is_loaded_once_the_loops_have_taken_as_long_as_that(kept):
    assert counted(
        "look(); native.spend(native.LOAD_AFTER * 0.9); look(); native.spend(native.LOAD_AFTER * 0.2); look()",
        NUMBA_CACHE_DIR=kept,
    ) == [PLAIN, PLAIN, NATIVE]


@pytest.mark.slow
def test_a_call_passes_over_by_itself(kept):
    assert counted(
        "native._state.spent = native.LOAD_AFTER; held(hashes); look()", NUMBA_CACHE_DIR=kept
    ) == [NATIVE]
    busy = "native._counted.__globals__['time'].thread_time = iter(range(9)).__next__; held(hashes); held(hashes); look()"
    assert counted(busy, NUMBA_CACHE_DIR=kept) == [NATIVE]


@pytest.mark.slow
def test_code_that_is_not_kept_is_compiled_only_after_a_long_time_and_said_once(tmp_path):
    program = (
        "native.spend(native.COMPILE_AFTER * 0.9); look(); native.spend(native.COMPILE_AFTER * 0.2); look()\n"
        "import cleanwire.similarity.templates; print(native.is_kept())"
    )
    first, said, second, last = counted(program, NUMBA_CACHE_DIR=str(tmp_path))
    assert (first, second) == (PLAIN, NATIVE)
    assert said.startswith("said compiling the loops for this processor")
    assert str(tmp_path) in said
    assert last == "True", "a module that comes later is compiled and kept too"


def test_a_process_that_lives_for_one_page_stays_plain(kept):
    assert counted(
        "native.stay_plain(); native.spend(99); native.require(); look()", NUMBA_CACHE_DIR=kept
    ) == [PLAIN]


def test_where_no_machine_code_can_be_made_loops_stay_plain(tmp_path):
    """A system may forbid memory that is written to and then executed: numba raises there."""
    lines = counted(
        "sys.modules['numba'] = None; native.spend(99); held(hashes); native.spend(99); print(native._loops[0].made)",
        NUMBA_CACHE_DIR=str(tmp_path),
    )
    assert lines[0].startswith("said no machine code can be made here: ")
    assert lines[1:] == ["None"]


def test_numbas_own_switch_keeps_it_plain(kept):
    lines = counted(
        "native.require(); print('numba' in sys.modules)",
        NUMBA_CACHE_DIR=kept,
        NUMBA_DISABLE_JIT="1",
    )
    assert lines == ["False"]


@pytest.mark.slow
def test_threads_get_the_same_before_while_and_after_code_is_loaded():
    """A call that began plain ends plain: compiled functions have numbers of other types."""
    program = (
        "import threading\n"
        "from cleanwire.similarity.minhash import sign\n"
        "text = ' '.join(f'word{n} ३१ {n}' for n in range(300))\n"
        "found, stop = [], []\n"
        "def sign_on():\n"
        "    while not stop: found.append(sign(text)[0].pack())\n"
        "threads = [threading.Thread(target=sign_on) for _ in range(2)]\n"
        "[thread.start() for thread in threads]\n"
        "native.require()\n"
        "stop.append(1); [thread.join() for thread in threads]\n"
        "print(len(found) > 1, len({*found, sign(text)[0].pack()}))"
    )
    assert counted(program)[-1] == "True 1"


def test_commands_say_what_the_library_does_in_silence(monkeypatch, capfd):
    monkeypatch.setattr(native._state, "tell", native._silent)
    native._compiles(None)
    assert capfd.readouterr().err == ""
    run(["config"])
    native._compiles(None)
    native._compiles(None)
    said = [line for line in capfd.readouterr().err.splitlines() if "compiling" in line]
    assert said == [
        "cleanwire: compiling the loops for this processor, for half a minute; nothing can be kept"
    ]


def test_a_loop_takes_a_table_that_comes_after_it_and_is_kept_only_if_it_is_ours(tmp_path):
    """The folder is named by the sources of the package, and would give old code of others."""
    program = (
        "@native.compiled('int64(int64[::1], int64)')\n"
        "def early(values, factor): return values[0] * factor + TABLE[1]\n"
        "TABLE = np.array([1, 2])\n"
        "@native.inlined\n"
        "def twice(value): return value * 2\n"
        "@native.compiled('int64(int64[::1])')\n"
        "def late(values): return twice(early(values, 3))\n"
        "found = late(np.array([5])), late.py_func(np.array([5]))\n"
        "native.require()\n"
        "print(*found, late(np.array([5])))"
    )
    *_, last = counted(program, NUMBA_CACHE_DIR=str(tmp_path))
    assert last == "34 34 34"
    kept = {file.name for file in tmp_path.rglob("*.code")}
    assert kept == {"cleanwire.similarity.hash_table_layout.keys_of.code"}


def test_plain_loops_return_the_numbers_of_python():
    value = (np.uint64(2**64 - 1), np.float64(0.5), (np.bool_(True), 7), np.zeros(2))
    whole, share, (flag, number), array = native._unboxed(value)
    assert [type(each) for each in (whole, share, flag, number)] == [int, float, bool, int]
    assert (whole, share, flag, number) == (2**64 - 1, 0.5, True, 7)
    assert array is value[-1]
