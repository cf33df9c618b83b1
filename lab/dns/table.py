"""The recorded set as a Markdown table: table.py [FOLDER]. What the set's README holds is its output."""

from __future__ import annotations

import json
import sys
from pathlib import Path

folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2] / "test/corpora/dns-lab"
print("| case | resolver | scenario | rule (also true) | lookups: all / over 100 ms / failed | lost: first / second / both / lone / resend |")
print("|---|---|---|---|---|---|")
for path in sorted(folder.glob("*.truth.json")):
    truth = json.loads(path.read_text())
    summary = truth["summary"]
    rules = f"`{truth['rule']}`" if truth["rule"] else "none"
    if truth["alsoTrue"]:
        rules += " (" + ", ".join(f"`{rule}`" for rule in truth["alsoTrue"]) + ")"
    lost = " / ".join(str(count) for count in summary["droppedByPlace"].values())
    if summary.get("droppedByNode"):
        lost = f"{summary['droppedByNode']} on the node"
    elif not summary["droppedQueries"]:
        lost = "none"
    resolver = truth["resolver"] + (f" ({truth['resolverDetail']})" if truth["resolverDetail"] else "")
    print(
        f"| `{truth['name']}` | {resolver}: {truth['version']} | {truth['scenario']} | {rules} "
        f"| {summary['lookups']} / {summary['lookupsOver100ms']} / {summary['failed']} | {lost} |"
    )
