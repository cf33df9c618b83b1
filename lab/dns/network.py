"""Namespaces, veth pairs, DNAT and captures of one lab. Needs root; all traffic stays inside."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from pathlib import Path

CAPTURE_FILTER = "port 53 or icmp"
SERVICE_ADDRESS = "10.96.0.10"
BACKENDS = ("10.244.2.53", "10.244.3.53")


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Network:
    """`pod` and `server` joined by a veth; with `dnat` a `node` between them that DNATs the service address."""

    def __init__(self, tag: str, number: int, addresses: list[str], resolv: str, dnat: dict | None) -> None:
        self.pod, self.server = f"kl{tag}p", f"kl{tag}s"
        self.node = f"kl{tag}n" if dnat else None
        self.address = f"10.244.{1 + number % 250}.{7 + number * 37 % 240}"
        self.gateway = f"10.244.{1 + number % 250}.1"
        self.resolv = resolv
        self.addresses, self.dnat, self.tag = addresses, dnat, tag
        self.captures: list[tuple[subprocess.Popen, Path]] = []

    def up(self) -> None:
        for space in filter(None, (self.pod, self.server, self.node)):
            run("ip", "netns", "add", space)
            run("ip", "-n", space, "link", "set", "lo", "up")
        configuration = Path("/etc/netns") / self.pod
        configuration.mkdir(parents=True, exist_ok=True)
        (configuration / "resolv.conf").write_text(self.resolv)
        middle = self.node or self.server
        self.link(self.pod, "eth0", f"{self.address}/24", middle, f"veth{self.tag}", f"{self.gateway}/24")
        run("ip", "-n", self.pod, "route", "add", "default", "via", self.gateway)
        if self.node:
            self.link(self.node, "eth0", "10.250.0.1/24", self.server, "eth0", "10.250.0.2/24")
            self.route()
        if any(":" in address for address in self.addresses):
            run("ip", "-n", self.pod, "address", "add", "fd00:10:244::7/64", "dev", "eth0", "nodad")
            run("ip", "-n", middle, "address", "add", "fd00:10:244::1/64", "dev", f"veth{self.tag}", "nodad")
            run("ip", "-n", self.pod, "-6", "route", "add", "default", "via", "fd00:10:244::1")
        for address in self.addresses:
            run("ip", "-n", self.server, "address", "add", f"{address}/{128 if ':' in address else 32}", "dev", "lo")
        # Any address that the zone hands out is the server's own, so connections find a listener.
        run("ip", "-n", self.server, "route", "add", "local", "10.100.0.0/16", "dev", "lo")

    def link(self, left: str, left_name: str, left_address: str, right: str, right_name: str, right_address: str) -> None:
        # Made inside the namespaces at once: a name in the root namespace could clash with another lab's.
        run("ip", "-n", left, "link", "add", left_name, "type", "veth", "peer", "name", right_name, "netns", right)
        for space, name, address in ((left, left_name, left_address), (right, right_name, right_address)):
            run("ip", "-n", space, "address", "add", address, "dev", name)
            if shutil.which("ethtool"):
                run("ip", "netns", "exec", space, "ethtool", "-K", name, "tx", "off")
            run("ip", "-n", space, "link", "set", name, "up")

    def route(self) -> None:
        node, backends = self.node, self.dnat["backends"]
        assert node is not None
        for setting in ("net.ipv4.ip_forward=1", "net.netfilter.nf_conntrack_acct=1"):
            run("ip", "netns", "exec", node, "sysctl", "-qw", setting)
        run("ip", "-n", node, "route", "add", "10.244.2.53/32", "via", "10.250.0.2")
        run("ip", "-n", node, "route", "add", "10.244.3.53/32", "via", "10.250.0.2")
        run("ip", "-n", node, "route", "add", "10.100.0.0/16", "via", "10.250.0.2")
        run("ip", "-n", self.server, "route", "add", f"{self.address}/32", "via", "10.250.0.1")
        iptables = ("ip", "netns", "exec", node, "iptables", "-w")
        for protocol in ("udp", "tcp"):
            for index, backend in enumerate(backends):
                left = len(backends) - index
                # As kube-proxy writes it: the n-th of the rest with one chance in what is left.
                chance = ("-m", "statistic", "--mode", "random", "--probability", f"{1 / left:.10f}") if left > 1 else ()
                run(*iptables, "-t", "nat", "-A", "PREROUTING", "-d", SERVICE_ADDRESS, "-p", protocol, "--dport", "53",
                    *chance, "-j", "DNAT", "--to-destination", f"{backend}:53")  # fmt: skip
        if self.dnat.get("race"):
            # The second packet of a flow that saw no reply yet, dropped on its way out, behind the DNAT:
            # where a kernel that loses the insertion race drops it.
            run(*iptables, "-A", "FORWARD", "-p", "udp", "--dport", "53", "-m", "connbytes", "--connbytes", "2:2",
                "--connbytes-dir", "original", "--connbytes-mode", "packets", "-m", "conntrack", "!", "--ctstatus",
                "SEEN_REPLY", "-m", "statistic", "--mode", "random", "--probability", str(self.dnat["race"]),
                "-j", "DROP")  # fmt: skip
        if self.dnat.get("answerloss"):
            run(*iptables, "-A", "FORWARD", "-p", "udp", "--sport", "53", "-m", "statistic", "--mode", "random",
                "--probability", str(self.dnat["answerloss"]), "-j", "DROP")  # fmt: skip
        if self.dnat.get("loss"):
            run(*iptables, "-A", "FORWARD", "-p", "udp", "--dport", "53", "-m", "statistic", "--mode", "random",
                "--probability", str(self.dnat["loss"]), "-j", "DROP")  # fmt: skip

    def close_tcp(self, how: str) -> None:
        """The server refuses (`reject`) or ignores (`drop`) DNS over TCP."""
        action = ("REJECT", "--reject-with", "tcp-reset") if how == "reject" else ("DROP",)
        run("ip", "netns", "exec", self.server, "iptables", "-w", "-A", "INPUT", "-p", "tcp", "--dport", "53", "-j", *action)

    def dropped_by_node(self) -> int:
        """Packets that the node's own rule dropped."""
        if not self.node:
            return 0
        table = run("ip", "netns", "exec", self.node, "iptables", "-w", "-L", "FORWARD", "-v", "-n", "-x")
        return sum(int(line.split()[0]) for line in table.splitlines() if " DROP " in line and line.split()[0].isdigit())

    def capture(self, space: str, interface: str, path: Path, expression: str, snap: int = 0) -> None:
        process = subprocess.Popen(
            ["ip", "netns", "exec", space, "tcpdump", "-Z", "root", "-U", "--immediate-mode", "-s", str(snap), "-i", interface,
             "-w", str(path), *expression.split()],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if "listening on" in line:
                break
        self.captures.append((process, path))

    def stop_captures(self) -> None:
        time.sleep(0.5)
        for process, _ in self.captures:
            process.send_signal(signal.SIGINT)
            process.wait()
        self.captures = []

    def down(self) -> None:
        for process, _ in self.captures:
            process.kill()
            process.wait()
        for space in filter(None, (self.pod, self.server, self.node)):
            subprocess.run(["ip", "netns", "delete", space], check=False, capture_output=True)
        shutil.rmtree(Path("/etc/netns") / self.pod, ignore_errors=True)
