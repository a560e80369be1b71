"""Makes a model ready in a process of its own: `python -m templora.fetching --model ID --models DIR [--spare BYTES]`.

What it does is written to stdout, a JSON object a line: `{"state", "message", "progress"}`, the last with the state
'ready' or 'failed'. It ends at once when stdin ends; a download goes on from there the next time.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from pathlib import Path

from templora import models
from templora.errors import TemploraError


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m templora.fetching", description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--models", required=True, type=Path, metavar="DIR")
    parser.add_argument("--spare", type=int, default=0, help="bytes of memory that will be free when it is loaded")
    arguments = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer

    def report(state: str, message: str, progress: float | None) -> None:
        try:
            print(json.dumps({"state": state, "message": message, "progress": progress}), file=answers, flush=True)
        except OSError:
            os._exit(0)  # nobody reads any more

    def watch() -> None:
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
    try:
        models.ensure(arguments.model, arguments.models, report, arguments.spare)
    except TemploraError as error:
        report("failed", error.message, None)
    except Exception as error:  # of a library: the desk shows it
        report("failed", f"The model could not be fetched ({error}). Try again.", None)
    else:
        report("ready", "The model is ready to be used.", 1.0)
    os._exit(0)


if __name__ == "__main__":
    main()
