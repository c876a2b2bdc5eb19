"""HTML -> a tree, and the tree -> blocks of text.

Invariant: nothing here knows what an article is. A block has no text of scripts, templates or
elements that are never rendered. Blocks that the page hides are kept, and `body/` weighs them.
"""
