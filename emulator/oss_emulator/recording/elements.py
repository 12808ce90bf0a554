"""XML as a list of its elements in document order: `Root`, `Root/Empty=`, `Root/Leaf=text`."""

from collections.abc import Iterator, Sequence

from lxml import etree

from oss_emulator.protocol.xml import lxml_parser


def list_elements(document: bytes) -> tuple[str, ...]:
    """List the elements of a document by their paths; a leaf has its text as well.

    Raises `ValueError` if the document is not well-formed.
    """
    try:
        root = etree.fromstring(document, lxml_parser())
    except etree.XMLSyntaxError as error:
        raise ValueError(f"the document is not well-formed: {error.msg}") from None
    return tuple(_list(root, ""))


def _list(element: etree._Element, above: str) -> Iterator[str]:
    path = f"{above}{etree.QName(element).localname}"
    children = list(element)
    text = element.text or ""
    # A root without children is listed as it is: an empty document.
    yield path if children or (not above and not text) else f"{path}={text}"
    for child in children:
        yield from _list(child, f"{path}/")


def build(elements: Sequence[str]) -> bytes:
    """Build a document from the list that `list_elements` returns for it."""
    root: etree._Element | None = None
    opened: list[etree._Element] = []
    for element in elements:
        path, _, text = element.partition("=")
        *above, name = path.split("/")
        del opened[len(above) :]
        if len(opened) != len(above) or (not above and root is not None):
            raise ValueError(f"{path} has no element around it")
        made = etree.SubElement(opened[-1], name) if opened else etree.Element(name)
        made.text = text or None
        root = made if root is None else root
        opened.append(made)
    if root is None:
        return b""
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
