"""`cleanwire reshard`."""

import click

from streams.cli.screen import OUT, progress
from streams.ops.reshard import reshard
from streams.settings import load_settings


@click.command("reshard")
@click.option(
    "--forget",
    is_flag=True,
    help="Go on even if the text of an article that has to be signed anew is gone.",
)
def command(*, forget: bool) -> int:
    """Move the memory of dedupe into the layout that the settings ask for.

    This is needed for another number of shards, another window, other thresholds, or a version
    of Cleanwire with another signature. Stop extract first, let dedupe come to the end of
    candidates, stop it, change the settings, run this, and start the workers again. Nothing is
    lost. If it is stopped half way, run it again.

    \b
    Examples:
      CLEANWIRE_DEDUPE_SHARDS=4 cleanwire reshard
      CLEANWIRE_NEAR_THRESHOLD=0.5 cleanwire reshard
    """
    with progress("moving") as update:
        moved = reshard(
            load_settings(), forget=forget, progress=lambda _, done, total: update(done, total)
        )
    if moved is None:
        OUT.print("the memory of dedupe is as the settings have it")
        return 0
    OUT.print(f"before: {moved.before}")
    OUT.print(f"now: {moved.after}")
    OUT.print(
        f"{moved.decisions} decisions, {moved.entries} articles to match against"
        + (f", {moved.signed} signed anew" if moved.signed else "")
        + (f", {moved.carried} carried over without their leads" if moved.carried else "")
        + (f", {moved.unsigned} forgotten" if moved.unsigned else "")
    )
    return 0
