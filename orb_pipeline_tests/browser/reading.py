"""Read a page as browsers do, and find what it says."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import numpy as np

_PACKED = re.compile(r'(<script type="application/octet-stream" id="plotly">)[^<]*')


@dataclass(frozen=True)
class Document:
    """A parsed page, without what draws its plots."""

    html: str

    @classmethod
    def of(cls, path: Path) -> Document:
        return cls(_PACKED.sub(r"\1", path.read_text(encoding="utf-8")))

    @cached_property
    def root(self) -> Element:
        """Raises html5lib's ParseError on the first thing that is no HTML."""
        parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
        found: Element = parser.parse(self.html)
        return found

    def all(self, tag: str, **attributes: str) -> list[Element]:
        wanted = {name.replace("_", "-").rstrip("-"): value for name, value in attributes.items()}
        return [
            element
            for element in self.root.iter(tag)
            if all(value in element.get(name, "").split() for name, value in wanted.items())
        ]

    def one(self, tag: str, key: str) -> Element:
        (found,) = [element for element in self.root.iter(tag) if element.get("id") == key]
        return found

    @property
    def queries(self) -> dict[str, str]:
        """Name -> query, as the page shows them."""
        return {name: text_of(code) for code in self.root.iter("code") if (name := code.get("data-query"))}

    def figure(self, key: str) -> dict[str, Any]:
        """What plotly is given for a plot."""
        (script,) = self.one("figure", key).iter("script")
        document: dict[str, Any] = json.loads(text_of(script))
        return document


def text_of(element: Element) -> str:
    return "".join(element.itertext())


def array(values: Any) -> list[float]:
    """Numbers of a figure, packed or not."""
    if isinstance(values, dict):
        return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"]).astype(float).tolist()
    return [float(value) for value in values]
