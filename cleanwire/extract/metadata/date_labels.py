"""What a word beside a date says of it: when the page was published, or changed, or neither.

Invariant: a date that a word calls updated is never the published one, and one that belongs
to something else (today's, a copyright's, an event's) is no date of the page.
"""

import re
from collections.abc import Iterable

from cleanwire.extract.metadata.dates import DateHints

Dates = tuple[str | None, str | None]
"""When a page was published and when it was modified."""

_PUBLISHED = (
    r"publi(?:shed|cation|cado|cada|cat|cată|é|ée|ziert|cerad|cerat|sert|ceret|kováno|kované|"
    r"kuota|kacja|c[eē]ts)|"
    r"posted|created|issued|released|filed|first|date de parution|paru|veröffentlicht|erschienen|"
    r"erstellt|"
    r"pubblicat[oa]|gepubliceerd|geplaatst|opublikowan[oy]|zveřejněno|vydáno|zverejnené|vydané|"
    r"опубликован[оаы]?|публикац\w{1,3}|опубліковано|публикуван[ао]|создан[оа]?|размещено|"
    r"yayın(?:lanma|landı|landi|lanan)?|giriş|oluşturulma|udgivet|julkaistu|megjelent|közzétéve|"
    r"létrehozva|"
    r"δημοσι\w{1,12}|objavljeno|објављено|avaldatud|paskelbta|diterbitkan|dipublikasikan|tayang|"
    r"dimuat|diposting|đăng|xuất bản|"
    r"نشر|النشر|نُشر|نشرت|انتشار|پوسٹ|פורסם|प्रकाशित|প্রকাশ|প্রকাশিত"
)
_PUBLISHED_PARTS = (
    "公開|公表|掲載|配信|投稿|發布|发布|發表|发表|"
    "發佈|刊登|刊出|出版|게시|등록|입력|게재|발행|작성|เผยแพร่|โพสต์"
)
_MODIFIED = (
    r"(?:na-)?updat(?:ed?|es)|upd|modif(?:ied|icado|icada|icato|icata|icat|ié|iée|ication|icación)|"
    r"last edit(?:ed)?|edited(?= on| at|:)|revised|corrected|amended|"
    r"aktualisiert|aktualisierung|geändert|überarbeitet|bearbeitet|"
    r"a[ck]tuali[sz]ad[oa]|a[ck]tuali[sz]ación|atualização|actualisée?|mis(?:e)?\s(?:à|a)\sjour|"
    r"maj|"
    r"aggiornat[oa]|aggiornamento|bijgewerkt|gewijzigd|geüpdatet|aangepast|"
    r"(?:z)?aktualizowan[oya]|aktualizacja|aktualizacji|aktualizován[oa]|aktualizované|"
    r"aktualizace|aktualizácia|"
    r"upraveno|upravené|обновл\w{1,6}|измен[её]н\w{0,3}|отредактирован\w{0,2}|оновлен\w{0,2}|"
    r"змінен\w{0,2}|"
    r"обновен\w{0,2}|актуализиран\w{0,2}|ажурирано|ажурирана|изменето|"
    r"güncel(?:leme|lendi|lenme|lenen|lendiği)|değiştiril\w{1,6}|uppdatera[dt]|ändrad|ändrat|"
    r"oppdatert|endret|opdateret|ændret|"
    r"päivitetty|muokattu|frissítve|frissült|módosítva|actualizat[ăa]?|ενημερώθηκε|ενημέρωση|"
    r"ažurirano|izmijenjeno|posodobljeno|osvježeno|actualitzat|actualitzada|eguneratua|"
    r"atnaujinta|atjaun(?:ots|ināts)|uuendatud|muudetud|diperbarui|diperbaharui|dikemaskini|"
    r"diubah|pembaruan|"
    r"cập nhật|chỉnh sửa|تحديث|محدث|عُدّل|عدل|تعديل|بروزرسانی|به‌روزرسانی|به روزرسانی|ویرایش|"
    r"اپ ڈیٹ|"
    r"עודכן|עדכון|अपडेट|अपडेटेड|अद्यतन|संशोधित|আপডেট|হালনাগাদ"
)
_MODIFIED_PARTS = "更新|修改|修訂|修订|改訂|修正|수정|업데이트|갱신|อัปเดต|อัพเดต|อัพเดท|ปรับปรุง|แก้ไข"
_OTHER = (
    r"today(?:[’']s\sdate(?:\sis)?|\sis)|heute\sist|aujourd[’']hui,?\snous|nous\ssommes\sle|"
    r"hoy\ses|oggi\sè|hoje\sé|"
    r"vandaag\sis|dziś\sjest|dzisiaj\sjest|сегодня|сьогодні|bugün|copyright|all\srights\sreserved|"
    r"expires?|expired|deadline|valid\suntil|gültig\sbis|event(?:\sdate)?:|born|geboren|founded|"
    r"since|access(?:ed)?|retrieved"
)
_OTHER_PARTS = r"©|\(c\)|今天是|今日は|本日は|오늘은|版权|版權|著作権|截止"

_LABEL = re.compile(
    rf"(?P<other>(?<!\w)(?:{_OTHER})(?!\w)|{_OTHER_PARTS})"
    rf"|(?P<modified>(?<!\w)(?:{_MODIFIED})(?!\w)|{_MODIFIED_PARTS})"
    rf"|(?P<published>(?<!\w)(?:{_PUBLISHED})(?!\w)|{_PUBLISHED_PARTS})",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_LONGEST = 300
_LABEL_ALONE = 40


def kind_of(text: str) -> str | None:
    """`published`, `modified`, `other`, or None: what the last label in a text says."""
    kind = None
    for found in _LABEL.finditer(text[-_LONGEST:]):
        kind = found.lastgroup
    return kind


def dates_in(text: str, hints: DateHints) -> Dates:
    """The dates of a line by what it calls them; one that it calls nothing is the published one.

    Args:
        text: a line; of a longer one the first 300 characters.
        hints: how the page writes dates.
    """
    text = text[:_LONGEST]
    if not _DIGIT.search(text):
        return None, None
    labels = list(_LABEL.finditer(text))
    if not labels:
        return hints.find(text), None
    kinds: list[str | None] = [None, *(label.lastgroup for label in labels)]
    starts = [0, *(label.end() for label in labels)]
    ends = [*(label.start() for label in labels), len(text)]
    found = [hints.find(text[start:end]) for start, end in zip(starts, ends, strict=True)]
    if found[0] and not _DIGIT.search(text, starts[-1]):
        # "2025年11月20日 公開": here a label stands behind its date.
        found = [None, *found[:-1]]
    published = plain = modified = None
    for kind, date in zip(kinds, found, strict=True):
        if kind == "published":
            published = published or date
        elif kind == "modified":
            modified = modified or date
        elif kind is None:
            plain = plain or date
    return published or plain, modified


def dates_of(lines: Iterable[str], hints: DateHints, *, words: int) -> Dates:
    """The dates of the lines around a story, the farthest first.

    Of several the nearest with a time is believed, else the nearest. A label alone on its line
    speaks for the line below it.

    Args:
        lines: in the order of the page.
        hints: how the page writes dates.
        words: lines of more words are prose.
    """
    published: list[str] = []
    modified: list[str] = []
    above: str | None = None
    for line in lines:
        kind, above = above, None
        if len(line.split()) > words:
            continue
        if not _DIGIT.search(line):
            if len(line) <= _LABEL_ALONE:
                above = kind_of(line)
            continue
        was_published, was_modified = dates_in(line, hints)
        if kind in ("modified", "other") and was_published and not kind_of(line):
            was_published, was_modified = None, was_published if kind == "modified" else None
        if was_published:
            published.append(was_published)
        if was_modified:
            modified.append(was_modified)
    return _nearest(published), _nearest(modified)


def _nearest(dates: list[str]) -> str | None:
    timed = [date for date in dates if "T" in date] or dates
    return timed[-1] if timed else None
