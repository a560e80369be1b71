"""The one error tree. Every message is addressed to the writer: what happened, and what to do about it.

    TemploraError
    ├── BadInput              what was asked for cannot be done as asked
    │   ├── TooLarge          a file over a limit
    │   └── UnreadableFile    an import that is binary, empty, damaged
    ├── NotFound              no such project, chapter, take
    ├── Conflict              the text has moved on since the page read it; carries the current text
    ├── StorageError          the disk or the database refused
    │   ├── DiskFull
    │   ├── FolderInUse       another desk holds the data folder
    │   ├── RevisionDamaged   an older text that is not what was stored
    │   └── SnapshotDamaged   an adapter file that does not match its claim
    ├── ModelError            the base model cannot be used
    │   ├── ModelNotFound     unknown id, empty folder, no network
    │   ├── ModelUnsafe       pickle-only weights, remote code
    │   ├── ModelDamaged      a file that does not parse
    │   └── ModelTooBig       would not fit this machine's memory
    ├── EngineError           the model process
    │   ├── ModelNotReady     still fetching or loading
    │   ├── EngineStopped     the process died; it is restarted by itself
    │   └── MemoryNotResident the engine does not hold the adapter that was asked for
    └── SetupError            app.py could not set up what is missing

The HTTP layer shows them as `{"error": {"code", "message"}}`; anything outside this tree is a bug and is logged.
"""

from __future__ import annotations

from collections.abc import Iterator


class TemploraError(Exception):
    """Base of the tree. `code` is stable and meant for programs, `message` for people; `status` is the HTTP status."""

    code = "error"
    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadInput(TemploraError):
    code = "bad_input"
    status = 422


class TooLarge(BadInput):
    code = "too_large"
    status = 413


class UnreadableFile(BadInput):
    code = "unreadable_file"


class NotFound(TemploraError):
    code = "not_found"
    status = 404


class Conflict(TemploraError):
    """The chapter has moved on. `revision` and `text` are its current state, so that both versions can be shown."""

    code = "conflict"
    status = 409

    def __init__(self, message: str, revision: int, text: str) -> None:
        super().__init__(message)
        self.revision = revision
        self.text = text


class StorageError(TemploraError):
    code = "storage"
    status = 500


class DiskFull(StorageError):
    code = "disk_full"
    status = 507


class FolderInUse(StorageError):
    code = "folder_in_use"


class RevisionDamaged(StorageError):
    code = "revision_damaged"


class SnapshotDamaged(StorageError):
    code = "snapshot_damaged"


class ModelError(TemploraError):
    code = "model"
    status = 503


class ModelNotFound(ModelError):
    code = "model_not_found"


class ModelUnsafe(ModelError):
    code = "model_unsafe"


class ModelDamaged(ModelError):
    code = "model_damaged"


class ModelTooBig(ModelError):
    code = "model_too_big"


class EngineError(TemploraError):
    code = "engine"
    status = 503


class ModelNotReady(EngineError):
    code = "model_not_ready"

    @staticmethod
    def because(message: str) -> ModelNotReady:
        """`message`: what the model is doing, a sentence with its stop or without."""
        said = f"The model is not ready: {message.rstrip('.')}."
        return ModelNotReady(said if "Your text is safe" in said else f"{said} Your text is safe.")


class EngineStopped(EngineError):
    code = "engine_stopped"


class MemoryNotResident(EngineError):
    code = "memory_not_resident"


class SetupError(TemploraError):
    code = "setup"


def _tree(root: type[TemploraError]) -> Iterator[type[TemploraError]]:
    for cls in root.__subclasses__():
        yield cls
        yield from _tree(cls)


def from_code(code: str, message: str) -> TemploraError:
    """Rebuild an error that crossed a process boundary. Unknown codes become a plain `EngineError`."""
    for cls in _tree(TemploraError):
        if cls.code == code and cls is not Conflict:
            return cls(message)
    return EngineError(message)
