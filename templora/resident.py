"""The memories that an engine holds, by chain. One of them is in the model, the others wait as CPU tensors."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from templora.adapter import Adapter, AdapterState
from templora.errors import MemoryNotResident


class Residents:
    """At most `limit` memories; the one unused for longest goes first. For one thread."""

    def __init__(self, adapter: Adapter, limit: int) -> None:
        self._adapter = adapter
        self._limit = limit
        self._states = OrderedDict[str, AdapterState]()
        self.active: str | None = None
        """The chain of the memory that is in the model; its state is not in `_states`."""
        self._learnt_from: dict[str, str] = {}
        """Of each memory that was learnt here, the chain that it was before its last chunk."""

    def __contains__(self, chain: str) -> bool:
        return chain == self.active or chain in self._states

    def chains(self) -> set[str]:
        """All that are held."""
        return {*self._states, *([] if self.active is None else [self.active])}

    def open(self, chain: str, state: AdapterState) -> None:
        """Take a memory in. Raises `SnapshotDamaged` where it does not fit the model."""
        self._adapter.check(state)
        self._states[chain] = state
        self._evict()

    def use(self, chain: str) -> None:
        """Put a memory into the model. Raises `MemoryNotResident`."""
        if chain == self.active:
            return
        if chain not in self._states:
            raise MemoryNotResident("The memory is not loaded; it is being fetched.")
        self._store_active()
        self._adapter.load(self._states.pop(chain))
        self.active = chain

    def state(self, chain: str) -> AdapterState:
        """A memory's state, the caller's own to keep. Raises `MemoryNotResident`."""
        if chain in self._states:
            self._states.move_to_end(chain)
            return self._states[chain]
        if chain != self.active:
            raise MemoryNotResident("The memory is not loaded; it is being fetched.")
        return self._adapter.state()

    def became(self, chain: str, before: AdapterState | None) -> None:
        """The memory in the model has learnt a chunk and claims `chain` now. `before`: keep what it was, too."""
        if self.active is not None:
            self._learnt_from[chain] = self.active
            if before is not None:
                self._states[self.active] = before
        self._states.pop(chain, None)
        self.active = chain
        self._evict()

    def drop(self, chains: Iterable[str] | None = None) -> None:
        """Forget memories (None: all): their tensors here, in the model and in its optimizer. Unknown ones are fine.

        One that was one of them until its last chunk goes too: who asked may not have known yet that it was learnt.
        """
        gone = self.chains() if chains is None else {*chains}
        gone |= {chain for chain, before in self._learnt_from.items() if before in gone}
        for chain in gone:
            self._states.pop(chain, None)
        if self.active in gone:
            self.active = None
        if self.active is None:
            self._adapter.reset()  # also after a memory that could not be put into the model whole
        self._evict()

    def _store_active(self) -> None:
        if self.active is not None:
            self._states[self.active] = self._adapter.state()
            self.active = None

    def _evict(self) -> None:
        while len(self._states) + (self.active is not None) > self._limit:
            self._states.popitem(last=False)
        self._learnt_from = {chain: before for chain, before in self._learnt_from.items() if chain in self}
