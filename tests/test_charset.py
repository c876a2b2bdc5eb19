"""Bytes -> text, as browsers read them; or a rejection."""

import time

import pytest
from resiliparse.parse.encoding import detect_encoding

from cleanwire.errors import Undecodable
from cleanwire.page.charset import decode_bytes
from cleanwire.page.mime import content_type
from cleanwire.page.prescan import declared_in
from cleanwire.page.raw_page import decode

JAPANESE = "港湾局は火曜日、東側の桟橋を十一週間閉鎖すると発表した。潜水士が三本の杭の損傷を見つけたためである。"
KOREAN = "항만 위원회는 화요일에 동쪽 부두를 십일 주 동안 닫기로 결정했다고 밝혔다."
CHINESE = "港务局星期二宣布，东侧码头将关闭十一个星期，因为潜水员发现三根木桩已经损坏。"
TAIWANESE = "港務局星期二宣布，東側碼頭將關閉十一個星期，因為潛水員發現三根木樁已經損壞。"
RUSSIAN = "Портовый совет Кельмута во вторник решил закрыть восточный причал на одиннадцать недель."
GREEK = "Το λιμενικό συμβούλιο αποφάσισε την Τρίτη να κλείσει την ανατολική αποβάθρα για έντεκα εβδομάδες."
HEBREW = "מועצת הנמל החליטה ביום שלישי לסגור את הרציף המזרחי לאחד עשר שבועות."
ARABIC = "قرر مجلس الميناء يوم الثلاثاء إغلاق الرصيف الشرقي لمدة أحد عشر أسبوعا."
THAI = "คณะกรรมการท่าเรือมีมติเมื่อวันอังคารให้ปิดท่าเทียบเรือด้านตะวันออกเป็นเวลาสิบเอ็ดสัปดาห์"
CZECH = "Přístavní rada se v úterý rozhodla uzavřít východní molo na jedenáct týdnů, protože potápěči našli škody."
GERMAN = "Der Hafenausschuss beschloss am Dienstag, die östliche Brücke für elf Wochen zu schließen – überraschend."
PAGE = "<html><head>{}<title>x</title></head><body>" + "<p>{}</p>" * 3 + "</body></html>"

DETECTED = [  # Python's codec, the text, WHATWG's name
    ("euc_jp", JAPANESE, "euc-jp"), ("shift_jis", JAPANESE, "shift_jis"), ("cp932", JAPANESE + "①㈱", "shift_jis"),
    ("iso2022_jp", JAPANESE, "iso-2022-jp"), ("euc_kr", KOREAN, "euc-kr"), ("cp949", KOREAN + "똠방각하", "euc-kr"),
    ("gb18030", CHINESE, "gb18030"), ("gbk", CHINESE, "gb18030"), ("big5", TAIWANESE, "big5"),
    ("koi8-r", RUSSIAN, "koi8-r"), ("cp866", RUSSIAN, "ibm866"), ("mac-cyrillic", RUSSIAN, "x-mac-cyrillic"),
    ("iso8859-5", RUSSIAN, "iso-8859-5"), ("cp1251", RUSSIAN, "windows-1251"), ("cp1253", GREEK, None),
    ("cp1255", HEBREW, "windows-1255"), ("cp1256", ARABIC, "windows-1256"), ("iso8859-6", ARABIC, "iso-8859-6"),
    ("cp874", THAI, "windows-874"), ("tis-620", THAI, "windows-874"), ("cp1250", CZECH, "windows-1250"),
    ("iso8859-2", CZECH, "iso-8859-2"), ("cp1252", GERMAN, "windows-1252"), ("utf-8", JAPANESE, "utf-8"),
]  # fmt: skip


@pytest.mark.parametrize(("codec", "text", "name"), DETECTED)
def test_whatever_the_detector_says_is_read(codec, text, name):
    body = PAGE.format("", *[text] * 3).encode(codec)
    got, charset = decode_bytes(body, None)
    assert text in got
    assert charset == (name or charset)


# The detector's names for the charsets of uchardet. Those that WHATWG lacks are not read.
SAYS = {
    "euc_jp": "euc-jp", "euc_kr": "euc-kr", "cp949": "euc-kr", "uhc": "euc-kr", "iso2022_jp": "iso-2022-jp",
    "mac-cyrillic": "x-mac-cyrillic", "shift_jis": "shift_jis", "big5": "big5", "gb18030": "gb18030", "utf-8": "utf-8",
    "utf-16-le": "utf-16le", "utf-16-be": "utf-16be", "ascii": "windows-1252", "cp1250": "windows-1250", "cp1251": "windows-1251",
    "cp1252": "windows-1252", "cp1253": "windows-1253", "cp1254": "windows-1254", "cp1255": "windows-1255", "cp1256": "windows-1256",
    "cp1257": "windows-1257", "cp1258": "windows-1258", "cp866": "ibm866", "koi8-r": "koi8-r", "tis-620": "windows-874",
    "iso8859-1": "windows-1252", "iso8859-9": "windows-1254", "iso8859-11": "windows-874",
    **{f"iso8859-{n}": f"iso-8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    **dict.fromkeys(("hz", "iso2022_kr", "iso2022_cn", "euc_tw", "cp852", "cp855", "cp865", "johab", "viscii", "mac-centeuro", ""), None),
}  # fmt: skip


@pytest.mark.parametrize(("said", "name"), SAYS.items())
def test_each_name_of_the_detector_has_a_label_or_none(monkeypatch, said, name):
    monkeypatch.setattr("cleanwire.page.charset.detect_encoding", lambda *_, **__: said)
    from cleanwire.page.charset import _guessed  # noqa: PLC0415 - what the detector's answer becomes

    first = next(_guessed(b"x\xff"))
    assert first == (name or "utf-8")


def test_the_detector_still_gives_the_names_of_python():
    body = PAGE.format("", *[JAPANESE] * 3).encode("euc_jp")
    assert detect_encoding(body, html5_compatible=False) == "euc_jp"


@pytest.mark.parametrize("header", [None, "utf-8", "iso-8859-1"])
@pytest.mark.parametrize("text", [JAPANESE, "ﾊﾝｶｸ" + JAPANESE])
def test_iso_2022_jp_by_its_escapes(header, text):
    body = PAGE.format("", *[text] * 3).encode("iso2022_jp_ext")
    got, charset = decode_bytes(body, header)
    assert text in got
    assert charset == "iso-2022-jp"


@pytest.mark.parametrize("label", [None, "right", "utf-8"])
@pytest.mark.parametrize(("codec", "name"), [("iso2022_kr", "iso-2022-kr"), ("hz", "hz-gb-2312")])
def test_charsets_that_browsers_do_not_decode_are_undecodable(codec, name, label):
    text = KOREAN if codec == "iso2022_kr" else CHINESE
    body = PAGE.format("", *[text] * 3).encode(codec)
    with pytest.raises(Undecodable):
        decode_bytes(body, name if label == "right" else label)


@pytest.mark.parametrize(
    "body", [b"<p>plain words ~{ in a shell ~} script</p>", b"<p>\x1b[31mred\x1b[0m words</p>"]
)
@pytest.mark.parametrize("header", [None, "hz-gb-2312", "iso-2022-kr"])
def test_ascii_is_ascii_whatever_is_declared(body, header):
    assert decode_bytes(body, header)[0] == body.decode()


UTF8 = PAGE.format("", *[RUSSIAN] * 3).encode()
SHORT = f"<p>{RUSSIAN}</p>".encode()


@pytest.mark.parametrize("body", [
    UTF8.replace("вторник".encode(), "вторник".encode()[:-1], 1), UTF8.replace(b"<p>", b"<p>\xd0 \xff ", 1), SHORT[:-5],
    SHORT[:100], SHORT[:101], SHORT.replace(b"</p>", b"\xf0\x9f</p>"), f"{GERMAN} ".encode() + b"\xe2\x82", b"<p>It is over \xe2\x80</p>" + b"x " * 60,
])  # fmt: skip
@pytest.mark.parametrize("how", ["header", "meta"])
def test_declared_utf8_with_a_fault_is_utf8(body, how):
    body = b"<meta charset=utf-8>" * (how == "meta") + body
    text, charset = decode_bytes(body, "utf-8" if how == "header" else None)
    assert charset == "utf-8"
    assert text == body.decode("utf-8", "replace")


def test_utf8_with_more_faults_than_that_is_none():
    body = b"".join(bytes((byte, 0x41)) for byte in RUSSIAN.encode("koi8-r") * 3)
    with pytest.raises(Undecodable):
        decode_bytes(b"\xff\xfe\xfd\xfc"[::-1] * 90 + b"\x81\x8d" * 20, "utf-8")
    assert "\ufffd" not in decode_bytes(body, "koi8-r")[0]


def test_a_western_page_that_claims_to_be_utf8_keeps_its_letters():
    body = PAGE.format("<meta charset=utf-8>", *[GERMAN] * 3).encode("windows-1252")
    text, charset = decode_bytes(body, "utf-8")
    assert GERMAN in text
    assert charset == "windows-1252"


@pytest.mark.parametrize("header", ["utf-16", "utf-16le", "utf-16be", "ucs-2"])
def test_a_page_without_zero_bytes_is_not_utf_16(header):
    assert RUSSIAN in decode_bytes(UTF8, header)[0]
    assert decode_bytes(b"<p>words</p>", header)[0] == "<p>words</p>"
    wide = "utf-16-be" if header == "utf-16be" else "utf-16-le"
    assert decode_bytes(UTF8.decode().encode(wide), header)[0] == UTF8.decode()


@pytest.mark.parametrize("header", [None, "utf-8", "windows-1252", "latin1"])
def test_mojibake_is_rejected_and_a_wrong_declaration_overruled(header):
    for text, codec in (
        (RUSSIAN, "cp1251"),
        (JAPANESE, "euc_jp"),
        (GREEK, "cp1253"),
        (KOREAN, "cp949"),
    ):
        body = PAGE.format("", *[text] * 3).encode(codec)
        assert text[20:] in decode_bytes(body, header)[0]
    # UTF-8 with every third character broken is text in no charset.
    broken = "".join(RUSSIAN).encode().replace("о".encode(), b"\xd0") * 3
    with pytest.raises(Undecodable):
        decode_bytes(b"<p>" + broken, header)


@pytest.mark.parametrize("text", [RUSSIAN, GERMAN * 8, JAPANESE])
@pytest.mark.parametrize("as_what", ["iso-8859-1", "windows-1252"])
def test_text_that_was_encoded_twice_is_rejected(text, as_what):
    text = "".join(c for c in text if not set(c.encode()) & set(b"\x81\x8d\x8f\x90\x9d"))
    doubled = text.encode().decode(as_what, "ignore").encode()
    with pytest.raises(Undecodable, match="encoded again" if "1252" in as_what else "binary"):
        decode_bytes(doubled, "utf-8")


@pytest.mark.parametrize("text", [
    "Ã is a letter of Portuguese: SÃO PAULO, NÃO, IRMÃ, MAÇÃ, CORAÇÃO. " * 5, "Â, Ê, Î, Ô, Û: ÂGE, ÎLE, FORÊT, CÔTE. " * 5,
    GERMAN + " Mojibake such as Ã¼ and Ã¶ stands in this text, beside – dashes and “quotes”. ü ö ä" * 3, "•••••••••••••• ———————————— ………………… words",
])  # fmt: skip
def test_pages_that_only_look_like_mojibake_are_kept(text):
    for codec in ("utf-8", "windows-1252"):
        assert decode_bytes(f"<p>{text}</p>".encode(codec), codec)[0] == f"<p>{text}</p>"
        assert decode_bytes(f"<p>{text}</p>".encode(codec), None)[0] == f"<p>{text}</p>"


HEADS = [
    ("<meta charset=koi8-r>", ["koi8-r"]),
    ("<META CHARSET='KOI8-R'/>", ["koi8-r"]),
    ('<meta charset = "koi8-r" >', ["koi8-r"]),
    ("<meta name=a content=b charset=koi8-r>", ["koi8-r"]),
    ("<meta http-equiv=Content-Type content='text/html; charset=koi8-r'>", ["koi8-r"]),
    ("<meta content='text/html;charset = koi8-r; x' http-equiv=content-type>", ["koi8-r"]),
    ("<meta http-equiv=content-type content='charset charset=\"koi8-r\"'>", ["koi8-r"]),
    ("<meta name=description content='charset=koi8-r'>", []),
    ("<meta http-equiv=refresh content='0; charset=koi8-r'>", []),
    ("<!-- <meta charset=koi8-r> --><meta charset=big5>", ["big5"]),
    ("<!--><meta charset=koi8-r>", ["koi8-r"]),
    ("<!-- <meta charset=koi8-r> ", []),
    ("<script>'<meta charset=koi8-r>'</script><meta charset=big5>", ["big5"]),
    ("<SCRIPT type=x>'<meta charset=koi8-r>'</Script ><meta charset=big5>", ["big5"]),
    ("<style>/*<meta charset=koi8-r>*/</style><meta charset=big5>", ["big5"]),
    ("<title><meta charset=koi8-r></title><meta charset=big5>", ["big5"]),
    ("<textarea><meta charset=koi8-r></textarea><meta charset=big5>", ["big5"]),
    ("<p title='<meta charset=koi8-r>'><meta charset=big5>", ["big5"]),
    ("<? <meta charset=koi8-r ?><meta charset=big5>", ["big5"]),
    ("<! x><meta charset=big5>", ["big5"]),
    ("<metadata charset=koi8-r><meta charset=big5>", ["big5"]),
    ("</meta charset=koi8-r><meta charset=big5>", ["big5"]),
    ("<meta charset=nonsense><meta charset=big5>", ["big5"]),
    ("<meta charset='koi8-r>", []),
    ("<meta charset=utf-16>", ["utf-8"]),
    ("<meta charset=utf-16be>", ["utf-8"]),
    ("<meta charset=x-user-defined>", ["windows-1252"]),
    ("<?xml version='1.0' encoding='koi8-r'?><html>", ["koi8-r"]),
    ("<?xml version='1.0' encoding='utf-16'?><html>", ["utf-8"]),
    ("<a < b <meta charset=big5>", []),
    ("x" * 9000 + "<meta charset=big5>", ["big5"]),
]  # fmt: skip


@pytest.mark.parametrize(("head", "names"), HEADS)
def test_charsets_that_a_page_declares(head, names):
    assert declared_in(head.encode()) == names


@pytest.mark.parametrize(
    "unit",
    [
        b"<",
        b"<!--",
        b"<meta ",
        b"<meta charset",
        b"<a b='",
        b'<a b="c" ',
        b"<script>",
        b"</script",
        b"<a =",
        b" ",
        b"<a/",
        b"<meta content=charset ",
    ],
)
def test_the_prescan_takes_linear_time(unit):
    body = b"<x " + unit * (1 << 16)
    start = time.process_time()
    declared_in(body)
    assert time.process_time() - start < 0.5


TYPES = [
    (None, "", None), ("", "", None), ("text/html", "text/html", None),
    ("text/html; charset=utf-8", "text/html", "utf-8"), ("TEXT/HTML;CHARSET=UTF-8", "text/html", "UTF-8"),
    ("text/html charset=utf-8", "text/html", "utf-8"), ("text/html, charset=utf-8", "text/html", "utf-8"),
    ("text/html:charset=utf-8", "text/html", "utf-8"), ("text/html; charset: utf-8", "text/html", "utf-8"),
    ("text/html; charset = utf-8 ", "text/html", "utf-8"), ('text/html;charset="utf-8', "text/html", "utf-8"),
    ('text/html;charset="utf-8"', "text/html", "utf-8"), ("text/html;charset='utf-8'", "text/html", "utf-8"),
    ("text/html;charset=utf-8;charset=koi8-r", "text/html", "utf-8"), ("text/html;charset=utf-8;", "text/html", "utf-8"),
    ("text/html,text/html; charset=utf-8", "text/html", "utf-8"), ("text/html; charset=utf-8, text/html", "text/html", "utf-8"),
    ("text/plain; charset=koi8-r, text/html", "text/html", None), ("text/html, */*; charset=utf-8", "text/html", "utf-8"),
    ("text/html; text/html; charset=utf-8", "text/html", "utf-8"), ('"text/html"; charset=utf-8', "text/html", "utf-8"),
    ('text/html; x="a,b"; charset=utf-8', "text/html", "utf-8"), ("text/html;;;; charset=utf-8 garbage", "text/html", "utf-8"),
    ("; charset=utf-8", "", "utf-8"), ("charset=utf-8", "", "utf-8"), ("html", "", None), ("None", "", None), ("text", "", None),
    ("text/html; charset=", "text/html", None), ("text/html; charset=;", "text/html", None), ("text/html; x-charset=koi8-r", "text/html", None),
    ("image/png", "image/png", None), ("text/html" + "," * 5000, "text/html", None), ("\r\n text/html", "text/html", None),
]  # fmt: skip


@pytest.mark.parametrize(("header", "media", "charset"), TYPES)
def test_content_types_are_read_as_servers_send_them(header, media, charset):
    assert content_type(header) == (media, charset)


@pytest.mark.parametrize(
    "header", [header for header, media, _ in TYPES if media in {"", "text/html"}]
)
def test_a_page_with_each_html_content_type_is_html(header):
    assert decode(UTF8, header).kind == "html"
    assert RUSSIAN in decode(UTF8, header).text
