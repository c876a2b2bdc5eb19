"""Sizes with units, and names in the environment and the file that are no settings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import settings as module
from streams.cli.broker import port_for
from streams.errors import ConfigurationError
from streams.settings import Settings, load_settings
from streams.sizes import parse_size
from streams.spelling import edits, nearest


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4GiB", 4 << 30),
        ("4Gi", 4 << 30),
        ("4 GiB", 4 << 30),
        (" 512Mi ", 512 << 20),
        ("16MiB", 16 << 20),
        ("1.5GiB", 3 << 29),
        ("10MB", 10_000_000),
        ("70000kB", 70_000_000),
        ("0.0001TB", 100_000_000),
        ("65536Ki", 64 << 20),
        ("100000000B", 100_000_000),
        ("16777216", 16 << 20),
        ("16_777_216", 16 << 20),
    ],
)
def test_sizes(monkeypatch, text, size):
    for name in ("DEDUPE_MEMORY", "MAX_MESSAGE_BYTES", "MAX_PAGE_BYTES", "CLEAN_MEMORY"):
        monkeypatch.setenv(f"CLEANWIRE_{name}", "1GiB" if name == "MAX_MESSAGE_BYTES" else "256MiB")
    monkeypatch.setenv("CLEANWIRE_DEDUPE_MEMORY", text)
    if size < 64 << 20:
        assert int(parse_size(text)) == size
    else:
        assert load_settings().dedupe_memory == size


def test_every_setting_in_bytes_takes_units(monkeypatch, tmp_path):
    (tmp_path / "cleanwire.toml").write_text('dedupe_memory = "2GiB"\nclean_memory = 536870912\n')
    monkeypatch.setenv("CLEANWIRE_MAX_MESSAGE_BYTES", "32MiB")
    monkeypatch.setenv("CLEANWIRE_MAX_PAGE_BYTES", "20MB")
    monkeypatch.setenv("CLEANWIRE_VIEW_STORE_BYTES", "4GiB")
    found = load_settings()
    assert found.view_store_bytes == 4 << 30
    assert found.dedupe_memory == 2 << 30
    assert found.clean_memory == 512 << 20
    assert found.max_message_bytes == 32 << 20
    assert found.max_page_bytes == 20_000_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("4G", "write 4GiB for 4 x 1,073,741,824 bytes, or 4GB for 4 x 1,000,000,000"),
        ("512m", "512MiB"),
        ("512M", "512MiB"),
        ("70000k", "70000kB"),
        ("70000K", "70000KiB"),
        ("70000KB", "70000kB"),
        ("4gb", "4GB"),
        ("4gib", "4GiB"),
        ("100Mb", "100MB"),
        ("4GBit", "GBit is none"),
        ("4PiB", "PiB is none"),
        ("lots", "16MiB"),
        ("1e9", "16MiB"),
        ("-4GiB", "16MiB"),
        ("4GiB4", "16MiB"),
        ("0.3B", "whole number"),
        ("1.0000001GB", "16MiB"),
        ("", "16MiB"),
        ("\u0664GiB", "16MiB"),
    ],
)
def test_a_size_that_is_unclear_is_an_error_that_names_the_fix(monkeypatch, text, said):
    monkeypatch.setenv("CLEANWIRE_DEDUPE_MEMORY", text)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert f"CLEANWIRE_DEDUPE_MEMORY={text} cannot be used" in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [("", "", 0), ("a", "", 1), ("ab", "ba", 1), ("kitten", "sitting", 3), ("ca", "abc", 3), ("BROKER", "BROEKR", 1)],
)  # fmt: skip
def test_edits(one, other, distance):
    assert edits(one, other) == edits(other, one) == distance


@given(st.text("ABC_", max_size=8), st.text("ABC_", max_size=8))
def test_edits_are_a_distance(one, other):
    count = edits(one, other)
    assert (count == 0) == (one == other)
    assert abs(len(one) - len(other)) <= count <= max(len(one), len(other))


def test_no_setting_is_near_another_one():
    """Otherwise a setting of a newer version would be taken for another one, misspelt."""
    names = [name.upper() for name in Settings.model_fields]
    for name in names:
        others = [other for other in names if other != name]
        assert nearest(name, others) is None, name


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("CLEANWIRE_BROKR", "CLEANWIRE_BROKER"),
        ("CLEANWIRE_BROKERS", "CLEANWIRE_BROKER"),
        ("CLEANWIRE_DEDUPE_MEMROY", "CLEANWIRE_DEDUPE_MEMORY"),
        ("CLEANWIRE_DEDUP_MEMORY", "CLEANWIRE_DEDUPE_MEMORY"),
        ("cleanwire_web_prot", "CLEANWIRE_WEB_PORT"),
        ("CLEANWIRE_SASL_PASWORD", "CLEANWIRE_SASL_PASSWORD"),
        ("CLEANWIREE_BROKER", "CLEANWIRE_BROKER"),
        ("CLEANWIRE__BROKER", "CLEANWIRE_BROKER"),
        ("CLEANWIRE_CONFG", "CLEANWIRE_CONFIG"),
    ],
)
def test_a_misspelt_variable_is_an_error_that_names_both_and_no_value(monkeypatch, variable, meant):
    monkeypatch.setenv(variable, "hunter2")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert str(caught.value) == f"{variable} is no setting; did you mean {meant}?"


def test_a_variable_that_nothing_is_like_is_one_warning_line(monkeypatch, capsys):
    monkeypatch.setattr(module, "_told", set())
    monkeypatch.setenv("CLEANWIRE_BUILD_NUMBER", "hunter2")
    load_settings()
    load_settings()
    assert capsys.readouterr().err == (
        "cleanwire: CLEANWIRE_BUILD_NUMBER is no setting, and is ignored; see `cleanwire config`\n"
    )


KUBERNETES = {
    # A Service `cleanwire` with the named ports `http` and `http-metrics`.
    "CLEANWIRE_SERVICE_HOST": "10.3.241.7",
    "CLEANWIRE_SERVICE_PORT": "6066",
    "CLEANWIRE_SERVICE_PORT_HTTP": "6066",
    "CLEANWIRE_SERVICE_PORT_HTTP_METRICS": "6067",
    "CLEANWIRE_PORT": "tcp://10.3.241.7:6066",
    "CLEANWIRE_PORT_6066_TCP": "tcp://10.3.241.7:6066",
    "CLEANWIRE_PORT_6066_TCP_PROTO": "tcp",
    "CLEANWIRE_PORT_6066_TCP_PORT": "6066",
    "CLEANWIRE_PORT_6066_TCP_ADDR": "10.3.241.7",
    "CLEANWIRE_PORT_53_UDP": "udp://10.3.241.7:53",
    # Services `cleanwire-web` and `cleanwire-broker`: one of these names is a setting's.
    "CLEANWIRE_WEB_SERVICE_HOST": "10.3.241.8",
    "CLEANWIRE_WEB_SERVICE_PORT": "80",
    "CLEANWIRE_WEB_PORT": "tcp://10.3.241.8:80",
    "CLEANWIRE_WEB_PORT_80_TCP_ADDR": "10.3.241.8",
    "CLEANWIRE_BROKER_SERVICE_HOST": "10.3.241.9",
    "CLEANWIRE_BROKER_PORT": "tcp://10.3.241.9:9092",
    "CLEANWIRE_BROKER_PORT_9092_TCP": "tcp://10.3.241.9:9092",
}


def test_what_kubernetes_sets_for_a_service_is_no_setting(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(module, "_told", set())
    for name, value in KUBERNETES.items():
        monkeypatch.setenv(name, value)
    assert load_settings() == Settings(web_port=6066)
    (tmp_path / "cleanwire.toml").write_text("web_port = 7000\n")
    assert load_settings().web_port == 7000
    assert capsys.readouterr().err == ""


def test_a_misspelt_port_is_still_seen(monkeypatch):
    monkeypatch.setenv("CLEANWIRE_WEBB_PORT", "7000")
    with pytest.raises(ConfigurationError, match=r"did you mean CLEANWIRE_WEB_PORT\?"):
        load_settings()


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("brokers", "did you mean broker?"),
        ("dedupe-memory", "did you mean dedupe_memory?"),
        ("CLEANWIRE_BROKER", "did you mean broker?"),
        ("nothing_like_it", "see `cleanwire config`"),
    ],
)
def test_an_unknown_key_of_the_file_is_an_error_that_names_the_near_one(tmp_path, key, said):
    (tmp_path / "cleanwire.toml").write_text(f'{key} = "x"\n')
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert str(caught.value) == f"{key} in cleanwire.toml is no setting; {said}"


@pytest.mark.parametrize(
    ("given", "asked", "port"),
    [
        ({}, None, 9092),
        ({}, 19092, 19092),
        ({"broker": "127.0.0.1:19092"}, None, 19092),
        ({"broker": "localhost:19092"}, 19092, 19092),
    ],
)
def test_the_embedded_broker_listens_where_the_settings_look_for_it(given, asked, port):
    assert port_for(Settings(**given), asked) == port


@pytest.mark.parametrize(
    ("given", "asked", "said"),
    [
        ({"broker": "127.0.0.1:9093"}, 19092, "--port 19092 is not the port of CLEANWIRE_BROKER"),
        ({"broker": "kafka-1:9092"}, None, "CLEANWIRE_BROKER=kafka-1:9092 is elsewhere"),
        ({"broker": "127.0.0.1:9092,127.0.0.1:9093"}, None, "is elsewhere"),
        ({"broker": "[::1]:9092"}, None, "is elsewhere"),
        ({"tls": True}, None, "unset CLEANWIRE_TLS"),
        ({"sasl_mechanism": "PLAIN", "sasl_username": "u", "sasl_password": "hunter2"}, None, "unset CLEANWIRE_SASL_MECHANISM"),
        ({"replication_factor": 3}, None, "CLEANWIRE_REPLICATION_FACTOR=3 needs as many brokers"),
    ],
)  # fmt: skip
def test_what_an_embedded_broker_cannot_be_is_an_error(given, asked, said):
    with pytest.raises(ConfigurationError) as caught:
        port_for(Settings(**given), asked)
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)
