"""The pages about sites: all of them, and one.

Invariant: a share is told with the numbers that it is of. Recrawls are no copies.
"""

import dataclasses
from collections.abc import Sequence

from markupsafe import Markup

from streams.web.pages import graphs
from streams.web.pages.articles import rows
from streams.web.pages.charts import shares
from streams.web.pages.rendering import render
from streams.web.store.model import Copying, KindCount, Site, SiteCount, Stored

RECRAWL = "recrawl"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What a site's pages became.

    Attributes:
        site: the site's name.
        total: how many pages.
        published: how many were published.
        copies: how many are copies of other pages.
        recrawls: how many repeat the article of their own URL.
        rejected: how many were rejected.
    """

    site: str
    total: int
    published: int
    copies: int
    recrawls: int
    rejected: int

    def of(self, count: int) -> str:
        """A number of pages as a share of all."""
        share = count / self.total if self.total else 0
        return f"{share:.0%}" if count in (0, self.total) or 0.01 <= share <= 0.99 else _edge(share)  # noqa: PLR2004 - per cent

    @property
    def bar(self) -> Markup:
        """The shares as a picture."""
        parts = {
            "clean": self.published,
            "duplicate": self.copies,
            "recrawl": self.recrawls,
            "rejected": self.rejected,
        }
        return shares(parts, label="shares")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A part of the list of sites.

    Attributes:
        counts: the sites, those with the most pages first.
        name: what their names contain; empty lists all.
        skip: how many sites come before this part.
        earlier: where the part before this one begins; None if this is the first.
        following: where the next part begins; None if there is none.
    """

    counts: Sequence[SiteCount]
    name: str = ""
    skip: int = 0
    earlier: int | None = None
    following: int | None = None


def shares_of(counts: SiteCount) -> Shares:
    """What a site's pages became, from its counts by kind."""
    sums = {"published": 0, "copies": 0, "recrawls": 0, "rejected": 0}
    for one in counts.kinds:
        sums[_sum_of(one)] += one.count
    return Shares(site=counts.site, total=counts.count, **sums)


def sites_page(
    now: float,
    listed: Listed,
    copyings: Sequence[Copying] = (),
) -> str:
    """The page of all sites.

    Args:
        now: seconds since the epoch.
        listed: the part of the list.
        copyings: who copies whom; empty leaves the picture out.
    """
    return render(
        "sites.html",
        now=now,
        path="sites",
        sites=[shares_of(one) for one in listed.counts],
        listed=listed,
        copyings=copyings,
        picture=graphs.matrix(copyings) if copyings else "",
    )


def site_page(now: float, site: Site, latest: Sequence[Stored], *, most: int) -> str:
    """The page of one site.

    Args:
        now: seconds since the epoch.
        site: the site.
        latest: its latest outcomes, the newest first.
        most: how many sites the lists of copies have at most.
    """
    known = shares_of(site.counts)
    kinds = {
        outcome: [one for one in site.counts.kinds if one.outcome == outcome]
        for outcome in ("clean", "duplicate", "rejected")
    }
    return render(
        "site.html",
        now=now,
        # The name is not part of it: links need to know only how deep the page is.
        path="sites/site",
        site=site,
        shares=known,
        cards=[
            ("published", "clean", known.published, "pages", kinds["clean"]),
            ("copies", "duplicate", known.copies, "pages", kinds["duplicate"]),
            ("rejected", "rejected", known.rejected, "pages", kinds["rejected"]),
        ],
        recrawl=RECRAWL,
        copied_by=[(one.site, one.count) for one in site.copied_by],
        copies=[(one.original, one.count) for one in site.copies],
        latest=rows(latest, {}),
        most=most,
        picture=graphs.neighbours(site.counts.site, site.copied_by, site.copies, most=most)
        if site.copied_by or site.copies
        else "",
    )


def _sum_of(one: KindCount) -> str:
    if one.outcome == "clean":
        return "published"
    if one.outcome == "rejected":
        return "rejected"
    return "recrawls" if one.kind == RECRAWL else "copies"


def _edge(share: float) -> str:
    """A share that would be rounded to none or all."""
    return "< 1%" if share < 0.5 else "> 99%"  # noqa: PLR2004 - half
