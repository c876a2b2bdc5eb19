"""Which requests the web view answers.

Invariants:

- A request from another host must carry the token. The token is in a header, never in a URL or a
  log.
- A page of another site cannot read the view through a visitor's browser, nor send it a form.
- Without a token the view listens on loopback only, and answers only requests whose Host header
  names loopback. Another site's name that resolves to 127.0.0.1 (DNS rebinding) is refused.
"""

import base64
import hmac
import ipaddress
import re

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from pydantic import SecretStr

from streams.errors import ConfigurationError

METHODS = (hdrs.METH_GET, hdrs.METH_HEAD)

FORMS = frozenset({"/try"})
"""Paths that take a form. It changes nothing."""

PROBES = frozenset({"/healthz", "/readyz"})
"""Paths that need no token, because an orchestrator's probes carry none. Without the token they
answer yes or no, and not why."""

CHALLENGE = 'Basic realm="Cleanwire", charset="UTF-8"'

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.-]{1,255})(?::\d{1,5})?")


def is_loopback(host: str) -> bool:
    """Whether a host name or address is loopback's in itself; DNS is not asked.

    Args:
        host: without a port; an IPv6 address may be in brackets.
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def require_token(bind: str, token: SecretStr | None) -> None:
    """Refuse to serve other hosts without a token.

    Args:
        bind: the address that the view is to listen on.
        token: the token that requests have to carry; None if they need none.

    Raises:
        ConfigurationError: there is no token, and the address is not loopback's.
    """
    if token is None and not is_loopback(bind):
        raise ConfigurationError(
            f"CLEANWIRE_WEB_BIND={bind} shows the web view to other hosts, without a token",
            "set CLEANWIRE_WEB_TOKEN, bind it to 127.0.0.1, or use --without-web",
        )


def is_of_this_view(request: web.Request) -> bool:
    """Whether a form was sent from a page of the view, or by a program that is no browser.

    Browsers say where a form comes from: in `Sec-Fetch-Site` on HTTPS and on loopback, and in
    `Origin` everywhere. Pages cannot change either (Fetch Standard). Behind a proxy that changes
    the Host header, only the first can be told.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return True
    scheme, _, place = origin.lower().partition("://")
    port = {"http": ":80", "https": ":443"}.get(scheme)
    if port is None:
        return False
    host = request.headers.get(hdrs.HOST, "").lower()
    return place.removesuffix(port) == host.removesuffix(port)


class Guard:
    """Checks every request before its handler sees it.

    Args:
        token: the token that requests have to carry; None answers requests from this host only.
    """

    def __init__(self, token: SecretStr | None) -> None:
        self._token = None if token is None else token.get_secret_value().encode()

    def trusts(self, request: web.Request) -> bool:
        """Whether the answer to a request may hold more than a probe's yes or no."""
        return self._token is None or self._has_token(request)

    @property
    def middleware(self) -> Middleware:
        """The guard as a middleware of aiohttp's application.

        It raises HTTPMethodNotAllowed, HTTPMisdirectedRequest (a foreign Host header),
        HTTPUnauthorized (no token) or HTTPForbidden (a form of another site).
        """

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            self._check(request)
            return await handler(request)

        return guard

    def _check(self, request: web.Request) -> None:
        methods = (*METHODS, hdrs.METH_POST) if request.path in FORMS else METHODS
        if request.method not in methods:
            raise web.HTTPMethodNotAllowed(request.method, methods)
        if self._token is None:
            named = _HOST.fullmatch(request.headers.get(hdrs.HOST, ""))
            if named is None or not is_loopback(named[1]):
                raise web.HTTPMisdirectedRequest(
                    text="421: this view answers to localhost and 127.0.0.1 alone; "
                    "with CLEANWIRE_WEB_TOKEN set it answers to any name\n"
                )
        elif request.path not in PROBES and not self._has_token(request):
            raise web.HTTPUnauthorized(
                headers={hdrs.WWW_AUTHENTICATE: CHALLENGE},
                text="401: give CLEANWIRE_WEB_TOKEN, as a password or as a bearer token\n",
            )
        if request.method == hdrs.METH_POST and not is_of_this_view(request):
            raise web.HTTPForbidden(
                text="403: another site's page sent this form; open the view and fill it in there\n"
            )

    def _has_token(self, request: web.Request) -> bool:
        scheme, _, text = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        # aiohttp decodes bytes that are not UTF-8 to surrogates; this restores them.
        given = text.strip().encode(errors="surrogateescape")
        if scheme.lower() == "basic":
            try:
                given = base64.b64decode(given, validate=True).partition(b":")[2]
            except ValueError:
                return False
        elif scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(given, self._token or b"")
