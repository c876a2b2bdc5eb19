"""MkDocs hook: the repository's pages outside docs/ as pages of the site, and links between them.

Invariants:

- A link that works in the repository works on the site, and the other way round. Only the site's
  copies of pages are rewritten, no file.
- The site fetches nothing from another host.
- A link to a file that is no page leads to a page with the file's text.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]

PAGES = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "project/architecture.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "deploy/README.md": "project/deploy.md",
    "schemas/README.md": "project/schemas.md",
}
"""The repository's pages outside docs/, and their places on the site."""

SOURCES = "source"
"""The folder of the site with the files that pages link to."""

_LEXERS = {".py": "python", ".json": "json", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml"}
_FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_PLACES = {place: name for name, place in PAGES.items()}


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages outside docs/, and every file that a page links to."""
    for name, place in PAGES.items():
        files.append(File.generated(config, place, content=(ROOT / name).read_text("utf-8")))
    for name in sorted(_linked_files(files)):
        files.append(File.generated(config, _source_page(name), content=_listing(name)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn the links of the repository into those of the site."""
    del config, files
    place = page.file.src_uri
    if place.startswith(f"{SOURCES}/"):
        return markdown
    name = _PLACES.get(place, f"docs/{place}")
    return "".join(
        _LINK.sub(lambda m: f"]({_on_site(m[1], name, place)})", line) if prose else line
        for line, prose in _lines(markdown)
    )


def _lines(markdown: str) -> Iterator[tuple[str, bool]]:
    """The lines of a page, each with whether it is outside fenced code."""
    fence = ""
    for line in markdown.splitlines(keepends=True):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
            yield line, False
        elif mark and mark[1].startswith(fence):
            fence = ""
            yield line, False
        else:
            yield line, not fence


def _linked_files(files: Files) -> set[str]:
    """The files that pages link to and that are neither pages nor inside docs/."""
    pages = {name: (ROOT / name).read_text("utf-8") for name in PAGES}
    pages |= {
        f"docs/{f.src_uri}": f.content_string
        for f in files.documentation_pages()
        if f.src_uri not in _PLACES
    }
    found = set()
    for name, text in pages.items():
        for line, prose in _lines(text):
            for target in _LINK.findall(line) if prose else ():
                linked = _in_repository(target, name)
                if linked and linked not in PAGES and _is_source(linked):
                    found.add(linked)
    # Of a folder the files too, so that its listing leads to them.
    for folder in [name for name in found if (ROOT / name).is_dir()]:
        found |= {str(path.relative_to(ROOT)) for path in _files_of(ROOT / folder)}
    return found


def _is_source(name: str) -> bool:
    return not name.startswith("docs/") and (ROOT / name).exists()


def _files_of(folder: Path) -> list[Path]:
    return sorted(
        p for p in folder.iterdir() if p.is_file() and p.suffix in {".py", ".md", *_LEXERS}
    )


def _in_repository(target: str, name: str) -> str:
    """The file that a link of a page leads to, from the root; empty if it leaves the repository."""
    path = target.partition("#")[0]
    if not path or "://" in target or target.startswith("mailto:"):
        return ""
    return os.path.normpath(os.path.join(os.path.dirname(name), path))  # noqa: PTH118, PTH120 - no file is asked


def _on_site(target: str, name: str, place: str) -> str:
    linked = _in_repository(target, name)
    if not linked:
        return target
    if linked in PAGES:
        there = PAGES[linked]
    elif linked.startswith("docs/"):
        there = linked.removeprefix("docs/")
    elif _is_source(linked):
        there = _source_page(linked)
    else:
        # MkDocs warns of it, with the page's name, and the strict build fails.
        return target
    anchor = "#" + target.partition("#")[2] if "#" in target else ""
    return os.path.relpath(there, os.path.dirname(place) or ".") + anchor  # noqa: PTH120 - no file is asked


def _source_page(name: str) -> str:
    return f"{SOURCES}/{name.rstrip('/')}.md"


def _listing(name: str) -> str:
    """A page with the text of a file, or the names of a folder's files."""
    head = f"---\ntitle: {name}\nsearch:\n  exclude: true\nhide:\n  - toc\n---\n\n# `{name}`\n\n"
    path = ROOT / name
    if path.is_dir():
        own = Path(_source_page(name)).parent
        return head + "".join(
            f"- [{one.name}]({os.path.relpath(_source_page(str(one.relative_to(ROOT))), own)})\n"
            for one in _files_of(path)
        )
    text = path.read_text("utf-8")
    ticks = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 3)
    return f"{head}{ticks}{_LEXERS.get(path.suffix, 'text')}\n{text.rstrip()}\n{ticks}\n"
