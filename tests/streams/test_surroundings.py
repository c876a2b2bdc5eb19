"""Places that a command does not choose: names, locales, users and folders."""

import asyncio
import errno
import json
import multiprocessing.synchronize
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from streams.cleaning.page_cleaning import Limits
from streams.cli import clean as clean_command
from streams.cli.main import run
from streams.errors import OperationalError
from streams.exit_codes import DONE, UNFIT
from streams.runtime.explainer import Explainer
from streams.runtime.killable import processes
from streams.settings import Settings
from streams.sources import Tally, read_inputs
from streams.state.data_dir import require_folder

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
TITLE = "Schleuse in Grünfurt öffnet – endlich"
PAGE = (
    f"<html lang='de'><head><meta charset='utf-8'><title>{TITLE}</title></head><body><article><h1>{TITLE}</h1>"
    "<p>Die Schleuse in Grünfurt öffnet am Montag wieder, nach neun Wochen ohne ein einziges Boot.</p>"
    "<p>Taucher fanden im März, dass das untere Tor nicht mehr schloss und die Schwelle unterspült war.</p>"
    "</article></body></html>"
)  # fmt: skip


def clean(arguments, *, env, prefix=(), cwd=None):
    return subprocess.run(
        [*prefix, sys.executable, "-m", "streams.cli.main", "clean", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2]), "CLEANWIRE_CLEAN_PROCESSES": "1"} | env,
        capture_output=True, timeout=300, check=False, cwd=cwd,
    )  # fmt: skip


def names(folder):
    """A folder with names that are UTF-8, Latin-1 and nothing, as far as the file system takes them."""
    for name in ("käse.html".encode(), b"caf\xe9.html", b"d\xff/x.html"):
        path = folder / os.fsdecode(name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(PAGE.encode())


def test_names_that_are_no_utf_8_are_read_and_shown(tmp_path):
    names(tmp_path)
    tally = Tally()
    missing = os.fsdecode(os.fsencode(tmp_path) + b"/n\xe9ant")
    pages = list(read_inputs([str(tmp_path), missing], max_message_bytes=1 << 20, tally=tally))
    events = [json.loads(page.value) for page in pages]
    urls = sorted(event["url"].rpartition("/")[2] for event in events)
    assert urls == ["caf%E9.html", "k%C3%A4se.html", "x.html"]
    places = {page.source.topic.removeprefix(f"{tmp_path}/") for page in pages}
    assert places == {"käse.html", "caf\\xe9.html", "d\\xff/x.html"}
    assert "n\\xe9ant does not exist" in tally.faults[0]


@pytest.mark.slow
def test_whatever_the_locale_outcomes_are_utf_8(tmp_path):
    names(tmp_path)
    (tmp_path / os.fsdecode(b"\xe9.warc")).write_bytes(b"WARC/1.0\r\nWARC-Type: re")
    done = clean(
        [os.fsencode(tmp_path), b"--url", "https://a.example/é".encode(), b"n\xe9ant.html"],
        env=ASCII | {"HOME": str(tmp_path)},
    )
    said = done.stderr.decode("ascii").splitlines()
    assert said[-1] == "3 records, 3 pages, 0 skipped, 2 faults"
    assert "\\xe9.warc is damaged" in said[-3]
    assert "n\\xe9ant.html does not exist" in said[-2]
    assert done.returncode == 3
    lines = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
    assert len(lines) == 3
    assert lines[0]["event"]["title"] == TITLE
    assert lines[0]["event"]["url"] == "https://a.example/é"


STRANGER = (
    "setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "--inh-caps=-all,+dac_read_search",
    "--ambient-caps=+dac_read_search", "--bounding-set=-all,+dac_read_search",
)  # fmt: skip
"""A user without an account, who may read everything and write what others may."""
as_root = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv") or not shutil.which("unshare"),
    reason="only root can become another user and mount",
)


@pytest.mark.slow
@as_root
def test_a_user_without_an_account_and_a_home_can_clean(tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    for folder in (tmp_path, work, *list(tmp_path.parents)[:3]):
        folder.chmod(0o777)
    done = clean_in_one_process(STRANGER, env={}, cwd=work)
    assert done.stdout == f"{TITLE}\n", done.stderr
    assert not list(work.iterdir())


def clean_in_one_process(prefix, *, env, cwd=None):
    """Clean the page in one process alone: nothing that is compiled can be kept there."""
    program = "import streams, cleanwire, sys; print(cleanwire.clean_page(sys.argv[1]).title)"
    return subprocess.run(
        [*prefix, sys.executable, "-c", program, PAGE],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2])} | env,
        capture_output=True, timeout=300, check=False, encoding="utf-8", cwd=cwd,
    )  # fmt: skip


READ_ONLY = ("unshare", "--mount", "sh", "-c", 'mount -o remount,bind,ro / && exec "$@"', "sh")


@pytest.mark.slow
@as_root
def test_a_root_that_is_read_only_can_be_cleaned_from():
    probe = subprocess.run([*READ_ONLY, "true"], check=False, capture_output=True)
    if probe.returncode:
        pytest.skip("this system lets nothing be mounted anew")
    done = clean_in_one_process(READ_ONLY, env={"HOME": "/root"})
    assert done.stdout == f"{TITLE}\n", done.stderr


@pytest.mark.parametrize(
    "folder", ["~/.local/share/cleanwire", "/proc/cleanwire", "/dev/null/cleanwire"]
)
def test_a_data_folder_that_cannot_be_is_one_line_with_the_setting(folder):
    with pytest.raises(OperationalError, match="set CLEANWIRE_DATA_DIR"):
        require_folder(Settings(data_dir=folder))


@pytest.fixture
def lockless(monkeypatch):
    """Linux as it is without a folder /dev/shm."""

    def refuses(*_, **__):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(multiprocessing.synchronize.SemLock, "__init__", refuses)


@pytest.mark.usefixtures("lockless")
@pytest.mark.parametrize("few", [0, 20])
def test_without_shared_locks_pages_are_cleaned(few, tmp_path, capfd, monkeypatch):
    (tmp_path / "page.html").write_text(PAGE, "utf-8")
    monkeypatch.setattr(clean_command, "FEW", few)
    assert run(["clean", "--url", "https://a.example/x", str(tmp_path)]) == DONE
    [line] = capfd.readouterr().out.splitlines()
    assert json.loads(line)["event"]["title"] == TITLE


@pytest.mark.usefixtures("lockless")
def test_without_shared_locks_pages_are_explained():
    async def ask():
        async with Explainer(Limits(seconds=60, page_bytes=1, message_bytes=1)) as explainer:
            return await explainer.explain(b"{}")

    assert asyncio.run(ask()).rejected.reason == "invalid-event"


def test_where_no_memory_can_be_shared_clean_ends_with_the_cause_and_the_fix(
    tmp_path, capsys, monkeypatch
):
    """The system has neither `memfd_create` nor a folder for temporary files."""
    (tmp_path / "page.html").write_text(PAGE, "utf-8")
    monkeypatch.setattr(clean_command, "FEW", 0)
    monkeypatch.setattr(processes, "PAUSE_SECONDS", 0.01)
    monkeypatch.delattr(os, "memfd_create", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    assert run(["clean", str(tmp_path)]) == UNFIT
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith(
        "cleanwire: no cleaning process can be started: No such file or directory"
    )
    assert line.endswith("where the system has no memfd_create, room in TMPDIR")
