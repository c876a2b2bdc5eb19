"""Train the extraction model on the labelled pages in ../shared.

    python tools/train.py               cross-validate by site, then train on all and write
    python tools/train.py --validate    cross-validate only
    python tools/train.py --write       train and write only

Needs the extra `train`. The same data and versions give the same file; docs/model.md has the
figures.
"""

import argparse
import io
import sys
import zipfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "bench")]

from training.dataset import SHARED, examples  # noqa: E402 - found by the line above
from training.fit import Arrays, fit, fit_blocks, part  # noqa: E402 - found by the line above
from training.pages import fit_pages, held_out_judge, samples, shapes  # noqa: E402 - found by the line above
from training.validation import validate  # noqa: E402 - found by the line above

MODEL = HERE.parent / "cleanwire" / "extract" / "model" / "model.npz"


def main() -> int:
    """Cross-validate, train and write, as the arguments say."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--validate", action="store_true", help="cross-validate only")
    group.add_argument("--write", action="store_true", help="train and write only")
    parser.add_argument("--texts", type=Path, help="write what was extracted from sites not seen")
    arguments = parser.parse_args()
    if not SHARED.is_dir():
        print(f"nothing to learn from: {SHARED.name} is not beside the repository")
        return 0
    html, flat = examples(flat=False), examples(flat=True)
    if not arguments.write:
        validate(html, flat, arguments.texts, _say)
    if not arguments.validate:
        fitted = fit(html, flat, _say)
        found = samples()
        shapes(found, held_out_judge(fitted.learned, lambda some: fit_blocks(some)[:2], part))
        write(fitted.arrays | fit_pages(found, part, print))
    return 0


def _say(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)


def write(arrays: Arrays) -> None:
    """Write the model; the same arrays give the same bytes."""
    with zipfile.ZipFile(MODEL, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for name in sorted(arrays):
            buffer = io.BytesIO()
            np.save(buffer, arrays[name], allow_pickle=False)
            packed.writestr(
                zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)),
                buffer.getvalue(),
                zipfile.ZIP_DEFLATED,
            )
    print(f"{MODEL.name}: {MODEL.stat().st_size:,} bytes")


if __name__ == "__main__":
    sys.exit(main())
