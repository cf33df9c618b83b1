"""Every resolver that the lab can drive: how its client is called, and which version it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
CLIENTS = HERE / "clients"
BUILD = Path(os.environ.get("KUBELAG_LAB", "/var/tmp/kubelag-lab"))
GO = shutil.which("go") or "/usr/local/go/bin/go"
GRPC_PORT = 50051
# Longer than any single resolution takes before it fails, short enough to keep a lab bounded.
GRPC_DEADLINE_SECONDS = 45


@dataclass
class Resolver:
    key: str
    resolver: str  # what the tool should call it
    version: str
    kind: str
    program: list[str]
    detail: str | None = None
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def available(self) -> bool:
        return Path(self.program[0]).exists()

    def command(self, names: list[str], gap: int, threads: int, mode: str) -> list[str]:
        """One process that looks `names` up, `gap` ms between; `mode` is the client's own word."""
        flags = mode.split() if mode else []
        if self.kind in ("getaddrinfo", "go"):
            return [*self.program, "-t", str(threads), "-g", str(gap), *flags, *names]
        if self.kind == "cares":
            return [*self.program, "-g", str(gap), *(flags or ["-n"]), *names]
        if self.kind == "pycares":
            return [*self.program, str(gap), *(flags or ["new"]), *names]
        if self.kind == "grpc":
            return [*self.program, str(gap), str(GRPC_DEADLINE_SECONDS), str(GRPC_PORT), *names]
        if self.kind == "node":
            return [*self.program, *(flags or ["resolve"]), str(gap), str(threads), *names]
        if self.kind == "node-lookup":
            return [*self.program, "lookup", str(gap), str(threads), *names]
        if self.kind == "python":
            return [*self.program, str(gap), str(threads), *names]
        if self.kind == "netty":
            return [*self.program, str(gap), str(threads), *(flags or ["both"]), *names]
        return [*self.program, str(gap), *names]


def output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def program(name: str) -> str:
    """Where it is installed; a path that is not there where it is not."""
    return shutil.which(name) or f"/nonexistent/{name}"


def libc_version() -> str:
    return output("dpkg-query", "-W", "-f", "${Version}", "libc6") or output("getconf", "GNU_LIBC_VERSION")


def all_resolvers() -> dict[str, Resolver]:
    glibc = f"glibc {libc_version()}"
    found = [
        Resolver("glibc", "glibc", glibc, "getaddrinfo", [str(BUILD / "gai-glibc")]),
        Resolver("python", "glibc", f"{glibc}, Python's socket.getaddrinfo", "python",
                 [sys.executable, str(CLIENTS / "python_getaddrinfo.py")]),
        Resolver("java", "glibc", f"{glibc}, OpenJDK 17 InetAddress", "java",
                 [program("java"), "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", str(BUILD), "Resolve"]),
        Resolver("node-lookup", "glibc", f"{glibc}, Node {output('node', '--version')} dns.lookup", "node-lookup",
                 [program("node"), str(CLIENTS / "resolve.mjs")]),
        Resolver("node", "node", f"Node {output('node', '--version')}, c-ares {output('node', '-p', 'process.versions.ares')}",
                 "node", [program("node"), str(CLIENTS / "resolve.mjs")], "dns.resolve"),
    ]  # fmt: skip
    for folder in sorted(BUILD.glob("netty-*")):
        version = folder.name.removeprefix("netty-")
        command = [program("java"), "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", f"{folder}/*", "NettyResolve"]
        found.append(Resolver("netty", "netty", f"Netty {version}", "netty", command))
    for binary in sorted(BUILD.glob("gai-musl-*")):
        version = binary.name.removeprefix("gai-musl-")
        found.append(Resolver(f"musl-{version}", "musl", f"musl {version}", "getaddrinfo", [str(binary)]))
    for binary in sorted(BUILD.glob("cares-*")):
        version = binary.name.removeprefix("cares-")
        found.append(Resolver(f"cares-{version}", "c-ares", f"c-ares {version}", "cares", [str(binary)]))
    for binary in sorted(BUILD.glob("goresolver*")):
        version = binary.name.removeprefix("goresolver").removeprefix("-") or "1.26"
        key = "go" if binary.name == "goresolver" else f"go-{version}"
        label = output(GO, "version", str(binary)).split(": ")[-1] or f"go{version}"
        found.append(Resolver(key, "go", f"{label}, CGO_ENABLED=0", "go", [str(binary)]))
        if key == "go":
            found.append(Resolver("go-no-edns", "go", f"{label}, CGO_ENABLED=0, GODEBUG=netedns0=0", "go", [str(binary)], None,
                                  {"GODEBUG": "netedns0=0"}))  # fmt: skip
    for folder in sorted(BUILD.glob("pycares-*")):
        label = output(str(folder / "bin/python"), str(CLIENTS / "pycares_getaddrinfo.py"), "--version")
        version = label.split()[1] if label else "unknown"
        found.append(Resolver(f"pycares-{version}", "c-ares", label, "pycares",
                              [str(folder / "bin/python"), str(CLIENTS / "pycares_getaddrinfo.py")]))  # fmt: skip
    for folder in sorted(BUILD.glob("grpcio-*")):
        version = folder.name.removeprefix("grpcio-")
        command = [str(folder / "bin/python"), str(CLIENTS / "grpc_connect.py")]
        found.append(Resolver(f"grpc-{version}", "c-ares", f"grpcio {version} (its bundled c-ares)", "grpc", command, "gRPC",
                              {"GRPC_DNS_RESOLVER": "ares"}))  # fmt: skip
        found.append(Resolver(f"grpc-native-{version}", "glibc", f"{glibc}, grpcio {version} with GRPC_DNS_RESOLVER=native",
                              "grpc", command, None, {"GRPC_DNS_RESOLVER": "native"}))  # fmt: skip
    return {one.key: one for one in found}
