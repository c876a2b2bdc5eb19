"""A real Chromium, and what its pages did that pages of the view must not do.

Debian's Chromium is used, because Playwright's own is a download of its own. CHROMIUM names another.
"""

import contextlib
import dataclasses
import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here: install it (Debian: chromium), or set CHROMIUM"
)

WAIT = 60_000
"""Milliseconds that a busy machine may take for a page."""

PHONE = {"width": 400, "height": 800}
DESK = {"width": 1400, "height": 900}


@contextlib.contextmanager
def chromium():
    """A browser without a profile; every tab gets a context of its own."""
    with sync_playwright() as playwright:
        # Containers run as root, under which Chromium starts without its sandbox only.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@dataclasses.dataclass
class Tab:
    """A tab on the view, and what happened in it.

    `said` are errors and warnings of the console and exceptions of scripts; `asked` the URLs of all
    requests; `dialogs` what was shown in a dialog.
    """

    page: object
    base: str
    said: list = dataclasses.field(default_factory=list)
    asked: list = dataclasses.field(default_factory=list)
    dialogs: list = dataclasses.field(default_factory=list)

    def open(self, path=""):
        answer = self.page.goto(f"{self.base}{path}")
        # A page that is only looked at later has loaded its style sheet too.
        self.page.wait_for_load_state("load")
        return answer

    def texts(self, selector):
        return [" ".join(text.split()) for text in self.page.locator(selector).all_inner_texts()]

    def text(self, selector):
        return " ".join(self.page.locator(selector).first.inner_text().split())

    def too_wide(self):
        """What makes the page wider than the window; nothing if it is not."""
        return self.page.evaluate(
            """() => document.documentElement.scrollWidth <= innerWidth ? [] :
                [...document.querySelectorAll('main *')]
                    .filter((one) => one.getBoundingClientRect().right > innerWidth)
                    .filter((one) => !one.closest('.scroll'))
                    .map((one) => one.cloneNode(false).outerHTML.slice(0, 150))
                    .slice(0, 5)"""
        )

    def faults(self):
        """Everything that no page of the view may do."""
        abroad = [url for url in self.asked if not url.startswith(self.base)]
        return self.said + self.dialogs + abroad


@contextlib.contextmanager
def tab(browser, base, *, token=None, is_checked=True, **more):
    """A tab in a context of its own; it must have done nothing that it may not do."""
    if token is not None:
        more["http_credentials"] = {"username": "any", "password": token}
    context = browser.new_context(**{"viewport": DESK} | more)
    context.set_default_timeout(WAIT)
    try:
        page = context.new_page()
        opened = Tab(page, base)
        page.on("console", lambda one: _heard(opened, one))
        page.on("pageerror", lambda error: opened.said.append(f"script: {error}"))
        page.on("request", lambda request: opened.asked.append(request.url))
        page.on("dialog", lambda dialog: _shown(opened, dialog))
        yield opened
        if is_checked:
            assert opened.faults() == []
    finally:
        context.close()


def _heard(opened, message):
    if message.type in {"error", "warning"}:
        opened.said.append(f"{message.type}: {message.text} ({opened.page.url})")


def _shown(opened, dialog):
    opened.dialogs.append(dialog.message)
    dialog.dismiss()
