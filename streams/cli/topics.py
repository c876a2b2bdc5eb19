"""`cleanwire topics`."""

import click

from streams.cli.screen import OUT
from streams.exit_codes import ANSWER_IS_NO
from streams.kafka.compression import require_codecs
from streams.kafka.topics import check_topics, ensure_topics, specs
from streams.settings import load_settings


@click.command("topics")
@click.option("--check", is_flag=True, help="Create nothing; exit 1 if anything differs.")
def command(*, check: bool) -> int:
    """Create the topics that are missing, and say what differs from the settings.

    Existing topics are not changed: only the operator alters the partitions and the retention
    of a topic in use. Exits 1 if anything differs, and 3 if a codec of compressed records is
    missing on this machine.

    \b
    Examples:
      cleanwire topics
      cleanwire topics --check
      CLEANWIRE_REPLICATION_FACTOR=3 cleanwire topics
    """
    settings = load_settings()
    require_codecs()
    created = [] if check else ensure_topics(settings)
    for name in created:
        OUT.print(f"created {name}")
    differences = check_topics(settings)
    for difference in differences:
        OUT.print(str(difference), markup=False)
    if not differences and not created:
        OUT.print(f"all {len(specs(settings))} topics are as the settings have them")
    return ANSWER_IS_NO if differences else 0
