"""Run the measurements and print their table: ``python -m benchmarks [word ...]``."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import table
from benchmarks.harness import groups, measure
from benchmarks.row import Conditions, Result

#: Groups that run only when they are named.
ON_DEMAND = ("big",)
_FACTORS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", text.strip(), re.IGNORECASE)
    if match is None:
        raise argparse.ArgumentTypeError(f"must be a size such as 20GB, got {text!r}")
    return int(float(match[1]) * _FACTORS[match[2].upper()])


def make_parser() -> argparse.ArgumentParser:
    """Parser of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    known = groups()
    parser.add_argument(
        "words",
        nargs="*",
        help=f"run only rows whose names hold all words, or the groups named: {', '.join(known)} "
        f"({', '.join(ON_DEMAND)}: only when named)",
    )
    parser.add_argument("--output", metavar="FILE.md", type=Path, help="write the table there, and FILE.json beside it")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all figures there")
    parser.add_argument("--compare", metavar="OLD.json", type=Path, help="show what has changed since an earlier run")
    parser.add_argument("--repeats", metavar="N", type=int, help="pairs to measure, instead of those of each row")
    parser.add_argument("--folder", metavar="DIR", type=Path, help="where to put files; default: a temporary folder")
    parser.add_argument("--size", metavar="SIZE", type=_size, default="20GB", help="size of the big scan (20GB)")
    return parser


@contextmanager
def _work_folder(parent: Path | None) -> Iterator[Path]:
    """A folder of its own, removed with all its files at the end."""
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="darfix-benchmarks-", dir=parent) as folder:
        yield Path(folder)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write."""
    options = make_parser().parse_args(arguments)
    earlier = table.from_json(options.compare.read_text())[1] if options.compare else []
    known = groups()
    named = [word for word in options.words if word in known]
    words = [word for word in options.words if word not in known]
    chosen = {name: rows for name, rows in known.items() if (name in named if named else name not in ON_DEMAND)}
    of, results, lines = table.machine(), list[Result](), [table.head(table.machine()), table.HEADING]
    print("\n".join(lines), flush=True)
    with _work_folder(options.folder) as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for rows in chosen.values():
            for row in rows(Conditions(folder, options.size)):
                if all(word in row.name for word in words):
                    results.append(measure(row, options.repeats))
                    lines.append(table.line(results[-1]))
                    print(lines[-1], flush=True)
    if earlier:
        lines += ["", f"Since {options.compare.name}:", "", table.comparison(earlier, results)]
        print("\n".join(lines[-4:]))
    if options.output is not None:
        options.output.write_text("\n".join(lines) + "\n")
    where = options.json or (options.output.with_suffix(".json") if options.output else None)
    if where is not None:
        where.write_text(table.to_json(of, results))
    if not results:
        print(f"no row fits {' '.join(options.words)}", file=sys.stderr)
    return 0 if results else 2


if __name__ == "__main__":
    sys.exit(main())
