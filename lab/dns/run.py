"""Runs the DNS lab: run.py [--jobs 4] [--output FOLDER] [--list] [--missing] [PATTERN...]

Patterns are shell patterns over case names (`glibc.*`, `*.race`). Needs root.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import sys
import traceback
import zlib
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

sys.dont_write_bytecode = True

from cases import all_cases
from lab import Case, run_case
from resolvers import BUILD, HERE, Resolver, all_resolvers

DEFAULT_OUTPUT = HERE.parent.parent / "test" / "corpora" / "dns-lab"
MOST_BYTES = 100_000


def work(index: int, case: Case, resolver: Resolver, output: Path, salt: int, others: tuple[Resolver, ...]) -> str:
    # A tag of at most four characters: interface names end at fifteen.
    tag = f"{os.getpid() % 36**2:x}{index:x}"[-5:]
    truth = run_case(case, resolver, tag, index, zlib.crc32(case.name.encode()) % 100000 + salt, output, others)
    sizes = {one["file"]: (output / one["file"]).stat().st_size for one in truth["captures"]}
    summary = truth["summary"]
    large = "  LARGE" if max(sizes.values()) > MOST_BYTES else ""
    return (
        f"{case.name:34} {str(case.rule):20} lookups {summary['lookups']:3} failed {summary['failed']:2} "
        f"slow {summary['lookupsOver100ms']:3} max {summary['maxSeconds'] or 0:7.3f} s  lost {json.dumps(summary['droppedByPlace'])} "
        f"bytes {max(sizes.values())}{large}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("patterns", nargs="*", default=["*"])
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    parser.add_argument("--salt", type=int, default=0, help="another seed for all")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--missing", action="store_true", help="only cases without a truth yet")
    arguments = parser.parse_args()
    resolvers = all_resolvers()
    available = {key for key, one in resolvers.items() if one.available}
    cases = [
        (index, case)
        for index, case in enumerate(all_cases(available, recorded=arguments.output == DEFAULT_OUTPUT and not arguments.list))
        if any(fnmatch.fnmatch(case.name, pattern) for pattern in arguments.patterns)
        and not (arguments.missing and (arguments.output / f"{case.name}.truth.json").exists())
    ]
    if arguments.list:
        for _, case in cases:
            print(f"{case.name:34} {str(case.rule):22} {resolvers[case.resolver].version}")
        return 0
    if os.geteuid() != 0:
        print("the lab makes network namespaces: run it as root", file=sys.stderr)
        return 2
    if not cases:
        print(f"no case matches; built clients are looked for in {BUILD}", file=sys.stderr)
        return 2
    arguments.output.mkdir(parents=True, exist_ok=True)
    failures = 0
    with ThreadPoolExecutor(arguments.jobs) as pool:
        futures = {
            pool.submit(work, index, case, resolvers[case.resolver], arguments.output, arguments.salt,
                        tuple(resolvers[one] for one in case.mix)): case  # fmt: skip
            for index, case in cases
        }
        for future in as_completed(futures):
            try:
                print(future.result(), flush=True)
            except Exception:
                failures += 1
                print(f"{futures[future].name}: failed\n{traceback.format_exc()}", file=sys.stderr, flush=True)
    try:
        os.rmdir("/etc/netns")  # made by the first lab; another's files in it keep it
    except OSError:
        pass
    return 1 if failures else 0


sys.exit(main())
