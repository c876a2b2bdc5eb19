"""HTML -> a tree, and the tree -> blocks of text.

Invariant: nothing here knows what an article is. What a browser never shows is not in a block.
"""
