"""The view in a real Chromium, over a worker on a real broker."""

import datetime as dt
import itertools
import re
import time
import urllib.parse
import uuid

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from helpers.chromium import DESK, PHONE, chromium, needs_chromium, tab
from helpers.harness import Worker, publish, wait_for_outcomes
from streams.kafka.topics import ensure_topics
from streams.settings import Settings
from streams.testing.samples import sample_pages
from streams.testing.samples.newsroom import newsroom

pytestmark = [pytest.mark.broker, needs_chromium]

TOKEN = "c0rrect-horse-battery"  # noqa: S105 - made for the test
SAMPLES = [sample.value for sample in sample_pages()]
START = dt.datetime(2026, 11, 3, 12, tzinfo=dt.UTC)
NEWS = list(itertools.islice(newsroom(1, start=START, every=dt.timedelta(seconds=30)), 120))
AT_ONCE = 80
"""Pages of the news that are published before the tests; with the samples, more than one part of
the list."""

PASTED = """<html><body><nav><a href="/">Home</a></nav><h1>The ferry to Brenn runs again</h1>
<p>The ferry between Velmora and Brenn sails again from Monday, nine weeks after a lorry bent the
loading ramp, and the harbour master said that the repair took longer than he had thought.</p>
<script>window.__pwned = 1</script><img src="https://abroad.example/x.png"></body></html>"""

FOCUSABLE = """() => [...document.querySelectorAll(
    'a[href], button, input, select, textarea, summary, [tabindex="0"]'
)].filter((one) => one.checkVisibility())"""


@pytest.fixture(scope="module")
def worker(broker_address, tmp_path_factory):
    """A worker that has seen the samples and some news, and asks for a token."""
    settings = Settings(
        broker=broker_address,
        topic_prefix=f"t{uuid.uuid4().hex[:8]}.",
        data_dir=tmp_path_factory.mktemp("data"),
        clean_processes=1,
        web_token=TOKEN,
    )
    ensure_topics(settings)
    with Worker(settings) as started:
        started.wait_until_ready(120)
        values = [*SAMPLES, *NEWS[:AT_ONCE]]
        publish(settings, values, partition=0)
        wait_for_outcomes(settings, len(values), 180)
        wait_until_stored(started, len(values))
        yield started


def wait_until_stored(worker, count):
    deadline = time.monotonic() + 60
    given = {"Authorization": f"Bearer {TOKEN}"}
    while f">{count} outcomes<" not in worker.get("/articles", **given)[1]:
        assert time.monotonic() < deadline, worker.get("/articles", **given)[1]
        time.sleep(0.3)


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def view(worker, browser):
    """Opens a tab on the view, with the token."""
    base = f"http://127.0.0.1:{worker.settings.web_port}/"
    return lambda **more: tab(browser, base, **{"token": TOKEN} | more)


@pytest.fixture(scope="module")
def paths(worker, browser):
    """Every page of the view, by a name for messages."""
    base = f"http://127.0.0.1:{worker.settings.web_port}/"
    with tab(browser, base, token=TOKEN) as opened:
        stories = {}
        for kind in ("new", "revision", "near", "no-article"):
            opened.open(f"articles?kind={kind}")
            link = opened.page.locator("td.page > a").first
            stories[kind] = urllib.parse.urlsplit(link.evaluate("link => link.href")).path[1:]
    return {
        "overview": "",
        "list": "articles",
        "empty list": "articles?q=quokka",
        "sites": "sites",
        "site": "sites/herald.example",
        "stories": "stories",
        "try": "try",
        "source": f"{stories['new']}/source",
    } | stories


def test_numbers_move_while_pages_flow_until_it_is_paused(worker, view):
    with view() as opened:
        opened.page.clock.install()
        opened.open()
        pages = [name for name in opened.asked if name == opened.base]
        assert len(pages) == 1
        before = opened.texts("#cards b")
        opened.page.evaluate("window.isTheSamePage = true")
        opened.page.locator("#lag > summary").click()
        link = opened.page.locator("#latest td.page > a").first
        target = link.get_attribute("href")
        link.focus()
        publish(worker.settings, NEWS[AT_ONCE : AT_ONCE + 6], partition=1)
        wait_for_outcomes(worker.settings, len(SAMPLES) + AT_ONCE + 6)
        deadline = time.monotonic() + 60
        while opened.texts("#cards b") == before:
            assert time.monotonic() < deadline, before
            opened.page.clock.run_for(5000)
            opened.page.wait_for_timeout(300)
        assert opened.page.evaluate("window.isTheSamePage") is True
        # What the reader had unfolded, and what had the focus, is as before.
        assert opened.page.locator("#lag").get_attribute("open") is not None
        focused = opened.page.evaluate("document.activeElement.getAttribute('href')")
        assert focused == target

        pause = opened.page.locator("#pause")
        pause.focus()
        opened.page.keyboard.press("Space")
        expect(pause).to_have_text("Follow")
        opened.page.wait_for_timeout(500)
        asked = len(opened.asked)
        opened.page.clock.run_for(60_000)
        opened.page.wait_for_timeout(500)
        assert len(opened.asked) == asked
        opened.page.keyboard.press("Enter")
        with opened.page.expect_response(opened.base):
            opened.page.clock.run_for(5000)


def test_without_scripts_the_page_reloads_itself_and_can_be_stopped(view, paths):
    with view(java_script_enabled=False) as opened:
        opened.open()
        with opened.page.expect_request(opened.base):
            pass
        opened.page.get_by_role("link", name="Pause").click()
        expect(opened.page.get_by_role("link", name="Follow")).to_be_visible()
        assert opened.page.locator("noscript").count() == 0
        for path in paths.values():
            assert opened.open(path).status == 200
            assert opened.page.locator("h1").count() == 1


def test_the_overview_shows_the_store_and_leads_to_the_stories(view):
    with view() as opened:
        opened.open()
        assert opened.text("#since") == "The last hour, of all workers."
        assert opened.page.locator("#charts svg[role=img]").count() == 2
        assert "the view's store" in opened.text("#sizes")
        title = opened.text("#latest td.page > a")
        opened.page.locator("#latest td.page > a").first.click()
        expect(opened.page.locator("#verdict")).to_be_visible()
        assert title in {
            opened.text("h1"),
            opened.text(".address").removesuffix(" open on its site ↗"),
        }
        opened.open()
        opened.page.locator("#cards dt a", has_text="exact").click()
        kinds = {row.partition(" ")[2] for row in opened.texts("#found tbody td:nth-child(2)")}
        assert kinds == {"exact"}


def test_pages_are_found_by_words_url_id_and_filters(view):
    with view() as opened:

        def search(**fields):
            opened.open("articles")
            for name, text in fields.items():
                field = opened.page.locator(f"[name={name}]")
                if field.evaluate("field => field.tagName") == "SELECT":
                    field.select_option(text)
                else:
                    field.fill(text)
            opened.page.get_by_role("button", name="Search").click()
            return opened.texts("#found td.page > a")

        title = "Harbour minister promises new span for Velmora after storm tears bridge apart"
        assert set(search(q="harbour minister", outcome="clean")) == {title}
        opened.page.locator("#found td.page > a").first.click()
        name = opened.page.url.rpartition("/")[2]
        assert search(q=name) == [title]
        url = "https://herald.example/islands/velmora-bridge"
        assert title in search(q=url, outcome="clean")
        assert search(q="quokka") == []
        assert opened.text("main h2") == "0 outcomes"

        search(site="broken.example", outcome="duplicate")
        rows = opened.texts("#found tbody tr")
        assert rows
        assert all("duplicate" in row and "broken.example" in row for row in rows)
        search(since="2020-01-01T00:00", until="2020-01-02T00:00")
        assert opened.text("main h2") == "0 outcomes"
        opened.page.get_by_role("link", name="Clear").click()
        first = opened.texts("#found td.page > a")
        opened.page.get_by_role("link", name="Older").click()
        older = opened.texts("#found tbody tr")
        assert older
        opened.page.get_by_role("link", name="Newest").click()
        assert opened.texts("#found td.page > a") == first


def test_a_story_tells_why_on_one_screen(view, paths):
    with view() as opened:
        opened.open(paths["near"])
        assert opened.text("#verdict").startswith("Dropped as a near copy, because it shares")
        assert opened.page.locator("#verdict").bounding_box()["y"] < DESK["height"] / 2
        assert opened.page.locator(".diff del, .diff ins").count()
        figures = opened.page.locator(".checks tbody tr", has_text="similarity")
        assert float(figures.locator("td").first.inner_text()) > 0.4
        opened.page.locator(".comparison summary").click()
        expect(opened.page.locator(".comparison dl.facts").first).to_be_visible()

        opened.open(paths["new"])
        opened.page.get_by_role("link", name="Show its source as text").click()
        assert opened.text("pre").startswith("<!doctype html><html")
        assert opened.page.locator("pre *").count() == 0

        opened.open(paths["no-article"])
        assert opened.text("#verdict").startswith("Rejected as no-article, because")
        figures = opened.page.locator("#kind dl.facts")
        expect(figures).to_be_visible()
        box = figures.bounding_box()
        assert box["y"] + box["height"] < DESK["height"]


def test_sites_and_stories_have_pictures_that_are_told_in_words(view):
    with view() as opened:
        opened.open("sites")
        assert opened.page.get_by_role("img", name="Who copies whom").is_visible()
        opened.page.locator("#copying summary").click()
        opened.page.locator("#copying tbody a").first.click()
        assert opened.page.locator("#cards b").count() == 4
        opened.open("stories?range=hour")
        pictures = opened.page.get_by_role("img", name=re.compile("copies by 5 min"))
        assert pictures.count() == len(opened.texts("#stories li")) > 3
        opened.page.get_by_role("link", name="last week").click()
        assert opened.text("h1") == "The most copied stories of the last week"
        opened.page.locator("#stories h2 a").first.click()
        assert re.fullmatch(r"\d+ copies", opened.text("#copies h2"))


def test_a_pasted_page_is_tried_and_another_sites_form_is_refused(view):
    with view() as opened:
        opened.open("try")
        opened.page.get_by_label("HTML or text").fill(PASTED)
        opened.page.get_by_role("button", name="Clean it").click()
        assert opened.text("#verdict").startswith("Published, unless")
        assert opened.text("#made h2") == "The ferry to Brenn runs again"
        assert opened.page.get_by_label("HTML or text").input_value() == PASTED
        assert opened.page.evaluate("window.__pwned") is None
    with view(is_checked=False) as opened:
        form = f'<form method="post" action="{opened.base}try"><button>Go</button></form>'
        opened.page.route(
            "http://abroad.example/",
            lambda route: route.fulfill(body=form, content_type="text/html"),
        )
        opened.page.goto("http://abroad.example/")
        with opened.page.expect_response(f"{opened.base}try") as answer:
            opened.page.get_by_role("button", name="Go").click()
        assert answer.value.status == 403
        expect(opened.page.locator("body")).to_contain_text("another site's page sent this form")


def test_every_page_asks_for_the_token(view, paths):
    with view(token=None, is_checked=False) as opened:
        for path in paths.values():
            answer = opened.page.request.get(f"{opened.base}{path}")
            assert answer.status == 401, path
            assert "CLEANWIRE_WEB_TOKEN" in answer.text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_no_page_is_wider_than_a_phone(view, paths, scheme):
    # Only colours differ in the dark.
    rules = {"runOnly": ["color-contrast"]} if scheme == "dark" else {}
    # axe is put into the page as a script, which the policy of the view forbids.
    # Without the policy, Chromium asks for an icon too, and the view has none.
    with view(bypass_csp=True, color_scheme=scheme, is_checked=False) as opened:
        found = {}
        for name, path in paths.items():
            opened.open(path)
            # Nothing is folded or in motion, so that everything is looked at.
            opened.page.evaluate(
                "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
            )
            opened.page.wait_for_function("document.getAnimations().length === 0")
            violations = (
                Axe()
                .run(opened.page, options={"resultTypes": ["violations"]} | rules)
                .response["violations"]
            )
            for one in violations:
                nodes = [node["html"][:200] for node in one["nodes"][:3]]
                found[name, one["id"]] = one["impact"], one["help"], nodes
            opened.page.set_viewport_size(PHONE)
            assert opened.too_wide() == [], name
            opened.page.set_viewport_size(DESK)
        assert found == {}


@pytest.mark.parametrize("name", ["overview", "list", "near", "site", "try"])
def test_the_keyboard_reaches_every_control_and_shows_where_it_is(view, paths, name):
    with view() as opened:
        # The page stays as it is while it is walked through.
        opened.open(paths[name] or "?live=no")
        page = opened.page
        page.keyboard.press("Tab")
        skip = page.locator(".skip")
        expect(skip).to_be_focused()
        assert skip.bounding_box()["x"] >= 0
        page.keyboard.press("Enter")
        expect(page.locator("#content")).to_be_focused()
        opened.open(paths[name] or "?live=no")
        reached, outlines = walk(page)
        assert reached == page.evaluate(f"({FOCUSABLE})().length")
        assert outlines == []


def walk(page):
    """Tab to the end of a page; how many controls had the focus, and which did not show it."""
    page.evaluate(
        f"""() => {{
            window.left = new Set(({FOCUSABLE})());
            window.reached = 0;
            window.unseen = [];
            document.addEventListener("focusin", (event) => {{
                if (!window.left.delete(event.target)) return;
                window.reached += 1;
                const style = getComputedStyle(event.target);
                if (style.outlineStyle === "none" || style.outlineWidth === "0px")
                    window.unseen.push(event.target.outerHTML.slice(0, 120));
            }});
        }}"""
    )
    for _ in range(600):
        page.keyboard.press("Tab")
        if page.evaluate("window.left.size") == 0 or page.evaluate("!document.hasFocus()"):
            break
    return page.evaluate("window.reached"), page.evaluate("window.unseen")


def test_the_policy_keeps_what_is_not_the_views_from_running(view):
    with view(is_checked=False) as opened:
        opened.open()
        broken = opened.page.evaluate(
            """async () => {
                const broken = [];
                document.addEventListener("securitypolicyviolation", (event) =>
                    broken.push(event.effectiveDirective));
                const script = document.createElement("script");
                script.textContent = "window.__pwned = 1";
                document.body.append(script);
                const box = document.createElement("div");
                document.body.append(box);
                box.innerHTML = '<img src="https://abroad.example/x.png" onerror="window.__pwned = 1">'
                    + '<p style="color: red">styled</p>';
                await fetch("https://abroad.example/").catch(() => null);
                await new Promise((done) => setTimeout(done, 500));
                return broken.sort();
            }"""
        )
        assert set(broken) == {
            "connect-src",
            "img-src",
            "script-src-attr",
            "script-src-elem",
            "style-src-attr",
        }
        assert opened.page.evaluate("window.__pwned") is None
