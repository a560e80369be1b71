"""The passages of a book as the benchmarks read them, what each reader lost on them, and the journal of a run.

A *reader* is the base model or the memory after a prefix of so many tokens, by name: 'base 512', 'memory 512',
'base 8192'. A prefix that does not fit the model's context beside the passage loses its beginning: 8,192 is the whole
window of the starter model.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from storage.formats.wraps import join_hard_wraps
from templora import chunks as chunking
from templora.adapter import Adapter, AdapterState, Claim, from_bytes, to_bytes
from templora.chunks import Chunk, FileTokenizer
from templora.config import DEFAULT

BASE, MEMORY = f"base {DEFAULT.prefix_tokens}", f"memory {DEFAULT.prefix_tokens}"


@dataclass(frozen=True)
class Row:
    """One scored passage. `start`: its first token's position in the book; `bytes` of its UTF-8 text; `losses` of each
    reader in nats, one for each token; `seconds` by what they were spent on; `peak_mb` of the process so far."""

    chain: str
    start: int
    tokens: int
    bytes: int
    losses: dict[str, list[float]]
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    peak_mb: int = 0


def text_of(path: Path) -> str:
    """A plain-text book as one text, hard-wrapped lines joined."""
    return join_hard_wraps(path.read_text(encoding="utf-8", errors="replace"))


def passages(name: str, text: str, tokenizer: FileTokenizer, tokens: int) -> list[Chunk]:
    """The product's chunks of the first `tokens` tokens of `text`; fewer where the text ends before."""
    taken: list[Chunk] = []
    total = 0
    # Splitting the whole book to use its beginning would be most of the time of a short run.
    for chunk in chunking.split(name, text[: tokens * 8], tokenizer, DEFAULT.chunk_tokens):
        if total >= tokens:
            break
        taken.append(chunk)
        total += len(chunk.ids)
    return taken


class Journal:
    """The rows of one run, one JSON line each, and beside them the newest saved memory. An interrupted run goes on.

    `chain` says what each row must have been made of: rows of another text, recipe or model are not taken.
    """

    def __init__(self, path: Path, chain: list[str]) -> None:
        self.path = path
        self.state_path = path.with_suffix(".safetensors")
        self.chain = chain
        path.parent.mkdir(parents=True, exist_ok=True)
        self.rows = list(self._written())

    def _written(self) -> Iterator[Row]:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        for line, link in zip(lines, self.chain, strict=False):
            try:
                row = Row(**json.loads(line))
            except (ValueError, TypeError):
                return  # the line that an interruption cut off
            if row.chain != link:
                return
            yield row

    @property
    def complete(self) -> bool:
        return len(self.rows) == len(self.chain)

    def resume(self, adapter: Adapter, start: AdapterState, claims: dict[int, Claim]) -> None:
        """Load the newest saved memory that the rows reach, else `start`; rows beyond it are dropped and made again.

        `claims`: what a memory says of itself, by how many rows it has learnt.
        """
        for count in range(len(self.rows), 0, -1):
            if count in claims and self._holds(self.chain[count - 1]):
                adapter.load(from_bytes(self.state_path.read_bytes(), claims[count]))
                self._keep(count)
                return
        adapter.load(start)
        self._keep(0)

    def _keep(self, count: int) -> None:
        self.rows = self.rows[:count]
        self.path.write_text("".join(json.dumps(asdict(row)) + "\n" for row in self.rows))

    def _holds(self, link: str) -> bool:
        if not self.state_path.exists():
            return False
        with self.state_path.open("rb") as file:
            header = file.read(int.from_bytes(file.read(8), "little"))
        return link.encode() in header

    def write(self, row: Row) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(asdict(row)) + "\n")
        self.rows.append(row)

    def save(self, adapter: Adapter, claim: Claim) -> None:
        temporary = self.state_path.with_suffix(".part")
        temporary.write_bytes(to_bytes(adapter.state(), claim))
        temporary.replace(self.state_path)
