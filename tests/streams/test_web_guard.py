"""Who is answered by the web view: the real server, without a bus."""

import base64
import contextlib
import http.client
import http.server
import json
import logging
import socket

import pytest

from helpers.harness import free_port
from helpers.web_server import ask, followed_below_a_path, serving
from streams.errors import ConfigurationError
from streams.runtime.app_factory import make_app
from streams.settings import Settings, load_settings
from streams.web import attach, require_token, routes, view
from streams.web.guard import is_loopback

SHARED = "c0rrect:horse-battery-staple"
PAGES = ("/", "/articles", "/try", "/metrics", "/style.css", "/view.js")
STORED = ("/sites", "/sites/gull.example", "/stories")
"""Pages that need the store, which is off without a broker."""

PROBES = ("/healthz", "/readyz")


@contextlib.contextmanager
def served(tmp_path, **more):
    """The view on a port of its own; no broker is there, which the view has to live with."""
    settings = Settings(
        broker=f"127.0.0.1:{free_port()}", data_dir=tmp_path, web_port=free_port(), **more
    )

    async def serve(started, stop):
        app = make_app(settings, "extract", web=True)
        attach([app], settings)
        await app.web.start_server()
        started.set()
        await stop.wait()
        await app.web._runner.cleanup()

    with serving(serve):
        yield settings.web_port


@pytest.fixture(scope="module")
def open_view(tmp_path_factory):
    with served(tmp_path_factory.mktemp("open")) as port:
        yield port


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    with served(tmp_path_factory.mktemp("guarded"), web_token=SHARED) as port:
        yield port


def basic(password, user="whoever"):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("path", PAGES + STORED)
def test_nothing_is_shown_without_the_token(guarded, path):
    for headers in (
        {},
        {"Authorization": f"Bearer {SHARED}x"},
        {"Authorization": f"Bearer {SHARED[:-1]}"},
        {"Authorization": "Bearer"},
        {"Authorization": SHARED},
        {"Authorization": f"Digest {SHARED}"},
        {"Authorization": basic("wrong")},
        {"Authorization": basic("", user=SHARED)},
        {"Authorization": "Basic no-base64!"},
        {"Authorization": b"Bearer \xff\xfe\xe4"},
        {"Cookie": f"token={SHARED}", "X-Forwarded-For": "127.0.0.1"},
    ):
        status, body, answered = ask(guarded, path, **headers)
        assert status == 401, headers
        assert answered["WWW-Authenticate"] == 'Basic realm="Cleanwire", charset="UTF-8"'
        assert SHARED not in body + str(answered)
    assert ask(guarded, f"{path}?token={SHARED}&access_token={SHARED}")[0] == 401


@pytest.mark.parametrize("path", PAGES + STORED + PROBES)
def test_the_token_opens_everything(guarded, path):
    for given in (f"Bearer {SHARED}", f"bearer  {SHARED}", basic(SHARED), basic(SHARED, user="")):
        status, body, _ = ask(guarded, path, Authorization=given, Host="view.example:80")
        assert status == (503 if path in {"/readyz", *STORED} else 200)
        assert SHARED not in body


def test_a_path_that_is_not_there_is_not_told_from_one_that_is(guarded):
    assert ask(guarded, "/nowhere")[0] == 401
    assert ask(guarded, "/nowhere", Authorization=f"Bearer {SHARED}")[0] == 404


def test_probes_are_open_and_say_yes_or_no(guarded):
    assert ask(guarded, "/healthz", Host="10.0.0.7:6066")[:2] == (200, "ok\n")
    status, body, _ = ask(guarded, "/readyz", Host="10.0.0.7:6066")
    assert (status, json.loads(body)) == (503, {"ready": False})
    _, body, _ = ask(guarded, "/readyz", Authorization=basic(SHARED))
    assert json.loads(body)["missing"] == {"extract": "it has not started"}


@pytest.mark.parametrize("path", PAGES + STORED + PROBES)
@pytest.mark.parametrize(
    "host",
    ["rebind.example", "rebind.example:6066", "127.0.0.1.nip.example", "localhost.example", "10.0.0.1",
     "[::2]", "[::1", "localhost@rebind.example", "localhost:80:80", "x.localhost", ""],
)  # fmt: skip
def test_a_foreign_name_for_loopback_is_refused(open_view, path, host):
    status, body, _ = ask(open_view, path, Host=host)
    assert status == 421
    assert "CLEANWIRE_WEB_TOKEN" in body


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:6066", "127.0.0.1", "127.9.9.9:80", "[::1]:6066"]
)
def test_loopbacks_own_names_are_answered(open_view, host):
    assert ask(open_view, "/", Host=host)[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_nothing_but_reading(open_view, guarded, method):
    for port in (open_view, guarded):
        for path in ("/", "/readyz", "/nowhere"):
            status, _, headers = ask(port, path, method, Authorization=f"Bearer {SHARED}")
            assert (status, headers["Allow"]) == (405, "GET,HEAD")
    assert ask(open_view, "/", "HEAD")[:2] == (200, "")
    if method != "POST":
        for port in (open_view, guarded):
            status, _, headers = ask(port, "/try", method, Authorization=f"Bearer {SHARED}")
            assert (status, headers["Allow"]) == (405, "GET,HEAD,POST")


def send(port, body=b"", **headers):
    """Send the form of `/try`; an empty one is answered with 400 once it is let in."""
    headers = {"Content-Type": "multipart/form-data; boundary=b"} | headers
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as client:
        client.request("POST", "/try", body or b"--b--\r\n", headers)
        answer = client.getresponse()
        return answer.status, answer.read().decode()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 400),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 400),
        # A proxy may change the Host header.
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://view.example"}, 400),
        ({"Sec-Fetch-Site": "none"}, 400),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:7"}, 403),
        ({"Sec-Fetch-Site": "SAME-ORIGIN"}, 403),
        ({"Origin": "http://localhost:7"}, 400),
        ({"Origin": "http://LOCALHOST:7"}, 400),
        ({"Origin": "http://localhost"}, 403),
        ({"Origin": "http://localhost:8"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://localhost:7.evil.example"}, 403),
        ({"Origin": "file://localhost:7"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
    ],
)
def test_a_form_of_another_site_is_refused(open_view, guarded, headers, status):
    token = {"Authorization": f"Bearer {SHARED}"}
    for port, more in ((open_view, {}), (guarded, token)):
        answered, body = send(port, Host="localhost:7", **more, **headers)
        assert answered == status
        assert ("another site" in body) == (status == 403)


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("view.example", "https://view.example", 400),
        ("view.example", "http://view.example:80", 400),
        ("view.example:443", "https://view.example", 400),
        ("view.example", "https://view.example:444", 403),
        ("view.example", "https://other.example", 403),
    ],
)
def test_a_form_is_the_views_own_under_any_name_with_the_token(guarded, host, origin, status):
    assert send(guarded, Host=host, Origin=origin)[0] == 401
    answered = send(guarded, Host=host, Origin=origin, Authorization=f"Bearer {SHARED}")
    assert answered[0] == status


def test_a_form_for_a_foreign_name_of_loopback_is_refused(open_view):
    for origin in ({}, {"Origin": "http://rebind.example"}, {"Sec-Fetch-Site": "same-origin"}):
        assert send(open_view, Host="rebind.example", **origin)[0] == 421


def test_every_answer_has_the_headers(open_view, guarded):
    answers = [ask(port, path) for port in (open_view, guarded) for path in (*PAGES, "/nowhere")]
    answers += [ask(open_view, "/", Host="rebind.example"), ask(open_view, "/", "POST")]
    answers += [ask(open_view, path) for path in STORED]
    answers += [ask(open_view, "/try", "POST"), ask(open_view, "/try", "POST", Origin="null")]
    assert {status for status, _, _ in answers} == {200, 401, 403, 404, 405, 415, 421, 503}
    for _, _, headers in answers:
        assert {name: headers[name] for name in routes.HEADERS} == routes.HEADERS
        assert "Set-Cookie" not in headers
        assert not any(name.startswith("Access-Control") for name in headers)
    policy = dict(
        part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";")
    )
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "script-src": "'self'",
        "connect-src": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
    }


def talk(port, data, seconds):
    """Send bytes; whether the server hangs up in time, and what it said."""
    with contextlib.closing(socket.create_connection(("127.0.0.1", port), 5)) as client:
        client.sendall(data)
        client.settimeout(seconds)
        said = b""
        try:
            while part := client.recv(65_536):
                said += part
        except TimeoutError:
            return False, said
        except ConnectionResetError:
            pass
        return True, said


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "])
def test_whoever_sends_no_request_is_hung_up_on(tmp_path, monkeypatch, sent):
    monkeypatch.setattr(view, "IDLE_SECONDS", 0.5)
    with served(tmp_path) as port:
        assert talk(port, sent, 10) == (True, b"")


def test_a_request_that_never_ends_is_refused(open_view):
    for head in (b"GET /" + b"a" * 100_000, b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000):
        closed, said = talk(open_view, head + b" HTTP/1.1\r\n\r\n", 10)
        assert closed
        assert said.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400"))


def test_a_body_is_not_waited_for(open_view):
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999999\r\n\r\n"
    assert talk(open_view, head, 1)[1].startswith(b"HTTP/1.1 405")


def test_a_token_is_never_logged(guarded, caplog):
    caplog.set_level(logging.DEBUG)
    ask(guarded, "/", Authorization=f"Bearer {SHARED}")
    ask(guarded, "/", Authorization=f"Bearer {SHARED}-wrong")
    broken = f"GET / HTTP/1.1\r\nAuthorization: Bearer {SHARED}\x01\r\n\r\n".encode()
    closed, said = talk(guarded, broken, 10)
    assert closed
    assert b" 400 " in said
    assert SHARED not in caplog.text


@pytest.mark.parametrize(
    "bind",
    ["0.0.0.0", "::", "", "192.0.2.7", "view.example", "127.example"],  # noqa: S104 - refused
)
def test_other_hosts_are_served_with_a_token_alone(bind):
    assert not is_loopback(bind)
    with pytest.raises(ConfigurationError) as caught:
        require_token(bind, None)
    assert "CLEANWIRE_WEB_TOKEN" in str(caught.value)
    require_token(bind, Settings(web_token=SHARED).web_token)


@pytest.mark.parametrize("bind", ["127.0.0.1", "127.3.2.1", "::1", "localhost"])
def test_loopback_needs_none(bind):
    require_token(bind, None)


@pytest.mark.parametrize("token", ["", "short", "fifteen-letters", "sixteen letters!", "ünicode-ünicode-ü", SHARED + "\n"])  # fmt: skip
def test_a_bad_token_is_refused_and_not_shown(monkeypatch, token):
    monkeypatch.setenv("CLEANWIRE_WEB_TOKEN", token)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert "CLEANWIRE_WEB_TOKEN cannot be used; use 16 characters" in str(caught.value)
    assert not token or token not in str(caught.value)


def test_the_view_works_below_a_path_of_a_proxy(open_view):
    base, seen = followed_below_a_path(open_view)
    pages = {address.removeprefix(base) for address in seen}
    assert pages == {
        *("", "?live=no", "articles", "sites", "stories", "try", "style.css", "view.js", "metrics")
    }
    without_store = {f"{base}sites", f"{base}stories"}
    assert {status for address, status in seen.items() if address not in without_store} == {200}
    assert {seen[address] for address in without_store} == {503}
