"""Selected blocks -> the body, without comments, hidden text, repeats, brands and boilerplate.

Invariant: a block is kept whole or removed whole, with one exception: a brand that is glued to a
word is cut out of the block's text.
"""
