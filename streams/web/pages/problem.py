"""The page that says why there is no other page.

Invariant: it names what was wrong with the request or the store, and what to do.
"""

from streams.web.pages.rendering import render


def problem(now: float, path: str, title: str, sentence: str) -> str:
    """A page with one sentence, as a whole HTML document.

    Args:
        now: seconds since the epoch.
        path: a path as deep as the one that was asked for, such as `sites/site`.
        title: a few words.
        sentence: what is wrong and what to do. Text of the request in it is
            isolated (`rendering.page_text`).
    """
    return render("problem.html", now=now, path=path, heading=title, sentence=sentence)
