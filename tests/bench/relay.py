#!/usr/bin/env python3
"""The benchmark of the relay against Debian's coturn: CPU per relayed packet and allocation, memory. Run by
`scripts/bench relay`.

Both servers run in the same round, one after the other, on core 0; the generator (aldis-turn-load) on core 1. CPU is what
the kernel accounts to the server's threads (schedstat). A relayed packet is one that arrived at its end.
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

from lib.report import figure, finish, step

USER, PASSWORD = "bench", "benchpass"


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_us(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total / 1000


def resident_kb(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return int(re.search(r"^Rss:\s+(\d+) kB", f.read(), re.M).group(1))


class Server:
    """One TURN server on core 0, in a folder of its own."""

    def __init__(self, name, build):
        self.name, self.port = name, free_port()
        self.folder = tempfile.mkdtemp(prefix="aldis-bench-")
        command = self.aldis(build) if name == "aldis" else self.coturn()
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen(["taskset", "-c", "0", *command], stdout=log, stderr=log, cwd=self.folder)
        self.pid = self.process.pid
        deadline = time.monotonic() + 20
        while not self.answers():
            if time.monotonic() > deadline or self.process.poll() is not None:
                with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
                    sys.exit(f"{name} does not answer:\n{log.read()[-2000:]}")
            time.sleep(0.1)

    def aldis(self, build):
        conf = os.path.join(self.folder, "aldis.conf")
        with open(conf, "w", encoding="utf-8") as f:
            f.write(f"[server]\ndata_dir={self.folder}/var\nmetrics_listen=\nworkers=1\nlog_level=warning\n"
                    f"[signaling]\nlisten=127.0.0.1:0\ntls_listen=\nweb_root=\n"
                    f"[relay]\nlisten_udp=127.0.0.1:{self.port}\nlisten_tcp=\nlisten_tls=\nrelay_address=127.0.0.1\n"
                    f"relay_ports=20000-65000\nrealm=bench\nstatic_users={USER}:{PASSWORD}\nallow_loopback_peers=true\n"
                    f"unverified_replies_per_s=0\n")
        return [os.path.join(build, "server/aldisd"), "--config", conf]

    def coturn(self):
        return ["turnserver", "-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", f"--listening-port={self.port}",
                "--min-port=20000", "--max-port=65000", "--lt-cred-mech", f"--user={USER}:{PASSWORD}", "--realm=bench",
                "--allow-loopback-peers", "--no-cli", "--no-tls", "--no-dtls", "--log-file=stdout", "--simple-log",
                f"--pidfile={self.folder}/pid"]

    def answers(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.2)
            try:
                s.sendto(bytes.fromhex("000100002112a442000102030405060708090a0b"), ("127.0.0.1", self.port))
                return len(s.recv(1000)) > 0
            except OSError:
                return False

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Forwarder:
    """The bare forwarder of `scripts/bench udp` on core 0, which is the limit: it looks at nothing."""
    name = "bare"

    def __init__(self, build):
        self.port, self.sink = free_port(), free_port()
        self.process = subprocess.Popen(["taskset", "-c", "0", os.path.join(build, "tests/bench/bare-forward"), str(self.port),
                                         str(self.sink)])
        self.pid = self.process.pid
        time.sleep(0.3)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Bench:
    def __init__(self, build, rounds, seconds):
        self.build, self.rounds, self.seconds = build, rounds, seconds
        self.generator = ["taskset", "-c", "1", os.path.join(build, "server/aldis-turn-load")]

    def flows(self, server, mode, flows, size, burst, rate):
        """Returns (CPU us of the server per packet that arrived, packets sent, packets that arrived, seconds)."""
        who = [str(server.sink)] if mode == "bare" else [USER, PASSWORD]
        process = subprocess.Popen([*self.generator, mode, f"127.0.0.1:{server.port}", *who, str(flows), str(size), str(burst),
                                    str(rate), str(self.seconds)],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if process.stdout.readline().strip() != "ready":
            sys.exit(f"{server.name}: {mode} did not begin")
        before = cpu_us(server.pid)
        process.stdin.write("\n")
        process.stdin.flush()
        line = process.stdout.readline()
        used = cpu_us(server.pid) - before
        process.wait()
        found = re.match(r"sent=(\d+) received=(\d+)", line)
        sent, received = int(found[1]), int(found[2])
        print(f"# {server.name} {mode} flows={flows} size={size} burst={burst} rate={rate}: sent={sent} received={received} "
              f"cpu_us={used:.0f}", flush=True)
        return (used / max(received, 1), sent, received)

    def compare(self, name, limit, mode, flows, size, burst, rate):
        costs = {"aldis": [], "coturn": []}
        lost = {"aldis": 0.0, "coturn": 0.0}
        for _ in range(self.rounds):
            for kind in ("coturn", "aldis"):
                server = Server(kind, self.build)
                cost, sent, received = self.flows(server, mode, flows, size, burst, rate)
                server.stop()
                costs[kind].append(cost)
                lost[kind] = max(lost[kind], 1 - received / max(sent, 1))
        figure(name, statistics.median(costs["aldis"]), statistics.median(costs["coturn"]), "us_cpu/packet", limit,
               f"lost_{lost['aldis']:.4f}_and_{lost['coturn']:.4f}")

    def bare(self):
        """Beside the forwarder that looks at nothing: CPU per packet and packets in all when there are always more, and CPU
        per packet when bursts come one at a time, where both mostly wake up."""
        for rate in (0, 16000):
            costs, passed = {"aldis": [], "bare": []}, {"aldis": [], "bare": []}
            for _ in range(self.rounds):
                for kind in ("bare", "aldis"):
                    server = Server(kind, self.build) if kind == "aldis" else Forwarder(self.build)
                    cost, _, received = self.flows(server, "relay" if kind == "aldis" else "bare", 8, 1000, 8, rate)
                    server.stop()
                    costs[kind].append(cost)
                    passed[kind].append(received / self.seconds)
            cost, passed = ([statistics.median(values[kind]) for kind in ("aldis", "bare")] for values in (costs, passed))
            if rate:
                figure("relay-bare-paced", *cost, "us_cpu/packet")
            else:  # at least 0.6 of it
                figure("relay-bare", *cost, "us_cpu/packet", 1 / 0.6)
                figure("relay-bare-packets", *passed, "packets/s", 0.6, at_least=True)

    def saturation(self):
        best = {}
        for kind in ("coturn", "aldis"):
            server = Server(kind, self.build)
            _, sent, received = self.flows(server, "relay", 8, 1000, 8, 0)
            server.stop()
            best[kind] = (received / self.seconds, 1 - received / max(sent, 1))
        figure("relay-saturation", best["aldis"][0], best["coturn"][0], "packets/s",
               note=f"lost_{best['aldis'][1]:.3f}_and_{best['coturn'][1]:.3f}")

    def alloc(self, n):
        cost, size = {}, {}
        for kind in ("coturn", "aldis"):
            server = Server(kind, self.build)
            warm = subprocess.Popen([*self.generator, "alloc", f"127.0.0.1:{server.port}", USER, PASSWORD, "200"],
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            warm.stdout.readline()
            before, memory = cpu_us(server.pid), resident_kb(server.pid)
            process = subprocess.Popen([*self.generator, "alloc", f"127.0.0.1:{server.port}", USER, PASSWORD, str(n)],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            line = process.stdout.readline().strip()
            made = int(re.match(r"allocations=(\d+)", line)[1])
            print(f"# {kind} alloc: {line}", flush=True)
            cost[kind] = (cpu_us(server.pid) - before) / max(made, 1)
            size[kind] = (resident_kb(server.pid) - memory) / max(made, 1)
            for p in (process, warm):
                p.stdin.close()
                p.wait()
            server.stop()
        print(f"# coturn: {cost['coturn']:.1f} us and {size['coturn']:.2f} kB each", flush=True)
        figure("relay-alloc-cpu", cost["aldis"], 60, "us_cpu/allocation", 1, f"coturn_{cost['coturn']:.0f}")
        figure("relay-alloc-memory", size["aldis"], 2, "kB/allocation", 1, f"coturn_{size['coturn']:.1f}")

    def unauth(self, n):
        growth = {}
        for kind in ("coturn", "aldis"):
            server = Server(kind, self.build)
            subprocess.run([*self.generator, "unauth", f"127.0.0.1:{server.port}", "1000"], check=True,
                           stdout=subprocess.DEVNULL)
            before = resident_kb(server.pid)
            count = n if kind == "aldis" else n // 10  # coturn keeps each for a minute
            out = subprocess.run([*self.generator, "unauth", f"127.0.0.1:{server.port}", str(count)], check=True,
                                 capture_output=True, text=True).stdout.strip()
            growth[kind] = resident_kb(server.pid) - before
            print(f"# {kind} unauth: {out} growth_kB={growth[kind]}", flush=True)
            server.stop()
        # pages that were touched for the first time are no growth by request
        figure("relay-unauth", growth["aldis"], 256, f"kB_for_{n}_requests", 1, f"coturn_{growth['coturn']}_for_a_tenth")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--only", default="")
    args = parser.parse_args()
    bench = Bench(os.path.abspath(args.build), args.rounds, args.seconds)
    parts = {
        "burst8": lambda: bench.compare("relay-burst8", 0.45, "relay", 8, 1000, 8, 16000),
        "bare": bench.bare,
        "single": lambda: bench.compare("relay-single", 0.85, "relay", 50, 160, 1, 10000),
        "hairpin": lambda: bench.compare("relay-hairpin", 0.45, "pairs", 8, 1000, 8, 8000),
        "alloc": lambda: bench.alloc(15000),
        "unauth": lambda: bench.unauth(100000),
        "saturation": bench.saturation,
    }
    for name, run in parts.items():
        if not args.only or name in args.only.split(","):
            step(name)
            run()
    step("done")
    return finish()


sys.exit(main())
