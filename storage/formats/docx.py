"""Word documents: out in Standard Manuscript Format (Shunn) with python-docx, in through mammoth.

12 point Times New Roman, double spacing, one-inch margins, half-inch indents, chapters on new pages, `#` for a scene
break, and from page 2 a header with the title and the page number.
"""

# mammoth has no types and python-docx partial ones: what crosses our own functions is annotated.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

import mammoth
from docx import Document
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Inches, Pt, RGBColor
from docx.text.paragraph import Paragraph as WordParagraph

from storage.formats.book import Book
from storage.formats.check import check_words
from storage.formats.pieces import Piece
from storage.formats.prose import Paragraph, Run, chapter_title, clean_title, paragraphs, parse
from storage.formats.structure import build
from templora.errors import StorageError, TooLarge, UnreadableFile

_FONT = "Times New Roman"
_UNPACKED_LIMIT = 100 * 1024 * 1024
"""Bytes of XML that a document may unpack to: a million words are about 20 MB, a bomb is far more."""

_STYLES = """
p[style-name='Title'] => h1.title:fresh
p[style-name^='toc '] => !
p[style-name='TOC Heading'] => !
p[style-name='Heading 7'] => h6:fresh
r[style-name='Emphasis'] => em
r[style-name='Subtle Emphasis'] => em
r[style-name='Intense Emphasis'] => em
r[style-name='Strong'] => strong
u => em
"""
"""What mammoth does not map by itself. Underlining is how typescripts have always marked italics."""


def write(book: Book) -> bytes:
    """The book as a Word document."""
    document = Document()
    title = clean_title(book.title) or "Untitled"
    _set_up(document, title)
    document.add_paragraph(title, style="Title")
    for number, chapter in enumerate(book.chapters, 1):
        document.add_paragraph(chapter_title(chapter.title, number), style="Heading 1")
        for part in parse(chapter.text):
            _add(document, part)
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def read(data: bytes, name: str) -> Book:
    """A Word document as a book. Raises `UnreadableFile`, `TooLarge`."""
    _check_package(data, name)
    try:
        html: str = mammoth.convert_to_html(
            BytesIO(data), style_map=_STYLES, include_embedded_style_map=False, convert_image=_no_image
        ).value
    except Exception as problem:  # mammoth raises whatever its parsers raise on a damaged document
        raise _damaged(name) from problem
    reader = _Reader()
    reader.feed(html)
    reader.close()
    if not any(piece.plain for piece in reader.pieces):
        raise UnreadableFile(f"“{name}” has no text in it. Choose the document that holds your manuscript.")
    return build(reader.pieces, name)


def verify(data: bytes, book: Book) -> None:
    """Open the document again and find every paragraph's words in it. Raises `StorageError`."""
    try:
        document = Document(BytesIO(data))
    except (PackageNotFoundError, zipfile.BadZipFile, KeyError, ValueError) as problem:
        raise StorageError("The Word document was written but does not open again. Try again.") from problem
    check_words("\n".join(paragraph.text for paragraph in document.paragraphs), book)


# --- out -------------------------------------------------------------------------------------------------------------


def _set_up(document: WordDocument, title: str) -> None:
    """Page, styles, header and properties."""
    properties = document.core_properties
    properties.title, properties.author, properties.comments = title, "", ""
    properties.created = properties.modified = datetime.now(UTC)
    for name in ("Normal", "Title", "Heading 1"):
        style: Any = document.styles[name]
        style.font.name, style.font.size, style.font.bold = _FONT, Pt(12), False
        style.font.color.rgb = RGBColor(0, 0, 0)
        # A theme font, where the template has one, would win over the name.
        fonts = style.element.rPr.rFonts
        for key in [key for key in fonts.attrib if key.endswith("Theme")]:
            del fonts.attrib[key]
        fonts.set(qn("w:eastAsia"), _FONT)
        form = style.paragraph_format
        form.line_spacing, form.space_before, form.space_after = 2.0, Pt(0), Pt(0)
        form.first_line_indent = Inches(0.5) if name == "Normal" else Inches(0)
        if name == "Normal":
            continue
        form.alignment, form.space_before = WD_ALIGN_PARAGRAPH.CENTER, Pt(200 if name == "Title" else 144)
        for border in style.element.pPr.findall(qn("w:pBdr")):
            style.element.pPr.remove(border)
    document.styles["Heading 1"].paragraph_format.page_break_before = True  # type: ignore[attr-defined]
    section = document.sections[0]
    section.page_width, section.page_height = Inches(8.5), Inches(11)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Inches(1)
    section.header_distance = Inches(0.5)
    section.different_first_page_header_footer = True
    header = section.header.paragraphs[0]
    header.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    header.paragraph_format.first_line_indent = Inches(0)
    header.add_run(f"{title.upper()} / ")
    _add_page_number(header)


def _add_page_number(paragraph: WordParagraph) -> None:
    field: Any = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    field.append(paragraph.add_run("2")._r)  # pyright: ignore[reportPrivateUsage]
    paragraph._p.append(field)  # pyright: ignore[reportPrivateUsage]


def _add(document: WordDocument, part: Paragraph) -> None:
    paragraph = document.add_paragraph()
    form = paragraph.paragraph_format
    if not part.runs:
        paragraph.add_run("#")
        form.alignment, form.first_line_indent = WD_ALIGN_PARAGRAPH.CENTER, Inches(0)
    if "\n" in part.plain:
        form.left_indent, form.first_line_indent = Inches(0.5), Inches(0)
    for run in part.runs:
        added = paragraph.add_run(run.text)
        added.italic = run.italic or None
        added.bold = run.bold or None


# --- in --------------------------------------------------------------------------------------------------------------


def _damaged(name: str) -> UnreadableFile:
    return UnreadableFile(
        f"“{name}” is not a Word document that can be read, or it is damaged. Open it in Word or LibreOffice, save it "
        "again as .docx (without a password), and import that."
    )


def _check_package(data: bytes, name: str) -> None:
    try:
        with zipfile.ZipFile(BytesIO(data)) as package:
            xml = [item for item in package.infolist() if item.filename.endswith((".xml", ".rels"))]
            if sum(item.file_size for item in xml) > _UNPACKED_LIMIT:
                raise TooLarge(f"“{name}” unpacks to more than 100 MB of text. Split it into several documents.")
            if any(b"<!DOCTYPE" in package.read(item)[:1024] for item in xml):
                raise _damaged(name)
    # zipfile raises RuntimeError for an encrypted part, NotImplementedError for a compression that it does not know.
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError, EOFError) as problem:
        raise _damaged(name) from problem


def _no_image(_image: Any) -> list[Any]:
    return []


class _Reader(HTMLParser):
    """mammoth's HTML as pieces: every paragraph, list item and heading, with its emphasis."""

    _BLOCKS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "td", "th", "tr", "table", "ul", "ol", "div"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[Piece] = []
        self._runs: list[Run] = []
        self._level: int | None = None
        self._italic = self._bold = self._notes = 0
        self._back_link = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = dict(attrs)
        if tag in self._BLOCKS:
            self._end_block()
            self._level = (0 if fields.get("class") == "title" else int(tag[1])) if tag[0] == "h" else None
            if tag == "li" and (fields.get("id") or "").startswith(("footnote-", "endnote-")):
                self._notes += 1
                self._runs.append(Run(f"[{self._notes}] "))
        elif tag == "br":
            self._runs.append(Run("\n", self._italic > 0, self._bold > 0))
        elif tag == "a":
            self._back_link = (fields.get("href") or "").startswith(("#footnote-ref", "#endnote-ref"))
        self._style(tag, 1)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._BLOCKS:
            self._end_block()
        elif tag == "a":
            self._back_link = False
        self._style(tag, -1)

    def handle_data(self, data: str) -> None:
        if not self._back_link:
            self._runs.append(Run(data, self._italic > 0, self._bold > 0))

    def _style(self, tag: str, step: int) -> None:
        self._italic += step * (tag == "em")
        self._bold += step * (tag == "strong")

    def _end_block(self) -> None:
        if self._level is None:
            self.pieces += map(Piece, paragraphs(self._runs))
        elif title := clean_title("".join(run.text for run in self._runs)):
            self.pieces.append(Piece(Paragraph((Run(title),)), self._level))
        self._runs, self._level = [], None
