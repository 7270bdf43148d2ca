"""Reads `config.yml`, the settings of the page on which a contributor chooses a template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.forms.template import Chooser, ContactLink

if TYPE_CHECKING:
    from bot.forms.document import Document

_KEYS = frozenset({"blank_issues_enabled", "contact_links"})
_LINK_KEYS = frozenset({"name", "url", "about"})


def load_chooser(text: str, document: Document) -> Chooser:
    """Read the chooser's settings; faults are reported and leave GitHub's defaults."""
    node = document.compose(text)
    entries = document.mapping(node, "`config.yml`")
    document.unknown_keys(entries, _KEYS, "`config.yml`", "warning")
    blank = entries.get("blank_issues_enabled")
    links = []
    for item in document.sequence(entries.get("contact_links"), "`contact_links`"):
        link = document.mapping(item, "a contact link")
        document.unknown_keys(link, _LINK_KEYS, "a contact link", "warning")
        for key in ("name", "url", "about"):
            if link and key not in link:
                document.report(item, f"A contact link needs the key `{key}`.")
        name, url, about = (
            document.text(link.get(key), f"`{key}`", may_be_blank=False) for key in ("name", "url", "about")
        )
        if name and url:
            links.append(ContactLink(name, url, about))
    return Chooser(blank is None or document.flag(blank, "`blank_issues_enabled`"), tuple(links))
