"""Where machine code is kept: it is run, so others must not write to it, nor may it be old."""

import os
import shutil
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cleanwire import machine_code

ROOT = Path(__file__).resolve().parents[1]
LOOP = "cleanwire.similarity.hash_table_layout"
"""A module with one loop, which is compiled in a moment."""

PROGRAM = (
    f"import numpy as np, {LOOP} as layout; from cleanwire import native\n"
    "native.announce(lambda line, _: print(line))\n"
    "native.require()\n"
    "print(native.is_kept(), layout.keys_of(np.array([1, 2**63], np.uint64)).tolist())"
)
KEYS = "[2654435769, 2147483648]"


@pytest.fixture
def placed(monkeypatch):
    """The choice in an environment of the test."""

    def place(**env):
        given = {"HOME": "/dev/null"} | {name: str(value) for name, value in env.items()}
        monkeypatch.setattr(machine_code.os, "environ", given)
        machine_code._key.cache_clear()
        return machine_code.place()

    yield place
    machine_code._key.cache_clear()


def require(package=ROOT, prefix=(), **env):
    """What a process says that needs the loop of `LOOP`."""
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*prefix, sys.executable, "-W", "error", "-c", PROGRAM], env=given | {name: str(value) for name, value in env.items()},
        capture_output=True, text=True, check=False, cwd="/", timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *said, last = done.stdout.splitlines()
    assert last.partition(" ")[2] == KEYS
    return said, last.startswith("True")


def compiles(said):
    return any("compiling the loops" in line for line in said)


def files(folder):
    return sorted(folder.rglob(f"*{machine_code.SUFFIX}"))


def test_folders_that_are_made_are_this_users_alone(placed, tmp_path):
    folder = placed(NUMBA_CACHE_DIR=tmp_path / "a" / "b").folder
    assert not (tmp_path / "a").exists(), "nothing is made before there is something to keep"
    before = os.umask(0)
    try:
        assert machine_code.write(folder / "x.code", b"x")
    finally:
        os.umask(before)
    assert folder.parent == tmp_path / "a" / "b"
    for made in (folder, *list(folder.parents)[:2]):
        assert stat.S_IMODE(made.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o2770, 0o702, 0o720])
def test_a_folder_that_others_may_write_to_is_not_used(placed, tmp_path, mode):
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(mode)
    place = placed(NUMBA_CACHE_DIR=folder)
    assert place.folder is None
    [line] = place.refused
    assert line == (
        f"NUMBA_CACHE_DIR={folder} is not used for compiled code: others may write to "
        f"it (mode {mode:04o}); name a folder that is this user's alone (chmod 700)"
    )


def test_a_folder_below_is_held_to_the_same(placed, tmp_path):
    folder = placed(NUMBA_CACHE_DIR=tmp_path).folder
    folder.mkdir()
    folder.chmod(0o777)
    place = placed(NUMBA_CACHE_DIR=tmp_path)
    assert place.folder is None
    assert "others may write to it" in place.refused[0]


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o2750])
def test_a_folder_that_others_may_read_is_used(placed, tmp_path, mode):
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(mode)
    place = placed(NUMBA_CACHE_DIR=folder)
    assert (place.folder.parent, place.refused) == (folder, ())


def test_a_folder_of_another_user_is_not_used_through_a_link_either(placed, tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("folder")
    monkeypatch.setattr(machine_code.os, "geteuid", lambda: os.getuid() + 1)
    if os.getuid() == 0:
        os.chown(tmp_path / "folder", 4711, 4711)
    place = placed(NUMBA_CACHE_DIR=tmp_path / "link")
    assert place.folder is None
    assert "it belongs to the user" in place.refused[0]


def test_the_configured_folder_comes_first_then_the_users_then_the_data_folder(placed, tmp_path):
    cache, data = tmp_path / "cache" / "cleanwire" / "compiled", tmp_path / "data" / "compiled"
    env = {"XDG_CACHE_HOME": tmp_path / "cache", "CLEANWIRE_DATA_DIR": tmp_path / "data"}
    assert placed(**env, NUMBA_CACHE_DIR=tmp_path / "mine").folder.parent == tmp_path / "mine"
    assert placed(**env).folder.parent == cache
    assert placed(HOME=tmp_path).folder.parent == tmp_path / ".cache" / "cleanwire" / "compiled"
    for folder in (cache, data):
        folder.mkdir(parents=True)
        folder.chmod(0o777)
    assert placed(**env).folder is None
    assert len(placed(**env).refused) == 2
    data.chmod(0o700)
    assert placed(**env).folder.parent == data


@pytest.mark.parametrize("home", ["/nowhere/at/all", "/dev/null", "~", "", "relative"])
@pytest.mark.parametrize("cache", ["", "relative"])
def test_without_a_home_it_is_the_data_folder_or_none(placed, tmp_path, monkeypatch, home, cache):
    monkeypatch.setattr(
        machine_code.os, "access", lambda path, _: str(path).startswith(str(tmp_path))
    )
    env = {"HOME": home, "XDG_CACHE_HOME": cache}
    data = tmp_path / "data"
    assert placed(**env, CLEANWIRE_DATA_DIR=data).folder.parent == data / "compiled"
    assert placed(**env) == machine_code.Place(None)


def test_a_folder_that_cannot_be_made_is_one_line_if_somebody_configured_it(placed):
    place = placed(NUMBA_CACHE_DIR="/dev/null/here")
    assert place.folder is None
    assert place.refused[0].startswith("NUMBA_CACHE_DIR=/dev/null/here is not used for compil")


def keys(placed, monkeypatch, tmp_path, change):
    """The folder's name before and after a change of a copy of the package."""
    package = tmp_path / "package"
    shutil.copytree(ROOT / "cleanwire", package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(machine_code, "_PACKAGE", package)
    monkeypatch.setattr(machine_code, "_IMPORTED_AT", time.time() + 3600)
    env = {"NUMBA_CACHE_DIR": tmp_path / "kept"}
    before = placed(**env).folder
    change(package, env, monkeypatch)
    return before, placed(**env).folder


def edit(name):
    def change(package, _env, _patch):
        path = package / name
        at = path.stat()
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
        # As an archive that is unpacked over it may have it.
        os.utime(path, ns=(at.st_atime_ns, at.st_mtime_ns))

    return change


def version(package):
    def change(_package, _env, patch):
        found = machine_code.importlib.metadata.version
        patch.setattr(
            machine_code.importlib.metadata, "version",
            lambda name: "9.9" if name == package else found(name),
        )  # fmt: skip

    return change


CHANGES = {
    "a loop": edit("similarity/tokens.py"),
    "a helper of loops": edit("similarity/character_classes.py"),
    "the model": edit("extract/model/model.npz"),
    "a table": edit("extract/vocabulary.json"),
    "a module more": lambda package, *_: (package / "more.py").write_text("", "utf-8"),
    "numba": version("numba"),
    "llvmlite": version("llvmlite"),
    "numpy": version("numpy"),
    "checked bounds": lambda _package, env, _: env.update(NUMBA_BOUNDSCHECK=1),
    "another processor": lambda _package, _env, patch: patch.setattr(
        machine_code, "_processor", lambda: iter(["flags: avx512f"])
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_makes_other_code_has_another_folder(placed, monkeypatch, tmp_path, change):
    before, after = keys(placed, monkeypatch, tmp_path, change)
    assert before.parent == after.parent
    assert before != after


def test_code_for_a_named_processor_is_one_on_all(placed, tmp_path):
    placed(NUMBA_CPU_NAME="generic")
    assert len(list(machine_code._processor())) == 1
    placed(NUMBA_CPU_NAME="nocona")
    assert len(list(machine_code._processor())) > 1, "with the features of the one it runs on"
    one = placed(NUMBA_CPU_NAME="generic", NUMBA_CACHE_DIR=tmp_path).folder
    assert one != placed(NUMBA_CACHE_DIR=tmp_path).folder


def test_times_and_other_files_make_no_other_folder(placed, monkeypatch, tmp_path):
    def touch(package, _env, _patch):
        (package / "__pycache__").mkdir()
        (package / "__pycache__" / "x.py").write_text("", "utf-8")
        os.utime(package / "native.py", (1, 1))

    before, after = keys(placed, monkeypatch, tmp_path, touch)
    assert before == after


def test_a_process_whose_sources_were_replaced_keeps_nothing_and_takes_nothing(
    placed, monkeypatch, tmp_path
):
    """It still runs the old sources, and must not keep their code under the name of the new."""

    def replace(package, _env, patch):
        patch.setattr(machine_code, "_IMPORTED_AT", time.time() - 1)
        os.utime(package / "native.py", (1, 1))

    before, after = keys(placed, monkeypatch, tmp_path, replace)
    assert before is not None
    assert after is None


def test_the_processor_is_told_apart_by_its_features_and_not_by_its_speed():
    facts = list(machine_code._processor())
    assert len(facts) > 1 or not Path("/proc/cpuinfo").exists()
    assert not [fact for fact in facts if "MHz" in fact or "bogomips" in fact]
    assert len(facts) == len({fact.partition(":")[0] for fact in facts}), "one processor of many"


def test_the_folders_that_were_filled_longest_ago_are_deleted(tmp_path):
    for number in range(machine_code.MOST_FOLDERS + 4):
        old = tmp_path / f"cleanwire-{number}"
        old.mkdir()
        os.utime(old, (number, number))
    (tmp_path / "of others").mkdir()
    machine_code.write(tmp_path / "cleanwire-new" / "x.code", b"x")
    left = {each.name for each in tmp_path.iterdir()}
    assert {"cleanwire-new", "of others", f"cleanwire-{machine_code.MOST_FOLDERS + 3}"} <= left
    assert len(left) == machine_code.MOST_FOLDERS + 1
    assert "cleanwire-0" not in left


@pytest.mark.parametrize("left", [slice(0), slice(10), slice(32), slice(-1), slice(1, None)])
def test_a_damaged_file_counts_as_missing(tmp_path, left):
    file = tmp_path / "x.code"
    assert machine_code.read(file) is None
    machine_code.write(file, b"machine code")
    assert machine_code.read(file) == b"machine code"
    file.write_bytes(file.read_bytes()[left])
    assert machine_code.read(file) is None


def test_what_cannot_be_written_is_not_kept_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(machine_code.os, "fsync", full)
    assert not machine_code.write(tmp_path / "x.code", b"x")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_code_is_compiled_once_and_mended_where_it_is_damaged(tmp_path):
    said, kept = require(NUMBA_CACHE_DIR=tmp_path)
    assert compiles(said)
    assert kept
    [file] = files(tmp_path)
    assert require(NUMBA_CACHE_DIR=tmp_path) == ([], True)
    whole = file.read_bytes()
    # A machine that lost power wrote a part of it, or its length alone.
    for damaged in (b"", whole[: len(whole) // 2], bytes(len(whole))):
        file.write_bytes(damaged)
        said, kept = require(NUMBA_CACHE_DIR=tmp_path)
        assert compiles(said)
        assert require(NUMBA_CACHE_DIR=tmp_path) == ([], True)


@pytest.mark.slow
def test_processes_that_compile_at_a_time_do_not_disturb_each_other(tmp_path):
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: require(NUMBA_CACHE_DIR=tmp_path), range(4)))
    assert all(kept for _, kept in done)
    assert len(files(tmp_path)) == 1
    assert len(list(files(tmp_path)[0].parent.iterdir())) == 1, "no part of a file is left"
    assert require(NUMBA_CACHE_DIR=tmp_path) == ([], True)


@pytest.mark.slow
def test_another_install_of_the_same_version_finds_the_code(tmp_path):
    require(NUMBA_CACHE_DIR=tmp_path / "kept")
    for name in ("one", "two"):
        shutil.copytree(
            ROOT / "cleanwire",
            tmp_path / name / "cleanwire",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        assert require(tmp_path / name, NUMBA_CACHE_DIR=tmp_path / "kept") == ([], True)


STRANGER = ("setpriv", "--reuid=12345", "--regid=12345", "--clear-groups")
READER = (
    *STRANGER, "--inh-caps=-all,+dac_read_search", "--ambient-caps=+dac_read_search",
    "--bounding-set=-all,+dac_read_search",
)  # fmt: skip
"""Users without an account; the second may read everything, the interpreter too."""

as_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can become another user"
)


@pytest.mark.slow
@as_root
def test_a_folder_that_root_filled_is_read_by_a_user_who_cannot_write(tmp_path):
    """As an image has it that compiles when it is built."""
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):
        folder.chmod(0o755)
    kept = tmp_path / "kept"
    require(NUMBA_CACHE_DIR=kept)
    for folder in (kept, *kept.iterdir()):
        folder.chmod(0o755)
    assert require(prefix=READER, NUMBA_CACHE_DIR=kept, HOME="/nowhere") == ([], True)
    kept.chmod(0o777)
    said, is_kept = require(prefix=READER, NUMBA_CACHE_DIR=kept, HOME="/nowhere")
    assert "others may write to it" in said[0]
    assert compiles(said)
    assert not is_kept


@pytest.mark.slow
@as_root
def test_a_random_user_without_a_home_compiles_for_itself():
    said, kept = require(prefix=STRANGER, HOME="/")
    assert said == [
        "compiling the loops for this processor, for half a minute; nothing can be kept"
    ]
    assert not kept
    said, kept = require(prefix=STRANGER, HOME="/root")
    assert compiles(said), "the folder of another user is neither read nor written"
    assert not kept


def test_no_loop_is_left_out_by_the_command_that_compiles():
    """Every module with a compiled loop is imported by it."""
    code = (
        "import importlib, pathlib, sys, cleanwire\n"
        "from streams.cli.compile import LOOPS\n"
        "for name in LOOPS: importlib.import_module(name)\n"
        "root = pathlib.Path(cleanwire.__file__).parents[1]\n"
        "for path in sorted((root / 'cleanwire').rglob('*.py')):\n"
        "    name = '.'.join(path.relative_to(root).with_suffix('').parts)\n"
        "    if 'from cleanwire.native import' in path.read_text('utf-8'):\n"
        "        print(name, name in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    found = done.stdout.split("\n")[:-1]
    assert len(found) > 5
    assert not [line for line in found if line.endswith("False")]
