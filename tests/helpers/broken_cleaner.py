"""A worker with a broken cleaner: it takes one and the same text for the body of every page."""

import dataclasses

from cleanwire.similarity.minhash import signature
from streams.cleaning import page_cleaning
from streams.cli.main import run

WALL = " ".join(f"accept our {word} cookies to read on" for word in "many sweet old new".split())

cleaned = page_cleaning.clean_event


def clean_event(*given, **limits):
    """Clean a page, and lose its text."""
    article = cleaned(*given, **limits)
    return dataclasses.replace(article, text=WALL, signature=signature(WALL).pack())


if __name__ in {"__main__", "__mp_main__"}:
    # A cleaning process imports this file too, under the second name.
    page_cleaning.clean_event = clean_event

if __name__ == "__main__":
    raise SystemExit(run(["worker"]))
