"""The deployment files agree with the code: what they run and set exists."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr

from streams.cli.main import COMMANDS
from streams.settings import PREFIX, Settings
from streams.web.guard import is_loopback

ROOT = Path(__file__).resolve().parents[1]
FILES = [
    ROOT / "docker-compose.yml",
    *sorted((ROOT / "deploy").glob("kubernetes/*.yaml")),
    ROOT / "deploy" / "Dockerfile",
    ROOT / "deploy" / "cleanwire.service",
]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_setting_that_is_set_exists(file):
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    found = set(re.findall(r"\bCLEANWIRE_[A-Z_]+", file.read_text("utf-8")))
    assert found <= known


def test_compose_starts_the_topics_before_the_worker():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    services = compose["services"]
    assert services["topics"]["command"][0] in COMMANDS
    assert services["worker"]["command"][0] in COMMANDS
    assert "topics" in services["worker"]["depends_on"]
    for service in services.values():
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:")
    limit = int(services["kafka"]["environment"]["KAFKA_MESSAGE_MAX_BYTES"])
    assert limit >= Settings().max_message_bytes + 64 * 1024


def test_compose_shows_the_web_view_to_nobody_without_a_token():
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    environment = yaml.safe_load(text)["services"]["worker"]["environment"]
    assert not is_loopback(environment["CLEANWIRE_WEB_BIND"])
    # Compose refuses to start without it, and says why.
    assert environment["CLEANWIRE_WEB_TOKEN"].startswith("${CLEANWIRE_WEB_TOKEN:?")


def test_systemd_ends_the_worker_and_leaves_its_processes_to_it():
    # Or the pages in them would be pages that crash a parser.
    text = (ROOT / "deploy" / "cleanwire.service").read_text("utf-8")
    assert "KillMode=mixed" in text.splitlines()


def test_kubernetes_takes_the_token_from_a_secret():
    text = (ROOT / "deploy" / "kubernetes" / "worker.yaml").read_text("utf-8")
    config, *deployments = yaml.safe_load_all(text)
    assert not is_loopback(config["data"]["CLEANWIRE_WEB_BIND"])
    kinds = [Settings.model_fields[name.removeprefix(PREFIX).lower()] for name in config["data"]]
    assert SecretStr | None not in [field.annotation for field in kinds]
    assert len(deployments) == 2
    for deployment in deployments:
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert {"secretRef": {"name": "cleanwire"}} in container["envFrom"]


def test_kubernetes_runs_both_stages_without_privileges():
    stages = set()
    for file in sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml")):
        for document in yaml.safe_load_all(file.read_text("utf-8")):
            pod = document.get("spec", {}).get("template", {}).get("spec")
            if pod is None:
                continue
            assert pod["securityContext"]["runAsNonRoot"] is True
            (container,) = pod["containers"]
            assert container["args"][0] in COMMANDS
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            if container["args"][0] == "worker":
                stages.add(container["args"][2])
                assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert stages == {"extract", "dedupe"}


def test_the_image_holds_nothing_that_no_lock_names():
    text = (ROOT / "deploy" / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    commands = re.findall(r"bin/pip [^&\n]+", text)
    assert len(commands) == 4
    for command in commands:
        lock = re.search(r"--require-hashes -r (\S+)", command)
        assert lock or "--no-deps" in command
        assert lock is None or (ROOT / lock[1]).is_file()
