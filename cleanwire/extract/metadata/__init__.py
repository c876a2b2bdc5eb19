"""What a page says of itself: title, authors, dates, site.

Invariant: a wrong value is worse than none.
"""
