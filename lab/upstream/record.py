#!/usr/bin/env python3
"""Records what databases and their clients say on loopback, with the clients' own stopwatch beside it.

    record.py DATABASE [FOLDER]     postgresql, mysql, redis, memcached, kafka, mongodb

Writes FOLDER/NAME.pcap and FOLDER/NAME.truth.json. See README.md for what must be installed.
"""
import contextlib
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time


class Stopwatch:
    """The steps of a scenario: what was done, when, and which exchanges a person expects of it."""

    def __init__(self):
        self.steps = []

    @contextlib.contextmanager
    def step(self, does, *exchanges, least=0.0):
        """exchanges: in the order in which they begin, (method, error or None, shape); least: seconds that the longest lasts at least."""
        step = {"does": does, "start": time.time()}
        try:
            yield
        finally:
            step["end"] = time.time()
            step["exchanges"] = [{"method": e[0], "error": e[1] if len(e) > 1 else None,
                                  "shape": e[2] if len(e) > 2 else "call"} for e in exchanges]
            step["least"] = least
            self.steps.append(step)


class Lab:
    def __init__(self, folder):
        self.folder = folder
        self.work = tempfile.mkdtemp(prefix="upstream-")
        os.chmod(self.work, 0o755)
        self.started = []

    def free_port(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def start(self, command, port=None, user=None, **options):
        """A server, and waits until it listens."""
        log = open(os.path.join(self.work, os.path.basename(command[0]) + ".log"), "ab")
        if user:
            command = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command]
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, **options)
        self.started.append(process)
        if port:
            self.wait_for(port, process)
        return process

    def wait_for(self, port, process):
        for _ in range(600):
            if process.poll() is not None:
                raise SystemExit(f"{process.args} ended; see {self.work}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                return
            time.sleep(0.1)
        raise SystemExit(f"nothing listens on {port}; see {self.work}")

    def owned(self, name, user):
        path = os.path.join(self.work, name)
        os.makedirs(path)
        subprocess.run(["chown", user, path], check=True)
        return path

    @contextlib.contextmanager
    def record(self, name, port, about, counted=None, leave_out=()):
        path = os.path.join(self.folder, name + ".pcap")
        capture = subprocess.Popen(
            ["tcpdump", "-i", "lo", "-n", "-U", "-s", "0", "--immediate-mode", "-B", "65536",
             "--time-stamp-precision=nano", "-w", path, "tcp", "port", str(port)],
            stderr=subprocess.PIPE)
        capture.stderr.readline()
        time.sleep(0.3)
        watch = Stopwatch()
        try:
            yield watch
        finally:
            time.sleep(0.5)
            capture.send_signal(signal.SIGINT)
            said = capture.communicate()[1].decode().split("\n")
        truth = {"about": about, "port": port, "counted": counted, "leaveOut": list(leave_out),
                 "tcpdump": [line for line in said if "dropped" in line],
                 "steps": watch.steps}
        with open(os.path.join(self.folder, name + ".truth.json"), "w") as file:
            json.dump(truth, file, indent=1)
            file.write("\n")
        print(name, os.path.getsize(path), "bytes,", len(watch.steps), "steps")

    def stop(self):
        for process in reversed(self.started):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        subprocess.run(["rm", "-rf", self.work], check=False)


def main():
    name = sys.argv[1]
    folder = sys.argv[2] if len(sys.argv) > 2 else os.path.join(os.path.dirname(__file__), "../../test/corpora/upstream")
    os.makedirs(folder, exist_ok=True)
    lab = Lab(folder)
    try:
        importlib.import_module(f"{name}_lab").run(lab)
    finally:
        lab.stop()


if __name__ == "__main__":
    main()
