"""HTML -> a tree, and the tree -> blocks of text.

Invariant: no module here depends on what an article is. A block has no text of scripts, templates
or other elements that are never rendered. Blocks that the page hides are kept: `body/` decides
whether they belong to the article.
"""
