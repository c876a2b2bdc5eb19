"""Train the extraction model on the labelled pages in ../shared.

    python bench/train.py               cross-validate by site, then train on all and write
    python bench/train.py --validate    cross-validate only
    python bench/train.py --write       train and write only

Needs the extra `train`. The same data and versions give the same file; docs/model.md has the
figures.
"""

import argparse
import gzip
import importlib
import io
import json
import sys
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]

from training.dataset import SHARED, corpus, examples, flat_lines  # noqa: E402 - found by the line above
from training.fit import Arrays, fit, fit_blocks, in_use, part  # noqa: E402 - as above
from training.labels import Example  # noqa: E402 - as above
from training.pages import fit_pages, held_out_judge, samples, shapes  # noqa: E402 - as above

from cleanwire.extract import extract_html, extract_text  # noqa: E402 - as above

MODEL = HERE.parent / "cleanwire" / "extract" / "model.npz"
FOLDS = 5
JUDGED = ("aeb", "fundus", "wcxb", "snippets")
UNSEEN = {"html": "cleanwire", "lines": "cleanwire, lines"}


def main() -> int:
    """Cross-validate, train, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--validate", action="store_true", help="cross-validate only")
    group.add_argument("--write", action="store_true", help="train and write only")
    parser.add_argument("--texts", type=Path, help="write what was extracted from sites not seen")
    arguments = parser.parse_args()
    if not SHARED.is_dir():
        print(f"nothing to learn from: {SHARED.name} is not beside the repository")
        return 0
    html, flat = list(examples(flat=False)), list(examples(flat=True))
    if not arguments.write:
        validate(html, flat, arguments.texts)
    if not arguments.validate:
        fitted = fit(html, flat, _say)
        found = samples()
        shapes(found, held_out_judge(fitted.learned, lambda some: fit_blocks(some)[:2], part))
        write(fitted.arrays | fit_pages(found, part, print))
    return 0


def _say(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)


def validate(html: Sequence[Example], flat: Sequence[Example], texts: Path | None) -> None:
    """Print scores on sites that the model was not trained on.

    Args:
        html: the labelled pages.
        flat: the same pages, flattened to lines.
        texts: where to write what was extracted, as evaluate.py reads it (gzip, JSON Lines).
    """
    corpus()
    evaluate = importlib.import_module("evaluate")
    matches: dict[tuple[str, str], list[Any]] = defaultdict(list)
    answers: list[dict[str, Any]] = []
    for fold in range(FOLDS):
        _say(f"fold {fold + 1} of {FOLDS}")
        fitted = fit(
            *([e for e in kind if part(e.site, FOLDS, "cv") != fold] for kind in (html, flat)), _say
        )
        with in_use(fitted):
            for name, kind in (("html", html), ("lines", flat)):
                for example in kind:
                    if part(example.site, FOLDS, "cv") != fold or example.dataset not in JUDGED:
                        continue
                    answer = _answer(example)
                    answers.append({"name": UNSEEN[name], "id": example.truth.id} | answer)
                    truth = example.truth
                    matches[name, example.dataset].append(
                        evaluate.snippet_counts(truth, answer["text"])
                        if truth.text is None
                        else evaluate.shingle_match(truth.text, answer["text"])
                    )
    for name in UNSEEN:
        for dataset in JUDGED:
            scores = matches[name, dataset]
            if dataset == "snippets":
                tp, fp, fn, _ = map(sum, zip(*scores, strict=True))
                f1 = 2 * tp / (2 * tp + fp + fn)
            else:
                f1 = evaluate.shingle_scores(scores)[2]
            print(f"{name:<6} {dataset:<9} {len(scores):>4} pages  F1 {f1:.4f}", flush=True)
    if texts is not None:
        with gzip.open(texts, "wt", encoding="utf-8") as lines:
            lines.writelines(json.dumps(answer, ensure_ascii=False) + "\n" for answer in answers)


def _answer(example: Example) -> dict[str, Any]:
    """What the extractor makes of a page, as shipped but for the model in use."""
    html, url = example.truth.html, example.truth.url
    if example.page.flat:
        flat = extract_text("\n".join(flat_lines(html)), url=url, require_article=False)
        return {"text": "\n\n".join(flat.paragraphs)}
    found = extract_html(html, url=url, require_article=False)
    return {
        "text": "\n\n".join(found.paragraphs),
        "title": found.title,
        "author": ", ".join(found.authors),
        "date": found.published_at,
    }


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
