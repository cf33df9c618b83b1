"""Pod, node and two back ends in namespaces: a Service address that the node DNATs. Needs root; nothing leaves."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

POD, BACKENDS, SERVICE = "10.244.1.17", ("10.244.2.31", "10.244.3.32"), "10.96.7.7"


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Network:
    def __init__(self, tag: str, port: int, backends: int) -> None:
        self.port, self.backends = port, BACKENDS[:backends]
        self.pod, self.node, *self.back = (f"kn{tag}{letter}" for letter in "pnab")
        self.processes: list[subprocess.Popen] = []
        self.captures: list[subprocess.Popen] = []

    @property
    def spaces(self) -> list[str]:
        return [self.pod, self.node, *self.back]

    def up(self) -> None:
        for space in self.spaces:
            run("ip", "netns", "add", space)
            run("ip", "-n", space, "link", "set", "lo", "up")
        self.link(self.pod, POD, "pod", "10.244.1.1")
        for space, address, name in zip(self.back, BACKENDS, ("backa", "backb")):
            self.link(space, address, name, address.rsplit(".", 1)[0] + ".1")
        for setting in ("net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0"):
            self.sysctl(self.node, setting)
        for index, backend in enumerate(self.backends):
            left = len(self.backends) - index
            chance = ("-m", "statistic", "--mode", "nth", "--every", str(left), "--packet", "0") if left > 1 else ()
            self.iptables("-t", "nat", "-A", "PREROUTING", "-d", SERVICE, "-p", "tcp", "--dport", str(self.port),
                          *chance, "-j", "DNAT", "--to-destination", f"{backend}:{self.port}")  # fmt: skip

    def link(self, space: str, address: str, name: str, gateway: str) -> None:
        run("ip", "-n", space, "link", "add", "eth0", "type", "veth", "peer", "name", name, "netns", self.node)
        for where, device, own in ((space, "eth0", f"{address}/24"), (self.node, name, f"{gateway}/24")):
            run("ip", "-n", where, "address", "add", own, "dev", device)
            run("ip", "netns", "exec", where, "ethtool", "-K", device, "tx", "off", "gso", "off", "tso", "off", "gro", "off")
            run("ip", "-n", where, "link", "set", device, "up")
        run("ip", "-n", space, "route", "add", "default", "via", gateway)

    def sysctl(self, space: str, setting: str) -> None:
        run("ip", "netns", "exec", space, "sysctl", "-qw", setting)

    def iptables(self, *rule: str) -> None:
        run("ip", "netns", "exec", self.node, "iptables", "-w", *rule)

    def dropped(self) -> int:
        table = run("ip", "netns", "exec", self.node, "iptables", "-w", "-L", "FORWARD", "-v", "-n", "-x")
        return sum(int(line.split()[0]) for line in table.splitlines() if " DROP " in line)

    def start(self, space: str, *command: str) -> subprocess.Popen:
        process = subprocess.Popen(["ip", "netns", "exec", space, *command], stdout=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def capture(self, space: str, path: Path) -> None:
        process = subprocess.Popen(
            ["ip", "netns", "exec", space, "tcpdump", "-Z", "root", "-U", "--immediate-mode", "-B", "65536", "-s", "0", "-i", "any", "-w", str(path), "ip"],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if "listening on" in line:
                break
        self.captures.append(process)

    def down(self) -> None:
        time.sleep(0.4)
        for process in self.captures:
            process.send_signal(signal.SIGINT)
            process.wait()
        for process in self.processes:
            process.kill()
            process.wait()
        for space in self.spaces:
            subprocess.run(["ip", "netns", "delete", space], check=False, capture_output=True)
