"""The selected blocks -> the body: comments, hidden text, repeats, brands and boilerplate go.

Invariant: a block stays whole or goes. Of its words only a brand that is glued to them is cut.
"""
