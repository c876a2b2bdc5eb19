"""The image's way of running, without an engine: no root, no home, and a volume to write to alone."""

import contextlib
import signal
import stat
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from helpers.container import ROOT, SECRETS, STATE, image
from helpers.harness import environment, outcomes, publish
from helpers.seccomp import CHANGES_USER, allowed, filter_file, require_seccomp
from streams.testing.ports import free_port
from streams.testing.samples import sample_pages

pytestmark = [pytest.mark.broker, pytest.mark.slow]
UNIT = ROOT / "deploy" / "systemd" / "cleanwire.service"
TOKEN = "a-token-of-twenty-letters"  # noqa: S105 - of a worker that the tests start


@pytest.fixture(scope="module")
def made():
    with image() as built:
        built.secret("CLEANWIRE_WEB_TOKEN", f"{TOKEN}\n")
        filled = built.run("compile")
        assert filled.returncode == 0, filled.stderr
        yield built


def of(settings, **more):
    names = ("BROKER", "TOPIC_PREFIX", "MAX_MESSAGE_BYTES", "CLEAN_PROCESSES")
    given = environment(settings)
    return {f"CLEANWIRE_{name}": given[f"CLEANWIRE_{name}"] for name in names} | more


def code_of(url, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        asked = urllib.request.Request(url, headers=headers)  # noqa: S310 - http, on this host
        with urllib.request.urlopen(asked, timeout=5) as got:  # noqa: S310 - likewise
            return got.status
    except urllib.error.HTTPError as error:
        return error.code


def wait_for(container, what, wanted, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert container.process.poll() is None, container.log.read_text()
        with contextlib.suppress(OSError):
            if what() == wanted:
                return
        time.sleep(0.2)
    raise AssertionError(container.log.read_text())


def test_the_compiled_loops_are_made_once_in_a_folder_of_this_user_alone(made):
    folder = made.state / "compiled"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    again = made.run("compile")
    assert again.returncode == 0, again.stderr
    assert " 0 of them new" in again.stdout


def test_a_folder_that_others_may_write_to_is_not_filled(made):
    folder = made.state / "open"
    folder.mkdir()
    folder.chmod(0o777)
    made.give(folder)
    done = made.run("compile", NUMBA_CACHE_DIR="/mnt/state/open", CLEANWIRE_DATA_DIR="/mnt/app")
    assert done.returncode == 3
    first, last = done.stderr.splitlines()
    assert "others may write to it (mode 0777)" in first
    assert last.startswith("cleanwire: there is no folder to keep compiled code in; set NUMBA_")
    assert not list(folder.iterdir())


@pytest.fixture(params=["image", "unit"])
def seccomp(request):
    """None, and the filter of the systemd unit."""
    if request.param == "image":
        yield None
        return
    require_seccomp()
    calls = allowed(UNIT.read_text("utf-8"))
    assert calls.isdisjoint({"ptrace", "mount", "setresuid", "chown", "reboot", "bpf"})
    with filter_file(calls.union(CHANGES_USER)) as file:
        yield file


def test_a_worker_cleans_a_page_and_ends_in_order(made, settings, seccomp):
    before = set(made.state.rglob("*.code"))
    port = free_port()
    sample = next(one for one in sample_pages() if one.expected == "clean")
    publish(settings, [sample.value])
    env = of(
        settings,
        CLEANWIRE_WEB_BIND="0.0.0.0",  # noqa: S104 - as in an image; the token guards it
        CLEANWIRE_WEB_PORT=str(port),
        CLEANWIRE_SECRETS_DIR=SECRETS,
    )
    with made.started("worker", seccomp=seccomp, **env) as container:
        wait_for(container, lambda: code_of(f"http://127.0.0.1:{port}/readyz"), 200)
        assert code_of(f"http://127.0.0.1:{port}/metrics") == 401
        assert code_of(f"http://127.0.0.1:{port}/metrics", TOKEN) == 200
        wait_for(container, lambda: len(outcomes(settings)), 1)
        assert container.stop(signal.SIGTERM, 25) == 0, container.log.read_text()
        assert TOKEN not in container.log.read_text()
    assert set(made.state.rglob("*.code")) == before


@pytest.mark.parametrize("arguments", [("tail", "raw-pages"), ("view",)])
def test_the_first_process_of_a_container_ends_when_it_is_told_to(made, settings, arguments):
    """The kernel drops a signal to it that has no handler: an engine would wait, and kill it."""
    env = of(settings, CLEANWIRE_WEB_PORT=str(free_port()))
    with made.started(*arguments, **env) as container:
        # From the first imports on, and not only once it works.
        wait_for(container, lambda: handles_sigterm(container.inside), wanted=True)
        assert container.stop(signal.SIGTERM, 8) in {0, 128 + signal.SIGTERM}


def handles_sigterm(process):
    lines = Path(f"/proc/{process}/status").read_text("utf-8").splitlines()
    [caught] = [line.split()[1] for line in lines if line.startswith("SigCgt")]
    return bool(int(caught, 16) & 1 << (signal.SIGTERM - 1))


def test_pages_are_cleaned_where_dev_shm_cannot_be_written_to(made, settings, monkeypatch):
    monkeypatch.setattr(made, "shares_memory", False)
    page = made.state / "page.html"
    page.write_text("<h1>Lock reopens</h1><p>The lock at Wexcombe opens again on Monday.</p>")
    made.give(page)
    done = made.run("clean", "--url", "https://a.example/x", f"{STATE}/page.html", **of(settings))
    assert done.returncode == 0, done.stderr
    assert "1 record, 1 page," in done.stderr


def test_where_nothing_can_be_written_nothing_is_kept_and_the_line_says_so(made):
    done = made.run("compile", NUMBA_CACHE_DIR="/srv/compiled", CLEANWIRE_DATA_DIR="/srv/data")
    assert done.returncode == 3
    assert "NUMBA_CACHE_DIR=/srv/compiled is not used for compiled code: it can" in done.stderr
