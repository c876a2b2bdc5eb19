"""Takes the pictures of the web view in docs/screenshots/, from a real run of the demo's news.

It starts an embedded Kafka and a worker, publishes the sample pages and made-up news, waits, and
lets Chromium (Debian's, or the one that CHROMIUM names) take the pictures:

    python scripts/screenshots.py --minutes 20

Invariant: every picture shows a page of the view as it is served. No picture is above `MOST_BYTES`.
"""

import argparse
import contextlib
import io
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from streams.testing import demo
from streams.testing.samples import sample_pages

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "screenshots"
MOST_BYTES = 150_000
COLOURS = 128
WIDTH = 1200
HEIGHT = 900
PHONE_WIDTH, PHONE_HEIGHT = 400, 860

PASTED = """<html lang="en"><head><title>Ferry resumes | Saltmarsh Echo</title></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/sport">Sport</a></li></ul></nav>
<article><h1>The ferry to Brenn runs again</h1><p class="byline">By Lida Carrow</p>
<p>The ferry between Velmora and Brenn sails again from Monday, nine weeks after a lorry that took
the corner too fast bent the loading ramp.</p>
<p>The harbour master said that the repair took longer because the ramp had to come by boat from
Ostby, sixty kilometres away.</p></article>
<aside><h3>Read more</h3><ul><li><a href="/a">School kitchen changes hands</a></li></ul></aside>
</body></html>"""


def main() -> int:
    """Take the pictures; 2 if there is no Chromium."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=3.0, help="how long the news runs before")
    parser.add_argument(
        "--view", help="the address of a view that runs, in place of a run of its own"
    )
    given = parser.parse_args()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        print("no Chromium: install it (Debian: chromium), or set CHROMIUM", file=sys.stderr)
        return 2
    with contextlib.ExitStack() as stack:
        base = given.view or stack.enter_context(_demo(given.minutes))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        FOLDER.mkdir(exist_ok=True)
        _take_all(browser, base.rstrip("/") + "/")
        browser.close()
    return 0


@contextlib.contextmanager
def _demo(minutes: float) -> Iterator[str]:
    """The view of a demo whose news has run for so long."""
    with demo.stage(print) as settings:
        samples = sample_pages()
        demo.publish(settings, samples)
        for _ in demo.results(settings, samples):
            pass
        with demo.keep_publishing(settings):
            time.sleep(60 * minutes)
            yield f"http://127.0.0.1:{settings.web_port}/"


def _take_all(browser: Browser, base: str) -> None:
    desk = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
    dark = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="dark")
    phone = browser.new_page(
        viewport={"width": PHONE_WIDTH, "height": PHONE_HEIGHT}, color_scheme="light"
    )
    for page, name in ((desk, "overview"), (dark, "overview-dark"), (phone, "overview-phone")):
        page.goto(base)
        _take(page, name)
    desk.goto(f"{base}articles?q=bakery")
    _take(desk, "articles")
    _open_first(desk, f"{base}articles?kind=near")
    _take(desk, "duplicate", height=1100)
    _open_first(desk, f"{base}articles?kind=no-article")
    _take(desk, "rejected")
    desk.goto(f"{base}sites")
    _take(desk, "sites")
    desk.goto(f"{base}sites/herald.example")
    _take(desk, "site")
    desk.goto(f"{base}stories?range=hour")
    _take(desk, "stories", height=700)
    desk.goto(f"{base}try")
    desk.get_by_label("HTML or text").fill(PASTED)
    desk.get_by_role("button", name="Clean it").click()
    desk.locator("#verdict").wait_for()
    _take(desk, "try")


def _open_first(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("td.page > a").first.click()
    page.locator("#verdict").wait_for()


def _take(page: Page, name: str, *, height: int | None = None) -> None:
    """Take a picture of the top of a page, with few colours so that it is small."""
    size = page.viewport_size
    assert size is not None  # noqa: S101 - every page was made with a size
    clip = {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"]}
    taken = page.screenshot(clip=clip, full_page=True)
    path = FOLDER / f"{name}.png"
    picture = Image.open(io.BytesIO(taken)).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    found = path.stat().st_size
    print(f"{path.relative_to(FOLDER.parents[1])}: {found:,} bytes")
    if found > MOST_BYTES:
        raise SystemExit(
            f"{path.name} has {found:,} bytes, over {MOST_BYTES:,}; take fewer colours"
        )


if __name__ == "__main__":
    raise SystemExit(main())
