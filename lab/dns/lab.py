"""One run: a network, a server, captures, clients with their stopwatch, and the truth beside it."""

from __future__ import annotations

import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from network import BACKENDS, CAPTURE_FILTER, SERVICE_ADDRESS, Network
from resolvers import GRPC_PORT, HERE, Resolver
from server_log import LOG_FIELDS, resolutions, summarise
from zone import SERVICES

TRUTH_SCHEMA = "kubelag-dns-lab/1"
CLIENT_TIMEOUT_SECONDS = 150
SEARCH = "search prod.svc.cluster.local svc.cluster.local cluster.local\n"

NAME_PATTERNS = {
    "short": "{s}",  # found on the first suffix
    "other-namespace": "{s}.payments",  # found on the second suffix
    "service": "{s}.prod.svc.cluster.local",
    "absolute": "{s}.prod.svc.cluster.local.",
    "outside": "{s}.example.com",
    "cdn": "cdn-{s}.example.net",
    "v4": "v4-{s}.example.org",
    "missing": "nope-{s}.example.com",
    "missing-service": "nope-{s}.prod.svc.cluster.local.",
}


@dataclass
class Case:
    """What to run and what is true of it; see cases.py."""

    name: str
    resolver: str
    scenario: str
    rule: str | None
    behaviours: list[dict] = field(default_factory=list)
    names: str = "service"
    processes: int = 4
    lookups: int = 8
    threads: int = 1
    gap: int = 40
    mode: str = ""
    servers: list[str] = field(default_factory=lambda: ["10.96.0.10"])
    search: bool = False
    options: str = ""
    latency: tuple[float, float] = (0.25, 0.9)
    dnat: dict | None = None
    any: bool = False
    stagger: float = 0.13
    also_true: list[str] = field(default_factory=list)
    not_expected: list[str] = field(default_factory=list)
    note: str = ""
    repeat_names: bool = False
    filter: str = CAPTURE_FILTER
    expect_detail: str | None = None
    snap: int = 0
    mix: list[str] = field(default_factory=list)  # more resolvers, whose processes take turns with `resolver`'s
    no_tcp: str = ""  # what the server does with TCP: `reject`, `drop`

    def resolv(self) -> str:
        lines = "".join(f"nameserver {server}\n" for server in self.servers)
        options = " ".join(filter(None, ("ndots:5" if self.search and "ndots" not in self.options else "", self.options)))
        return lines + (SEARCH if self.search else "") + (f"options {options}\n" if options else "")

    def name_lists(self) -> list[list[str]]:
        """The names of each process: distinct ones, unless the case wants a cache to be of use."""
        words = list(SERVICES)
        random.Random(self.name).shuffle(words)
        patterns = [NAME_PATTERNS[one] for one in self.names.split()]
        lists, index = [], 0
        for _ in range(self.processes):
            if self.repeat_names:
                index = 0
            row = []
            for position in range(self.lookups):
                word = words[index % len(words)] + ("" if index < len(words) else f"-{index // len(words)}")
                row.append(patterns[position % len(patterns)].format(s=word))
                index += 1
            lists.append(row)
        return lists


def run_clients(case: Case, resolver: Resolver, network: Network, others: tuple[Resolver, ...]) -> list[dict]:
    """Every process's stopwatch lines, each with its process number, in order of start."""
    running = []
    kinds = [resolver, *others]
    for number, names in enumerate(case.name_lists()):
        one = kinds[number % len(kinds)]
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "/"), **one.environment}
        command = one.command(names, case.gap, case.threads, case.mode if one is resolver else "")
        running.append(
            subprocess.Popen(["ip", "netns", "exec", network.pod, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True, env=environment)  # fmt: skip
        )
        time.sleep(case.stagger)
    lookups, deadline = [], time.monotonic() + CLIENT_TIMEOUT_SECONDS
    for number, process in enumerate(running):
        try:
            output, errors = process.communicate(timeout=max(1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
            print(f"{case.name}: process {number} was stopped after {CLIENT_TIMEOUT_SECONDS} s", file=sys.stderr)
        if process.returncode != 0 and process.returncode != -9:
            print(f"{case.name}: process {number} ended with {process.returncode}: {errors[-400:]}", file=sys.stderr)
        who = {"process": number, **({"resolver": kinds[number % len(kinds)].resolver} if others else {})}
        lookups += [{**who, **json.loads(line)} for line in output.splitlines() if line.startswith("{")]
    return sorted(lookups, key=lambda lookup: lookup["startEpoch"])


def run_case(
    case: Case, resolver: Resolver, tag: str, number: int, seed: int, output: Path, others: tuple[Resolver, ...] = ()
) -> dict:
    addresses = list(BACKENDS) if case.dnat else case.servers
    network = Network(tag, number, addresses, case.resolv(), case.dnat)
    server = None
    with tempfile.TemporaryDirectory(prefix="kubelag-lab-") as folder:
        configuration, log = Path(folder) / "config.json", Path(folder) / "log.ndjson"
        grpc = GRPC_PORT if resolver.kind == "grpc" else None
        configuration.write_text(
            json.dumps({"seed": seed, "addresses": addresses, "latencyMs": case.latency, "behaviours": case.behaviours,
                        "grpcPort": grpc})  # fmt: skip
        )
        try:
            network.up()
            server = subprocess.Popen(
                ["ip", "netns", "exec", network.server, sys.executable, "-B", str(HERE / "server.py"), str(configuration), str(log)],
                stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            assert server.stdout is not None
            if server.stdout.readline().strip() != "ready":
                raise RuntimeError(f"{case.name}: the server did not start")
            captures = [{"file": f"{case.name}.pcap", "vantage": "pod", "interface": "any" if case.any else "eth0"}]
            network.capture(network.pod, captures[0]["interface"], output / captures[0]["file"], case.filter, case.snap)
            if case.no_tcp:
                network.close_tcp(case.no_tcp)
            if case.dnat:
                captures.append({"file": f"{case.name}.node.pcap", "vantage": "node", "interface": "any"})
                network.capture(network.node, "any", output / captures[-1]["file"], case.filter)
            lookups = run_clients(case, resolver, network, others)
            network.stop_captures()
            node_dropped = network.dropped_by_node()
        finally:
            if server is not None:
                server.terminate()
                server.wait()
            network.down()
        entries = [json.loads(line) for line in log.read_text().splitlines()]
    summary = summarise(entries, lookups)
    if resolver.kind == "grpc":
        lookups = [{**lookup, "resolutions": resolutions(entries, lookup)} for lookup in lookups]
    if case.dnat:
        summary["droppedByNode"] = node_dropped
    truth = {
        "schema": TRUTH_SCHEMA,
        "name": case.name,
        "resolver": resolver.resolver,
        **({"resolvers": sorted({resolver.resolver, *(one.resolver for one in others)})} if others else {}),
        "resolverDetail": resolver.detail,
        "version": resolver.version,
        "scenario": case.scenario,
        "rule": case.rule,
        "alsoTrue": case.also_true,
        "notExpected": case.not_expected,
        "note": case.note,
        "client": network.address,
        "servers": [SERVICE_ADDRESS] if case.dnat else case.servers,
        "backends": case.dnat["backends"] if case.dnat else [],
        "resolvConf": case.resolv(),
        "captures": captures,
        "kernel": platform.release(),
        "seed": seed,
        "behaviours": case.behaviours,
        "nodeRules": case.dnat or {},
        "processes": case.processes,
        "threads": case.threads,
        "summary": summary,
        "lookups": lookups,
        "serverLogFields": LOG_FIELDS,
        "serverLog": entries,
    }
    write_truth(output / f"{case.name}.truth.json", truth)
    return truth


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def lookup_row(lookup: dict) -> dict:
    """A stopwatch line without what says nothing: no error, the only thread, no count of addresses."""
    said = {"error": lookup["error"], "thread": lookup["thread"], "addresses": max(0, lookup["addresses"])}
    rest = {key: value for key, value in lookup.items() if key not in said}
    return {**rest, **{key: value for key, value in said.items() if value}}


def write_truth(path: Path, truth: dict) -> None:
    """JSON with one field, lookup or log entry a line: readable, and a diff shows what moved."""
    lines = []
    for key, value in truth.items():
        if key in ("lookups", "serverLog"):
            rows = ",\n".join("    " + compact(lookup_row(row) if key == "lookups" else row) for row in value)
            lines.append(f'  "{key}": [\n{rows}\n  ]' if rows else f'  "{key}": []')
        else:
            lines.append(f'  "{key}": {json.dumps(value)}')
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
