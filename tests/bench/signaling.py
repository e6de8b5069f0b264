#!/usr/bin/env python3
"""The benchmark of signaling: idle connections, echo, call set-up, memory. Run by `scripts/bench signaling`.

Starts aldisd with a data folder of its own, drives it with aldis-load, and measures a bare echo on the same event loop,
with as many connections open, in alternating rounds of the same run.
"""
import argparse
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
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


def figure(name, ours, peer, unit, limit=None, note=""):
    ratio = ours / peer if peer else float("nan")
    print(f"name={name} ours={ours:.4g} peer={peer:.4g} ratio={ratio:.3g} "
          f"limit_ratio={limit if limit is not None else '-'} unit={unit}{' note=' + note if note else ''}", flush=True)


class Server:
    def __init__(self, build, folder):
        self.port, self.tls_port = free_port(), free_port()
        config = os.path.join(folder, "aldis.conf")
        with open(config, "w", encoding="ascii") as f:
            f.write(f"[server]\ndata_dir = {folder}/var\nlog_level = warning\nmetrics_listen =\n"
                    f"[signaling]\nlisten = 127.0.0.1:{self.port}\ntls_listen = 127.0.0.1:{self.tls_port}\n"
                    f"jwt_secret = {SECRET}\nmax_connections = 40000\nmax_connections_per_address = 40000\n"
                    f"call_rate_user = 0\ncall_rate_pair = 0\n")
        self.process = subprocess.Popen([f"{build}/server/aldisd", "--config", config], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=1).read()
                return
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise SystemExit("aldisd did not start")
                time.sleep(0.05)

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


class Load:
    def __init__(self, build, *arguments):
        self.process = subprocess.Popen([f"{build}/server/aldis-load", *arguments], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)

    def run(self, scenario):
        self.process.stdin.write(scenario + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"aldis-load ended in: {scenario}")
        print(f"# {scenario}: {line.strip()}", flush=True)
        return {k: float(v) for k, v in (pair.split("=") for pair in line.split()[1:])}

    def stop(self):
        self.process.stdin.close()
        self.process.wait(30)


def measure_plain(build, folder, args):
    server = Server(build, folder)
    load = Load(build, "--address", f"127.0.0.1:{server.port}", "--jwt-secret", SECRET)
    echo = subprocess.Popen([f"{build}/server/aldis-load", "--serve-echo", "--address", "127.0.0.1:0"],
                            stdout=subprocess.PIPE, text=True)
    bare = Load(build, "--bare", "--address", echo.stdout.readline().strip())
    try:
        before = resident_kb(server.pid)
        idle = load.run(f"idle {args.idle}")
        time.sleep(2)
        per_connection = (resident_kb(server.pid) - before) / idle["connections"]
        figure("ws-idle", per_connection, 4.0, "kB/connection", 1, f"{int(2**20 / per_connection)}_connections_per_GiB")
        bare.run(f"idle {args.idle}")

        ours, peer, ours50, peer50 = [], [], [], []
        for _ in range(args.rounds):
            r = load.run(f"echo {args.echo_rate} {args.seconds}")
            ours.append(r["p99_us"]), ours50.append(r["p50_us"])
            r = bare.run(f"echo {args.echo_rate} {args.seconds}")
            peer.append(r["p99_us"]), peer50.append(r["p50_us"])
        figure("ws-echo-p50", statistics.median(ours50), statistics.median(peer50), "us")
        figure("ws-echo-p99", statistics.median(ours), statistics.median(peer), "us", 3)
        cpu = cpu_seconds(server.pid)
        load.run(f"echo {args.echo_rate} {args.seconds}")
        mine = (cpu_seconds(server.pid) - cpu) / (args.echo_rate * args.seconds) * 1e6
        cpu = cpu_seconds(echo.pid)
        bare.run(f"echo {args.echo_rate} {args.seconds}")
        figure("ws-echo-cpu", mine, (cpu_seconds(echo.pid) - cpu) / (args.echo_rate * args.seconds) * 1e6, "us_cpu/call")

        setups, echoes = [], []
        for _ in range(args.rounds):
            setups.append(load.run(f"calls {args.setup_rate * args.seconds} {args.setup_rate} 200")["p99_us"])
            echoes.append(bare.run(f"echo {args.setup_rate} {args.seconds}")["p99_us"])
        figure("call-setup-p99", statistics.median(setups), statistics.median(echoes), "us")
        cpu = cpu_seconds(server.pid)
        r = load.run("calls 3000 0 64")
        figure("call-setup-rate", r["finished"] / r["seconds"], 200, "calls/s")
        print(f"# CPU per whole call: {(cpu_seconds(server.pid) - cpu) / r['finished'] * 1e6:.0f} us", flush=True)

        load.run("calls 1000 0 64")
        first = resident_kb(server.pid)
        load.run(f"calls {args.calls - 1000} 0 64")
        figure("call-memory", resident_kb(server.pid), first, f"kB_resident_after_{args.calls}_and_1000_calls", 1.05)
    finally:
        load.stop(), bare.stop(), server.stop()
        echo.terminate(), echo.wait(5)


def measure_tls(build, folder, args):
    server = Server(build, folder)
    load = Load(build, "--tls", "--address", f"127.0.0.1:{server.tls_port}", "--jwt-secret", SECRET)
    try:
        before = resident_kb(server.pid)
        idle = load.run(f"idle {args.idle}")
        time.sleep(2)
        per_connection = (resident_kb(server.pid) - before) / idle["connections"]
        figure("wss-idle", per_connection, 20.0, "kB/connection", 1, f"{int(2**20 / per_connection)}_connections_per_GiB")
    finally:
        load.stop(), server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--idle", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--echo-rate", type=int, default=2000)
    parser.add_argument("--setup-rate", type=int, default=200)
    parser.add_argument("--calls", type=int, default=100000)
    args = parser.parse_args()
    for measure in (measure_plain, measure_tls):
        folder = tempfile.mkdtemp(prefix="aldis-bench-")
        try:
            measure(args.build, folder, args)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


sys.exit(main())
