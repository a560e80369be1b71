"""Bytes of a text file as text: UTF-8 and UTF-16 strictly, then the encodings of older programs."""

from __future__ import annotations

import re

from charset_normalizer import from_bytes

from storage.formats.prose import clean
from templora.errors import UnreadableFile

_KNOWN_BINARY = (
    (b"PK\x03\x04", "It is a Word, OpenDocument, EPUB or zip file under another name."),
    (b"\xd0\xcf\x11\xe0", "It is an old Word document under another name."),
    (b"%PDF", "It is a PDF."),
    (b"{\\rtf", "It is a Rich Text document."),
)
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f]")
_MISPLACED = re.compile(
    r"(?<=[a-z])[À-ÖØ-Þ]|[À-ÿ]{3,}|(?<=[A-Za-z])[^\w\s.…‘’“”–—«»\xad·\x00-\x7f](?=[a-z])|(?<=\w)[¹³¿ºª¾þ](?=[a-z])"
)
_RARE = re.compile("[¤¥¦¨¬¯±´µ¶¸¹×÷‚†‡ˆ‰ƒ˜•]")
_SAMPLE = 64 * 1024


def decode(data: bytes, name: str) -> str:
    """The text of a file, cleaned (see `prose.clean`). Raises `UnreadableFile` for what is empty or no text."""
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        raise UnreadableFile(f"“{name}” is empty: there is no text in it. Choose the file that holds your manuscript.")
    for magic, what in _KNOWN_BINARY:
        if data.startswith(magic):
            raise _no_text(name, what)
    text = _utf(data)
    if text is None and b"\x00" not in data:
        text = _patched_utf8(data) or _legacy(data)
    if text is None or len(_CONTROLS.findall(text)) > len(text) / 500:
        raise _no_text(name, "Its bytes are not letters in any encoding we know.")
    text = clean(text.removesuffix("\x1a"))
    if not text.strip():
        raise UnreadableFile(f"“{name}” is empty: there is no text in it. Choose the file that holds your manuscript.")
    return text


def _no_text(name: str, why: str) -> UnreadableFile:
    return UnreadableFile(
        f"“{name}” is not a text file. {why} Open it in the program that made it, save it as Word (.docx) or as plain "
        "text (.txt, UTF-8), and import that."
    )


def _utf(data: bytes) -> str | None:
    """UTF-8, with or without mark, or UTF-16, with its mark or known by its zero bytes; None if it is neither."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\x00" not in data:
        encoding = "utf-8-sig"
    elif data[1::2].count(0) * 2 > len(data) // 2:
        encoding = "utf-16-le"
    elif data[0::2].count(0) * 2 > len(data) // 2:
        encoding = "utf-16-be"
    else:
        return None
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _patched_utf8(data: bytes) -> str | None:
    """UTF-8 into which a few bytes of cp1252 were pasted; None unless it is nearly all UTF-8."""
    text = data.decode("utf-8", "surrogateescape")
    strange = re.findall("[\udc80-\udcff]", text)
    if len(re.findall("[^\x00-\x7f]", text)) < 20 * len(strange):
        return None
    return re.sub("[\udc80-\udcff]", lambda byte: bytes([ord(byte[0]) - 0xDC00]).decode("cp1252", "replace"), text)


def _legacy(data: bytes) -> str | None:
    """cp1252 (and so Latin-1) wherever that reads as words of a Western language; else what the statistics say.

    Detection alone takes short Western texts for Czech or Korean: curly quotes look the same in half the code pages.
    """
    sample = b"\n".join(line for line in data.splitlines() if not line.isascii())[:_SAMPLE]
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        text = None
    if text is not None and _is_western(sample.decode("cp1252", "ignore")):
        return text
    best = from_bytes(sample).best()
    if best is not None:
        try:
            return data.decode(best.encoding)
        except UnicodeDecodeError:
            pass
    return text


def _is_western(text: str) -> bool:
    """Do the accents and signs stand where Western languages put them?"""
    high = sum(char > "\x7f" for char in text)
    misplaced = sum(len(found) for found in _MISPLACED.findall(text))
    if misplaced > 0.02 * high or len(_RARE.findall(text)) > max(2, 0.15 * high):
        return False
    letters = set(text.lower())
    czech = "ø" in letters and letters & set("èìùò") and not letters & set("åæàâçêëñ")
    hungarian = re.search("[õÕ](?![eE])", text) and "á" in letters and not letters & set("ãçàâê")
    return not (czech or hungarian)
