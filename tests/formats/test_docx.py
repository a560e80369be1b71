"""Word documents, in and out."""

import zipfile
from io import BytesIO
from typing import Any

import pytest
from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Inches, Pt

from storage.formats import docx
from storage.formats.book import Book, BookChapter
from templora.errors import StorageError, TooLarge, UnreadableFile

BOOK = Book(
    "The Ferry",
    [
        BookChapter("One", "He *was* **very *wet***.\n\n***\n\nOh,\nriver"),
        BookChapter("Two", "It rained.\x0b\x07 & <again>"),
    ],
)


def save(document: Any) -> bytes:
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def read(document: Any, name: str = "river.docx") -> Book:
    return docx.read(save(document), name)


def effective(paragraph: Any, field: str) -> Any:
    own = getattr(paragraph.paragraph_format, field)
    return getattr(paragraph.style.paragraph_format, field) if own is None else own


# --- out -------------------------------------------------------------------------------------------------------------


def test_standard_manuscript_format():
    document: Any = Document(BytesIO(docx.write(BOOK)))
    section = document.sections[0]
    assert {section.left_margin, section.right_margin, section.top_margin, section.bottom_margin} == {Inches(1)}
    for name in ("Normal", "Title", "Heading 1"):
        style = document.styles[name]
        assert (style.font.name, style.font.size) == ("Times New Roman", Pt(12))
        assert not [key for key in style.element.rPr.rFonts.attrib if key.endswith("Theme")]
        assert style.paragraph_format.line_spacing == 2.0
    body = next(p for p in document.paragraphs if p.text.startswith("He was"))
    assert effective(body, "first_line_indent") == Inches(0.5)
    assert effective(body, "space_after") == Pt(0)
    assert document.core_properties.title == "The Ferry"


def test_chapters_are_headings_on_new_pages():
    document: Any = Document(BytesIO(docx.write(BOOK)))
    headings = [p for p in document.paragraphs if p.style.name == "Heading 1"]
    assert [p.text for p in headings] == ["One", "Two"]
    assert all(effective(p, "page_break_before") for p in headings)


def test_the_header_shows_title_and_page_from_page_two():
    section: Any = Document(BytesIO(docx.write(BOOK))).sections[0]
    assert section.different_first_page_header_footer
    header = section.header.paragraphs[0]
    assert "".join(header._p.itertext()).startswith("THE FERRY / ")
    assert header._p.find(qn("w:fldSimple")).get(qn("w:instr")) == "PAGE"
    assert not section.first_page_header.paragraphs[0].text


def test_scene_breaks_are_centred_hashes():
    document: Any = Document(BytesIO(docx.write(BOOK)))
    (mark,) = [p for p in document.paragraphs if p.text == "#"]
    assert mark.alignment == WD_ALIGN_PARAGRAPH.CENTER
    assert mark.paragraph_format.first_line_indent == 0


def test_emphasis_is_real_runs():
    document: Any = Document(BytesIO(docx.write(BOOK)))
    body = next(p for p in document.paragraphs if p.text == "He was very wet.")
    assert [(run.text, bool(run.italic), bool(run.bold)) for run in body.runs] == [
        ("He ", False, False),
        ("was", True, False),
        (" ", False, False),
        ("very ", False, True),
        ("wet", True, True),
        (".", False, False),
    ]


def test_characters_that_xml_forbids_do_not_break_it():
    bad = Book("A\x00B\x1f", [BookChapter("C\x0b\ufffe", "d\x01\x0c\ud800e\x9f\uffff 𝄞")])
    data = docx.write(bad)
    docx.verify(data, bad)
    assert docx.read(data, "x.docx") == Book("AB", [BookChapter("C", "d\ne 𝄞")])


def test_a_document_that_lacks_words_fails_verification():
    docx.verify(docx.write(BOOK), BOOK)
    shorter = Book(BOOK.title, [BookChapter("One", "He was very."), BOOK.chapters[1]])
    with pytest.raises(StorageError, match="does not read back"):
        docx.verify(docx.write(shorter), BOOK)


def test_a_truncated_document_fails_verification():
    with pytest.raises(StorageError):
        docx.verify(docx.write(BOOK)[:-200], BOOK)


# --- in --------------------------------------------------------------------------------------------------------------


def test_title_and_headings():
    document = Document()
    document.add_paragraph("The Ferry", style="Title")
    document.add_heading("One", 1)
    document.add_paragraph("A.")
    document.add_heading("Later", 2)
    document.add_paragraph("B.")
    document.add_heading("Two", 1)
    document.add_paragraph("C.")
    assert read(document) == Book("The Ferry", [BookChapter("One", "A.\n\n**Later**\n\nB."), BookChapter("Two", "C.")])


def test_headings_of_the_second_level_under_parts():
    document = Document()
    for part, chapters in (("Part One", ("Ferry", "Well")), ("Part Two", ("Sea",))):
        document.add_heading(part, 1)
        for chapter in chapters:
            document.add_heading(chapter, 2)
            document.add_paragraph("A.")
    found = read(document)
    assert (found.title, [c.title for c in found.chapters]) == (
        "river",
        ["Part One · Ferry", "Well", "Part Two · Sea"],
    )


def test_emphasis_direct_by_style_and_by_underlining():
    document: Any = Document()
    paragraph = document.add_paragraph("He ")
    paragraph.add_run("was ").italic = True
    paragraph.add_run("very", style="Strong")
    paragraph.add_run(" ")
    paragraph.add_run("wet", style="Emphasis")
    paragraph.add_run(" and ")
    paragraph.add_run("cold").underline = True
    paragraph.add_run(" 2*3_4.")
    assert read(document).chapters[0].text == r"He *was* **very** *wet* and *cold* 2\*3\_4."


def test_chapters_typed_without_styles():
    document = Document()
    for line in ("Chapter One", "It rained.", "Chapter Two", "It stopped.", "* * *", "He left."):
        document.add_paragraph(line)
    assert read(document).chapters == [
        BookChapter("Chapter One", "It rained."),
        BookChapter("Chapter Two", "It stopped.\n\n***\n\nHe left."),
    ]


def test_a_table_of_contents_is_left_out():
    document: Any = Document()
    document.styles.add_style("toc 1", WD_STYLE_TYPE.PARAGRAPH)
    document.add_paragraph("Contents", style="TOC Heading")
    for line in ("Chapter 1\t3", "Chapter 2\t9"):
        document.add_paragraph(line, style="toc 1")
    for line in ("Chapter 1", "Chapter 2"):
        document.add_heading(line, 1)
        document.add_paragraph("A.")
    assert read(document).chapters == [BookChapter("Chapter 1", "A."), BookChapter("Chapter 2", "A.")]


def test_tables_and_line_breaks_keep_their_words():
    document: Any = Document()
    document.add_paragraph("Oh,\nriver")
    cell = document.add_table(1, 2).rows[0].cells
    cell[0].text, cell[1].text = "Rope", "Tar"
    assert read(document).chapters[0].text == "Oh,\nriver\n\nRope\n\nTar"


@pytest.mark.parametrize("data", [b"Just text, renamed.", b"PK\x03\x04 broken", b"\xd0\xcf\x11\xe0" + bytes(600)])
def test_what_is_no_word_document_says_what_to_do(data: bytes):
    with pytest.raises(UnreadableFile, match=r"save it again as \.docx"):
        docx.read(data, "book.docx")


def test_a_zip_that_is_no_document_says_what_to_do():
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("hello.xml", "<a/>")
    with pytest.raises(UnreadableFile, match="not a Word document"):
        docx.read(out.getvalue(), "book.docx")


def test_a_document_without_text_says_so():
    with pytest.raises(UnreadableFile, match="no text in it"):
        read(Document())


def _with_xml(name: str, xml: bytes) -> bytes:
    out = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(docx.write(BOOK))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for item in old.infolist():
            new.writestr(item.filename, xml if item.filename == name else old.read(item))
    return out.getvalue()


def test_a_document_that_unpacks_to_too_much_is_refused():
    with pytest.raises(TooLarge, match="Split it"):
        docx.read(_with_xml("word/document.xml", b" " * (101 * 1024 * 1024)), "book.docx")


def test_entities_are_refused():
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    with pytest.raises(UnreadableFile):
        docx.read(_with_xml("word/document.xml", bomb), "book.docx")
