"""Compiled: one pass over a serialised tree that cuts it into blocks and elements.

Invariant: the bytes were written by lexbor, so no rule of HTML applies here. Every element is
closed, every attribute is quoted, and `<`, `>` and `&` are escaped in texts (HTML standard,
"serialising HTML fragments"). A tag that is not of this form is skipped up to the next `<`.

A block ends at every element that is not inline, and at a `br` outside a paragraph. Text is written
with single blanks, as `" ".join(text.split())` has it, and without escapes.
"""

import numpy as np
from numpy.typing import NDArray

from cleanwire.extract.dom.inline import MOST_MARK_TOKENS
from cleanwire.extract.dom.parsing import PRIME
from cleanwire.extract.dom.serialised.tokens import blank_width, comment_end, escaped, tag_end
from cleanwire.extract.dom.tag_names import (
    BLOCK,
    BOLD,
    BREAK,
    HAS_LINES,
    HOLDS_TEXT,
    LINK,
    ODD,
    PICTURE,
    PREFORMATTED,
    RULE,
    SLOTS,
    UNKNOWN,
)
from cleanwire.native import compiled

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

TAG, NAME_AT, ATTRIBUTES_AT, ATTRIBUTES_END, PARENT, START, END, BYTE_AT, BYTE_END = range(9)
"""The columns of an element: the number of its tag; where its name and its attributes begin and
end, in characters; the element around it; its first block and the one after its last; and where its
attributes begin and end, in bytes."""
ELEMENT_COLUMNS = 9

LINKED, LINKS, BOLD_LENGTH, INSIDE, RAW_AT, RAW_END = range(6)
"""The columns of a block: characters in links, links, bold characters, its element, and where its
text with all white space is, in bytes; no bytes if it is not preformatted."""
BLOCK_COLUMNS = 6

ELEMENTS, BLOCKS, TAGS, SUSPECTS, PARTED, TEXT, RAW, UNKNOWN_TAGS = range(8)
"""The counts that `scan` returns: the rows that it filled, bytes of text, bytes of preformatted
text, and how many tags are of unknown elements."""
COUNTS = 8

LINE_AT, TAG_AT, TAG_END, IS_ODD = range(4)
"""The columns of a suspect, a tag whose element may have to be rewritten: where the line before it
begins, where the tag begins, and where its attributes end, in characters; and whether it is odd or
unknown. If not, it may be hidden."""
SUSPECT_COLUMNS = 4


@compiled("void(int64[:, ::1], int64, int64, int64, int64, int64, int64, int64)")
def _put_block(
    blocks: Ints,
    row: int,
    linked: int,
    links: int,
    bold: int,
    inside: int,
    raw_at: int,
    raw_end: int,
) -> None:
    """Fill the row of a block."""
    blocks[row, LINKED], blocks[row, LINKS], blocks[row, BOLD_LENGTH] = linked, links, bold
    blocks[row, INSIDE], blocks[row, RAW_AT], blocks[row, RAW_END] = inside, raw_at, raw_end


@compiled(
    "void(uint8[::1], uint64[::1], int64[::1], uint8[::1], int64, int64[:, ::1], int64[:, ::1],"
    " int64[:, ::1], int64[:, ::1], int64[::1], uint8[::1], uint8[::1], int64[::1])"
)
def scan(
    data: Bytes,
    hashes: NDArray[np.uint64],
    names: Ints,
    lines: Bytes,
    sheet_hides: int,
    elements: Ints,
    blocks: Ints,
    tags: Ints,
    suspects: Ints,
    parted: Ints,
    text: Bytes,
    raw: Bytes,
    counts: Ints,
) -> None:
    """Cut a serialised `body` into blocks and elements.

    Args:
        data: the `body` in UTF-8, shape (bytes,).
        hashes: for each slot the hash of a tag's name, shape (SLOTS,).
        names: for each slot 256 times the number of the tag, plus its bits, the same shape.
        lines: for each number of a tag `HAS_LINES` and `PREFORMATTED`, shape (numbers,).
        sheet_hides: whether a style sheet hides names, so that any attribute may hide.
        elements: filled; shape (tags + 1, ELEMENT_COLUMNS). Row 0 is `body`.
        blocks: filled; shape (tags + 1, BLOCK_COLUMNS).
        tags: filled with where the attributes of each tag but a picture's are, in bytes; shape
            (tags, 2).
        suspects: filled with the tags whose elements may have to be rewritten; shape (tags,
            SUSPECT_COLUMNS).
        parted: filled with the blocks that a blank line or a rule precedes; shape (tags,).
        text: filled with the texts of the blocks, a line end after each; shape (bytes + 64,).
        raw: filled with the preformatted texts; shape (bytes + 64,).
        counts: filled with the counts that are named `ELEMENTS` to `UNKNOWN_TAGS`.
    """
    size = len(data)
    found = np.zeros(2, np.int64)
    element_count, block_count, tag_count, suspect_count, parted_count = 1, 0, 0, 0, 0
    unknown = 0
    # Where the latest tokens begin, and the latest that ends a line, in characters.
    latest = np.zeros(MOST_MARK_TOKENS, np.int64)
    tokens = line_at = 0
    out = block_at = raw_out = raw_at = 0
    current = linked = links = bold = in_link = in_bold = 0
    # What holds of the parts of the block that is being written: there are some; the last one is a
    # line break; no part after the last line break can be seen.
    has_parts = after_break = blank_line = pending = False
    has_lines = preformatted = False
    first = True
    for column in range(ELEMENT_COLUMNS):
        elements[0, column] = 0
    # How many bytes up to here continue a character.
    further = 0
    at = 0
    while at < size:
        if data[at] != 0x3C:
            further += data[at] & 0xC0 == 0x80
            at += 1
            continue
        start = at
        is_comment = at + 3 < size and data[at + 1] == 0x21 and data[at + 2] == data[at + 3] == 0x2D
        closing = at + 1 < size and data[at + 1] == 0x2F
        bits = 0
        start_char = start - further
        if is_comment:
            at = comment_end(data, start)
            if at < 0:
                at = start + 1
                continue
            latest[tokens % MOST_MARK_TOKENS] = start_char
            tokens += 1
            for place in range(start, at):
                further += data[place] & 0xC0 == 0x80
        else:
            name_at = start + 1 + closing
            at = name_at
            name = np.uint64(0)
            name_further = 0
            while at < size and data[at] not in (0x20, 0x2F, 0x3E):
                name = (name ^ np.uint64(data[at])) * PRIME
                name_further += data[at] & 0xC0 == 0x80
                at += 1
            name_end = at
            at = tag_end(data, name_end, found)
            if at < 0 or name_end == name_at:
                at = start + 1
                continue
            slot = np.int64(name & np.uint64(SLOTS - 1))
            while hashes[slot] not in (np.uint64(0), name):
                slot = (slot + 1) & (SLOTS - 1)
            known = names[slot] if hashes[slot] == name else UNKNOWN
            bits = known & 0xFF
            is_unknown = known == UNKNOWN
            unknown += is_unknown
            name_char = name_at - further
            attributes_char = name_end - further - name_further
            end_char = at - further - name_further - found[1]
            if at > name_end and not bits & PICTURE:
                tags[tag_count, 0], tags[tag_count, 1] = name_end, at
                tag_count += 1
            is_odd = not closing and (is_unknown or bits & ODD > 0)
            may_hide = at > name_end and bits & HOLDS_TEXT > 0
            if is_odd or (may_hide and (found[0] or (sheet_hides and not bits & LINK))):
                # The oldest of the latest tokens; before the array is full, the first.
                oldest = latest[tokens % MOST_MARK_TOKENS if tokens > MOST_MARK_TOKENS else 0]
                suspects[suspect_count, LINE_AT] = min(max(line_at, oldest), start_char)
                suspects[suspect_count, TAG_AT] = start_char
                suspects[suspect_count, TAG_END] = end_char
                suspects[suspect_count, IS_ODD] = is_odd
                suspect_count += 1
            latest[tokens % MOST_MARK_TOKENS] = start_char
            tokens += 1
            if not is_unknown and bits & (BLOCK | BREAK | RULE):
                line_at = start_char
            further += name_further + found[1]
            at += 1
            flushes = bits & BLOCK > 0 and has_parts
            breaks = bits & (BREAK | RULE) > 0
            parts_here = False
            if breaks:
                if not has_parts:
                    parts_here = True
                elif bits & BREAK > 0 and has_lines and not after_break and not blank_line:
                    if preformatted:
                        raw[raw_out] = 0x0A
                        raw_out += 1
                    pending = True
                    after_break = blank_line = True
                else:
                    flushes = True
                    parts_here = bits & RULE > 0 or has_lines or out == block_at
            if flushes:
                if out > block_at:
                    text[out] = 0x0A
                    out += 1
                    _put_block(blocks, block_count, linked, links, bold, current, raw_at, raw_out)
                    block_count += 1
                block_at, raw_at = out, raw_out
                linked = links = bold = 0
                has_parts = blank_line = pending = False
            if parts_here:
                parted[parted_count] = block_count
                parted_count += 1
            if bits & BLOCK:
                if closing:
                    elements[current, END] = block_count
                    current = elements[current, PARENT]
                else:
                    row = 0 if first else element_count
                    elements[row, TAG] = known >> 8
                    elements[row, NAME_AT] = name_char
                    elements[row, ATTRIBUTES_AT] = attributes_char
                    elements[row, ATTRIBUTES_END] = end_char
                    elements[row, PARENT] = current
                    elements[row, START] = 0 if first else block_count
                    elements[row, END] = 0
                    elements[row, BYTE_AT] = name_end
                    elements[row, BYTE_END] = at - 1
                    current = row
                    element_count += not first
                    first = False
                own = lines[elements[current, TAG]]
                has_lines, preformatted = own & HAS_LINES > 0, own & PREFORMATTED > 0
            elif bits & LINK:
                in_link += -1 if closing else 1
                links += not closing
            elif bits & BOLD:
                in_bold += -1 if closing else 1
        # The text up to the next tag.
        began = at
        raw_began = raw_out
        solid = visible = False
        text_further = 0
        while at < size and data[at] != 0x3C:
            byte = data[at]
            width = 1
            if byte <= 0x20 or byte >= 0x80:
                width = blank_width(data, at)
                if width:
                    pending = True
                    text_further += width - 1
                    if preformatted:
                        for place in range(at, at + width):
                            raw[raw_out] = data[place]
                            raw_out += 1
                    at += width
                    continue
                width = 1
            elif byte == 0x26:
                escape = escaped(data, at)
                if escape:
                    width = escape >> 8
                    byte = np.uint8(escape & 0xFF)
                    if byte == 0x20:
                        solid = pending = True
                        if preformatted:
                            raw[raw_out] = byte
                            raw_out += 1
                        at += width
                        continue
            solid = visible = True
            if pending and out > block_at:
                text[out] = 0x20
                out += 1
            pending = False
            text[out] = byte
            out += 1
            if preformatted:
                raw[raw_out] = byte
                raw_out += 1
            text_further += byte & 0xC0 == 0x80
            at += width
        further += text_further
        if at > began:
            if solid:
                length = at - began - text_further
                has_parts = True
                after_break = False
                linked += length if in_link > 0 else 0
                bold += length if in_bold > 0 else 0
            elif not has_parts:
                raw_out = raw_began
            if visible:
                blank_line = False
            elif has_parts and at == began + 1 and data[began] == 0x0A:
                blank_line = True
    if has_parts and out > block_at:
        text[out] = 0x0A
        out += 1
        _put_block(blocks, block_count, linked, links, bold, current, raw_at, raw_out)
        block_count += 1
    elements[0, END] = block_count
    counts[ELEMENTS], counts[BLOCKS], counts[TAGS] = element_count, block_count, tag_count
    counts[SUSPECTS], counts[PARTED] = suspect_count, parted_count
    counts[TEXT], counts[RAW] = out, raw_out
    counts[UNKNOWN_TAGS] = unknown
