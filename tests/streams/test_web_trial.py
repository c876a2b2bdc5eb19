"""The page on which a page is tried: the form, its bounds, and what becomes of what was pasted."""

import asyncio
import contextlib
import dataclasses
import http.client
import itertools
import logging
import socket
import threading

import orjson
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from cleanwire.explain import explain_event, explain_page
from helpers.view_pages import Explainer
from streams.runtime.explainer import ExplainerBusyError
from streams.testing.ports import free_port
from streams.testing.samples import sample_pages
from streams.web import trial as trial_module
from streams.web.pages.trial import MOST_GIVEN_BACK, MOST_SHOWN, Pasted, trial
from streams.web.trial import FIELDS, Trial

NOW = 1_800_000_000.0
MOST = 20_000
MARK = "zebrafinch"
"""A word of the page that is in no log."""

PAGE = (
    "<html lang=en><head><title>Harbour opens</title></head><body><nav>Home News</nav>"
    "<h1>Harbour opens</h1>"
    + "".join(
        f"<p>The {word} of the town said on Tuesday that the harbour would open again, and that "
        f"the ferry would leave with the {word} of the {MARK} on board.</p>"
        for word in ("mayor", "council", "pilot", "keeper")
    )
    + "</body></html>"
)


class Slow(Explainer):
    """Answers when it is let go."""

    def __init__(self):
        self.began, self.go, self.events = threading.Event(), threading.Event(), []

    async def explain(self, value):
        self.events.append(value)
        self.began.set()
        await asyncio.to_thread(self.go.wait, 30)
        return explain_event(value)


class Busy(Explainer):
    """Never answers."""

    async def explain(self, _):
        raise ExplainerBusyError(4)


class Ending(Explainer):
    """Is closed, as it is while its worker ends."""

    async def explain(self, _):
        raise RuntimeError("the explainer is closed")


@contextlib.contextmanager
def serving(explainer=None, most=MOST):
    """The form on a port of its own."""
    port, started, stop = free_port(), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve():
        tried = Trial(explainer or Explainer(), most)
        application = web.Application()
        application.router.add_get("/try", tried.form)
        application.router.add_post("/try", tried.answer)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        started.set()
        await stop.wait()
        await runner.cleanup()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert started.wait(20)
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def port():
    with serving() as one:
        yield one


def form(*fields):
    """The body of a form, as browsers write it."""
    body = b""
    for name, value in fields:
        data = value if isinstance(value, bytes) else value.encode()
        body += b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n' % name.encode()
        body += data + b"\r\n"
    return body + b"--b--\r\n"


def send(port, body, **headers):
    headers = {"Content-Type": "multipart/form-data; boundary=b"} | headers
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as client:
        client.request("POST", "/try", body, headers)
        answer = client.getresponse()
        return answer.status, LexborHTMLParser(answer.read().decode()), answer.headers


def words_of(tree, selector):
    node = tree.css_first(selector)
    return node and " ".join(node.text(deep=True).split())


def area_of(tree):
    """What a browser shows in the text area."""
    return tree.css_first("textarea").text(deep=True)


def test_the_form_is_empty_at_first(port):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as client:
        client.request("GET", "/try")
        answer = client.getresponse()
        tree = LexborHTMLParser(answer.read().decode())
    assert answer.status == 200
    assert area_of(tree) == ""
    assert tree.css_first("#verdict") is None
    made = tree.css_first("form.try")
    assert (made.attributes["method"], made.attributes["enctype"]) == ("post", trial_module.FORM)
    assert {node.attributes["name"] for node in made.css("[name]")} == set(FIELDS)
    # Every field is in its label.
    assert len(made.css("label [name]")) == len(FIELDS)


def test_an_article_is_explained(port):
    status, tree, _ = send(port, form(("page", PAGE), ("url", "https://gull.example/h")))
    assert status == 200
    assert words_of(tree, "#verdict").startswith("Published, unless")
    assert words_of(tree, "#made h2") == "Harbour opens"
    assert "council of the town" in words_of(tree, "#made .prose")
    assert "Home News" not in words_of(tree, "#made .prose")
    assert "Home News" in words_of(tree, "#blocks")
    assert "navigation" in words_of(tree, "#blocks")
    assert "title" in words_of(tree, "#metadata")
    assert "https://gull.example/h" in words_of(tree, "#came")
    assert area_of(tree) == PAGE


def test_what_is_no_article_is_explained(port):
    links = "".join(f"<li><a href=/{n}>Story number {n}</a>" for n in range(80))
    status, tree, _ = send(port, form(("page", f"<html><body><ul>{links}</ul></body></html>")))
    assert status == 200
    assert words_of(tree, "#verdict").startswith("Rejected as no-article, because")
    assert "none was given" in words_of(tree, "#came")


def test_the_type_and_the_url_count(port):
    _, tree, _ = send(port, form(("page", PAGE), ("content_type", "image/png")))
    assert words_of(tree, "#verdict").startswith("Rejected as unsupported-type")
    _, tree, _ = send(port, form(("page", PAGE), ("url", "gull")))
    assert words_of(tree, "#verdict").startswith("Rejected as invalid-event")
    _, tree, _ = send(port, form(("page", "Harbour opens"), ("content_type", "text/plain")))
    assert "plain text" in words_of(tree, "#came")


@pytest.mark.parametrize(
    "sample",
    [one for one in sample_pages() if one.expected == "clean" and b'"body":' in one.value],
    ids=lambda one: one.expected,
)
def test_the_form_explains_what_the_core_does(port, sample):
    explained = explain_event(sample.value)
    body = orjson.loads(sample.value)["body"]
    status, tree, _ = send(port, form(("page", body)))
    assert status == 200
    assert words_of(tree, "#made h2") == " ".join(explained.article.title.split())
    assert words_of(tree, "#made .prose") == " ".join(explained.article.text.split())


@pytest.mark.parametrize(
    ("body", "headers", "status", "said"),
    [
        (b"page=x", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "multipart"),
        (b"{}", {"Content-Type": "application/json"}, 415, "multipart"),
        (form(("page", PAGE)), {"Content-Encoding": "gzip"}, 415, "multipart"),
        (form(("page", PAGE)), {"Content-Type": "multipart/form-data"}, 400, "damaged"),
        (form(("page", PAGE))[:-40], {}, 400, "damaged"),
        (form(), {}, 400, "There is no page"),
        (form(("page", " \r\n")), {}, 400, "There is no page"),
        (form(("url", "https://gull.example/")), {}, 400, "There is no page"),
        (form(("page", PAGE), ("page", PAGE)), {}, 400, "other fields"),
        (form(("page", PAGE), ("file", "x")), {}, 400, "other fields"),
        (form(("page", b"Z\xfcrich")), {}, 400, "page is no UTF-8 at byte 1"),
        (form(("page", PAGE), ("url", b"\xff")), {}, 400, "url is no UTF-8 at byte 0"),
        (form(("page", "x" * (MOST + 1))), {}, 413, "page has over 20,000 bytes"),
        (form(("page", PAGE), ("url", "u" * 9000)), {}, 413, "url has over 8,192 bytes"),
        (form(("page", "x" * 200_000)), {}, 413, "CLEANWIRE_MAX_PAGE_BYTES"),
    ],
)
def test_a_form_that_cannot_be_used_is_refused_with_a_sentence(port, body, headers, status, said):
    answered, tree, _ = send(port, body, **headers)
    assert answered == status
    assert said in words_of(tree, "#problem")
    assert tree.css_first("#verdict") is None
    # The next one is let in.
    assert send(port, form(("page", PAGE)))[0] == 200


def test_a_nested_form_is_refused(port):
    inner = b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b--\r\n"
    assert send(port, inner)[0] == 400


def talk(port, head, body=b""):
    """What the server says to a form that is not all there."""
    with contextlib.closing(socket.create_connection(("127.0.0.1", port), 10)) as client:
        start = b"POST /try HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        kind = b"Content-Type: multipart/form-data; boundary=b\r\n"
        client.sendall(start + kind + head + b"\r\n" + body)
        return client.recv(4096).decode()


def test_a_body_that_is_too_long_is_not_waited_for(port):
    assert " 413 " in talk(port, b"Content-Length: 9999999999\r\n").splitlines()[0]


def test_a_body_of_unknown_length_is_refused(port):
    assert " 411 " in talk(port, b"Transfer-Encoding: chunked\r\n").splitlines()[0]


def test_a_body_that_does_not_come_is_given_up(port, monkeypatch):
    monkeypatch.setattr(trial_module, "READ_SECONDS", 0.3)
    assert " 408 " in talk(port, b"Content-Length: 1000\r\n", b"--b\r\n").splitlines()[0]
    assert send(port, form(("page", PAGE)))[0] == 200


def test_a_page_may_be_as_large_as_one_of_the_crawl():
    slow = Slow()
    slow.go.set()
    text = "Harbour opens. " * 200_000
    with serving(slow, most=len(text)) as port:
        status, tree, _ = send(port, form(("page", text)))
        assert status == 200
        assert orjson.loads(slow.events[0])["body"] == text
        assert tree.css_first("#verdict") is not None
        assert send(port, form(("page", f"{text}x")))[0] == 413


def test_one_page_at_a_time():
    explainer = Slow()
    with serving(explainer) as port:
        first = []
        thread = threading.Thread(target=lambda: first.append(send(port, form(("page", PAGE)))))
        thread.start()
        assert explainer.began.wait(10)
        status, tree, headers = send(port, form(("page", PAGE)))
        assert (status, headers["Retry-After"]) == (503, "5")
        assert "Another page is being tried" in words_of(tree, "#problem")
        explainer.go.set()
        thread.join()
        assert first[0][0] == 200
        assert send(port, form(("page", PAGE)))[0] == 200
        assert len(explainer.events) == 2


def test_a_busy_explainer_and_a_slow_one_are_told(monkeypatch):
    with serving(Busy()) as port:
        status, tree, _ = send(port, form(("page", PAGE)))
        assert status == 503
        assert "try again in some seconds" in words_of(tree, "#problem")
        # What was typed is not lost.
        assert area_of(tree) == PAGE
    monkeypatch.setattr(trial_module, "EXPLAIN_SECONDS", 0.2)
    slow = Slow()
    with serving(slow) as port:
        status, tree, _ = send(port, form(("page", PAGE)))
        assert status == 503
        assert "no answer within 0.2 seconds" in words_of(tree, "#problem")
        slow.go.set()


def test_an_explainer_that_ends_is_told_and_is_no_fault_of_the_server():
    with serving(Ending()) as port:
        status, tree, _ = send(port, form(("page", PAGE)))
    assert status == 503
    assert "is ending; try again" in words_of(tree, "#problem")


def test_nothing_of_a_page_is_logged(port, caplog):
    caplog.set_level(logging.DEBUG)
    for body in (
        form(("page", PAGE)),
        form(("page", PAGE), ("page", PAGE)),
        form(("page", PAGE))[:-40],
        form(("page", f"{MARK}\xff".encode("latin-1"))),
    ):
        send(port, body)
        _, tree, _ = send(port, body, **{"Content-Type": f"multipart/form-data; x={MARK}"})
        assert MARK not in (words_of(tree, "#problem") or "")
    assert MARK not in caplog.text


TYPED = st.lists(
    st.sampled_from(
        ["</textarea>", "<script>alert(1)</script>", "\n", "\r\n", "\t", "&lt;", "&amp;", "'", '"',
         "\xa0", "\u202e", "\u200c", "\xad", "\u2028", "é", "<!--", "]]>", "  "]
    )
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
    max_size=10,
).map("".join)  # fmt: skip


@given(TYPED, TYPED)
def test_what_was_typed_comes_back_as_it_was(page, url):
    tree = LexborHTMLParser(trial(NOW, Pasted(page=page, url=url)))
    # HTML has one kind of line break.
    assert area_of(tree) == page.replace("\r\n", "\n").replace("\r", "\n")
    plain = LexborHTMLParser(trial(NOW, Pasted(page="plain", url="plain")))
    shape = [[(node.tag, list(node.attributes)) for node in one.css("*")] for one in (tree, plain)]
    assert shape[0] == shape[1]


def test_a_very_long_page_is_not_given_back():
    tree = LexborHTMLParser(trial(NOW, Pasted(page="x" * (MOST_GIVEN_BACK + 1))))
    assert area_of(tree) == ""
    assert "too long to be given back" in words_of(tree, "#form")


@pytest.mark.slow
@given(st.tuples(*[TYPED] * 5))
def test_nothing_of_a_page_becomes_an_element(texts):
    explained = explain_page(PAGE, url="https://gull.example/h")
    shapes = []
    for title, text, kind, language, url in (texts, ("plain",) * 5):
        article = dataclasses.replace(
            explained.article, title=f"t{title}", text=f"t{text}", language=f"l{language}"
        )
        came = dataclasses.replace(explained.came, content_type=f"k{kind}")
        page = trial(
            NOW,
            Pasted(page="p", url=f"u{url}"),
            dataclasses.replace(explained, article=article, came=came),
        )
        tree = LexborHTMLParser(page)
        tree.css_first("[name=url]").attrs["value"] = ""
        shapes.append([(node.tag, node.attributes) for node in tree.css("*")])
        shown = tree.css_first("#made").text(deep=True) + tree.css_first("#came").text(deep=True)
        assert all(sign.isprintable() for sign in shown.replace("\n", ""))
    assert shapes[0] == shapes[1]


def test_headings_are_in_order(port):
    for body in (form(("page", PAGE)), form()):
        _, tree, _ = send(port, body)
        levels = [int(node.tag[1]) for node in tree.css("h1, h2, h3, h4")]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(later - level <= 1 for level, later in itertools.pairwise(levels))


def test_a_long_text_is_cut():
    explained = explain_page(PAGE, url="https://gull.example/h")
    text = "word " * MOST_SHOWN
    article = dataclasses.replace(explained.article, text=text)
    page = trial(NOW, Pasted(page="p"), dataclasses.replace(explained, article=article))
    tree = LexborHTMLParser(page)
    assert words_of(tree, "#made .prose") == text[:MOST_SHOWN].strip()
    assert f"The first {MOST_SHOWN:,} of {len(text):,} characters." in words_of(tree, "#made")
