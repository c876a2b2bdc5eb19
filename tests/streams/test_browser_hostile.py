"""Hostile pages go through the real stream and every page of the view, in a real Chromium."""

import base64
import urllib.parse
import uuid

import orjson
import pytest

from helpers.chromium import chromium, needs_chromium, tab
from helpers.harness import Worker, publish, wait_for_outcomes
from helpers.hostile_pages import KINDS, make
from streams.kafka.topics import ensure_topics
from streams.settings import Settings

pytestmark = [pytest.mark.broker, needs_chromium]

MARK = "data-pwned"
"""An attribute of every element that the pages try to bring in."""

TEXTS = {
    "script": f"<script {MARK}>window.__pwned = 1; alert(1)</script>",
    "picture": f'<img {MARK} src=x onerror="window.__pwned = 1; alert(1)">',
    "quotes": f"'\"><svg {MARK} onload=\"window.__pwned = 1\">",
    "ends": f"</bdi></td></tr></table></main></title></textarea></pre></script><b {MARK}>out</b>",
    "comment": f"--><!--><i {MARK}>out</i><![CDATA[<b {MARK}>",
    "entities": f"&lt;b {MARK}&gt;&#60;b {MARK}&#62;&quot;&apos;",
    "template": "{{ 7 * 7 }}{% for x in y %}${window.__pwned = 1}",
    "control": "a\x00b\x1b[31mc\x07d\x85e\u2028f\r\ng",
    "right to left": "\u202eelpmaxe\u202c \u2066\u2067\u202b abc",
    "unseen": "a\u200b\u200d\ufeff\U000e0041\ufdd0b",
    "long": "W" * 3000,
    "style": f"<style {MARK}>*{{display:none}}</style><base {MARK} href='https://abroad.example/'>",
}  # fmt: skip
SEED = 3

SCRIPT = "<script>window.__pwned = 1; alert(1)</script>"


def page(name, text, number):
    """A page that says the text wherever a page can say something."""
    shown = text.replace("\x00", "")
    escaped = shown.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    words = " ".join(f"{name}{number}x{place} tells of{place} it." for place in range(40))
    html = (
        f'<html lang="{escaped}"><head><title>{escaped}</title>{SCRIPT}'
        f'<meta property="og:title" content="{escaped} {name}">'
        f'<meta property="og:site_name" content="{escaped}">'
        f'<meta name="author" content="{escaped}">'
        f'<meta property="article:published_time" content="{escaped}"></head>'
        f'<body><nav class="{escaped}"><a href="javascript:alert(1)">{escaped}</a></nav>'
        f'<h1>{escaped} {name}</h1><p>{escaped}</p><p {MARK} id="{escaped}">{words}</p>'
        f"{shown}</body></html>"
    )
    host = f"h{number}.example"
    return {
        "url": f"https://{host}/{text}?q={text}",
        "fetched_at": "2026-11-03T10:00:00Z",
        "content_type": "text/html",
        "headers": {"x": escaped},
        "body_base64": base64.b64encode(html.encode("utf-8", "replace")).decode(),
    }


def values():
    """The texts in every field, copies of some, hosts and events that are odd, and the corpus."""
    for number, (name, text) in enumerate(TEXTS.items()):
        event = page(name, text, number)
        yield orjson.dumps(event)
        yield orjson.dumps(event | {"url": f"https://copy{number}.example/{text}"})
        quoted = urllib.parse.quote(text[:40], safe="")
        yield orjson.dumps(event | {"content_type": text, "url": f"https://{quoted}.example/"})
        yield orjson.dumps({"url": text, "fetched_at": text, "body": text})
    for kind in KINDS:
        if (value := make(kind, SEED, 0).value) is not None:
            yield value


@pytest.fixture(scope="module")
def view(broker_address, tmp_path_factory):
    """The address of a worker's view that has seen all of it."""
    settings = Settings(
        broker=broker_address,
        topic_prefix=f"t{uuid.uuid4().hex[:8]}.",
        data_dir=tmp_path_factory.mktemp("data"),
        max_message_bytes=24 << 20,
        clean_processes=1,
    )
    ensure_topics(settings)
    with Worker(settings) as worker:
        worker.wait_until_ready(120)
        published = list(values())
        publish(
            settings,
            published,
            partition=0,
            headers=[("crawler", TEXTS["picture"].encode()), (TEXTS["quotes"], b"\xff")],
        )
        wait_for_outcomes(settings, len(published), 200)
        yield f"http://127.0.0.1:{worker.settings.web_port}/", len(published)


FOREIGN = f"""() => {{
    const foreign = [...document.querySelectorAll(
        '[{MARK}], img, iframe, object, embed, base, style, script:not([src]), video, audio, [style]'
    )].map((one) => one.outerHTML.slice(0, 200));
    for (const one of document.querySelectorAll('*'))
        for (const attribute of one.attributes)
            if (attribute.name.startsWith('on')) foreign.push(one.outerHTML.slice(0, 200));
    for (const link of document.querySelectorAll('a')) {{
        const own = link.origin === location.origin;
        // A link whose URL cannot be parsed has the protocol ':', and leads nowhere.
        const safe = /^(https?)?:$/.test(link.protocol) && link.relList.contains('noopener');
        if (!own && !safe) foreign.push(link.outerHTML.slice(0, 200));
    }}
    if (window.__pwned !== undefined) foreign.push('a script ran');
    return foreign;
}}"""

UNSEEN = r"""() => (document.title + document.body.textContent).match(
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufdd0]/gu)"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.mark.timeout(600)
def test_no_markup_of_a_page_reaches_the_browser(view, browser):
    base, count = view
    with tab(browser, base) as opened:
        seen, left = set(), ["", "articles", "sites", "stories", "stories?range=hour", "try"]
        stories = sources = 0
        while left:
            path = left.pop()
            if path in seen:
                continue
            seen.add(path)
            answer = opened.open(path)
            assert answer.status == 200, path
            assert opened.page.evaluate(FOREIGN) == [], path
            assert opened.page.evaluate(UNSEEN) is None, path
            assert opened.too_wide() == [], path
            assert opened.page.locator("header nav a").count() == 5
            stories += path.startswith("articles/") and not path.endswith("/source")
            sources += path.endswith("/source")
            links = opened.page.evaluate(
                "[...document.querySelectorAll('main a')].map((link) => link.href.split('#')[0])"
            )
            left += [link.removeprefix(base) for link in links if link.startswith(base)]
        # A recrawl has the id of what it repeats, and so have some pages of one URL.
        assert count * 0.6 < stories <= count
        assert sources == stories


def test_what_is_pasted_comes_back_as_it_was_typed_and_as_text(view, browser):
    base, _ = view
    typed = page("pasted", "".join(TEXTS.values()), 1)
    # Forms have line breaks of their own, and no lone NUL.
    pasted = base64.b64decode(typed["body_base64"]).decode().replace("\r\n", "\n")
    with tab(browser, base) as opened:
        opened.open("try")
        opened.page.get_by_label("HTML or text").fill(pasted)
        opened.page.get_by_label("URL, if it matters").fill(f"https://h.example/<b {MARK}>")
        opened.page.get_by_role("button", name="Clean it").click()
        opened.page.locator("#verdict").wait_for()
        assert opened.page.get_by_label("HTML or text").input_value() == pasted
        assert opened.page.evaluate(FOREIGN) == []
