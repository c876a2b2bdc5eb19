"""URLs of every illegal kind: of the event, of the page's links, of its base and its refresh.

Invariant: nothing of it is ever fetched or followed; it is text.
"""

import random

from helpers.hostile_pages import events

_URLS = (
    "https://", "https:///a", "http:a.example/x", "//a.example/x", "a.example/x", "", " ", "https://a b.example/",
    "https://user:pass@a.example/", "https://a.example@b.example/", "https://a.example:99999/", "https://a.example:0/",
    "https://a.example:-1/", "https://a.example:x/", "https://a.example:/", "https://[::1]/", "https://[::1%25eth0]/",
    "https://[fe80::1%eth0]/", "https://[::1/", "https://::1/", "https://[v1.x]/", "https://[a]/", "https://1.2.3.4/",
    "https://0x7f.1/", "https://2130706433/", "https://999.1.1.1/", "https://b\u00fccher.example/", "https://xn--/",
    "https://xn--\u00fc.example/", "https://\u2488.example/", "https://a\u3002example/", "https://\u200b/",
    "https://-a-.example/", "https://a..example/", "https://.example/", "https://./", "https://a.example./",
    "https://" + "a" * 300 + ".example/", "https://" + "a." * 2000 + "example/", "https://a.example/%",
    "https://a.example/%zz%00%0a%c0%af", "https://a.example/%25%32%35", "https://a.example/a b", "https://a.example/\x00",
    "https://a.example/\r\nX: y", "https://a.example/\ud800", "https://a.example\\b\\c", "https:\\\\a.example\\x",
    "https://a.example/../../../etc/passwd", "https://a.example/?&&==&a&a=&=b#?#", "https://a.example/#" + "x" * 5000,
    "https://a.example/" + "x" * 8192, "https://a.example/?" + "a=1&" * 2000, "https://a.example/" + "../" * 2000,
    "https://a.example/" + "2025/01/01/" * 500, "HTTPS://A.EXAMPLE:443/%7Ea", "javascript:alert(1)", "data:text/html,x",
    "data:text/html;base64," + "A" * 5000, "file:///etc/passwd", "file://", "file:x", "blob:https://a.example/x",
    "about:blank", "ftp://a.example/", "view-source:https://a.example/", "mailto:a@a.example", "ws://a.example/",
    "https://a.example/\u202egpj.exe", "https://\u0430.example/", "https://a.example/\U0001f600", "http://http://a.example/",
    "https://a.example/;jsessionid=1;;;", "https://a.example:443:443/", "https://%61.example/", "https://a%2eexample/",
    "https://a.example%00.b.example/", "https://\u00df.example/", "https://\ufdfa.example/", "https://a.co.uk/", "https://com/",
    "https://a.blogspot.com/", "https://\u0300\u0316" + "\u0300\u0316" * 1000 + ".example/", "https://[::ffff:1.2.3.4]/",
    "https://a.example/2025/13/45/x", "https://a.example/0000/00/00", "https://a\uff0eexample/", "https://a.example\t/x\n",
)  # fmt: skip


def of_the_event(r: random.Random) -> bytes:
    """The event's own URL."""
    url = r.choice(_URLS)
    if r.random() < 0.3:
        other = r.choice(_URLS)
        url = url[: r.randint(0, len(url))] + other[r.randint(0, len(other)) :]
    return events.event(r, events.page(r), url=url)


def of_the_page(r: random.Random) -> bytes:
    """Canonical links, pictures, anchors, bases and refreshes, on a page with a URL of any kind."""

    def written() -> str:
        return r.choice(_URLS).replace("'", "&#39;").replace("\x00", "&#0;")

    head = (
        f"<base href='{written()}'><link rel='{r.choice(('canonical', 'CANONICAL amphtml', 'alternate'))}' href='{written()}'>"
        f"<meta property='og:url' content='{written()}'><meta property='og:image' content='{written()}'>"
        f"<meta http-equiv='refresh' content='0;url={written()}'><meta http-equiv='content-type' content='{written()}'>"
    )
    body = "".join(
        f"<a href='{written()}'>word</a> <img src='{written()}'> "
        for _ in range(r.choice((1, 5, 40)))
    )
    url = r.choice(
        (events.address(r), "file:///a/b", "https://a.example:8080/x?y", "https://[::1]/")
    )
    return events.event(r, events.page(r, f"<p>{body}</p>", head), url=url)
