"""URL normalisation, site names, article ids.

Invariant: equal inputs give equal names for ever. An article's id is a function of the event alone,
never of offsets. So the same event published twice has one id.
"""

import hashlib
import ipaddress
import struct
from urllib.parse import urljoin, urlsplit, urlunsplit

from publicsuffixlist import PublicSuffixList
from w3lib.url import canonicalize_url, url_query_cleaner

ID_BITS = 128

_PORTS = {"http": 80, "https": 443}

# Parameters that trackers add to a link; they do not change the page.
_TRACKING = (
    "utm_source utm_medium utm_campaign utm_term utm_content utm_id utm_name utm_cid "
    "utm_reader fbclid gclid dclid gbraid wbraid msclkid yclid twclid ttclid igshid mc_cid "
    "mc_eid _ga _gl _hsenc _hsmi mkt_tok oly_anon_id oly_enc_id vero_id wickedid ncid cmpid"
).split()

_SUFFIXES = PublicSuffixList(accept_unknown=True)


def article_id(url: str, fetched_at: str, body: str | bytes) -> str:
    """The id of a page as fetched: 32 hex digits.

    The id is the first 128 bits of SHA-256 over url, fetched_at and body. Before each of them comes
    its length, as 8 bytes big-endian. Text counts as its UTF-8.
    """
    digest = hashlib.sha256()
    for part in (url, fetched_at, body):
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(struct.pack(">Q", len(data)))
        digest.update(data)
    return digest.hexdigest()[: ID_BITS // 4]


def normalize_url(url: str) -> str:
    """The identity of a URL: the same for all spellings of one address.

    Scheme and host are in lower case and the host is IDNA. There is no default port, no fragment
    and no tracking parameter. The query is sorted, and percent-encoding follows RFC 3986. The
    function is idempotent. A URL that cannot be parsed is its own identity.
    """
    normal = _normalized(url.strip())
    # Decoding one layer of escapes can reveal another; the second pass settles it.
    return _normalized(normal)


def _normalized(url: str) -> str:
    try:
        parts = urlsplit(url)
        if parts.scheme.lower() not in _PORTS or not parts.hostname:
            return url
        cleaned = url_query_cleaner(url, _TRACKING, remove=True, unique=False)
        parts = urlsplit(canonicalize_url(cleaned))
        host = (parts.hostname or "").rstrip(".")
        if ":" in host:
            host = f"[{host}]"
        if parts.port is not None and parts.port != _PORTS[parts.scheme]:
            host = f"{host}:{parts.port}"
        return urlunsplit((parts.scheme, host, parts.path or "/", parts.query, ""))
    except ValueError:
        return url


def host_of(url: str | None) -> str | None:
    """The host of a URL, in lower case; None if there is none or the URL is broken."""
    try:
        return (urlsplit(url or "").hostname or "").rstrip(".") or None
    except ValueError:
        return None


def absolute_url(link: str, base: str | None) -> str | None:
    """A link of a page as an absolute URL; None if that is no http or https URL with a host."""
    try:
        absolute = urljoin(base or "", link)
        parts = urlsplit(absolute)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return None
    return absolute if is_web else None


def path_of(url: str | None) -> str:
    """The path of a URL; empty if there is none or the URL is broken."""
    try:
        return urlsplit(url or "").path
    except ValueError:
        return ""


def site_of(url: str) -> str | None:
    """The registrable domain of a URL (publicsuffix.org, private suffixes included).

    An IP address is its own site. None if there is no host.
    """
    host = host_of(url)
    if not host:
        return None
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        ascii_host = host.encode("idna").decode("ascii")
    except UnicodeError:
        ascii_host = host
    return _SUFFIXES.privatesuffix(ascii_host) or ascii_host
