"""The names of what the model sees of a block of an HTML page.

Invariant: a trained model fits one order of these names. A change here needs a new model.
"""

BLOCK_FEATURES = (
    # The block's text and those around it. `density` is the share of text in links, `_3` and `_8`
    # mean the blocks up to 3 or 8 before and after, `prose` is text that reads as prose.
    *("words", "upper", "ended", "density", "next_density", "density_3", "density_8", "prose_3"),
    *("words_before", "prose_words_before", "prose_after", "page_blocks", "page_words", "copies"),
    *("words_from_title", "lead", "in_body"),
    # What the names of its element say (`class_names`), and of the two elements around that: the
    # least and greatest content share and the least gain (`low`). `share_least`, `share_most` and
    # `low_least` are over the element and all around it.
    *("share_low_own", "share_low_outer", "share_low_outer2"),
    *("share_high_outer", "share_high_outer2"),
    *("low_own", "share_least", "share_most", "low_least"),
    # Where its element is.
    *("tag", "depth", "in_article", "in_figure", "in_list", "page_articles"),
    # Prose counts for less from here on if names say that it is seldom content. `siblings` are the
    # elements of one style and one parent.
    *("trusted_before", "siblings_own"),
    # The elements around it, each of which holds more blocks than the one before.
    *("e1_prose", "e1_pure", "e1_links", "e1_siblings"),
    *("e2_prose", "e2_links", "e2_siblings"),
    *("e3_prose", "e3_links", "e3_blocks"),
    *("e4_prose", "e4_blocks"),
    # The element whose children hold the most prose.
    *("top_distance", "top_direct"),
    # The smallest elements that hold 40, 60 and 80 percent of the prose.
    *("core4_inside", "core4_distance", "core6_inside", "core6_distance", "core8_inside"),
    # The elements with the most prose, less 0.3 or 1.0 times what else they hold.
    *("net3_inside", "net3_distance", "net3_share"),
    *("net10_inside", "net10_distance", "net10_share"),
    # All blocks in elements of the same style, in elements of the same style.
    *("style_words", "style_prose", "style_prose_share", "style_count"),
    # The blocks before and after, and the heading above.
    *("previous_density", "previous_words", "next_words", "heading_density", "heading_distance"),
    # The innermost repeated element around it: how often it is repeated, how many words of prose
    # one has on average, and how many of them have a link.
    *("card_count", "card_prose", "card_linked"),
    # The elements of one style and one parent that hold most of the prose that is in no card.
    *("group_inside", "group_distance", "group_share"),
)
"""The names of the features of a block, in the order of the rows that `features` returns.

Distances are in blocks, and 0 or less within the element. A feature that the page does not tell
(`words_from_title`, `in_body`) is NaN, and so is one of a heading or a card that is not there.
"""

WORDS = BLOCK_FEATURES.index("words")
"""The row with the words of each block; `line_features` has them in the same row."""
