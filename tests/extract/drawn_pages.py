"""Pages of nested elements, drawn by hypothesis.

Invariant: a page has at least one block, and some of its elements have no text.
"""

from hypothesis import strategies as st

from cleanwire.extract.dom.block_list import BlockList

TEXTS = (
    "Read more",
    "The river rose in the night, and by morning the lower town stood under water.",
    "「水位はさらに上がる」と市長は述べた。",
    "น้ำในแม่น้ำสูงขึ้นในตอนกลางคืนและท่วมเมืองตอนล่างจนถึงเช้า",
    "Twenty words without a mark " + "and so on " * 7,
    "“It was over in a minute.”",
    ".",
    ")",
    "3/50",
    "😀 𝔘𝔫𝔦 end!",
)
TAGS = ("p", "div", "li", "ul", "article", "h2", "figure", "section", "nav2", "td")
CLASSES = ("", "article-body", "teaser", "card", "sidebar related", "content", "footer")


@st.composite
def pages(draw: st.DrawFn) -> BlockList:
    """A page of nested elements, some of them without text."""
    texts: list[str] = []
    page = BlockList([], [], [], [], [], {}, set(), ["body"], [""], [-1], [0], [0])

    def element(depth: int, own: int) -> None:
        for _ in range(draw(st.integers(0, 6 if depth else 8))):
            if depth < 4 and draw(st.integers(0, 2)):
                child = len(page.tags)
                page.tags.append(draw(st.sampled_from(TAGS)))
                name = draw(st.sampled_from(CLASSES))
                page.attributes.append(f' class="{name}"' if name else "")
                page.parents.append(own)
                page.starts.append(len(texts))
                page.ends.append(0)
                element(depth + 1, child)
                page.ends[child] = len(texts)
            else:
                text = draw(st.sampled_from(TEXTS))
                texts.append(text)
                page.inside.append(own)
                page.linked.append(draw(st.sampled_from((0, 0, len(text) // 2, len(text)))))
                page.links.append(int(page.linked[-1] > 0))
                page.bold.append(0)

    element(0, 0)
    if not texts:
        texts.append("Alone")
        page.inside.append(0)
        page.linked.append(0)
        page.links.append(0)
        page.bold.append(0)
    page.texts = texts
    page.ends[0] = len(texts)
    return page
