# SPDX-License-Identifier: Apache-2.0
"""A server of the benchmark's own, and aldis-load that drives one."""
import os
import re
import socket
import subprocess
import time
import urllib.request

SECRET = "a benchmark's secret of thirty-two bytes or more"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def resident_kb(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return int(re.search(r"^Rss:\s+(\d+) kB", f.read(), re.M).group(1))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Server:
    """aldisd on loopback with its data in @folder. @more: text of more sections of its configuration."""

    secret = SECRET

    def __init__(self, build, folder, more=""):
        self.port, self.tls_port = free_port(), free_port()
        self.config = os.path.join(folder, "aldis.conf")
        with open(self.config, "w", encoding="ascii") as f:
            f.write(f"[server]\ndata_dir = {folder}/var\nlog_level = warning\nmetrics_listen =\n"
                    f"[signaling]\nlisten = 127.0.0.1:{self.port}\ntls_listen = 127.0.0.1:{self.tls_port}\n"
                    f"jwt_secret = {SECRET}\nmax_connections = 40000\nmax_connections_per_address = 40000\nstranger_rate_address = 0\n"
                    f"call_rate_user = 0\ncall_rate_pair = 0\n{more}")
        self.process = subprocess.Popen([f"{build}/server/aldisd", "--config", self.config], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=1).read()
                return
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise SystemExit("aldisd did not start") from None
                time.sleep(0.05)

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


class Load:
    """aldis-load: a line in is a scenario, a line out its figures."""

    def __init__(self, build, *arguments):
        self.process = subprocess.Popen([f"{build}/server/aldis-load", *arguments], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)

    def begin(self, scenario):
        self.scenario = scenario
        self.process.stdin.write(scenario + "\n")
        self.process.stdin.flush()

    def end(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"aldis-load ended in: {self.scenario}")
        print(f"# {self.scenario}: {line.strip()}", flush=True)
        return {k: float(v) for k, v in (pair.split("=") for pair in line.split()[1:])}

    def run(self, scenario):
        self.begin(scenario)
        return self.end()

    def stop(self):
        self.process.stdin.close()
        self.process.wait(30)
