"""The headline of a page: its headings, its titles, and the site's name beside them.

Invariant: the title is a text of the page or a part of one.
"""
