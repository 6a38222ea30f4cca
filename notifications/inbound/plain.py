"""HTML of strangers as plain text, and what of a text is their own."""

from __future__ import annotations

import re
from html.parser import HTMLParser

# Nothing in these is text.
UNSEEN = {"script", "style", "head", "title", "template", "noscript", "svg", "math", "object", "iframe"}
BLOCKS = {
    "address", "article", "aside", "div", "dl", "dt", "dd", "fieldset", "figure", "footer", "form", "h1", "h2", "h3",
    "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tr", "ul",
}  # fmt: skip
# Where the mail that is answered begins, in the words of the usual programs; and where a signature does.
QUOTED = re.compile(
    r"^(?:>|-- ?$|_{10,}\s*$|-{3,} ?(?:Original|Ursprüngliche)|(?:On|Am) .{6,200}(?:wrote|schrieb)\b"
    r"|(?:From|Von): [^\n]{1,200}\n(?:Sent|Gesendet|Date|Datum|To|An): )",
    re.MULTILINE,
)
# Some programs break the line above a quotation in two.
BROKEN = re.compile(r"^((?:On|Am) [^\n]{6,150})\n([^\n]{0,150}(?:wrote|schrieb)[^\n]{0,80}:)\s*$", re.MULTILINE)
# Letters that cannot be seen, and those that turn a line around.
UNSEEN_LETTERS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(127, 160), 0x202D, 0x202E, 0xFEFF])
LONGEST, LONGEST_QUOTED = 20_000, 50_000
LONGEST_HTML = 1_000_000


class _Reader(HTMLParser):
    """Collects what a reader would see; a tag that is never closed costs nothing."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden: list[str] = []
        self.target = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSEEN:
            self.hidden.append(tag)
        elif tag == "br":
            self.parts.append("\n")
        elif tag == "blockquote":
            self.parts.append("\n> ")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag in BLOCKS:
            self.parts.append("\n")
        elif tag == "a":
            self.target = dict(attrs).get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag in self.hidden:
            # Whatever stood open inside it ends with it.
            del self.hidden[self.hidden.index(tag) :]
        elif tag in {"p", "h1", "h2", "h3", "blockquote", "table"}:
            self.parts.append("\n\n")
        elif tag in BLOCKS - {"li"}:
            self.parts.append("\n")
        elif tag == "td":
            self.parts.append(" ")
        elif tag == "a":
            self._name_target()

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(re.sub(r"\s+", " ", data))

    def _name_target(self) -> None:
        target, self.target = self.target, ""
        said = "".join(self.parts[-3:])
        if target.startswith(("https://", "http://")) and target not in said:
            self.parts.append(f" ({target[:300]})")


def text_of_html(html: str) -> str:
    """Return what HTML says, as plain text: nothing of it is run, loaded or kept as HTML."""
    reader = _Reader()
    # A bracket that opens no tag costs the library a look at all that follows; hundreds of thousands, minutes.
    reader.feed(re.sub(r"<(?![a-zA-Z/!?])", "&lt;", html[:LONGEST_HTML]))
    # A "<script" that never ends is still in the reader's hands, and none of it is text.
    lines = (" ".join(line.split()) for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def tidy(text: str) -> str:
    """Return a text without letters that nobody sees, with one way to end a line."""
    plain = text.encode("utf-8", "replace").decode("utf-8")
    return plain.replace("\r\n", "\n").replace("\r", "\n").translate(UNSEEN_LETTERS)


def own_and_quoted(text: str) -> tuple[str, str]:
    """Take what somebody wrote from the mail below that they answer; all of it is theirs where nothing stands above."""
    text = BROKEN.sub(r"\1 \2", tidy(text))
    found = QUOTED.search(text)
    own = (text[: found.start()] if found else text).strip()
    if not own or found is None:
        return text.strip()[:LONGEST], ""
    return own[:LONGEST], text[found.start() :].strip()[:LONGEST_QUOTED]
