"""How a slot is named in publisher_ads.json: by tag, id or classes, and how many of that name stand before it."""

from collections import Counter

from spiders.pages.markup import Document


def names(document: Document) -> list[str]:
    """Return a name for each element, unique on the page."""
    seen: Counter[str] = Counter()
    found = []
    for element in document.elements:
        identifier = element.attributes.get("id", "")
        name = f"{element.tag}#{identifier}" if identifier else ".".join([element.tag, *element.classes])
        name = name[:80]
        found.append(f"{name}~{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return found
