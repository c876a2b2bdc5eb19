"""The chosen blocks -> the body: comments, hidden text, repeats, brands and boilerplate go.

Invariant: a block leaves the body only by a rule that is named and counted.
"""
