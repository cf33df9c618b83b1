"""A caller of socket.getaddrinfo() (libc's) with a stopwatch: GAP_MS THREADS NAME..."""

import json
import socket
import sys
import threading
import time

gap, threads, names = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
lock = threading.Lock()


def work(thread: int) -> None:
    for name in names[thread::threads]:
        start, tick, error, count = time.time(), time.monotonic(), "", 0
        try:
            count = len(socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM))
        except socket.gaierror as failure:
            error = {-2: "EAI_NONAME", -3: "EAI_AGAIN", -4: "EAI_FAIL", -5: "EAI_NODATA"}.get(failure.errno, str(failure))
        seconds, end = time.monotonic() - tick, time.time()
        line = {"name": name, "startEpoch": round(start, 6), "endEpoch": round(end, 6), "seconds": round(seconds, 6),
                "ok": error == "", "error": error, "addresses": count, "thread": thread}
        with lock:
            print(json.dumps(line), flush=True)
        time.sleep(gap / 1000)


# Loads what the first lookup would load, without a packet.
socket.getaddrinfo("localhost", 80)
workers = [threading.Thread(target=work, args=(index,)) for index in range(threads)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
