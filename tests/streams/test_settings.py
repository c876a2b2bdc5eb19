import datetime as dt
import inspect

import pytest

from cleanwire import Thresholds, Window, clean_page
from streams import policy
from streams.errors import ConfigurationError
from streams.settings import Settings, load_settings


def test_environment_beats_file_beats_default(monkeypatch, tmp_path):
    (tmp_path / "cleanwire.toml").write_text('broker = "a:1,b:2"\nweb_port = 7000\n')
    monkeypatch.setenv("CLEANWIRE_WEB_PORT", "7001")
    settings = load_settings()
    assert settings.broker == "a:1,b:2"
    assert settings.web_port == 7001
    assert settings.web_bind == "127.0.0.1"


def test_another_file_by_name(monkeypatch, tmp_path):
    (tmp_path / "other.toml").write_text("raw_partitions = 12\n")
    monkeypatch.setenv("CLEANWIRE_CONFIG", str(tmp_path / "other.toml"))
    assert load_settings().raw_partitions == 12


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30d", 2_592_000), ("12h", 43_200), ("90s", 90), ("90", 90), ("1.5h", 5400), ("P2D", 172_800), ("pt5m", 300)],
)  # fmt: skip
def test_durations(monkeypatch, text, seconds):
    monkeypatch.setenv("CLEANWIRE_REPLAY_HORIZON", text)
    assert load_settings().replay_horizon == dt.timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("BROKER", "localhost", "host:port"),
        ("BROKER", "a:1,b", "host:port"),
        ("BROKER", "a:99999", "host:port"),
        ("WEB_PORT", "http", "integer"),
        ("CLEAN_MEMORY", "1000", "at least 268435456, or 0"),
        ("WEB_PORT", "0", "greater than or equal to 1"),
        ("DEDUPE_WINDOW", "soon", "30d"),
        ("DEDUPE_WINDOW", "-3d", "30d"),
        ("DEDUPE_WINDOW", "0", "greater than"),
        ("DEDUPE_SHARDS", "33", "less than or equal to 32"),
        ("DEDUPE_WINDOW", "5m", "greater than or equal to 1 hour"),
        ("PAGE_TIME_LIMIT", "40", "CLEANWIRE_STALL_LIMIT"),
        ("STALL_LIMIT", "30", "CLEANWIRE_PAGE_TIME_LIMIT"),
        ("SASL_MECHANISM", "GSSAPI", "'PLAIN'"),
        ("SASL_MECHANISM", "PLAIN", "CLEANWIRE_SASL_USERNAME"),
        ("MAX_PAGE_BYTES", "99999999", "CLEANWIRE_MAX_MESSAGE_BYTES"),
        ("TLS_CA_FILE", "/does/not/exist", "file that can be read"),
        ("TOPIC_PREFIX", "a b", "pattern"),
        ("CONFIG", "/does/not/exist", "CLEANWIRE_CONFIG"),
    ],
)
def test_a_bad_value_is_one_line_that_names_setting_value_and_fix(monkeypatch, name, value, said):
    monkeypatch.setenv(f"CLEANWIRE_{name}", value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    line = str(caught.value)
    assert "\n" not in line
    assert f"CLEANWIRE_{name}" in line
    assert said in line


def test_bad_files_are_named(tmp_path):
    file = tmp_path / "cleanwire.toml"
    file.write_text("broker = ")
    with pytest.raises(ConfigurationError, match=r"cleanwire\.toml is no TOML"):
        load_settings()
    file.write_text("brokers = 'a:1'")
    with pytest.raises(ConfigurationError, match=r"brokers in cleanwire\.toml is no setting"):
        load_settings()


def test_secrets_are_never_shown(monkeypatch):
    monkeypatch.setenv("CLEANWIRE_SASL_PASSWORD", "hunter2")
    assert "hunter2" not in repr(load_settings())


def test_topics_carry_the_prefix():
    assert Settings(topic_prefix="eu.").topics.raw == "eu.raw-pages"


def test_the_defaults_of_the_stream_are_those_of_the_library():
    settings = Settings()
    assert policy.window(settings) == Window()
    assert policy.thresholds(settings) == Thresholds()
    cleaning = inspect.signature(clean_page).parameters
    assert policy.limits(settings).require_article is cleaning["require_article"].default
