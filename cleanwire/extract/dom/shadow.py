"""Opens declarative shadow roots: templates that a browser renders while it parses the page.

Invariant: an element with a shadow root then has the content of the root, with the element's own
children in its slots, as a reader sees it. Other templates are left as they are: never rendered.

The markup is that of the HTML standard: https://html.spec.whatwg.org/#attr-template-shadowrootmode
"""

from selectolax.lexbor import LexborHTMLParser, LexborNode

_ROOTS = "template[shadowrootmode],template[shadowroot]"
MAX_NESTED = 32
"""The greatest depth to which shadow roots in shadow roots are opened."""

MAX_ROOTS = 2000
"""The most shadow roots of a page that are opened."""


def is_shadow_root(node: LexborNode) -> bool:
    """Whether an element is a template that a browser renders as a shadow root."""
    if node.tag != "template":
        return False
    attributes = node.attributes
    return "shadowrootmode" in attributes or "shadowroot" in attributes


def open_shadow_roots(tree: LexborHTMLParser) -> None:
    """Open the shadow roots of a page, in place."""
    left = MAX_ROOTS
    hosts: set[int] = set()
    for _ in range(MAX_NESTED):
        templates = tree.css(_ROOTS)[:left]
        if not templates:
            return
        left -= len(templates)
        for template in templates:
            host = template.parent
            # A host has one shadow root; its other templates are left as they are.
            if host is None or host.mem_id in hosts:
                continue
            hosts.add(host.mem_id)
            _open(template, host)


def _open(template: LexborNode, host: LexborNode) -> None:
    """Replace a template by its content, and move the host's own children into its slots."""
    own = [node for node in _children(host) if node != template]
    slots: list[LexborNode] = []
    for fragment in template.template_fragments()[:1]:
        slots = fragment.css("slot")
        for node in _children(fragment):
            template.insert_before(node, move=True)
    template.decompose()
    if not slots:
        return
    by_name: dict[str, list[LexborNode]] = {}
    for node in own:
        name = node.attributes.get("slot") if node.is_element_node else None
        by_name.setdefault(name or "", []).append(node)
    for slot in slots:
        nodes = by_name.pop(slot.attributes.get("name") or "", [])
        if any(node.is_element_node or (node.text_content or "").strip() for node in nodes):
            for node in nodes:
                slot.insert_before(node, move=True)
            slot.decompose()
        else:
            slot.unwrap()


def _children(node: LexborNode) -> list[LexborNode]:
    """The children of a node, texts included."""
    found = []
    child = node.child
    while child is not None:
        found.append(child)
        child = child.next
    return found
