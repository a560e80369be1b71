"""Models from a hub: what a repository holds is looked at before anything large is fetched.

A download goes on where it was interrupted: parts grow in a folder named after the commit, and become the model's
folder by one rename when all of them are there and match their checksums. `HF_ENDPOINT` names another hub, `HF_TOKEN`
a login.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (transformers is typed in part only: what crosses our own functions is annotated)

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from templora.errors import DiskFull, ModelDamaged, ModelError, ModelNotFound
from templora.progress import Report, folder_bytes, megabytes, watching
from templora.weights import CONFIG, choose_weights, read_json

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoSibling

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_SMALL_FILES = re.compile(
    r"config\.json|generation_config\.json|model\.safetensors\.index\.json|tokenizer\.json|tokenizer_config\.json|"
    r"special_tokens_map\.json|added_tokens\.json|vocab\.json|merges\.txt|tokenizer\.model|chat_template\.jinja"
)
_DISK_MARGIN = 500_000_000
"""Bytes to leave free for the books."""

Check = Callable[[dict[str, Any], int], None]
"""Called with (config.json, bytes of weights); raises a ModelError where the model cannot be used on this machine."""


def folder_of(model: str, models_dir: Path) -> Path:
    """Where a model from the hub lies once it is complete."""
    return models_dir / "hub" / model.replace("/", "--")


def fetch(model: str, models_dir: Path, check: Check, report: Report) -> Path:
    """The model's folder, downloaded unless it is there already.

    Raises ModelNotFound (unknown, no weights, no network), ModelUnsafe (pickles only), ModelDamaged, DiskFull, and
    whatever `check` raises, before the weights are fetched.
    """
    folder = folder_of(model, models_dir)
    if folder.exists():
        return folder
    report("fetching", f"Looking up {model}", None)
    commit, files = _listing(model)
    weights = choose_weights(files, model)
    wanted = {name: file for name, file in files.items() if name in weights or _SMALL_FILES.fullmatch(name)}
    partial = folder.with_name(f"{folder.name}.{commit[:12]}.partial")
    for stale in folder.parent.glob(f"{folder.name}.*.partial"):
        if stale != partial:
            shutil.rmtree(stale)
    partial.mkdir(parents=True, exist_ok=True)

    _fetch_file(model, commit, wanted[CONFIG], partial)
    check(read_json(partial / CONFIG), sum(files[name].size or 0 for name in weights))
    total = sum(file.size or 0 for file in wanted.values())
    missing, free = total - folder_bytes(partial), shutil.disk_usage(partial).free
    if missing + _DISK_MARGIN > free:
        raise DiskFull(
            f"Fetching {model} needs {megabytes(missing + _DISK_MARGIN)} on the disk and {megabytes(free)} are free in "
            f"{models_dir}. Make room there, or choose another folder with --models."
        )
    with watching(partial, total, model, report):
        for name in sorted(wanted):
            _fetch_file(model, commit, wanted[name], partial)
    partial.replace(folder)
    return folder


def _listing(model: str) -> tuple[str, dict[str, RepoSibling]]:
    """The newest commit of a repository and the files at its root, by name, with sizes and checksums."""
    import httpx2
    from huggingface_hub import HfApi
    from huggingface_hub import errors as hub

    try:
        info = HfApi(endpoint=os.environ.get("HF_ENDPOINT")).model_info(model, files_metadata=True)
    except hub.GatedRepoError as error:
        raise ModelNotFound(
            f"{model} is given only to those who accepted its licence: accept it on the model's page, then start "
            "Templora with your access token in the environment variable HF_TOKEN."
        ) from error
    except hub.RepositoryNotFoundError as error:
        raise ModelNotFound(
            f"There is no model {model} on the hub (or it is private). Check the spelling: owner/name."
        ) from error
    except hub.HfHubHTTPError as error:
        raise ModelNotFound(
            f"The hub answered {error.response.status_code} when asked for {model}. Try again later."
        ) from error
    except (httpx2.HTTPError, hub.OfflineModeIsEnabled, OSError) as error:
        raise _unreachable(model, error) from error
    files = {file.rfilename: file for file in info.siblings or [] if "/" not in file.rfilename}
    if not info.sha:
        raise ModelNotFound(f"The hub has no version of {model}.")
    return info.sha, files


def _unreachable(model: str, error: Exception) -> ModelError:
    return ModelNotFound(
        f"{model} is not on this machine and the hub cannot be reached ({error}). Connect to the internet and start "
        "again (a download goes on where it stopped), or give the path of a folder or .gguf file with --model."
    )


def _fetch_file(model: str, commit: str, file: RepoSibling, folder: Path) -> None:
    """One file into `folder`, going on from what an earlier try left in `NAME.part`."""
    import httpx2
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import HfHubHTTPError, build_hf_headers, disable_progress_bars

    done = folder / file.rfilename
    if done.exists():
        return
    disable_progress_bars()  # they would draw on the terminal; `watching` reports instead
    url = hf_hub_url(model, file.rfilename, revision=commit, endpoint=os.environ.get("HF_ENDPOINT"))
    part = folder / f"{file.rfilename}.part"
    try:
        with part.open("ab") as output:
            http_get(url, output, resume_size=output.tell(), headers=build_hf_headers(), expected_size=file.size)
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise ModelNotFound(
            f"The hub answered {status} when asked for {file.rfilename} of {model}. Try again later."
        ) from error
    except httpx2.HTTPError as error:
        raise _unreachable(model, error) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull(f"The disk is full: {file.rfilename} of {model} did not fit into {folder}.") from error
        part.unlink()  # longer or shorter than the hub said: going on from it would not mend it
        raise ModelDamaged(f"{file.rfilename} of {model} arrived damaged and was thrown away. Start again.") from error
    if file.lfs is not None:
        with part.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        if digest != file.lfs.sha256:
            part.unlink()
            raise ModelDamaged(f"{file.rfilename} of {model} arrived damaged and was thrown away. Start again.")
    part.replace(done)
