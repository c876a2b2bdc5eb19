"""TLS, logins and rights, on a broker that has them."""

import concurrent.futures
import re
import time
from pathlib import Path

import orjson
import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from helpers.harness import Worker, cleanwire, free_port, publish, wait_for_outcomes
from helpers.secured import RIGHT, pem_of, secured_broker
from streams.errors import OperationalError
from streams.kafka.auth import ssl_context
from streams.kafka.topics import check_topics, ensure_topics, specs
from streams.settings import Settings
from streams.testing.samples import sample_pages

pytestmark = pytest.mark.broker

HOWTO = Path(__file__).resolve().parents[2] / "docs" / "howto" / "secure.md"
WRONG = "wr0ng-s3cret"
BOB = "bob"
"""May log in, and nothing more."""

USERS = (
    "topics",
    "check",
    "grow",
    "extract",
    "dedupe",
    "publish",
    "tail",
    "sink",
    "export",
    "audit",
    "takedown",
    "replay",
    "reshard",
)


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    with secured_broker(tmp_path_factory.mktemp("secured"), users=(BOB, *USERS)) as broker:
        yield broker


def outcome_of_a_page(worker):
    """The web view follows the topics, logged in as the stages are."""
    deadline = time.monotonic() + 30
    while '<td class="page">' not in (said := worker.get("/")[1]):
        assert time.monotonic() < deadline, said
        time.sleep(0.2)
    deadline = time.monotonic() + 30
    while "cleanwire_view_up 1.0" not in (said := worker.get("/metrics")[1]):
        assert time.monotonic() < deadline, said
        time.sleep(0.2)


def test_every_command_and_both_stages_log_in(secured, tmp_path):
    settings = secured.settings(
        topic_prefix="scram.", data_dir=tmp_path / "data", clean_processes=1
    )
    file = tmp_path / "page.jsonl"
    file.write_bytes(sample_pages()[0].value)

    def run(*arguments):
        done = cleanwire(settings, *arguments)
        assert done.returncode == 0, done.stderr
        assert RIGHT.encode() not in done.stdout + done.stderr
        return done.stdout

    assert run("topics").count(b"created") == len(specs(settings))
    with Worker(settings) as worker:
        run("publish", str(file))
        wait_for_outcomes(settings, 1)
        outcome_of_a_page(worker)
        (line,) = run("tail", "clean-articles", "--from-beginning", "--count", "1").splitlines()
        assert orjson.loads(line)["topic"] == settings.topics.clean
        assert worker.stop() == 0
    assert b"the law holds" in run("audit")
    # The memory is read back from its changelog by the same login.
    with Worker(settings) as again:
        assert "cleanwire_facts 1.0" in again.get("/metrics")[1]
    for log in (worker.log.read_text(), again.log.read_text()):
        assert RIGHT not in log
        assert "Traceback" not in log


@pytest.mark.parametrize("way", ["plain", "certificate"])
def test_other_ways_to_log_in(secured, tmp_path, way):
    changes = {"sasl_mechanism": "PLAIN"}
    if way == "certificate":
        file = tmp_path / "me.pem"
        file.write_bytes(pem_of(secured.authority.issue_cert("me.example")))
        changes = {"broker": secured.mutual, "sasl_mechanism": None}
        changes |= {"tls_cert_file": file, "tls_key_file": file}
    settings = secured.settings(
        topic_prefix=f"{way}.", data_dir=tmp_path / "data", clean_processes=1, **changes
    )
    ensure_topics(settings)
    with Worker(settings) as worker:
        publish(settings, [sample_pages()[0].value])
        outcome_of_a_page(worker)
    assert RIGHT not in worker.log.read_text()


def refused(settings, *words, command=("topics", "--check")):
    """The command ends, in one line with these words and without the password.

    In a process of its own: the client library leaves the sockets of failed logins open.
    """
    done = cleanwire(settings, *command)
    line = done.stderr.decode()
    assert done.returncode == 3, line
    assert done.stdout == b""
    assert line.startswith("cleanwire: ")
    assert line.count("\n") == 1
    for word in words:
        assert word in line
    assert not {WRONG, RIGHT} & set(re.split(r"[ ,;:'\"]", line))


def test_every_refusal_is_one_line_that_names_cause_and_fix(secured, broker_address, tmp_path):
    foreign = tmp_path / "foreign.pem"
    trustme.CA().cert_pem.write_to_path(foreign)
    login = "CLEANWIRE_SASL_PASSWORD"
    cases = [
        ({"sasl_password": WRONG}, "the login of alice by SCRAM-SHA-512", login),
        ({"sasl_password": WRONG, "sasl_mechanism": "PLAIN"}, "the login of alice by PLAIN", login),
        ({"sasl_mechanism": "SCRAM-SHA-256"}, "the login of alice by SCRAM-SHA-256", login),
        ({"broker": secured.login, "tls": False, "sasl_password": WRONG}, "the login of alice", login),
        ({"broker": secured.login, "tls": False, "sasl_mechanism": None}, secured.login, "SASL"),
        ({"tls_ca_file": foreign}, "certificate", "CLEANWIRE_TLS_CA_FILE"),
        ({"broker": secured.tls.replace("127.0.0.1", "localhost")}, "not valid for 'localhost'", "CLEANWIRE_BROKER"),
        ({"tls": False}, secured.tls, "TLS"),
        ({"tls": False, "sasl_mechanism": None}, secured.tls, "TLS"),
        ({"broker": broker_address, "sasl_mechanism": None}, broker_address, "Handshake failed", "TLS"),
        ({"broker": secured.mutual, "sasl_mechanism": None}, secured.mutual, "TLS"),
        ({"broker": f"127.0.0.1:{free_port()}"}, "no broker answers", "CLEANWIRE_BROKER"),
        ({"sasl_username": BOB}, "run `cleanwire topics`"),
    ]  # fmt: skip
    commands = [("worker",), ("audit",), ("tail", "raw-pages"), ("topics", "--check"), ("reshard",)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        waiting = [
            pool.submit(
                refused,
                secured.settings(data_dir=tmp_path, web_port=free_port(), **changes),
                *words,
                command=commands[place % len(commands) if len(words) > 1 else 0],
            )
            for place, (changes, *words) in enumerate(cases)
        ]
        for one in waiting:
            one.result()


def test_a_user_without_the_right_is_told_so(secured):
    with pytest.raises(OperationalError, match="grant"):
        ensure_topics(secured.settings(BOB, topic_prefix="bob."))
    ensure_topics(secured.settings(topic_prefix="bob."))
    secured.grant(BOB, "topic", "bob.", ["DESCRIBE"], prefixed=True)
    with pytest.raises(OperationalError, match="grant this user DescribeConfigs"):
        check_topics(secured.settings(BOB, topic_prefix="bob."))


def test_tls_files_that_are_none(tmp_path):
    (tmp_path / "ca.pem").write_text("no certificate")
    refused(Settings(tls=True, tls_ca_file=tmp_path / "ca.pem"), "CLEANWIRE_TLS_CA_FILE")


def test_a_key_with_a_passphrase_is_refused_and_not_asked_for(tmp_path):
    certificate = trustme.CA().issue_cert("me.example")
    key = load_pem_private_key(certificate.private_key_pem.bytes(), None)
    locked = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(WRONG.encode())
    )
    (tmp_path / "key.pem").write_bytes(locked)
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    files = {"tls_cert_file": tmp_path / "cert.pem", "tls_key_file": tmp_path / "key.pem"}
    with pytest.raises(OperationalError, match="CLEANWIRE_TLS_KEY_FILE"):
        ssl_context(Settings(tls=True, **files))


def rights():
    """The table of the guide: who, on what, which operations."""
    table = (
        HOWTO.read_text("utf-8").partition("| for | on | operations |\n")[2].partition("\n\n")[0]
    )
    for row in table.splitlines()[1:]:
        who, on, operations = (cell.strip() for cell in row.strip("|").split("|"))
        yield who, on, operations.upper().replace("CONFIGS", "_CONFIGS").split(", ")


def grant(secured, user, settings, *labels):
    """Give a user what the table says for these."""
    prefix = settings.topic_prefix
    for who, on, operations in rights():
        if who not in labels:
            continue
        if on.startswith("as "):
            grant(secured, user, settings, on.removeprefix("as "))
        elif on == "every topic":
            secured.grant(user, "topic", prefix, operations, prefixed=True)
        elif on == "topic that it reads":
            secured.grant(user, "topic", settings.topics.clean, operations)
        else:
            kind = on.partition(" ")[0].removesuffix("s")
            for name in re.findall(r"`([^`]+)`", on):
                secured.grant(user, kind, prefix + name, operations)


def test_the_rights_in_the_guide_are_enough(secured, tmp_path):
    common = {"topic_prefix": "rights.", "clean_processes": 1, "session_timeout": 6}
    common |= {"article_details": "topic", "flat_articles": True}
    everything = secured.settings(**common)
    view = "the web view of either"
    labels = {
        "topics": ["`topics`"],
        "check": ["`topics --check`"],
        "grow": ["`topics --grow --yes`"],
        "extract": ["`worker --stage extract`", view],
        "dedupe": ["`worker --stage dedupe`", view],
        "publish": ["`publish`, a crawler"],
        "tail": ["`tail`, a consumer"],
        "sink": ["`sink`"],
        "export": ["`export`"],
        "audit": ["`audit`"],
        "takedown": ["`takedown`"],
        "replay": ["`replay`"],
        "reshard": ["`reshard`"],
    }
    assert {label for found in labels.values() for label in found} == {
        who for who, _, _ in rights()
    }
    for user, found in labels.items():
        grant(secured, user, everything, *found)
    (tmp_path / "page.jsonl").write_bytes(sample_pages()[0].value)

    def run(user, *arguments, **changes):
        settings = secured.settings(user, data_dir=tmp_path / user, **common | changes)
        done = cleanwire(settings, *arguments)
        assert done.returncode == 0, (user, done.stdout, done.stderr)
        return done.stdout

    def worker(user):
        settings = secured.settings(user, data_dir=tmp_path / user, **common)
        return Worker(settings, "--stage", user)

    run("topics", "topics")
    run("check", "topics", "--check")
    run("grow", "topics", "--grow", "--yes", raw_partitions=5)
    with worker("extract") as extract, worker("dedupe") as dedupe:
        run("publish", "publish", str(tmp_path / "page.jsonl"))
        wait_for_outcomes(everything, 1)
        outcome_of_a_page(extract)
        outcome_of_a_page(dedupe)
        (line,) = run(
            "tail", "tail", "clean-articles", "--from-beginning", "--count", "1"
        ).splitlines()
        run("audit", "audit")
        assert b"unchanged  1" in run("replay", "replay", "--from", "1h")
        assert b"0 pages" in run("replay", "replay", "--topic", "rejected-pages")
        run("sink", "sink", f"sqlite:///{tmp_path / 'articles.db'}", "--once")
        run("export", "export", str(tmp_path / "parquet"))
        run("takedown", "takedown", orjson.loads(line)["key"])
        run("takedown", "takedown", "https://nowhere.example/")
        for one in (extract, dedupe):
            assert one.stop() == 0
            assert "Authoriz" not in one.log.read_text()
    run("reshard", "reshard", dedupe_shards=2)
    run("check", "topics", "--check", dedupe_shards=2)


def test_a_worker_whose_login_is_refused_later_ends(secured, tmp_path):
    secured.set_password("later")
    changes = {"topic_prefix": "later.", "data_dir": tmp_path / "data", "clean_processes": 1}
    ensure_topics(secured.settings(**changes))
    secured.grant("later", "topic", "later.", ["ALL"], prefixed=True)
    secured.grant("later", "group", "later.", ["ALL"], prefixed=True)
    settings = secured.settings("later", **changes)
    with Worker(settings) as worker:
        publish(settings, [sample_pages()[0].value], partition=0)
        wait_for_outcomes(settings, 1)
        secured.set_password("later", WRONG)
        # Connections that stand are not asked again.
        secured.broker.kill()
        secured.broker.start()
        assert worker.process.wait(60) == 3, worker.log.read_text()
    said = worker.log.read_text()
    assert "the broker at" in said
    assert "refused the login of later by SCRAM-SHA-512; check CLEANWIRE_SASL" in said
    assert not {RIGHT, WRONG} & set(re.split(r"[ ,;:'\"=]", said))
