"""A container without a container engine: an installed wheel, run by bubblewrap as an image runs it.

The root is read-only, the user is a number without an account and a home, nothing is in the
environment but what the test sets, and the command is the first process of its own.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
USER = 10001
VERSION = "{}.{}".format(*sys.version_info)
PYTHON, APP, PACKAGES = "/mnt/python", "/mnt/app", "/mnt/packages"
"""Where the interpreter, the installed package and its dependencies are in the container."""
STATE, SECRETS = "/mnt/state", "/mnt/secrets"
"""Where the volume and the secrets are in it."""

_AS_USER = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
_AS_USER += ["--bounding-set=-all", "--no-new-privs"]


def _bubblewrap():
    """Words that make the container, and words that make its first process the user.

    Root becomes the user inside; anybody else is shown as the user.
    """
    words = ["bwrap", "--ro-bind", "/", "/", "--unshare-pid", "--as-pid-1"]
    if os.geteuid() != 0:
        return [*words, "--unshare-user", "--uid", str(USER), "--gid", str(USER)], []
    for name in ("SETUID", "SETGID", "SETPCAP"):
        words += ["--cap-add", f"CAP_{name}"]
    return words, _AS_USER


def require_bubblewrap():
    """Skip the test where no container can be made."""
    for name in ("bwrap", "setpriv"):
        if not shutil.which(name):
            pytest.skip(f"no {name} on PATH (Debian: bubblewrap, util-linux)")
    words, user = _bubblewrap()
    probe = subprocess.run([*words, *user, "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip(f"bwrap may make no namespaces here: {probe.stderr.decode().strip()}")


@contextlib.contextmanager
def image():
    """Install the wheel into a folder that every user may read; yields the image."""
    require_bubblewrap()
    with tempfile.TemporaryDirectory(prefix="cleanwire-image-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", name],
            cwd=ROOT, capture_output=True, check=True,
        )  # fmt: skip
        [wheel] = folder.glob("*.whl")
        venv.create(folder / "app", with_pip=False, symlinks=True)
        for python in (folder / "app" / "bin").glob("python*"):
            python.unlink()
            python.symlink_to(f"{PYTHON}/bin/python{VERSION}")
        (folder / "app" / "pyvenv.cfg").write_text(
            f"home = {PYTHON}/bin\ninclude-system-site-packages = false\n"
        )
        [packages] = (folder / "app").glob("lib/python*/site-packages")
        shutil.unpack_archive(wheel, packages, "zip")
        # What the wheel depends on is this interpreter's; the wheel comes before it.
        places = [f"{PACKAGES}-{number}" for number in range(len(_packages()))]
        (packages / "zz-dependencies.pth").write_text("\n".join(places) + "\n")
        yield Image(folder)


def _packages():
    """The folders of packages that this interpreter imports from."""
    return list(dict.fromkeys(path for path in sys.path if path.endswith("site-packages")))


class Image:
    """An installed package, and a volume and secrets for the containers made of it.

    Its containers may write to `/dev/shm` as long as `shares_memory` is true.
    """

    def __init__(self, folder):
        self.folder = folder
        self.shares_memory = True
        self.state, self.secrets = folder / "state", folder / "secrets"
        for each in (self.state, self.secrets):
            each.mkdir(mode=0o700)
            self.give(each)

    @staticmethod
    def give(path):
        """Let a file belong to the user of the containers."""
        if os.geteuid() == 0:
            os.chown(path, USER, USER)

    def secret(self, name, text):
        """Write a secret, as a file that the user alone may read."""
        path = self.secrets / name
        path.write_text(text)
        path.chmod(0o400)
        self.give(path)

    def command(self, *arguments, **env):
        """The command line of a container that runs `cleanwire ARGUMENTS`."""
        env = {
            "PATH": f"{APP}/bin:/usr/bin:/bin",
            "LD_LIBRARY_PATH": f"{PYTHON}/lib",
            "CLEANWIRE_DATA_DIR": STATE,
            "NUMBA_CACHE_DIR": f"{STATE}/compiled",
        } | env
        words, user = _bubblewrap()
        words += ["--die-with-parent", "--new-session", "--clearenv", "--proc", "/proc"]
        words += ["--dev", "/dev", "--tmpfs", "/mnt"]
        # Every engine gives a container its own /dev/shm.
        for folder in ("/tmp", "/dev/shm"):  # noqa: S108 - the container's own
            words += ["--perms", "1777", "--tmpfs", folder]
        if not self.shares_memory:
            words += ["--remount-ro", "/dev/shm"]  # noqa: S108 - the container's own
        words += ["--ro-bind", sys.base_prefix, PYTHON, "--ro-bind", f"{self.folder}/app", APP]
        for number, path in enumerate(_packages()):
            words += ["--ro-bind", path, f"{PACKAGES}-{number}"]
        words += ["--bind", str(self.state), STATE, "--ro-bind", str(self.secrets), SECRETS]
        words += ["--remount-ro", "/mnt", "--chdir", "/"]
        for name, value in env.items():
            words += ["--setenv", name, str(value)]
        words += [*user, f"{APP}/bin/python", "-W", "ignore"]
        return [*words, "-m", "streams.cli.main", *arguments]

    def run(self, *arguments, **env):
        """Run a container to its end."""
        return subprocess.run(
            self.command(*arguments, **env), capture_output=True, text=True, timeout=240, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    @contextlib.contextmanager
    def started(self, *arguments, seccomp=None, **env):
        """Run a container beside the test; yields it, and kills it if it still runs at the end.

        `seccomp` is an open file with a filter of system calls.
        """
        reader, writer = os.pipe()
        words = self.command(*arguments, **env)
        at = words.index("--unshare-pid")
        words[at:at] = ["--info-fd", str(writer)]
        files = [writer]
        if seccomp is not None:
            files.append(seccomp.fileno())
            words[at:at] = ["--seccomp", str(seccomp.fileno())]
        with (self.folder / "log").open("w+") as log:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=files
            )
            os.close(writer)
            with os.fdopen(reader) as told:
                inside = json.load(told)["child-pid"]
            try:
                yield Container(process, inside, self.folder / "log")
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(inside, 9)
                process.wait()


class Container:
    """A container that runs."""

    def __init__(self, process, inside, log):
        self.process = process
        self.inside = inside
        self.log = log

    def stop(self, number, seconds):
        """Signal its first process; returns the exit code."""
        os.kill(self.inside, number)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not stop:\n{self.log.read_text()}") from None
