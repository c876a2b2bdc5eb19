"""All settings: from the environment, else from secret files, else from a file, else by default.

Invariants:

- No other module reads settings from the environment, except the core's `machine_code`, which looks
  for a folder in `CLEANWIRE_DATA_DIR`.
- A value that cannot be used ends the command before anything starts, with one line that names the
  setting.
"""

import dataclasses
import datetime as dt
import os
import re
import time
import tomllib
import typing
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pydantic
import pydantic_settings
from pydantic import Field, SecretStr

from cleanwire.page.formats.format_names import RawFormat
from streams import json_lines, secret_files
from streams.durations import parse_duration
from streams.errors import ConfigurationError
from streams.sizes import parse_size
from streams.spelling import is_of_a_service, nearest

PREFIX = "CLEANWIRE_"
FILE = "cleanwire.toml"
"""The settings file, in the working directory unless `CLEANWIRE_CONFIG` names another."""

LEAST_MEMORY = 256 << 20
"""The least bytes that cleaning a page may be limited to; with less, ordinary pages fail."""
PAGE_ATTEMPTS = 3
"""How often a page is tried if the cleaning processes break down, because of it or not."""

_ADDRESS = re.compile(r"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\]):\d{1,5}")
_TOKEN = re.compile(r"[!-~]{16,1024}")


@dataclasses.dataclass(frozen=True, slots=True)
class Topics:
    """The names of the topics."""

    raw: str
    candidates: str
    clean: str
    duplicates: str
    rejected: str
    details: str
    flat: str


def _default_data_dir() -> Path:
    home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    # A user without an account and without HOME has no home folder. The "~" then stays in the path,
    # and `require_folder` reports it.
    return Path(os.path.expanduser(home)) / "cleanwire"  # noqa: PTH111 - pathlib raises on an unknown "~"


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


Bytes = Annotated[int, pydantic.BeforeValidator(parse_size)]
Duration = Annotated[
    dt.timedelta,
    pydantic.BeforeValidator(parse_duration),
    Field(gt=dt.timedelta(0), le=dt.timedelta(days=3650)),
]


class Settings(pydantic_settings.BaseSettings):
    """The settings of all commands.

    Durations are `30d`, `12h`, `90s`, ISO 8601 or seconds. Sizes are `4GiB`, `10MB` or bytes.
    """

    model_config = pydantic_settings.SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", validate_default=True
    )

    broker: str = Field("127.0.0.1:9092", description="Kafka, as host:port, comma-separated")
    topic_prefix: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,100}$",
        description="in front of every topic and consumer group",
    )
    raw_partitions: int = Field(4, ge=1, le=10_000, description="least partitions of raw-pages")
    replication_factor: int = Field(1, ge=1, le=100, description="copies of every topic")
    retention: Duration = Field(
        dt.timedelta(days=7), description="how long raw-pages keeps a page; outcomes stay longer"
    )
    max_message_bytes: Bytes = Field(
        16 << 20,
        ge=1 << 20,
        le=1 << 30,
        description="largest record: topics, producers and consumers alike",
    )
    max_page_bytes: Bytes = Field(
        10 << 20, ge=1 << 10, le=1 << 30, description="largest body that is cleaned"
    )
    raw_format: Annotated[RawFormat, pydantic.BeforeValidator(_lower)] = Field(
        "event", description="format of raw pages that do not say it: event, html, warc, ..."
    )
    require_article: bool = Field(
        default=True, description="reject pages that are no article: home pages, lists, shops"
    )
    page_time_limit: float = Field(10.0, gt=0, le=3600, description="seconds to clean one page")
    clean_processes: int = Field(
        os.cpu_count() or 1, ge=1, le=1024, description="pages cleaned at a time"
    )
    clean_memory: Bytes = Field(
        2 << 30, ge=0, description="bytes that cleaning a page may take on Linux; 0 is no limit"
    )
    dedupe_shards: int = Field(
        1, ge=1, le=32, description="shards of dedupe, each with a partition of candidates"
    )
    dedupe_memory: Bytes = Field(
        4 << 30,
        ge=64 << 20,
        description="bytes of a shard's state; beyond them the oldest is evicted",
    )
    dedupe_window: Duration = Field(
        dt.timedelta(days=30),
        ge=dt.timedelta(hours=1),
        description="event time for which pages are matched",
    )
    replay_horizon: Duration = Field(
        dt.timedelta(days=7), description="time past the window in which an id repeats its outcome"
    )
    article_details: Annotated[Literal["inline", "topic"], pydantic.BeforeValidator(_lower)] = (
        Field(
            "inline",
            description="where signature and blocks are: in clean-articles, or in article-details",
        )
    )
    flat_articles: bool = Field(
        default=False, description="write articles to flat-articles too, for Kafka Connect"
    )
    near_threshold: float = Field(0.45, gt=0, le=1, description="least similarity of a copy")
    containment_threshold: float = Field(0.7, gt=0, le=1, description="least share of an excerpt")
    session_timeout: float = Field(
        10.0, ge=6, le=300, description="seconds until a silent worker's partitions move"
    )
    stall_limit: float = Field(
        120.0,
        ge=5,
        le=86_400,
        description="seconds without progress, while work waits, until a worker ends",
    )
    instance_id: str | None = Field(
        None, description="this worker's own name in its group: static membership"
    )
    log_format: Annotated[Literal["human", "json"], pydantic.BeforeValidator(_lower)] = Field(
        "human", description="lines on stderr: human, or json for one object a line"
    )
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], pydantic.BeforeValidator(_lower)
    ] = Field("info", description="least level that a worker logs: debug, info, warning, error")
    data_dir: Path = Field(default_factory=_default_data_dir, description="folder for local state")
    web_bind: str = Field("127.0.0.1", description="address of the web view")
    web_port: int = Field(6066, ge=1, le=65_535, description="port of the web view")
    web_token: SecretStr | None = Field(
        None, description="secret that opens the web view; needed if not bound to loopback"
    )
    view_store: Literal["worker", "view", "off"] = Field(
        "worker", description="whose view has the store of outcomes: a worker's, `view`'s, none"
    )
    view_store_bytes: Bytes = Field(
        2 << 30, ge=64 << 20, description="bytes of the view's store; the oldest are deleted"
    )
    view_store_age: Duration = Field(
        dt.timedelta(days=30), description="how long the view's store keeps an outcome"
    )
    sink_url: SecretStr | None = Field(
        None, description="the database of `cleanwire sink`, where the command gives none"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, description="how to log in to the brokers"
    )
    sasl_username: str | None = Field(None, description="with a SASL mechanism")
    sasl_password: SecretStr | None = Field(None, description="with a SASL mechanism")
    tls: bool = Field(default=False, description="encrypt the connection to the brokers")
    tls_ca_file: Path | None = Field(None, description="PEM file of the CA that signed them")
    tls_cert_file: Path | None = Field(None, description="PEM file of this client's certificate")
    tls_key_file: Path | None = Field(None, description="PEM file of this client's key")

    @pydantic.field_validator("broker")
    @classmethod
    def _addresses(cls, value: str) -> str:
        addresses = [address.strip() for address in value.split(",")]
        for address in addresses:
            if not _ADDRESS.fullmatch(address) or int(address.rpartition(":")[2]) > 65_535:  # noqa: PLR2004 - ports
                raise ValueError("use host:port, comma-separated")
        return ",".join(addresses)

    @pydantic.field_validator("clean_memory")
    @classmethod
    def _is_enough(cls, value: int) -> int:
        if 0 < value < LEAST_MEMORY:
            raise ValueError(f"use at least {LEAST_MEMORY}, or 0 for no limit")
        return value

    @pydantic.field_validator("tls_ca_file", "tls_cert_file", "tls_key_file")
    @classmethod
    def _is_readable(cls, value: Path | None) -> Path | None:
        if value is not None and not os.access(value, os.R_OK):
            raise ValueError("name a file that can be read")
        return value

    @pydantic.field_validator("web_token")
    @classmethod
    def _is_hard_to_guess(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError("use 16 characters of ASCII or more, without spaces")
        return value

    @pydantic.model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.max_page_bytes > self.max_message_bytes:
            raise ValueError(
                "CLEANWIRE_MAX_PAGE_BYTES is over CLEANWIRE_MAX_MESSAGE_BYTES; lower it"
            )
        if self.stall_limit <= PAGE_ATTEMPTS * self.page_time_limit:
            raise ValueError(
                f"CLEANWIRE_STALL_LIMIT is not over {PAGE_ATTEMPTS} times "
                "CLEANWIRE_PAGE_TIME_LIMIT, which one page may take; raise it"
            )
        if self.sasl_mechanism and not (self.sasl_username and self.sasl_password):
            raise ValueError(
                "CLEANWIRE_SASL_MECHANISM is set; "
                "set CLEANWIRE_SASL_USERNAME and CLEANWIRE_SASL_PASSWORD too"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[pydantic_settings.BaseSettings],
        init_settings: pydantic_settings.PydanticBaseSettingsSource,
        env_settings: pydantic_settings.PydanticBaseSettingsSource,
        dotenv_settings: pydantic_settings.PydanticBaseSettingsSource,
        file_secret_settings: pydantic_settings.PydanticBaseSettingsSource,
    ) -> tuple[pydantic_settings.PydanticBaseSettingsSource, ...]:
        """Order the sources: arguments, the environment, secret files, the settings file."""
        del dotenv_settings, file_secret_settings
        if isinstance(env_settings, pydantic_settings.EnvSettingsSource):
            env_settings.env_vars = {
                name: value
                for name, value in env_settings.env_vars.items()
                if not is_of_a_service(_name_of(name), value or "")
            }
        file = pydantic_settings.TomlConfigSettingsSource(settings_cls, config_file())
        secrets = {
            name.lower(): secret_files.value(path)
            for variable, path in secret_files.names(PREFIX).items()
            if (name := _name_of(variable)).lower() in settings_cls.model_fields
        }
        secret = pydantic_settings.InitSettingsSource(settings_cls, secrets)
        return init_settings, env_settings, secret, file

    @property
    def topics(self) -> Topics:
        """The names of the topics, with the prefix."""
        names = (
            "raw-pages",
            "candidates",
            "clean-articles",
            "duplicate-articles",
            "rejected-pages",
            "article-details",
            "flat-articles",
        )
        return Topics(*(self.topic_prefix + name for name in names))


def config_file() -> Path:
    """The path of the settings file, whether it exists or not."""
    return Path(os.environ.get(f"{PREFIX}CONFIG") or FILE)


def log_format() -> str:
    """What the lines on stderr are, even where another setting cannot be used."""
    found = variables().get(f"{PREFIX}LOG_FORMAT")
    if found is None:
        try:
            found = tomllib.loads(config_file().read_text("utf-8")).get("log_format")
        except (OSError, ValueError):
            found = None
    return "json" if isinstance(found, str) and found.lower() == "json" else "human"


def tell(text: str, level: str = "error") -> None:
    """Write a line of a command to stderr, in the format of the settings."""
    json_lines.tell(text, level=level, at=time.time(), as_json=log_format() == "json")


def load_settings(**overrides: Any) -> Settings:  # noqa: ANN401 - checked by pydantic
    """Read the settings from the environment and the file.

    Args:
        **overrides: values that take precedence over both.

    Raises:
        ConfigurationError: a setting cannot be used; the line names the setting, its value (unless
            it is secret) and the fix.
    """
    named = os.environ.get(f"{PREFIX}CONFIG")
    if named and not (Path(named).is_file() and os.access(named, os.R_OK)):
        raise ConfigurationError(
            f"CLEANWIRE_CONFIG names {named}, which cannot be read", "name a readable file"
        )
    _check_names()
    try:
        return Settings(**overrides)
    except pydantic.ValidationError as error:
        raise _to_one_line(error) from None
    except ValueError as error:
        cause = f"the settings file {config_file()} is no TOML: {error}"
        raise ConfigurationError(cause, "correct it or remove it") from None


def variables() -> dict[str, str]:
    """The settings in the environment, by their names in upper case."""
    return {
        name.upper(): value
        for name, value in os.environ.items()
        if name.upper().startswith(PREFIX) and not is_of_a_service(_name_of(name), value)
    }


_told: set[str] = set()


def _name_of(variable: str) -> str:
    """A variable's name in upper case, without the prefix; empty if it does not have it."""
    name = variable.upper()
    return name.removeprefix(PREFIX) if name.startswith(PREFIX) else ""


def _check_names() -> None:
    """Refuse a misspelt setting in the environment; name one that no setting is like, once.

    Raises:
        ConfigurationError: a variable is near to a setting, and is none.
    """
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    known += [f"{PREFIX}CONFIG", secret_files.VARIABLE]
    given = sorted(os.environ.items())
    given += [(str(path), "") for path in secret_files.names(PREFIX).values()]
    for variable, value in given:
        name = Path(variable).name.upper()
        if name in known or not name.startswith(PREFIX[:5]):
            continue
        if is_of_a_service(_name_of(name), value):
            continue
        if near := nearest(name, known):
            raise ConfigurationError(f"{variable} is no setting", f"did you mean {near}?")
        if name.startswith(PREFIX) and variable not in _told:
            _told.add(variable)
            tell(f"{variable} is no setting, and is ignored; see `cleanwire config`", "warning")


def _to_one_line(error: pydantic.ValidationError) -> ConfigurationError:
    first = error.errors(include_url=False)[0]
    why = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        cause, _, fix = why.partition("; ")
        return ConfigurationError(cause, fix)
    name = str(first["loc"][0])
    setting = PREFIX + name.upper()
    if first["type"] == "extra_forbidden":
        plain = name.lower().replace("-", "_").removeprefix(PREFIX.lower())
        near = nearest(plain, Settings.model_fields)
        fix = f"did you mean {near}?" if near else "see `cleanwire config`"
        return ConfigurationError(f"{name} in {config_file()} is no setting", fix)
    value = "" if _is_secret(name) else f"={str(first['input'])[:80]}"
    fix = why[0].lower() + why[1:]
    return ConfigurationError(f"{setting}{value} cannot be used", fix)


def _is_secret(name: str) -> bool:
    field = Settings.model_fields.get(name)
    return field is not None and SecretStr in typing.get_args(field.annotation)
