"""Bylines in Chinese, Japanese and Korean.

Invariant: these scripts write no blank around a name, so a name is what stands between a
word for its role and the next mark. A role that is no writer's (an editor on duty, a translator,
a photographer) names no author.
"""

import re

_HAN = "\u3400-\u4dbf\u4e00-\u9fff々"
_KANA = "\u3040-\u30ff"
_EAST = re.compile(f"[{_HAN}{_KANA}\uac00-\ud7af]")

_MARK = r"\s{0,2}[:：/／|｜=＝●■▪]\s{0,2}"
_ROLES = (
    "特约记者|特約記者|本报记者|本報記者|本刊记者|本网记者|见习记者|实习记者|首席记者|实习生|记者|"
    "記者|"
    "作者|撰文|撰稿|撰写|撰|文字|取材・文|取材・構成|構成・文|文・写真|文|著者|執筆者|執筆|筆者|"
    "ライター|寄稿|取材|著|通讯员"
)
_OTHERS = (
    "责任编辑|責任編輯|责编|責編|编辑|編輯|編集|主编|主編|校对|校對|审核|来源|來源|出典|翻译|翻譯|"
    "翻訳者|翻訳|"
    "译者|譯者|监制|監製|監修|制作|製作|摄影|攝影|撮影|写真|图|圖|イラスト|提供|供稿|发布|發布|"
    "更新|日期|時間|时间|"
    "字号|点击|點擊|阅读|閱讀|人气|人氣|标签|標籤|分类|分類"
)
_NAME = f"[{_HAN}{_KANA}ー・·‧]{{2,16}}"
_LIST = rf"{_NAME}(?:(?:\s{{0,2}}[、,，;；&＆和与與及]\s{{0,2}}|\s{{1,3}}){_NAME}){{0,9}}"
_LABELLED = re.compile(rf"(?:^|[\s（(【〔\[|｜、，,]|(?<=[{_HAN}]))(?:{_ROLES}){_MARK}({_LIST})")
_SPACED = re.compile(
    rf"(?:^|[\s（(【〔\[|｜])[{_HAN}]{{0,6}}(?:记者|記者|作者|著者|執筆|撰文|"
    rf"ライター)\s{{1,3}}({_LIST})"
)
_CLOSED = re.compile(
    rf"(?:^|[（(【〔\[])(?:[本特][报報刊约約])?[{_HAN}]{{0,4}}?(?:记者|記者)([{_HAN}]{{2,4}})(?=$|"
    rf"[／/）)】〕\]|｜])"
)
_BEHIND = re.compile(rf"^([{_HAN}{_KANA}]{{2,8}})(?:记者|記者|著|氏)$")
_OTHER = re.compile(rf"(?:{_OTHERS})(?:{_MARK}|\s|$)")
_APART = re.compile(r"\s{0,2}[、,，;；&＆和与與及]\s{0,2}|\s{1,3}")
_NO_NAME = re.compile(
    rf"(?:{_OTHERS}|{_ROLES}|报道|報道|報導|採訪|采访|獲悉|获悉|了解|表示|发现|發現|会見|招待|综合|"
    rf"綜合|"
    "整理|기자|특파원|신문|뉴스|新闻|新聞|日报|日報|晚报|电视|電視|网站|編集部|编辑部|編輯部|取材班|通讯社|通信社|設定|"
    "设置|名片|首頁|首页|關於|关于|聯絡|联系|留言|發表|发表|投稿|"
    "カテゴリ|タグ|一覧|ニュース)"
)

_KOREAN = "[가-힣]"
_REPORTER = (
    "선임기자|전문기자|인턴기자|"
    "객원기자|수습기자|대표기자|시민기자|기자|특파원|논설위원|칼럼니스트|리포터"
)
_KOREAN_LIST = rf"{_KOREAN}{{2,4}}(?:\s{{0,2}}[·ㆍ,、/]\s{{0,2}}{_KOREAN}{{2,4}}){{0,9}}"
_BEFORE_ROLE = re.compile(rf"(?<!{_KOREAN})({_KOREAN_LIST})\s{{0,2}}(?:{_REPORTER})(?!{_KOREAN})")
_BEHIND_ROLE = re.compile(
    rf"(?<!{_KOREAN})(?:취재|글|글쓴이|작성자|{_REPORTER})(?:{_MARK}|"
    rf"\s)({_KOREAN_LIST})(?!{_KOREAN})"
)
_KOREAN_MARK = re.compile(r"\s{0,2}[·ㆍ,、/]\s{0,2}")
_KOREAN_NONE = frozenset(
    "담당 사진 수습 인턴 본지 전문 취재 편집 선임 객원 온라인 디지털 시민 현장 회견 간담회 협회 "
    "일동 정치부 "
    "경제부 사회부 문화부 국제부 "
    "산업부 스포츠 뉴스 입력 수정 등록 구독 영상 글 다른 이전 해당 모든 여러".split()
)


def has_east(text: str) -> bool:
    """Whether a text has a character of these scripts."""
    return not text.isascii() and _EAST.search(text) is not None


def eastern_names(text: str) -> tuple[str, ...]:
    """The names that a byline in these scripts gives; none if it is no such byline."""
    for pattern in (_LABELLED, _SPACED, _CLOSED, _BEHIND):
        if found := pattern.search(text):
            names = tuple(_cut_at_others(_APART.split(found[1])))
            if names:
                return names
    korean: list[str] = []
    for pattern in (_BEFORE_ROLE, _BEHIND_ROLE):
        for match in pattern.finditer(text):
            korean += [name for name in _KOREAN_MARK.split(match[1]) if name not in _KOREAN_NONE]
        if korean:
            return tuple(dict.fromkeys(korean))
    return ()


def is_no_author(text: str) -> bool:
    """Whether a text begins with a role that is no writer's: an editor on duty."""
    return _OTHER.match(text) is not None or _NO_NAME.fullmatch(text) is not None


def says_a_role(text: str) -> bool:
    """Whether a word in a text is one of a role or of the interface, and so is no name."""
    return _NO_NAME.search(text) is not None


def _cut_at_others(parts: list[str]) -> list[str]:
    """The names up to the first word that is none."""
    names: list[str] = []
    for part in parts:
        if _NO_NAME.search(part):
            break
        if part:
            names.append(part)
    if len(names) == 2 and all(len(name) <= 2 for name in names) and len("".join(names)) <= 4:  # noqa: PLR2004 - a Japanese family and first name
        family, first = names
        return [f"{family} {first}"] if not _looks_chinese(family) else names
    return names


def _looks_chinese(name: str) -> bool:
    """Whether a name of two characters begins with one of the commonest Chinese family names."""
    return name[0] in (
        "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何高林罗羅郑鄭梁谢謝宋唐许許邓鄧韩韓冯馮"
        "曹彭曾肖蕭田董袁潘于蒋蔣蔡余杜叶葉程苏蘇魏吕呂丁任沈姚卢盧姜崔钟鍾谭譚陆陸汪范石廖贾賈夏韦韋付方白邹"
        "鄒孟熊秦邱江尹薛闫段雷侯龙龍史陶黎贺賀顾顧毛郝龚龔邵万萬钱錢严嚴覃武戴莫孔向汤湯焦"
    )
