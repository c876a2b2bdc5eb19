"""The pages about sites and stories: over a real store, without a broker."""

import collections
import http.client
import itertools
import random
import time
import urllib.parse

import pytest
from selectolax.lexbor import LexborHTMLParser

from helpers.view_pages import browsing
from helpers.view_sites import HOUR, KINDS, SITES, record
from streams.web import sites as handlers
from streams.web.pages.rendering import site_path
from streams.web.pages.stories import RANGES
from streams.web.store import damage, queries


def made_up(seed, now, count=400):
    """Outcomes of some days."""
    chance = random.Random(seed)
    originals, entries = [], []
    for number in range(count):
        at = now - chance.randrange(8 * 24 * HOUR) * (number % 4 > 0) - number
        kind = chance.choice([*KINDS] if originals else ["new"])
        site = chance.choice(SITES)
        more = {"site": site, "url": f"https://{site}/{number}", "article": f"{number:032x}"}
        if KINDS[kind] == "clean":
            more["title"] = f"Story <b>{number}</b>"
            originals.append((more["article"], site))
        elif KINDS[kind] == "duplicate":
            more["copy_of"], more["copy_of_site"] = chance.choice(originals)
            more["similarity"] = 0.5
        else:
            del more["article"]
            more["detail"] = "status 404"
        entries.append(record(number, kind, at, **more))
    return entries


@pytest.fixture(scope="module")
def entries():
    return made_up(1, round(time.time() * 1000))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sites")


@pytest.fixture(scope="module")
def port(folder, entries):
    with browsing(folder, entries) as port:
        yield port


@pytest.fixture(scope="module")
def off(tmp_path_factory):
    with browsing(tmp_path_factory.mktemp("off"), is_on=False) as port:
        yield port


@pytest.fixture
def connection(folder, port):  # noqa: ARG001 - the port's fixture fills the folder
    opened = damage.connect_to_read(folder)
    yield opened
    opened.close()


def ask(port, path):
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        client.request("GET", path)
        answer = client.getresponse()
        return answer.status, LexborHTMLParser(answer.read().decode())
    finally:
        client.close()


def words_of(tree, selector="main"):
    return " ".join(tree.css_first(selector).text(deep=True).split())


def is_copy(one):
    return one.outcome == "duplicate" and one.kind != "recrawl"


# What the store answers


def test_sites_are_counted_and_found_by_name(connection, entries):
    expected = collections.Counter(one.site for one in entries)
    found = queries.sites(connection)
    assert {one.site: one.count for one in found} == expected
    assert [one.count for one in found] == sorted(expected.values(), reverse=True)
    for one in found:
        kinds = collections.Counter(each.kind for each in entries if each.site == one.site)
        assert {each.kind: each.count for each in one.kinds} == kinds
    parts = [queries.sites(connection, limit=2, skip=skip) for skip in range(0, 8, 2)]
    assert tuple(itertools.chain(*parts)) == found
    for text in ("gull", "GULL.", "example", "%", "_", "אבג", "no such site", "'", "\0", "\ud800"):
        named = queries.sites(connection, containing=text)
        assert {one.site for one in named} == {one for one in expected if text.lower() in one}
    assert queries.sites(connection, skip=10**30) == ()


def test_the_copies_among_the_top_sites_are_exact(connection, entries):
    pairs = collections.Counter((one.site, one.copy_of_site) for one in filter(is_copy, entries))
    found = queries.copyings(connection)
    assert {(one.site, one.original): one.count for one in found} == pairs
    few = queries.copyings(connection, limit=2)
    by_copying, by_original = collections.Counter(), collections.Counter()
    for (site, original), count in pairs.items():
        by_copying[site] += count
        by_original[original] += count
    least = [sorted(one.values())[-2] for one in (by_copying, by_original)]
    assert 1 <= len(few) <= 4
    for one in few:
        assert one.count == pairs[one.site, one.original]
        assert by_copying[one.site] >= least[0]
        assert by_original[one.original] >= least[1]


@pytest.mark.parametrize("name", RANGES)
def test_the_copies_of_a_story_are_counted_in_the_ranges_intervals(connection, entries, name):
    chosen, now = RANGES[name], time.time()
    since, until = chosen.span(now)
    assert until - since == chosen.length
    assert since % chosen.width == until % chosen.width == 0
    assert until - chosen.width <= 1000 * now < until
    expected = collections.Counter(
        (one.copy_of, one.at - one.at % chosen.width)
        for one in entries
        if is_copy(one) and since <= one.at < until
    )
    found = queries.stories(connection, since, until, limit=500, width=chosen.width)
    assert expected == {(one.article, at): count for one in found for at, count in one.hours}
    assert expected, "the range has copies"


# The pages


def test_the_page_of_sites(port, entries):
    status, tree = ask(port, "/sites")
    assert status == 200
    counts = collections.Counter(one.site for one in entries)
    rows = tree.css("#sites tbody tr")
    assert len(rows) == len(counts)
    for row in rows:
        name = words_of(row, "th")
        mine = [one for one in entries if one.site == name]
        cells = [words_of(cell, "td") for cell in row.css("td.n")]
        shares = [
            sum(one.outcome == "clean" for one in mine),
            sum(map(is_copy, mine)),
            sum(one.kind == "recrawl" for one in mine),
            sum(one.outcome == "rejected" for one in mine),
        ]
        assert cells == [f"{len(mine)}", *(f"{share / len(mine):.0%}" for share in shares)]
    pairs = collections.Counter((one.site, one.copy_of_site) for one in filter(is_copy, entries))
    cells = [words_of(cell, "title") for cell in tree.css("svg.matrix g:has(rect) > title")]
    assert sorted(cells) == sorted(
        f"{a} has {n:,} {'copy' if n == 1 else 'copies'} of {b}" for (a, b), n in pairs.items()
    )
    # The same is there without the picture.
    table = {
        tuple(words_of(cell, "*") for cell in row.css("th, td"))
        for row in tree.css("#copying tbody tr")
    }
    assert table == {(a, b, f"{n:,}") for (a, b), n in pairs.items()}


def test_the_list_of_sites_is_filtered_and_in_parts(port, monkeypatch):
    monkeypatch.setattr(handlers, "SITES", 2)
    _, all_of_them = ask(port, "/sites?name=EXAMPLE")
    assert all_of_them.css_first("[rel=prev]") is None
    assert all_of_them.css_first("input[name=name]").attributes["value"] == "EXAMPLE"
    seen, path = [], "/sites?name=e"
    while path:
        status, tree = ask(port, path)
        assert status == 200
        assert tree.css_first("svg.matrix") is None
        seen += [words_of(one, "th") for one in tree.css("#sites tbody tr")]
        following = tree.css_first("[rel=next]")
        path = following and urllib.parse.urljoin(path, following.attributes["href"])
    assert sorted(seen) == sorted(one for one in SITES if "e" in one)
    _, tree = ask(port, "/sites?skip=2")
    assert tree.css_first("[rel=prev]").attributes["href"] == "./sites?"
    assert "There are no more sites" in words_of(ask(port, "/sites?skip=999")[1])
    assert "No site's name contains <b>" in words_of(ask(port, "/sites?name=%3Cb%3E")[1])


@pytest.mark.parametrize("name", SITES)
def test_the_page_of_a_site(port, entries, name):
    status, tree = ask(port, f"/{site_path(name)}")
    assert status == 200
    mine = [one for one in entries if one.site == name]
    assert words_of(tree, "h1") == name
    assert words_of(tree, ".card b") == str(len(mine))
    kinds = collections.Counter(one.kind for one in mine)
    told = zip(tree.css("#cards dt"), tree.css("#cards dd"), strict=True)
    shown = {words_of(kind, "dt").split()[0]: int(count.text()) for kind, count in told}
    assert shown == kinds
    for part, expected in (
        ("#copied-by", [one.site for one in entries if is_copy(one) and one.copy_of_site == name]),
        ("#copies", [one.copy_of_site for one in mine if is_copy(one)]),
    ):
        rows = tree.css(f"{part} tbody tr")
        shown = {words_of(row, "th"): int(words_of(row, "td")) for row in rows}
        assert shown == collections.Counter(expected)
    latest = tree.css("#latest tbody tr")
    assert len(latest) == min(len(mine), handlers.LATEST)
    links = [one.attributes["href"] for one in tree.css(".card a")]
    assert links == [f"../articles?{urllib.parse.urlencode({'site': name})}"]


@pytest.mark.parametrize("name", RANGES)
def test_the_page_of_stories(port, entries, name):
    status, tree = ask(port, f"/stories?range={name}")
    assert status == 200
    since, until = RANGES[name].span(time.time())
    copied = collections.Counter(
        one.copy_of for one in entries if is_copy(one) and since <= one.at < until
    )
    shown = tree.css("ol.stories > li")
    assert len(shown) == min(len(copied), handlers.STORIES)
    titles = {one.article: one.title for one in entries if one.outcome == "clean"}
    for one in shown:
        link = one.css_first("h2 a")
        article = link.attributes["href"].removeprefix("./articles/")
        assert words_of(one, "h2") == titles[article]
        assert words_of(one, ".spread-count b") == str(copied[article])
        bars = [each.text().rsplit(" ", 2)[1] for each in one.css("svg title")]
        assert sum(map(int, bars)) == copied[article]
    assert tree.css_first(".ranges [aria-current]").text() == RANGES[name].words
    assert RANGES[name].words in words_of(tree, "h1")


def test_the_range_is_a_day_at_first(port):
    assert "last day" in words_of(ask(port, "/stories")[1], "h1")


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/sites?skip=abc", 400, "skip=abc is no number"),
        ("/sites?skip=-1", 400, "skip=-1 is no number"),
        ("/sites?skip=²", 400, "is no number"),
        ("/sites?skip=1234567890", 400, "skip is longer than 9 characters"),
        ("/sites?name=a&name=b", 400, "name is given 2 times"),
        (f"/sites?name={'a' * 254}", 400, "name is longer than 253 characters"),
        ("/stories?range=year", 400, "range=year is none of hour, day, week"),
        ("/sites/nowhere.example", 404, "no outcome of a site named nowhere.example"),
        ("/sites/%3Cb%3E%00%ff", 404, "no outcome of a site named <b>"),
        ("/sites/..%2f..%2fetc", 404, "no outcome of a site"),
        (f"/sites/{'a' * 5000}", 404, "no outcome of a site named aaa"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong(port, path, status, said):
    got, tree = ask(port, urllib.parse.quote(path, safe="/?=&%"))
    assert got == status
    assert said in words_of(tree, "[role=alert]")


@pytest.mark.parametrize("path", ["/sites", "/sites?skip=4", "/sites/gull.example", "/stories"])
def test_a_store_that_is_off_says_why(off, path):
    status, tree = ask(off, path)
    assert status == 503
    assert "The store is off: it is not open yet" in words_of(tree, "[role=alert]")


def test_a_query_that_takes_too_long_says_so(port, monkeypatch):
    monkeypatch.setattr("streams.web.store.store.QUERY_SECONDS", -1.0)
    monkeypatch.setattr("streams.web.store.store.PROGRESS_STEPS", 1)
    status, tree = ask(port, "/sites")
    assert status == 503
    assert "takes over" in words_of(tree, "[role=alert]")


def test_an_empty_store_has_pages(tmp_path):
    with browsing(tmp_path) as port:
        assert "no outcome of any site yet" in words_of(ask(port, "/sites")[1])
        assert "No copy was found" in words_of(ask(port, "/stories")[1])
        assert ask(port, "/sites/gull.example")[0] == 404


@pytest.mark.parametrize(
    "path", ["/sites", f"/{site_path(SITES[2])}", "/stories?range=week", "/sites/nowhere.example"]
)
def test_a_page_can_be_read_without_seeing_it(port, path):
    _, tree = ask(port, path)
    levels = [int(node.tag[1]) for node in tree.css("h1, h2, h3, h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - level <= 1 for level, later in itertools.pairwise(levels))
    for picture in tree.css("svg"):
        assert picture.attributes["role"] == "img"
        assert picture.attributes["aria-label"]
    for box in tree.css(".scroll"):
        assert box.attributes["tabindex"] == "0"
        assert "aria-label" in box.attributes or "aria-labelledby" in box.attributes
    assert all("scope" in cell.attributes for cell in tree.css("th"))
    assert all(node.parent.tag == "label" for node in tree.css("input, select"))
    names = [node.attributes["id"] for node in tree.css("[id]")]
    assert len(names) == len(set(names))
    assert {one.attributes["aria-labelledby"] for one in tree.css("[aria-labelledby]")} <= set(
        names
    )
    assert not tree.css("[style], style, script:not([src])")


def test_every_link_of_the_pages_is_relative_and_answered(port):
    seen, left = {}, {"/sites", "/stories?range=week"}
    while left:
        path = left.pop()
        seen[path], tree = ask(port, path)
        for node in tree.css("main [href], main [action]"):
            given = node.attributes.get("href") or node.attributes["action"]
            assert given.startswith(("./", "../", "?", "#")), given
            address = urllib.parse.urljoin(path, given).partition("#")[0]
            # The pages of articles have tests of their own.
            if address.startswith(("/sites", "/stories")) and address not in seen:
                left.add(address)
    assert set(seen.values()) == {200}
    assert len(seen) > len(SITES)
