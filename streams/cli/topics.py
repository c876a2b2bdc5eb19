"""`cleanwire topics`."""

import click

from streams.cli.screen import OUT
from streams.exit_codes import ANSWER_IS_NO, DONE
from streams.kafka import growth
from streams.kafka.compression import require_codecs
from streams.kafka.topics import check_topics, ensure_topics, specs
from streams.settings import Settings, load_settings


@click.command("topics")
@click.option("--check", is_flag=True, help="Create nothing; exit 1 if anything differs.")
@click.option(
    "--grow", is_flag=True, help="Say which partitions would be added to raw-pages; with --yes, do."
)
@click.option("--yes", is_flag=True, help="With --grow: add them. Kafka takes none back.")
def command(*, check: bool, grow: bool, yes: bool) -> int:
    """Create the topics that are missing, and say what differs from the settings.

    Existing topics are not changed: only the operator alters the partitions and the retention
    of a topic in use. Exits 1 if anything differs, and 3 if a codec of compressed records is
    missing on this machine.

    --grow compares raw-pages and rejected-pages with CLEANWIRE_RAW_PARTITIONS and says what it
    would add; with --yes it adds it, while workers run. All other topics keep their partitions.
    Exits 1 if anything is left to add, or may not be added.

    \b
    Examples:
      cleanwire topics
      cleanwire topics --check
      CLEANWIRE_REPLICATION_FACTOR=3 cleanwire topics
      CLEANWIRE_RAW_PARTITIONS=16 cleanwire topics --grow --yes
    """
    if (check and grow) or (yes and not grow):
        raise click.UsageError("--check and --grow exclude each other, and --yes needs --grow")
    settings = load_settings()
    require_codecs()
    if grow:
        return _grow(settings, really=yes)
    created = [] if check else ensure_topics(settings)
    for name in created:
        OUT.print(f"created {name}")
    differences = check_topics(settings)
    for difference in differences:
        OUT.print(str(difference), markup=False)
    growable = {settings.topics.raw, settings.topics.rejected}
    if any(one.what == "partitions" and one.topic in growable for one in differences):
        OUT.print("`cleanwire topics --grow` adds partitions")
    if not differences and not created:
        OUT.print(f"all {len(specs(settings))} topics are as the settings have them")
    return ANSWER_IS_NO if differences else DONE


def _grow(settings: Settings, *, really: bool) -> int:
    planned = growth.plan(settings)
    if really:
        growth.grow(settings, planned)
    for one in planned:
        OUT.print(str(one), markup=False)
    left = [one for one in planned if not one.why_not]
    if not left:
        OUT.print("there is no partition to add")
    elif really:
        OUT.print("added; running workers take the new partitions within half a minute")
    else:
        OUT.print("nothing was changed; --yes adds them, and Kafka takes none back")
    refused = any(one.why_not and one.is_wrong for one in planned)
    return ANSWER_IS_NO if refused or (left and not really) else DONE
