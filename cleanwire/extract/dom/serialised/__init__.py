"""A tree as lexbor writes it down -> blocks and elements.

Invariant: no rule of HTML applies here, because the tree was built before.
"""
