"""Secrets in files: as Kubernetes, systemd and compose mount them."""

import os

import pytest

from streams import settings as module
from streams.errors import ConfigurationError
from streams.settings import load_settings

TOKEN = "a-token-of-twenty-letters"  # noqa: S105 - of these tests alone


@pytest.fixture
def folder(tmp_path, monkeypatch):
    made = tmp_path / "secrets"
    made.mkdir()
    monkeypatch.setenv("CLEANWIRE_SECRETS_DIR", str(made))
    return made


@pytest.mark.parametrize("name", ["CLEANWIRE_WEB_TOKEN", "cleanwire_web_token"])
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_file_is_a_setting_with_or_without_a_line_end(folder, name, end):
    (folder / name).write_bytes(f"{TOKEN}{end}".encode())
    assert load_settings().web_token.get_secret_value() == TOKEN


def test_a_password_keeps_its_blanks(folder, monkeypatch):
    monkeypatch.setenv("CLEANWIRE_SASL_MECHANISM", "PLAIN")
    monkeypatch.setenv("CLEANWIRE_SASL_USERNAME", "me")
    (folder / "CLEANWIRE_SASL_PASSWORD").write_text(" a b \n")
    assert load_settings().sasl_password.get_secret_value() == " a b "


def test_the_links_of_a_kubernetes_volume_are_followed(folder):
    """The kubelet makes a folder a version, and links to it, so that a change is seen at once."""
    data = folder / "..2026_11_28"
    data.mkdir()
    (data / "CLEANWIRE_WEB_TOKEN").write_text(TOKEN)
    (folder / "..data").symlink_to(data.name)
    (folder / "CLEANWIRE_WEB_TOKEN").symlink_to("..data/CLEANWIRE_WEB_TOKEN")
    assert load_settings().web_token.get_secret_value() == TOKEN


def test_the_environment_comes_before_a_file_and_a_file_before_the_settings_file(
    folder, monkeypatch, tmp_path
):
    (tmp_path / "cleanwire.toml").write_text('web_port = 7000\nweb_bind = "127.0.0.9"\n')
    (folder / "CLEANWIRE_WEB_PORT").write_text("7001")
    assert load_settings().web_port == 7001
    monkeypatch.setenv("CLEANWIRE_WEB_PORT", "7002")
    assert load_settings().web_port == 7002
    assert load_settings().web_bind == "127.0.0.9"


def test_what_is_no_setting_in_the_folder_is_not_read(folder, capsys):
    (folder / "ca.crt").write_bytes(b"\xff\xfe")
    (folder / "password").symlink_to("/nowhere")
    assert load_settings().web_token is None
    assert capsys.readouterr().err == ""


def said(**given):
    with pytest.raises(ConfigurationError) as caught:
        load_settings(**given)
    return str(caught.value)


def test_a_misspelt_file_is_an_error_that_names_the_setting(folder):
    (folder / "CLEANWIRE_WEB_TOKN").write_text(TOKEN)
    assert said() == f"{folder}/CLEANWIRE_WEB_TOKN is no setting; did you mean CLEANWIRE_WEB_TOKEN?"


def test_a_file_that_no_setting_is_like_is_one_warning_line(folder, capsys, monkeypatch):
    monkeypatch.setattr(module, "_told", set())
    (folder / "CLEANWIRE_OTHER_THING").write_text("hunter2")
    load_settings()
    load_settings()
    [line] = capsys.readouterr().err.splitlines()
    assert "CLEANWIRE_OTHER_THING is no setting, and is ignored" in line


@pytest.mark.parametrize(
    "held", [b"", b"\n", b"one\ntwo\n", b"\xff\xfe", b"a\0b", b"x" * 70_000], ids=range(6)
)
def test_a_file_that_holds_no_line_is_one_line_that_does_not_show_it(folder, held):
    (folder / "CLEANWIRE_WEB_TOKEN").write_bytes(held)
    assert said() == (
        f"the secret file {folder}/CLEANWIRE_WEB_TOKEN does not hold one line of UTF-8; "
        "write the value into it, and nothing else"
    )


def test_a_secret_that_cannot_be_used_is_not_shown(folder):
    (folder / "CLEANWIRE_WEB_TOKEN").write_text("hunter2")
    assert said() == (
        "CLEANWIRE_WEB_TOKEN cannot be used; use 16 characters of ASCII or more, without spaces"
    )


def test_two_files_of_one_name_are_an_error(folder):
    for name in ("CLEANWIRE_WEB_TOKEN", "cleanwire_web_token"):
        (folder / name).write_text(TOKEN)
    assert "has CLEANWIRE_WEB_TOKEN and cleanwire_web_token; keep one of them" in said()


def test_a_folder_that_is_not_there_is_one_line(folder):
    folder.rmdir()
    assert said() == (
        f"CLEANWIRE_SECRETS_DIR={folder} cannot be read: No such file or directory; "
        "name a folder that this user may read"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_this_user_may_not_read_is_one_line(folder):
    (folder / "CLEANWIRE_WEB_TOKEN").touch(mode=0o000)
    assert "cannot be read: Permission denied; let this user read it" in said()
