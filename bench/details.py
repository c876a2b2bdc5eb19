"""How many bytes of an article's event its details are, on sample pages: `python bench/details.py`.

Invariant: what is measured is what `dedupe` writes: the values of the records, as JSON.
"""

import argparse
import statistics
from collections.abc import Iterable, Sequence

import orjson

from cleanwire import Pipeline, Source
from cleanwire.dedupe.published import details_of, without_details
from cleanwire.events import CleanArticle, to_dict
from streams.sources import read_inputs
from streams.sources.tally import Tally
from streams.testing.samples import sample_pages

MOST = 16 << 20
"""Bytes of the largest event."""


def values(paths: Sequence[str]) -> Iterable[bytes]:
    """The raw-page events of files, or of the sample pages without any."""
    if not paths:
        return [sample.value for sample in sample_pages()]
    pages = read_inputs(paths, max_message_bytes=MOST, tally=Tally())
    return (page.value for page in pages if page.value)


def main() -> None:
    """Print the bytes of an event in both forms."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("paths", nargs="*", help="files and folders of pages")
    pipeline = Pipeline()
    sizes: dict[str, list[int]] = {"whole": [], "without details": [], "details": []}
    for offset, value in enumerate(values(parser.parse_args().paths)):
        article = pipeline.process(value, Source(topic="raw-pages", partition=0, offset=offset))
        if isinstance(article, CleanArticle):
            forms = (to_dict(article), without_details(article), details_of(article))
            for name, form in zip(sizes, forms, strict=True):
                sizes[name].append(len(orjson.dumps(form)))
    print(f"{len(sizes['whole'])} articles, bytes of JSON")
    for name, found in sizes.items():
        share = sum(found) / sum(sizes["whole"])
        print(
            f"{name:16} mean {statistics.fmean(found):8.0f}  median {statistics.median(found):8.0f}"
            f"  {share:4.0%} of the whole"
        )


if __name__ == "__main__":
    main()
