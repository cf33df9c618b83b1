"""Records the lab's cases: `sudo -E python3 lab/net/run.py --output FOLDER [PATTERN…]`. See README.md."""

from __future__ import annotations

import argparse
import fnmatch
import gzip
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from cases import CASES, Case  # noqa: E402
from network import BACKENDS, POD, SERVICE, Network, run  # noqa: E402

PROGRAM = os.environ.get("KUBELAG_NETLAB", "/var/tmp/kubelag-netlab")
HERE = Path(__file__).parent


def certificate(folder: Path) -> list[str]:
    if not (folder / "cert.pem").exists():
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=lab", "-keyout",
            str(folder / "key.pem"), "-out", str(folder / "cert.pem"))  # fmt: skip
    return [f"--cert={folder}/cert.pem", f"--key={folder}/key.pem"]


def record(case: Case, number: int, output: Path, work: Path) -> None:
    network = Network(str(number), case.port, case.backends)
    network.down()
    network.processes, network.captures = [], []
    try:
        network.up()
        for space, setting in case.sysctl:
            network.sysctl({"pod": network.pod, "node": network.node, "back": network.back[0]}[space], setting)
        servers = []
        for index in range(case.backends):
            if index == case.dead:
                continue
            extra = certificate(work) if "--kind=https" in case.server else []
            servers.append(network.start(network.back[index], PROGRAM, "serve", f"--listen=:{case.port}", *case.server, *extra))
        if case.dead is not None:
            network.iptables("-A", "FORWARD", "-d", BACKENDS[case.dead], "-j", "DROP")
        for rule in case.iptables:
            network.iptables(*rule)
        if case.tbf:
            run("ip", "netns", "exec", network.node, "tc", "qdisc", "add", "dev", "pod", "root", "tbf", "rate", case.tbf,
                "burst", "16kb", "latency", "3s")  # fmt: skip
        time.sleep(0.5)
        captures = {"pod": f"{case.id}.pcap", "node": f"{case.id}.node.pcap"}
        network.capture(network.pod, work / captures["pod"])
        network.capture(network.node, work / captures["node"])
        service = f"{SERVICE}:{case.port}"
        if case.program == "py":
            command = [sys.executable, str(HERE / "programs/client.py"), service, *case.client]
        else:
            arguments = [word.replace("{service}", service) for word in case.client]
            target = [] if any(word.startswith("--target") for word in arguments) else [f"--target=http://{service}"]
            command = [PROGRAM, "call", *target, *arguments]
        for at, lasting in case.pauses:
            threading.Timer(at, pause, (servers, lasting)).start()
        done = subprocess.run(["ip", "netns", "exec", network.pod, *command], capture_output=True, text=True, check=True)
        requests = [json.loads(line) for line in done.stdout.splitlines()]
        dropped = network.dropped()
    finally:
        network.down()
    for file in captures.values():
        (output / f"{file}.gz").write_bytes(gzip.compress((work / file).read_bytes(), 9))
        (work / file).unlink()
    truth = truth_of(case, requests, dropped, captures)
    (output / f"{case.id}.truth.json").write_text(json.dumps(truth, indent=1) + "\n")
    print(case.id, case.rule, [(one["rule"], one.get("affected_requests")) for one in truth["expected"]], "dropped", dropped, flush=True)


def pause(servers: list[subprocess.Popen], lasting: float) -> None:
    # The program itself: `ip netns exec` becomes it.
    for server in servers:
        server.send_signal(signal.SIGSTOP)
    time.sleep(lasting)
    for server in servers:
        server.send_signal(signal.SIGCONT)


def truth_of(case: Case, requests: list[dict], dropped: int, captures: dict[str, str]) -> dict:
    calls: dict[int, list[dict]] = {}
    for one in requests:
        calls.setdefault(one["i"], []).append(one)
    took = {i: max(t["end"] for t in tries) - min(t["start"] for t in tries) for i, tries in calls.items()}
    expected = []
    if case.rule is not None:
        one: dict = {"rule": case.rule, "of": len(took)}
        if case.slow is not None:
            typical = min(took.values()) if case.base == "least" else statistics.median(took.values())
            hit = {i: seconds - typical for i, seconds in took.items() if seconds - typical > case.slow}
            one |= {"affected_requests": len(hit), "requests": list(hit), "extra_ms": [round(1000 * s, 1) for s in hit.values()],
                    "extra_ms_total": round(1000 * sum(hit.values()), 1)}  # fmt: skip
        expected.append(one)
    return {
        "id": case.id, "set": "net-lab", "near_miss_of": case.near_miss_of, "healthy": case.rule is None, "expected": expected,
        "also_true": case.also, "not_expected": [], "captures": captures, "verified": {"dropped": dropped},
        "programs": {"server": case.server, "client": case.client, "kind": case.program},
        "addresses": {"pod": POD, "service": SERVICE, "backends": BACKENDS[: case.backends]}, "requests": requests,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("patterns", nargs="*", default=["*"])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true")
    given = parser.parse_args()
    chosen = [(n, c) for n, c in enumerate(CASES) if any(fnmatch.fnmatch(c.id, p) for p in given.patterns)]
    if given.list:
        for _, case in chosen:
            print(f"{case.id:24} {case.rule or 'nothing'}")
        return
    given.output.mkdir(parents=True, exist_ok=True)
    work = Path("/var/tmp/kubelag-netlab-work")
    work.mkdir(exist_ok=True)
    certificate(work)

    def safely(number: int, case: Case) -> None:
        try:
            record(case, number, given.output, work)
        except Exception as error:  # One case that can't be recorded must not end the others; it is said.
            print(case.id, "FAILED", repr(error), getattr(error, "stderr", ""), flush=True)

    with ThreadPoolExecutor(given.jobs) as pool:
        list(pool.map(lambda pair: safely(*pair), chosen))


main()
