"""How sites wrap a story: a newspaper, content farms, a teaser, lists, error pages.

Invariant: shapes as crawlers meet them; every name in them is invented.
"""

import html
from collections.abc import Sequence

from streams.testing.samples.stories import Story

HEADLINES = (
    "Council of Brenn votes to keep its last telephone box",
    "Seven questions about the new ferry timetable nobody could answer",
    "Goalkeeper who stopped three penalties goes back to his bakery on Monday",
    "The soup that made a lighthouse keeper famous in eleven countries",
    "Why the clocks of Tarn valley will run four minutes late this winter",
    "Singer cancels two concerts after losing her voice in a snowball fight",
    "Mountain railway sells its old carriages for one crown each",
    "Scientists find a beetle that was thought to live only in a novel",
)


def newspaper(story: Story, *, published: str, site: str = "The Velmora Herald") -> str:
    """A story as a newspaper prints it: navigation, byline, a newsletter box, more stories."""
    title = html.escape(story.title)
    body = [f"<p>{html.escape(text)}</p>" for text in story.paragraphs]
    body.insert(
        4,
        '<aside class="newsletter"><h4>Morning letter</h4><p>The island in five minutes, '
        "every working day.</p></aside>",
    )
    return (
        f'<!doctype html><html lang="{story.language}"><head><meta charset="utf-8">'
        f"<title>{title} | {site}</title>"
        f'<meta property="og:type" content="article"><meta property="og:title" content="{title}">'
        f'<meta property="og:site_name" content="{site}">'
        f'<meta property="article:published_time" content="{published}">'
        f'<meta name="author" content="{html.escape(story.author)}"></head><body>'
        f"<header>{_menu()}<p>Read without limits. <a href='/login'>Log in</a></p></header>"
        f"<main><article><h1>{title}</h1><p class='byline'>By {html.escape(story.author)}</p>"
        f"<time datetime='{published}'>{published[:10]}</time>{''.join(body)}</article>"
        f"<section class='more'><h2>More from the islands</h2>{_links(HEADLINES[:4])}</section>"
        f"</main><footer><p>&copy; {site}. All rights reserved.</p>{_menu()}</footer></body></html>"
    )


def farm_html(story: Story, *, brand: str, site: str, section: str, dated: str) -> str:
    """A content farm's copy: brand glued to title and dateline, breadcrumb, counters, lists."""
    title = html.escape(f"{brand}-{story.title}")
    first, *rest = story.paragraphs
    body = "".join(f"<p>{html.escape(text)}</p>\n" for text in (glued(first, brand), *rest))
    lists = "".join(
        f"<div class='box'><h3>{name}</h3>{_links(HEADLINES[at : at + 4])}</div>"
        for at, name in enumerate(("Related", "Ranking", "Recommendation"))
    )
    return (
        f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>{title} -{site}</title>"
        f"<meta name='keywords' content='{brand}'></head><body>"
        f"<div class='top'><a href='/'>Home</a><a href='/{section}/'>{section}</a></div>"
        f"<div class='place'>Current:<a href='/'>Home</a> &gt; <a href='/{section}/'>{section}</a>"
        f"{title} -{site}</div><div class='wrap'><h1>{title}</h1>"
        f"<div class='info'>{site} Research Centre View <span>Date:{dated}</span></div>"
        f"<div class='con'>{body}<p>___</p><div class='zan'><a href='#'>very<b>Good!</b> "
        f"<span>(58213)</span></a></div></div>{lists}</div>"
        f"<div class='foot'>Copyright {site}. <a href='/contact'>Contact</a></div></body></html>"
    )


def farm_text(  # noqa: PLR0913 - a page's parts
    story: Story, *, brand: str, site: str, section: str, dated: str, kept: int
) -> str:
    """Another farm's copy, cut after `kept` paragraphs and flattened to lines."""
    first, *rest = story.paragraphs[:kept]
    title = f"{brand}-{story.title}"
    return "\n".join(
        (
            f"Home > {section}{title} -{site}",
            title,
            f"View Date:{dated}",
            glued(first, brand),
            *rest,
            "___",
            "glance through: 4471 reads",
            "Related",
            *(f"- {headline}" for headline in HEADLINES[:5]),
            "Hot Articles",
            *HEADLINES[4:],
        )
    )


def glued(paragraph: str, brand: str) -> str:
    """A paragraph with the brand glued in behind its first comma."""
    place, comma, rest = paragraph.partition(",")
    return f"{place}{comma}{brand}{rest}"


def teaser(story: Story, *, site: str) -> str:
    """The first two paragraphs and a link to the rest, on another site."""
    title = html.escape(story.title)
    body = "".join(f"<p>{html.escape(text)}</p>" for text in story.paragraphs[:2])
    return (
        f'<html lang="{story.language}"><head><title>{title} - {site}</title></head><body>'
        f"{_menu()}<div class='item'><h1>{title}</h1>{body}"
        "<a href='https://herald.example/islands/velmora-bridge'>Read the full story</a></div>"
        f"</body></html>"
    )


def plain_site(story: Story, *, charset: str, site: str) -> str:
    """A story on a small, old site: tables of links around it, the charset in a meta tag."""
    title = html.escape(story.title)
    body = "".join(f"<p>{html.escape(text, quote=False)}</p>\n" for text in story.paragraphs)
    return (
        f"<html><head><meta http-equiv='Content-Type' content='text/html; charset={charset}'>"
        f"<title>{title} - {site}</title></head><body><table><tr><td>{_menu()}</td><td>"
        f"<h1>{title}</h1>{body}</td></tr></table></body></html>"
    )


def crowded(story: Story, *, site: str) -> str:
    """A short story in a page of navigation: mega menu, tag clouds, related lists on all sides."""
    title = html.escape(story.title)
    body = "".join(f"<p>{html.escape(text)}</p>" for text in story.paragraphs)
    menus = "".join(
        f"<ul class='submenu'>{''.join(f'<li><a href=/s{a}/{b}>Section {a} {b}</a></li>' for b in range(12))}</ul>"
        for a in range(15)
    )
    return (
        f"<html lang='{story.language}'><head><title>{title} | {site}</title></head><body>"
        f"<nav>{menus}</nav><div class='sidebar'>{_links(HEADLINES)}{_links(HEADLINES)}</div>"
        f"<div class='story-body'><h1>{title}</h1>{body}</div>"
        f"<div class='related'>{_links(HEADLINES)}</div><footer>{menus}</footer></body></html>"
    )


def home_page(site: str) -> str:
    """A home page: headlines and nothing but headlines."""
    boxes = "".join(
        f"<section><h2>{name}</h2>{_links(HEADLINES[at:])}</section>"
        for at, name in enumerate(("Islands", "Sea", "Sport", "Culture"))
    )
    return f"<html lang='en'><head><title>{site}</title></head><body>{_menu()}{boxes}</body></html>"


def search_results(word: str) -> str:
    """Search results: a count and a list of links."""
    return (
        f"<html lang='en'><head><title>Search: {word}</title></head><body>{_menu()}"
        f"<p>8 results for {word}</p>{_links(HEADLINES)}<p>Next page</p></body></html>"
    )


def error_page() -> str:
    """An error page, as it is served with status 200 as often as with 404."""
    return (
        "<html lang='en'><head><title>404 Page not found - The Velmora Herald</title></head><body>"
        f"{_menu()}<h1>We could not find that page</h1><p>The page you are looking for has moved or "
        "never existed. Please go back to the home page, use the search, or write to our readers' "
        f"desk and tell us which link brought you here.</p>{_links(HEADLINES[:3])}</body></html>"
    )


def _menu() -> str:
    names = ("Home", "Islands", "Sea", "Sport", "Culture", "Weather", "Jobs")
    items = "".join(f"<li><a href='/{name.lower()}'>{name}</a></li>" for name in names)
    return f"<nav><ul>{items}</ul></nav>"


def _links(headlines: Sequence[str]) -> str:
    items = (
        f"<li><a href='/n/{at}.html'>{html.escape(text)}</a></li>"
        for at, text in enumerate(headlines, 1000)
    )
    return f"<ul>{''.join(items)}</ul>"
