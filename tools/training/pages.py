"""Which pages are articles: the forests, the signs and the threshold.

Invariant: a page is judged as a page of an unknown site. Its blocks are judged by a model
that did not learn from its site, its signs by weights that did not, and the threshold is set on
such answers: where one in two hundred articles is refused.
"""

import dataclasses
import gzip
import json
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from selectolax.lexbor import LexborHTMLParser
from sklearn.linear_model import LogisticRegression

from cleanwire.extract.body.streams import stream_share
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.blocks import read_html
from cleanwire.extract.metadata.metadata import Metadata, read_metadata, with_elements
from cleanwire.extract.model.block_features import features
from cleanwire.extract.model.class_names import Names
from cleanwire.extract.model.feature_names import WORDS
from cleanwire.extract.model.forest import Forest
from cleanwire.extract.model.page_kind import (
    FEWEST_LINKS,
    SURE,
    is_section_list,
    page_features,
    page_tokens,
)
from cleanwire.extract.model.select_blocks import BlockSelection, chosen, hints_of, smoothed
from training.dataset import SETS, SHARED, SITES, corpus, pages
from training.forests import Arrays, grow_several
from training.labels import Example

LOST = 0.005
MORE_ARTICLES = ("postlight", "goose")
"""Sets whose pages are articles, but have no full text."""
MOST_OF_SITE = 3
"""How many pages of a site with many pages are read."""
NO_ARTICLES = ("collection", "listing")
RARER = 5.0
"""What a page that is no article weighs: they are fewer."""

PARTS = 5
SPLITS = ("page", "a", "b", "c")
FEWEST_SITES = 8
STRENGTH = 0.03
SETTINGS = {"iterations": 100, "depth": 4, "learning_rate": 0.1, "l2_leaf_reg": 5, "rsm": 1.0}

Judge = tuple[Forest, Names]


@dataclasses.dataclass(slots=True, eq=False)
class Sample:
    """A page and whether it is an article; `kind` is its data set or its label."""

    kind: str
    site: str
    url: str
    page: BlockList
    metadata: Metadata
    signs: set[str]
    article: bool
    shape: NDArray[np.float32] = dataclasses.field(default_factory=lambda: np.zeros(0, np.float32))
    by_rule: bool = False
    """Whether it is rejected as the list of a section, for which no forest is asked."""


def samples() -> list[Sample]:
    """All pages of the article sets, and of the others that have text."""
    reader = corpus()
    root = SHARED / "data" / "extraction"
    found = [
        _sample(name, site, truth.url, truth.html, article=True)
        for name, site, truth in pages((*SETS, *MORE_ARTICLES, SITES), MOST_OF_SITE)
    ]
    with gzip.open(root / "not-articles" / "truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        for truth in map(json.loads, lines):
            path = root / "not-articles" / "pages" / f"{truth['id']}.html.gz"
            html = gzip.decompress(path.read_bytes()).decode("utf-8")
            site = reader.site_key(truth["url"])
            found.append(_sample(truth["kind"], site, truth["url"], html, article=False))
    return [sample for sample in found if len(sample.page)]


def _sample(kind: str, site: str, url: str, html: str, *, article: bool) -> Sample:
    tree = LexborHTMLParser(html)
    metadata = read_metadata(tree, url)
    page = read_html(tree)
    metadata = with_elements(metadata, tree, page, url)
    return Sample(kind, site, url, page, metadata, page_tokens(page, url), article)


def shapes(found: Sequence[Sample], judge: Callable[[str], Judge]) -> None:
    """Set what the first forest sees; `judge` gives a site's block model."""
    for sample in found:
        forest, names = judge(sample.site)
        rows = features(sample.page, hints_of(sample.metadata), names)
        likely = smoothed(sample.page, forest(rows), rows[WORDS])
        selection = BlockSelection(chosen(likely, rows[WORDS]), likely, rows)
        sample.shape = page_features(sample.page, selection, sample.metadata, sample.url)[:, 0]
        share = stream_share(sample.page, selection)
        sample.by_rule = is_section_list(share, sample.url, sample.metadata)


class _Signs:
    def __init__(self, found: Sequence[Sample]) -> None:
        sites: dict[str, set[str]] = {}
        for sample in found:
            for sign in sample.signs:
                sites.setdefault(sign, set()).add(sample.site)
        self.vocabulary = sorted(s for s, seen in sites.items() if len(seen) >= FEWEST_SITES)
        place = {sign: number for number, sign in enumerate(self.vocabulary)}
        pairs = [
            (row, place[sign])
            for row, sample in enumerate(found)
            for sign in sample.signs
            if sign in place
        ]
        rows, columns = np.array(pairs).T
        self.table = sparse.csr_matrix(
            (np.ones(len(pairs)), (rows, columns)), shape=(len(found), len(self.vocabulary))
        )

    def fit(self, mask: NDArray[np.bool_], article: NDArray[np.bool_]) -> LogisticRegression:
        weights = np.where(article[mask], 1.0, RARER)
        grown = LogisticRegression(C=STRENGTH, max_iter=500)
        return grown.fit(self.table[mask], article[mask], sample_weight=weights)


def fit_pages(
    found: Sequence[Sample], part: Callable[[str, int, str], int], say: Callable[[str], None]
) -> Arrays:
    """Forests, signs and threshold; prints what becomes of pages of unknown sites."""
    article = np.array([sample.article for sample in found])
    kinds = np.array([sample.kind for sample in found])
    used = article | np.isin(kinds, NO_ARTICLES)
    bare = np.array([sum(sample.page.links) < FEWEST_LINKS for sample in found])
    shape = np.array([sample.shape for sample in found])
    weights = np.where(article, 1.0, RARER)
    by_rule = np.array([sample.by_rule for sample in found])
    all_signs = _Signs(found)

    def forest(
        name: str, rows: NDArray[np.float32], mask: NDArray[np.bool_]
    ) -> tuple[Forest, Arrays]:
        return grow_several(name, rows[mask], article[mask], weights[mask], SETTINGS)

    def apart(salt: str) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Answers of models that saw no such site, and shapes with such signs."""
        fold = np.array([part(sample.site, PARTS, salt) for sample in found])
        score = np.zeros(len(found))
        for held in range(PARTS):
            grown = all_signs.fit(used & (fold != held), article)
            score[fold == held] = grown.decision_function(all_signs.table[fold == held])
        both = np.column_stack((shape, score)).astype(np.float32)
        answer = np.zeros(len(found))
        for held in range(PARTS):
            mask, rest = used & (fold != held), fold == held
            first, _ = forest("pages", shape, mask)
            second, _ = forest("pages_again", both, mask)
            answer[rest] = np.where(
                bare[rest] | (first(shape[rest].T) >= SURE), 1.0, second(both[rest].T)
            )
        return answer, both

    # One split into parts moves the threshold by as much as a whole set of features.
    splits = [apart(salt) for salt in SPLITS]
    answer, both = np.mean([answer for answer, _ in splits], axis=0), splits[0][1]
    threshold = float(np.sort(answer[article])[int(LOST * article.sum())])
    for kind in (
        *SETS,
        *MORE_ARTICLES,
        SITES,
        "collection",
        "listing",
        "product",
        "service",
        "forum",
        "documentation",
    ):
        of_kind = kinds == kind
        refused = ((answer < threshold) | by_rule)[of_kind].sum()
        say(f"pages {kind:<13} {refused:>4} of {of_kind.sum():>4} refused")
    _, arrays = forest("pages", shape, used)
    _, more = forest("pages_again", both, used)
    grown = all_signs.fit(used, article)
    heavy = np.abs(grown.coef_[0]) >= 0.002  # noqa: PLR2004 - less changes no answer
    kept = [sign for sign, is_heavy in zip(all_signs.vocabulary, heavy, strict=True) if is_heavy]
    return (
        arrays
        | more
        | {
            "signs": np.frombuffer("\n".join(kept).encode(), np.uint8),
            "sign_weights": grown.coef_[0][heavy].astype(np.float16),
            "sign_bias": grown.intercept_.astype(np.float64),
            "page_threshold": np.array([threshold]),
        }
    )


def held_out_judge(
    html: Sequence[Example],
    fit_blocks: Callable[[Sequence[Example]], Judge],
    part: Callable[[str, int, str], int],
) -> Callable[[str], Judge]:
    """Block models that each did not learn from a third of the sites."""
    judges = [
        fit_blocks([example for example in html if part(example.site, 3, "judge") != held])
        for held in range(3)
    ]
    return lambda site: judges[part(site, 3, "judge")]
