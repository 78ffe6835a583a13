"""A mark: who made a file, and of what."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from saddlepoint.configuration import from_json

#: Terms of IPTC's Digital Source Type: made by a trained network, and a user's file that one changed.
CREATED, EDITED = "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"
#: Where these terms are defined.
VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"
#: Bytes that a mark may have, written and read: a JPEG segment holds 64 KiB.
MARK_BYTES = 48 << 10
#: XML names of properties.
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_NAMES = {
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "saddle": "urn:saddlepoint:mark:",
}


@dataclass(frozen=True)
class Mark:
    """What a generated file says of itself. It holds no time: the same call writes the same file.

    Attributes:
        command: that wrote the file: sample, walk, link, augment, translate, enhance, vocode.
        run: name of the run's folder.
        model: kind of the model.
        weights: SHA-256 of its weights, hexadecimal.
        kind: `CREATED` or `EDITED`.
        software: what wrote it.
        version: of the software.
        versions: of the libraries that decide its numbers.
        taken: weights of a checkpoint, average or live; None are those that the run handed over.
        seed: as it was given.
        n: samples that were drawn together.
        label: the class, where one was given.
        position: of the sample in what was drawn, from 0, where a file holds one; None where it holds all.
        options: further ones that were given, by name.
        input: SHA-256 of the file that was converted.
    """

    command: str
    run: str
    model: str
    weights: str
    kind: str = CREATED
    software: str = "Saddlepoint"
    version: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    taken: str | None = None
    seed: int | None = None
    n: int | None = None
    label: str | None = None
    position: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    input: str | None = None

    def at(self, position: int | None, label: str | None = None) -> Self:
        """The same of one sample."""
        return replace(self, position=position, label=self.label if label is None else label)

    def plain(self) -> dict[str, Any]:
        """Its fields without those that say nothing."""
        return {key: value for key, value in asdict(self).items() if value not in (None, {}, "")}

    def text(self) -> str:
        """JSON on one line, ASCII.

        Raises:
            ValueError: it is too long for the files that hold it.
        """
        text = json.dumps(self.plain(), sort_keys=True)
        if len(text) > MARK_BYTES:
            raise ValueError(
                f"the mark of the file takes {len(text):,} bytes, and {MARK_BYTES:,} are held: the options that were "
                f"given are too long; give fewer, or --no-mark"
            )
        return text

    def xmp(self) -> bytes:
        """An XMP packet: IPTC's properties, and all of the mark as JSON in one of our own."""
        properties = {
            "Iptc4xmpExt:DigitalSourceType": VOCABULARY + self.kind,
            "Iptc4xmpExt:AISystemUsed": self.software,
            "Iptc4xmpExt:AISystemVersionUsed": self.version,
            "xmp:CreatorTool": f"{self.software} {self.version}".strip(),
            "saddle:Mark": self.text(),
        }
        names = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _NAMES.items())
        inside = "\n".join(f"   {name}={quoteattr(value)}" for name, value in properties.items())
        return (
            '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
            '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
            f' <rdf:RDF xmlns:rdf="{_RDF}">\n'
            f'  <rdf:Description rdf:about="" {names}\n{inside}/>\n'
            ' </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="w"?>'
        ).encode()

    @classmethod
    def read(cls, text: str | bytes) -> Self | None:
        """The mark of its JSON; None where it is none of ours. What somebody wrote is checked, field by field."""
        if len(text) > 2 * MARK_BYTES:
            return None
        try:
            found = from_json(text if isinstance(text, str) else text.decode("utf-8"))
        except ValueError:
            return None
        known = {one.name for one in fields(cls)}
        if not isinstance(found, dict) or not set(found) <= known or not _well_formed(found):
            return None
        return cls(**found)

    @classmethod
    def of_xmp(cls, packet: bytes) -> Self | None:
        """The mark in an XMP packet; None where there is none of ours."""
        if len(packet) > 4 * MARK_BYTES or b"<!" in packet:  # no packet declares types or entities
            return None
        try:
            tree = ElementTree.fromstring(packet.strip(b"\0 \r\n").decode("utf-8").lstrip("\ufeff"))
        except (ElementTree.ParseError, ValueError):
            return None
        for element in tree.iter(f"{{{_RDF}}}Description"):
            name = f"{{{_NAMES['saddle']}}}Mark"
            text = element.get(name) or element.findtext(name)  # other programs write attributes as elements
            if text is not None:
                return cls.read(text)
        return None

    def __str__(self) -> str:
        which = "" if self.position is None else f", sample {self.position}"
        which += "" if self.n is None else f" of {self.n:,}"
        parts = [
            f"{self.kind}, written by {self.software} {self.version}".rstrip(),
            f"saddle {self.command.replace('walk', 'sample --walk')}, run {self.run!r}, weights {self.weights[:16]}"
            + (f" ({self.taken})" if self.taken else ""),
        ]
        if self.seed is not None:
            parts.append(f"seed {self.seed}{which}" + (f", class {self.label!r}" if self.label else ""))
        if self.options:
            parts.append("options " + ", ".join(f"{key}={value}" for key, value in self.options.items()))
        if self.input is not None:
            parts.append(f"of a file of SHA-256 {self.input[:16]}")
        return "; ".join(parts)


#: The largest number of a mark: of samples and positions.
_MOST = 1 << 40


def _well_formed(found: Mapping[str, Any]) -> bool:
    texts = all(isinstance(found.get(key), str) for key in ("command", "run", "model", "weights"))
    more = ("kind", "software", "version", "taken", "label", "input")
    texts = texts and all(isinstance(found.get(key, ""), str) for key in more)
    texts = texts and found.get("kind", CREATED) in (CREATED, EDITED)
    counts = all(type(found.get(key, 0)) is int and 0 <= found.get(key, 0) <= _MOST for key in ("n", "position"))
    seeds = type(found.get("seed", 0)) is int and found.get("seed", 0) >= 0
    mappings = all(isinstance(found.get(key, {}), dict) for key in ("options", "versions"))
    return texts and counts and seeds and mappings
