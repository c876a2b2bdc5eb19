"""`cleanwire clean`: pages in files, outcomes on stdout, no bus."""

import json

import pytest

from helpers.harness import cleanwire, free_port
from streams.settings import Settings

STORY = [
    "The old mill at the end of the valley turned again on Friday, after four years of silence.",
    "Three hundred people each paid two hundred crowns for a share, and for the new roof.",
    "Eleven workers can make four thousand sheets a day, and the first orders have come in.",
]
PAGE = (
    "<html lang='en'><head><title>Mill turns again | Valley Post</title></head><body>"
    f"<article><h1>Mill turns again</h1><p>{STORY[0]}</p><h2>Shares</h2><p>{STORY[1]}</p>"
    f"<ul><li>A share costs two hundred crowns in this first year.</li><li>There are three hundred "
    f"of them, all sold.</li></ul><p>{STORY[2]}</p></article></body></html>"
)


@pytest.fixture
def settings(tmp_path):
    return Settings(broker=f"127.0.0.1:{free_port()}", data_dir=tmp_path / "data")


@pytest.fixture
def files(tmp_path):
    (tmp_path / "a.html").write_text(PAGE, "utf-8")
    (tmp_path / "b.html").write_text(PAGE.replace("Valley Post", "Mirror"), "utf-8")
    (tmp_path / "c.html").write_text("<html><body><p>Nothing.</p></body></html>", "utf-8")
    return [str(tmp_path / name) for name in ("a.html", "b.html", "c.html")]


@pytest.mark.slow
def test_a_line_a_page_in_order(settings, files):
    done = cleanwire(settings, "clean", *files)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["outcome"] for line in lines] == ["clean", "duplicate", "rejected"]
    article = lines[0]["event"]
    assert article["title"] == "Mill turns again"
    assert article["text"].split("\n\n")[0] == STORY[0]
    assert [block["kind"] for block in article["blocks"]].count("list-item") == 2
    assert lines[2]["event"]["reason"] == "no-article"


@pytest.mark.slow
def test_articles_as_markdown(settings, files):
    done = cleanwire(settings, "clean", "--format", "markdown", *files)
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    assert text.startswith("<!-- clean: file://")
    assert f"# Mill turns again\n\n{STORY[0]}\n\n## Shares\n\n{STORY[1]}\n\n- A share" in text
    assert "<!-- duplicate (exact) of file://" in text
    assert "<!-- rejected (no-article): " in text


@pytest.mark.slow
def test_a_setting_gives_what_is_no_article(settings, files):
    done = cleanwire(settings, "clean", files[2], env={"CLEANWIRE_REQUIRE_ARTICLE": "false"})
    (line,) = map(json.loads, done.stdout.splitlines())
    assert line["outcome"] == "clean"
    assert line["event"]["text"] == "Nothing."
