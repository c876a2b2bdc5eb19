"""The compiled scan against a loop in Python, on labelled pages and on damaged ones.

    python bench/scan_fuzz.py --pages 2000 --mutations 50
    NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=DIR python bench/scan_fuzz.py    with every index checked

Invariant: a page on which the two differ is written to a file, so that it can become a test.
"""

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

from tests.extract import mutated_pages  # noqa: E402 - found by the line above
from tests.extract.test_scan import equal_blocks  # noqa: E402 - found by the line above


def main() -> int:
    """Compare, and say on how many pages the two differ."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--pages", type=int, default=2000, help="labelled pages that are drawn")
    parser.add_argument("--mutations", type=int, default=50, help="damaged forms of each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("differing.html"))
    arguments = parser.parse_args()
    count = differing = 0
    for name, html in mutated_pages.pages(arguments.seed, arguments.pages, arguments.mutations):
        count += 1
        if not equal_blocks(html):
            differing += 1
            arguments.out.write_text(html, "utf-8")
            print(f"differs: a form of {name}")
    print(f"{count} pages, {differing} differ")
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())
