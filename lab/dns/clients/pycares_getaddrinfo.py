"""A caller of pycares' Channel.getaddrinfo() (the c-ares that the wheel bundles) with a stopwatch.

GAP_MS one|new NAME...: one channel for all names, or a new one for each. `--version` prints what
is bundled. Works with pycares 4 (sockets driven here) and 5 (c-ares's own event thread).
"""

import json
import os
import select
import socket
import sys
import time

import pycares

if sys.argv[1] == "--version":
    version = getattr(pycares, "ARES_VERSION", None) or pycares._cares.lib.ares_version(pycares._cares.ffi.NULL)
    print("c-ares", pycares._cares.ffi.string(version).decode() if not isinstance(version, str) else version,
          "pycares", pycares.__version__)
    sys.exit(0)

gap, fresh, names = int(sys.argv[1]), sys.argv[2] == "new", sys.argv[3:]
wanted: dict[int, int] = {}


def watch(descriptor: int, readable: bool, writable: bool) -> None:
    mask = (select.POLLIN if readable else 0) | (select.POLLOUT if writable else 0)
    if mask:
        wanted[descriptor] = mask
    else:
        wanted.pop(descriptor, None)


def drive(channel, done) -> None:
    if pycares.__version__.startswith("5"):
        while not done:
            time.sleep(0.0002)
        return
    while not done:
        poller = select.poll()
        for descriptor, mask in wanted.items():
            poller.register(descriptor, mask)
        timeout = channel.timeout()
        ready = poller.poll(1000 if timeout is None or timeout < 0 else int(timeout * 1000) + 1)
        if not ready:
            channel.process_fd(pycares.ARES_SOCKET_BAD, pycares.ARES_SOCKET_BAD)
        for descriptor, mask in ready:
            channel.process_fd(
                descriptor if mask & ~select.POLLOUT else pycares.ARES_SOCKET_BAD,
                descriptor if mask & select.POLLOUT else pycares.ARES_SOCKET_BAD,
            )


def make():
    return pycares.Channel() if pycares.__version__.startswith("5") else pycares.Channel(sock_state_cb=watch)


# Old channels are kept until the end: freeing one while c-ares's thread ends can abort the process.
channels = [make()]
for name in names:
    done: list = []

    def answered(result, code) -> None:
        done.append((time.monotonic(), time.time(), result, code))

    start, tick = time.time(), time.monotonic()
    channel = channels[-1]
    channel.getaddrinfo(name, 80, family=socket.AF_UNSPEC, type=socket.SOCK_STREAM, callback=answered)
    drive(channel, done)
    stop, end, result, code = done[0]
    line = {"name": name, "startEpoch": round(start, 6), "endEpoch": round(end, 6), "seconds": round(stop - tick, 6),
            "ok": code is None, "error": "" if code is None else pycares.errno.errorcode.get(code, str(code)),
            "addresses": len(result.nodes) if result else 0, "thread": 0}
    print(json.dumps(line), flush=True)
    if fresh:
        channels.append(make())
    time.sleep(gap / 1000)
os._exit(0)
