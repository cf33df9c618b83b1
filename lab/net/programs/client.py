"""Clients that Go's would not be: one that does not look before it reuses a connection, one that reads slowly."""

import argparse
import http.client
import json
import socket
import time


def log(i: int, attempt: int, start: float, status: int | None, error: str | None, path: str) -> None:
    print(json.dumps({"i": i, "try": attempt, "path": path, "start": start, "end": time.time(), "status": status, "err": error}), flush=True)


def idle(host: str, arguments: argparse.Namespace) -> None:
    connection = http.client.HTTPConnection(host)
    for i in range(arguments.n):
        for attempt in range(2):
            start = time.time()
            try:
                connection.request("GET", f"/items/{i}")
                response = connection.getresponse()
                response.read()
                log(i, attempt, start, response.status, None, "/items")
                break
            except (OSError, http.client.HTTPException) as error:
                log(i, attempt, start, None, repr(error), "/items")
                connection.close()
        time.sleep(arguments.pause if i % arguments.every == arguments.every - 1 else 0.02)


def slow_reader(host: str, arguments: argparse.Namespace) -> None:
    name, port = host.split(":")
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    connection.connect((name, int(port)))
    for i in range(arguments.n):
        rests = i % arguments.every == arguments.every - 1
        start = time.time()
        connection.sendall(f"GET /file HTTP/1.1\r\nHost: {host}\r\nX-Lab-Call: {i}\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(2048)
        if rests:
            time.sleep(arguments.rest)
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        got = len(head.split(b"\r\n\r\n", 1)[1])
        while got < length:
            got += len(connection.recv(65536))
        log(i, 0, start, 200, None, "/file")
        time.sleep(0.05)


parser = argparse.ArgumentParser()
parser.add_argument("host")
parser.add_argument("kind", choices=("idle", "slow-reader"))
parser.add_argument("--n", type=int, default=20)
parser.add_argument("--every", type=int, default=4)
parser.add_argument("--pause", type=float, default=1)
parser.add_argument("--rest", type=float, default=0.7)
given = parser.parse_args()
{"idle": idle, "slow-reader": slow_reader}[given.kind](given.host, given)
