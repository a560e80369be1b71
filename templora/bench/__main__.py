"""The command line of the benchmarks."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from templora.config import RECIPES
from templora.cores import share_cores
from templora.errors import TemploraError
from templora.models import STARTER

README = Path(__file__).parents[2] / "README.md"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m templora.bench", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    pg19 = commands.add_parser("pg19", help="prequential perplexity of base model and memory on whole books")
    pg19.add_argument("files", nargs="+", type=Path, metavar="FILE", help="plain text of a book")
    pg19.add_argument("--tokens", type=int, required=True, metavar="N", help="how many tokens of each book")
    pg19.add_argument("--recipe", choices=sorted(RECIPES), default="default")
    pg19.add_argument("--json", type=Path, metavar="OUT", help="write the result here (chunks: OUT with .jsonl)")
    desk = commands.add_parser("desk", help="how fast a very long book opens and saves")
    desk.add_argument("--chapters", type=int, default=1000)
    desk.add_argument("--words", type=int, default=2_000_000)
    desk.add_argument("--starts", type=int, default=3, help="how often the desk is started anew")
    desk.add_argument("--saves", type=int, default=20, help="saves after each start")
    page = commands.add_parser("page", help="how fast a key, a stream and a start are in the browser")
    page.add_argument("--words", type=int, default=60_000, help="in the one chapter that is typed into")
    page.add_argument("--starts", type=int, default=5, help="how often the page is opened again")
    every = commands.add_parser(
        "all", help="every number that the documents claim about learning; goes on where it stopped"
    )
    every.add_argument("--books", type=Path, required=True, metavar="DIR", help="novels, one .txt file each")
    every.add_argument("--unlike", type=Path, metavar="DIR", help="texts unlike novels: the memory must not harm them")
    every.add_argument("--tokens", type=int, default=65_536, metavar="N", help="how many tokens of each text")
    every.add_argument("--json", type=Path, required=True, metavar="OUT", help="the result (journals: folder OUT)")
    quality = commands.add_parser(
        "quality", help="repetitions and copies in what is written, beside the book's own text"
    )
    quality.add_argument("--books", type=Path, required=True, metavar="DIR", help="novels, one .txt file each")
    quality.add_argument("--tokens", type=int, default=30_000, metavar="N", help="how many tokens are learnt first")
    quality.add_argument("--takes", type=int, default=20, help="how many are written with each sampling")
    quality.add_argument("--length", type=int, default=512, metavar="N", help="how many tokens each")
    quality.add_argument("--json", type=Path, required=True, metavar="OUT", help="the result (journals: folder OUT)")
    quality.add_argument("--texts", type=Path, metavar="DIR", help="keep what was written there")
    speed = commands.add_parser("speed", help="how fast takes are written, against transformers.generate")
    speed.add_argument(
        "files", nargs="?", type=lambda name: [Path(name)], default=[README], metavar="FILE",
        help="plain text that is learnt and gone on from (default: the README)",
    )  # fmt: skip
    speed.add_argument("--tokens", type=int, default=128, metavar="N", help="length of a take")
    speed.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each way is timed, in turn")
    speed.add_argument("--json", type=Path, metavar="OUT", help="write the result here")
    for command in (pg19, desk, page, every, quality, speed):
        command.add_argument("--model", default=STARTER, metavar="ID_OR_PATH")
        command.add_argument("--models", type=Path, metavar="DIR", help="where base models are kept")
    options = parser.parse_args(arguments)
    if options.command == "desk":
        from templora.bench import desk as desk_bench

        return desk_bench.run(options)
    if options.command == "page":
        from templora.bench import page as page_bench

        return page_bench.run(options)
    if options.command in ("all", "quality"):
        for folder in filter(None, (options.books, getattr(options, "unlike", None))):
            if not any(folder.glob("*.txt")):
                parser.error(f"no .txt file in {folder}")
    else:
        missing = [str(path) for path in options.files if not path.is_file()]
        if missing:
            parser.error(f"no such file: {', '.join(missing)}")
    least = 16 if options.command == "speed" else 1024
    if options.tokens < least:
        parser.error(f"--tokens must be at least {least}")
    share_cores()
    try:
        if options.command == "all":
            from templora.bench import everything

            return everything.run(options)
        if options.command == "quality":
            from templora.bench import quality as quality_bench

            return quality_bench.run(options)
        if options.command == "speed":
            from templora.bench import speed as speed_bench

            return speed_bench.run(options)
        from templora.bench import pg19 as bench

        return bench.run(options)
    except TemploraError as error:
        print(f"bench: {error.message}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nbench: interrupted; the same command goes on from here", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
