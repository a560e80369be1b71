"""Bytes → text: the encodings that manuscripts come in, and what is no text."""

import random

import pytest

from storage.formats.decode import decode
from templora.errors import UnreadableFile

ENGLISH = "“I can’t,” she said—and it wasn’t a lie. “Not now… not ever.” The café was shut – naïve of him.\n"
WESTERN = {
    "English": ENGLISH,
    "French": "L’été dernier, à Besançon, l’élève rêvait d’un cœur élevé. Où était-il allé ? Personne ne le savait…\n",
    "German": "„Über den Fluß“, sagte er, „führt keine Brücke.“ Das Mädchen schwieg – größer als zuvor.\n",
    "Dutch": "Hij had zóó lang gewacht, vóór het café, dat zijn broêr er ziek van was – ‘geërgerd’, zei hij.\n",
    "Spanish": "—¿Dónde está el niño? —preguntó la señora—. ¡Mañana será otro día!\n",
    "Portuguese": "O coração não tem razões; a manhã nasceu, então, sobre São João.\n",
    "Danish": "Hun så på søen, mens æblerne faldt; åen løb mørk forbi.\n",
}
OTHERS = {
    "cp1250": "Příliš žluťoučký kůň úpěl ďábelské ódy. Večer šel do města a přišel až ráno, když už svítalo.\n",
    "cp1251": "Он вошёл в комнату и сел у окна. «Кто там?» — спросила она. Никто не ответил ему.\n",
    "koi8-r": "Он вошёл в комнату и сел у окна. Кто там? спросила она. Никто не ответил ему.\n",
    "cp1253": "Ο άνθρωπος μπήκε στο δωμάτιο και κάθισε δίπλα στο παράθυρο. Κανείς δεν του μίλησε.\n",
    "mac_roman": ENGLISH,
    "cp850": "L'été dernier, à Besançon, l'élève rêvait d'être élevé. Ça, personne ne le savait.\n",
    "gb18030": "他走进房间，坐在窗边。没有人跟他说话。他想起了很多年以前的事情。\n",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_with_and_without_mark(encoding: str):
    assert decode(ENGLISH.encode(encoding), "a.txt") == ENGLISH


@pytest.mark.parametrize("language", WESTERN)
@pytest.mark.parametrize("times", [1, 400])
def test_cp1252_is_read_rightly(language: str, times: int):
    text = WESTERN[language] * times
    assert decode(text.encode("cp1252"), "a.txt") == text


@pytest.mark.parametrize("language", ["Portuguese", "Danish"])
@pytest.mark.parametrize("times", [1, 400])
def test_latin_1_is_read_rightly(language: str, times: int):
    text = WESTERN[language] * times
    assert decode(text.encode("latin-1"), "a.txt") == text


def test_the_shortest_cp1252_is_read_rightly():
    for text in ("It’s late.", "naïve", "—no", "“Yes.”", "½ past 5"):
        assert decode(text.encode("cp1252"), "a.txt") == text


def test_a_long_plain_text_with_one_accent_far_in():
    text = "Nobody came. " * 20_000 + "The café was shut."
    assert decode(text.encode("cp1252"), "a.txt") == text


@pytest.mark.parametrize(
    "text",
    [
        "Večer šel do města a přišel až ráno, když už svítalo. Neřekl nic, ale všichni věděli, kde byl.\n",
        "Este elment a városba, és csak reggel jött vissza, amikor már kivilágosodott az ő nagy, hűvös erdőjük.\n",
        "Wieczorem poszła do łóżka, ale nie mogła zasnąć; myślała o źródle i o żółtej łódce.\n",
    ],
)
def test_central_european_text_is_not_taken_for_western(text: str):
    assert decode((text * 10).encode("cp1250"), "a.txt") == text * 10


@pytest.mark.parametrize("encoding", OTHERS)
def test_other_encodings_are_detected(encoding: str):
    text = OTHERS[encoding] * 10
    assert decode(text.encode(encoding), "a.txt") == text


def test_a_stray_byte_does_not_spoil_utf8():
    data = (ENGLISH * 30).encode() + "It’s ".encode("cp1252")
    assert decode(data, "a.txt") == ENGLISH * 30 + "It’s "


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(3000), id="png"),
        pytest.param(random.Random(2).randbytes(5000), id="noise"),
        pytest.param(b"PK\x03\x04" + bytes(200), id="zip"),
        pytest.param(b"%PDF-1.7\nsome text", id="pdf"),
        pytest.param(b"{\\rtf1 Hello}", id="rtf"),
        pytest.param(b"\xd0\xcf\x11\xe0" + bytes(500), id="doc"),
        pytest.param(b"\x7fELF" + b"\x02\x00\x01" * 300, id="program"),
        pytest.param(b"\xff\xfea\x00b\x00\xd8\xd8", id="broken utf-16"),
    ],
)
def test_what_is_no_text_says_what_to_do(data: bytes):
    with pytest.raises(UnreadableFile, match=r"save it as Word \(\.docx\) or as plain text"):
        decode(data, "book.txt")


@pytest.mark.parametrize("data", [b"", b" \r\n\t", b"\xef\xbb\xbf", b"\x00\x00", "\u00a0 \n".encode()])
def test_an_empty_file_says_so(data: bytes):
    with pytest.raises(UnreadableFile, match=r"“book\.txt” is empty"):
        decode(data, "book.txt")


def test_line_ends_of_every_system():
    assert decode(b"one\r\ntwo\rthree\nfour\x1a", "a.txt") == "one\ntwo\nthree\nfour"
