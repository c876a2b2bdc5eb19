"""The HTML of the view: templates, the style sheet, the script, and what fills them.

Invariant: a template writes every value through `rendering`, which escapes it. The style sheet and
the script are files of this package; nothing is loaded from another host.
"""
