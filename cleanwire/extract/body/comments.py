"""Which elements of a page hold readers' comments, told by names and headings in any language.

Invariant: a whole name, never a part of one: `comments-area` holds comments, `has-comments`
and `commentary` do not. And never a name alone: the story has to stand outside, before it, and
an element that holds more than the story has to look like comments inside, too.
"""

import itertools
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

from cleanwire.extract.dom.attributes import value_of
from cleanwire.extract.dom.block_list import BlockList
from cleanwire.extract.dom.headings import HEADINGS

ITEM, SECTION, DOUBTFUL = 1, 2, 3
"""What a name says: one comment, a section of them, or a section of whatever people discuss."""

FEWEST_WORDS = 60
"""A story of fewer words outside its comments is none: the comments are the page."""

_SECTIONS = frozenset(
    (
        "comments commentlist commentsection commentarea commentsarea commentthread commentwrap "
        "commentbox commentblock commentsblock disqus livefyre hyvor talkbacks userdiscussion "
        "commentaires kommentare kommentarer kommentit kommentid kommentek kommentaarid "
        "leserkommentare comentarios comentários comentaris comentarii commenti komentarze "
        "komentari komentare komentáře komentarai komentarji komentāri reacties yorumlar "
        "hozzaszolasok hozzászólások комментарии коментари коментарі каментары kommentarii "
        "kommentarij kommentariy komentarii nazarat taleeqat نظرات تعليقات التعليقات תגובות "
        "tguvot σχόλια sxolia scholia コメント コメント欄 评论 評論 留言 留言板 pinglun "
        "liuyan 댓글 "
        "daetgul ความคิดเห็น binhluan टिप्पणियाँ मंतव्य tanggapan ummat"
    ).split()
)
_ITEMS = frozenset(
    (
        "comment commentaire kommentar kommentaar kommentti kommenti comentario comentário "
        "comentari commento komentarz komentarza komentar komentář komentaras komentárs reactie "
        "yorum комментарий коментар kommentarij talkback usercomment"
    ).split()
)
_DOUBTFUL = frozenset(
    (
        "discussion discussions diskussion discussione discusion discusión discussie debate "
        "replies reply responses response respond conversation conversations conversação "
        "reactions réactions reacciones reazioni respuestas réponses antworten odpowiedzi "
        "ответы отзывы feedback"
    ).split()
)
_GATHERS = frozenset(
    (
        "list lists area section sections wrap wrapper wrapping container thread threads feed "
        "stream group tree children region module widget app root embed zone "
        "목록 리스트 영역 一覧 リスト 欄 列表 区 區"
    ).split()
)
_NEUTRAL = _GATHERS | frozenset(
    (
        "body block blocks box content contents holder inner outer main item items form wp post "
        "posts article entry story news page single user users reader readers fb facebook panel "
        "tab pane row col ui js c l o m s v component view template title heading header text "
        "layout the all div ol ul sub depth level even odd site blog detail details bottom "
        "below threaded public native new old id parent byuser alt n sec artikel beitrag leser "
        "nutzer thread binh luan bình luận"
    ).split()
)
_STEMS = (
    "omment oment ommen iscus iskus isqus respon repl reacti reacci reazion yorum livefyre "
    "hyvor talkback pinglun liuyan nazarat taleeq tguvot sxoli scholia luan hozzasz tanggapan "
    "conver feedback debate antwort odpowied respuest thoughts"
).split()
"""Parts of the names in ASCII: an element without any of them holds no comments."""

_MARKED = ("class", "id", "role", "aria-label", "data-testid", "data-component", "itemprop")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_APART = re.compile(r"[-_:./\s\d]+")
_NAME_LENGTH = 200
_NAMES = 20
_ELEMENTS = 400

_WORD = (
    r"comments?|kommentare?|kommentarer|kommentit|kommentek|commentaires?|comentarios?|"
    r"comentários?|comentaris?|comentarii|comentariu|commenti|commento|komentarze|komentarzy|"
    r"komentarz|komentari|komentare|komentáře|komentářů|komentar|reacties?|reaktionen|"
    r"réactions?|yorum|yorumlar|hozzászólások|hozzászólás|комментари(?:и|й|ев|я)|"
    r"коментар(?:и|і|ів|ии|я)?|каментары|σχόλια|σχόλιο|コメント|评论|評論|留言|댓글|تعليقات|التعليقات|"
    r"تعليق|نظرات|תגובות|ความคิดเห็น|bình luận|tanggapan|टिप्पणियाँ|responses?|replies|"
    r"thoughts|antworten|respuestas|réponses"
)
_UNIT = "条|件の?|개의?|則|个"
_COUNTED = re.compile(
    rf"\(?\d{{1,7}}\)? {{0,2}}(?:{_UNIT})? {{0,2}}(?:reader |user )?(?:{_WORD})"
    r"(?: (?:on|to|zu|sur|a|su) .{1,200})?:?"
    rf"|(?:{_WORD}) {{0,2}}[(\[（:·–-]? {{0,2}}\d{{1,7}} {{0,2}}[)\]）]?(?:{_UNIT})?"
)
_NAMED = re.compile(
    r"(?:reader |readers’ |readers' |user |leser|die |les |los |i |os |de )?"
    rf"(?:{_WORD})(?: der leser)?:?"
    r"|(?:leave|post|write|add) a (?:comment|reply)|join the (?:discussion|conversation)"
    r"|kommentar schreiben|laisser un commentaire|deja un comentario|deixe um comentário"
    r"|lascia un commento|dodaj komentarz|geef een reactie|bir yorum yazın"
    r"|добавить комментарий|コメントを残す|发表评论|發表評論|댓글 남기기"
)
_HEADING_LENGTH = 120


def sections(
    page: BlockList,
    chosen: Sequence[int],
    around: Sequence[int],
    weights: Sequence[float],
    title: str | None,
) -> Iterator[tuple[int, int]]:
    """The runs of blocks that are comments, as first block and the one after the last.

    Args:
        page: an HTML page.
        chosen: the blocks of its body, ascending; at least one.
        around: the elements around them, ascending.
        weights: of each block its words if it is of the body, else 0.
        title: the page's headline.
    """
    # Comments come after the story: what begins before it, or with it, holds none.
    first = chosen[0]
    later = [element for element in around if page.starts[element] > first]
    written = "\n".join([page.attributes[element] for element in later]).lower()
    places = [
        place
        for place, element in enumerate(page.inside[first:], first)
        if page.tags[element] in HEADINGS and len(page.texts[place]) <= _HEADING_LENGTH
    ]
    headings = "\n".join([page.texts[place] for place in places if place > first]).lower()
    sums: list[float] = []
    if _may_name(written):
        sums = [0.0, *accumulate(weights)]
        yield from _named(page, later, sums, _headlines(page, title))
    if _may_name(headings):
        yield from _headed(page, places, sums or [0.0, *accumulate(weights)])


def _named(
    page: BlockList, around: Sequence[int], sums: Sequence[float], headlines: Sequence[int]
) -> Iterator[tuple[int, int]]:
    items: dict[int, list[int]] = {}
    after = 0
    for element in around:
        start, end = page.starts[element], page.ends[element]
        if start < after:
            continue
        said = says(page.tags[element], page.attributes[element])
        if not said or _holds_story(page, element, headlines):
            continue
        if said == ITEM and "omment" not in value_of(page.attributes[element], "itemtype"):
            if page.tags[element] != "p":
                items.setdefault(page.parents[element], []).append(element)
            continue
        inside, outside = sums[end] - sums[start], sums[-1] - sums[end] + sums[start]
        if _follows(sums, start, end) and (
            _looks_like_comments(page, element) or (said != DOUBTFUL and outside >= inside)
        ):
            yield start, end
            after = end
    for siblings in items.values():
        start, end = page.starts[siblings[0]], page.ends[siblings[-1]]
        if len(siblings) > 1 and start >= after and _follows(sums, start, end):
            for element in siblings:
                yield page.starts[element], page.ends[element]


def _headed(
    page: BlockList, places: Sequence[int], sums: Sequence[float]
) -> Iterator[tuple[int, int]]:
    for rank, place in enumerate(places):
        text = page.texts[place].lower()
        counted = _COUNTED.fullmatch(text) is not None
        if not counted and _NAMED.fullmatch(text) is None:
            continue
        heading = page.inside[place]
        parent = page.parents[heading]
        # A heading in an element of its own speaks for what comes after that element.
        while parent > 0 and page.ends[parent] == place + 1:
            parent = page.parents[parent]
        level = page.tags[heading]
        end = page.ends[parent]
        for other in itertools.islice(places, rank + 1, None):
            if other >= end:
                break
            if page.tags[page.inside[other]] <= level:
                end = other
                break
        if _follows(sums, place, end) and (counted or _repeats(page, heading, place + 1, end)):
            yield place, end


def _follows(sums: Sequence[float], start: int, end: int) -> bool:
    """Whether the story stands outside a run, and most of it before."""
    before, after = sums[start], sums[-1] - sums[end]
    return before >= FEWEST_WORDS and before >= after


def _headlines(page: BlockList, title: str | None) -> list[int]:
    """The blocks that are the page's headline, ascending."""
    return [
        place
        for place, element in enumerate(page.inside)
        if page.tags[element] == "h1" or page.texts[place] == title
    ]


def _holds_story(page: BlockList, element: int, headlines: Sequence[int]) -> bool:
    """Whether the headline is in an element, or it says that it is the article's body."""
    if page.tags[element] == "main" or "articleBody" in page.attributes[element]:
        return True
    at = bisect_left(headlines, page.starts[element])
    return at < len(headlines) and headlines[at] < page.ends[element]


def _looks_like_comments(page: BlockList, element: int) -> bool:
    """Whether an element holds two comments or more, or a heading that counts them."""
    found = 0
    at = element + 1
    while at < len(page.tags) and page.parents[at] >= element:
        if page.ends[at] > page.starts[at]:
            tag = page.tags[at]
            found += tag in ("li", "article") or bool(says(tag, page.attributes[at]))
            if found > 1:
                return True
        at += 1
    places = range(page.starts[element], page.ends[element])
    return any(
        page.tags[page.inside[place]] in HEADINGS
        and _COUNTED.fullmatch(page.texts[place][:_HEADING_LENGTH].lower()) is not None
        for place in places
    )


def _repeats(page: BlockList, heading: int, start: int, end: int) -> bool:
    """Whether two elements of one look, neither of them a paragraph, hold the run's blocks."""
    looks: list[str] = []
    for at in range(heading + 1, min(heading + _ELEMENTS, len(page.tags))):
        first, last = page.starts[at], page.ends[at]
        if first >= end:
            break
        if start <= first < last <= end and page.tags[at] in ("li", "article", "div", "section"):
            name = value_of(page.attributes[at], "class")[:_NAME_LENGTH]
            looks.append(f"{page.parents[at]} {page.tags[at]} {name}")
    looks.sort()
    return any(one == other for one, other in pairwise(looks))


def _may_name(text: str) -> bool:
    """Whether a text may name comments: cheap, and not wrong about a text that does."""
    return not text.isascii() or any(map(text.__contains__, _STEMS))


def says(tag: str, attributes: str) -> int:
    """What the names of an element say: `ITEM`, `SECTION`, `DOUBTFUL`, or 0."""
    found = 0
    lowered = attributes.lower()
    if not _may_name(lowered) and "-" not in tag and ":" not in tag:
        return 0
    names = [tag] if "-" in tag or ":" in tag else []
    for attribute in _MARKED:
        if f' {attribute}="' in attributes:
            value = value_of(attributes, attribute)[:_NAME_LENGTH]
            names += [value] if attribute == "aria-label" else value.split()[:_NAMES]
    if "schema.org/Comment" in attributes or "schema.org/UserComment" in attributes:
        found = ITEM
    for name in names:
        found = max(found, _said(name), key=(0, ITEM, DOUBTFUL, SECTION).index)
    return found


def _said(name: str) -> int:
    parts = [part for part in _APART.split(_CAMEL.sub(" ", name).lower()) if part]
    own = [part for part in parts if part not in _NEUTRAL]
    if not own:
        return SECTION if {"binh", "luan"} <= set(parts) or {"bình", "luận"} <= set(parts) else 0
    if all(part in _SECTIONS or part in _ITEMS or part in _DOUBTFUL for part in own):
        if any(part in _SECTIONS for part in own):
            return SECTION
        if any(part in _DOUBTFUL for part in own):
            return DOUBTFUL
        return SECTION if any(part in _GATHERS for part in parts) else ITEM
    return 0
