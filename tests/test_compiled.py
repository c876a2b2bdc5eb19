"""The folder of compiled code: numba runs what it finds there, so others must not write to it."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from streams import compiled

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def placed(tmp_path, monkeypatch):
    """Runs the choice in an environment of the test, where the package cannot be written to."""
    package = tmp_path / "package"
    package.mkdir()
    monkeypatch.setattr(compiled, "_PACKAGE", package)
    access = os.access
    monkeypatch.setattr(
        compiled.os, "access", lambda path, mode: path != package and access(path, mode)
    )

    def place(**env):
        given = {"HOME": "/dev/null"} | {name: str(value) for name, value in env.items()}
        monkeypatch.setattr(compiled.os, "environ", given)
        compiled.place_compiled_code()
        return given

    return place


def test_a_folder_that_is_made_is_this_users_alone(placed, tmp_path):
    before = os.umask(0)
    try:
        env = placed(NUMBA_CACHE_DIR=tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert env["NUMBA_CACHE_DIR"] == str(tmp_path / "a" / "b")
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o770, 0o2770, 0o702, 0o720])
def test_a_folder_that_others_may_write_to_is_not_used(placed, tmp_path, capsys, mode):
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(mode)
    env = placed(NUMBA_CACHE_DIR=folder)
    assert "NUMBA_CACHE_DIR" not in env
    assert compiled.folder_of_compiled_code() is None
    [line] = capsys.readouterr().err.splitlines()
    assert line == (
        f"cleanwire: NUMBA_CACHE_DIR={folder} is not used for compiled code: others may write to "
        f"it (mode {mode:04o}); name a folder that is this user's alone (chmod 700)"
    )


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o2750])
def test_a_folder_that_others_may_read_is_used(placed, tmp_path, capsys, mode):
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(mode)
    assert placed(NUMBA_CACHE_DIR=folder)["NUMBA_CACHE_DIR"] == str(folder)
    assert capsys.readouterr().err == ""


def test_a_folder_of_another_user_is_not_used_through_a_link_either(
    placed, tmp_path, capsys, monkeypatch
):
    (tmp_path / "folder").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("folder")
    monkeypatch.setattr(compiled.os, "geteuid", lambda: os.getuid() + 1)
    if os.getuid() == 0:
        os.chown(tmp_path / "folder", 4711, 4711)
    assert "NUMBA_CACHE_DIR" not in placed(NUMBA_CACHE_DIR=tmp_path / "link")
    assert "it belongs to the user" in capsys.readouterr().err


def test_the_users_cache_folder_and_the_data_folder_are_looked_at_too(placed, tmp_path, capsys):
    home, data = tmp_path / "home" / "numba", tmp_path / "data" / "compiled"
    for folder in (home, data):
        folder.mkdir(parents=True)
        folder.chmod(0o777)
    env = placed(XDG_CACHE_HOME=home.parent, CLEANWIRE_DATA_DIR=data.parent)
    assert compiled.folder_of_compiled_code() is None
    assert len(capsys.readouterr().err.splitlines()) == 2
    data.chmod(0o700)
    env = placed(XDG_CACHE_HOME=home.parent, CLEANWIRE_DATA_DIR=data.parent)
    assert env["NUMBA_CACHE_DIR"] == str(data)


def test_the_line_is_an_object_where_lines_are_json(placed, tmp_path, capsys):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    placed(NUMBA_CACHE_DIR=tmp_path / "open", CLEANWIRE_LOG_FORMAT="json")
    assert capsys.readouterr().err.startswith('{"time":')


def test_a_process_that_is_started_from_a_command_says_it_no_more(tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    code = (
        "import subprocess, sys, streams; subprocess.run([sys.executable, '-c', 'import streams'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "open")},
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    assert len(done.stderr.splitlines()) == 1


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
