"""`cleanwire takedown`."""

import click

from streams.cli.screen import OUT, progress, say
from streams.exit_codes import ANSWER_IS_NO
from streams.settings import load_settings


@click.command("takedown")
@click.argument("targets", nargs=-1, required=True, metavar="URL|ID...")
@click.option(
    "--wait",
    "seconds",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    help="Seconds to wait until dedupe has done it.",
)
def command(targets: tuple[str, ...], seconds: float) -> int:
    """Withdraw published articles, by id, or by the URL of their page.

    Each article gets a tombstone on clean-articles, and dedupe deletes it from its memory. Its
    id, and its URL as fetched so far, are denied for good: replays are rejected as withdrawn. A
    copy that comes after that is published, and so is the page itself when it is fetched anew.
    Exits 1 if that is not done when the waiting ends; dedupe will do it when it runs.

    \b
    Examples:
      cleanwire takedown 6f1ed002ab5595859014ebf0951522d9
      cleanwire takedown https://paper.example/a https://paper.example/b
    """
    from streams.ops import takedown  # noqa: PLC0415 - --help needs none of it

    settings = load_settings()
    with progress("looking") as update:
        asked = takedown.ask(settings, targets, lambda _, done, total: update(done, total))
    for article in asked.ids:
        url = asked.articles.get(article, "not found on clean-articles")
        OUT.print(f"{article} {url}", markup=False)
    if not takedown.wait(settings, asked, seconds):
        say(
            f"asked for at offset {asked.offset} of {settings.topics.candidates}; dedupe has not "
            f"done it after {seconds:g} s, and will when it runs",
        )
        return ANSWER_IS_NO
    OUT.print(f"{len(asked.ids)} withdrawn; replays are denied from now on")
    return 0
