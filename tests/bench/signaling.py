#!/usr/bin/env python3
"""The benchmark of signaling: idle connections, echo, call set-up, memory. Run by `scripts/bench signaling`.

Starts aldisd with a data folder of its own, drives it with aldis-load, and measures a bare echo on the same event loop,
with as many connections open, in alternating rounds of the same run. Figures that have a limit end with result=pass or
result=FAIL; the last line counts them, and the exit status says whether all passed.
"""
import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from lib.report import began, figure, finish, step
from lib.server import SECRET, Load, Server, cpu_seconds, resident_kb


def check_idle(idle, wanted):
    if idle["connections"] < wanted:
        raise SystemExit(f"only {idle['connections']:.0f} of {wanted} connections were opened")


def measure_plain(build, folder, args):
    server = Server(build, folder)
    load = Load(build, "--address", f"127.0.0.1:{server.port}", "--jwt-secret", SECRET)
    echo = subprocess.Popen([f"{build}/server/aldis-load", "--serve-echo", "--address", "127.0.0.1:0"],
                            stdout=subprocess.PIPE, text=True)
    bare = Load(build, "--bare", "--address", echo.stdout.readline().strip())
    try:
        before = resident_kb(server.pid)
        step(f"{args.idle} idle connections, here and at the bare echo")
        idle = load.run(f"idle {args.idle}")
        check_idle(idle, args.idle)
        time.sleep(2)
        per_connection = (resident_kb(server.pid) - before) / idle["connections"]
        figure("ws-idle", per_connection, 4.0, "kB/connection", 1, f"{int(2**20 / per_connection)}_connections_per_GiB")
        bare.run(f"idle {args.idle}")

        step(f"echo, {args.rounds} rounds")
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

        step(f"call set-ups, {args.rounds} rounds")
        setups, echoes = [], []
        for _ in range(args.rounds):
            setups.append(load.run(f"calls {args.setup_rate * args.seconds} {args.setup_rate} 200")["p99_us"])
            echoes.append(bare.run(f"echo {args.setup_rate} {args.seconds}")["p99_us"])
        figure("call-setup-p99", statistics.median(setups), statistics.median(echoes), "us")
        cpu = cpu_seconds(server.pid)
        r = load.run("calls 3000 0 64")
        figure("call-setup-rate", r["finished"] / r["seconds"], 200, "calls/s", 1, at_least=True)
        print(f"# CPU per whole call: {(cpu_seconds(server.pid) - cpu) / r['finished'] * 1e6:.0f} us", flush=True)
    finally:
        load.stop(), bare.stop(), server.stop()
        echo.terminate(), echo.wait(5)


def measure_tls(build, folder, args):
    server = Server(build, folder)
    load = Load(build, "--tls", "--address", f"127.0.0.1:{server.tls_port}", "--jwt-secret", SECRET)
    try:
        before = resident_kb(server.pid)
        step(f"{args.idle} idle connections with TLS")
        idle = load.run(f"idle {args.idle}")
        check_idle(idle, args.idle)
        time.sleep(2)
        per_connection = (resident_kb(server.pid) - before) / idle["connections"]
        figure("wss-idle", per_connection, 20.0, "kB/connection", 1, f"{int(2**20 / per_connection)}_connections_per_GiB")
    finally:
        load.stop(), server.stop()


# a server gives back what it does not need some seconds after the last call
SETTLE_S = 12
CHUNK = 5000


def measure_memory(build, folder, args):
    """A server of its own: nothing but these calls has happened in it."""
    server = Server(build, folder)
    load = Load(build, "--address", f"127.0.0.1:{server.port}", "--jwt-secret", SECRET)
    try:
        step(f"memory: {args.idle} devices, 1000 calls, then {args.calls - 1000} more (at most {args.budget} s)")
        check_idle(load.run(f"idle {args.idle}"), args.idle)
        done = load.run(f"calls 1000 0 {args.at_once}")["finished"]
        time.sleep(SETTLE_S)
        first = resident_kb(server.pid)
        print(f"# after {done:.0f} calls: {first} kB", flush=True)
        end = time.monotonic() + args.budget
        while done < args.calls and time.monotonic() < end:
            done += load.run(f"calls {min(CHUNK, args.calls - int(done))} 0 {args.at_once}")["finished"]
            print(f"# {time.monotonic() - began:4.0f} s: after {done:.0f} calls: {resident_kb(server.pid)} kB", flush=True)
        time.sleep(SETTLE_S)
        note = "" if done >= args.calls else f"time_was_up_after_{done:.0f}_calls"
        figure("call-memory", resident_kb(server.pid), first, f"kB_resident_after_{done:.0f}_and_1000_calls", 1.05, note)
    finally:
        load.stop(), server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--idle", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--echo-rate", type=int, default=2000)
    parser.add_argument("--setup-rate", type=int, default=200)
    parser.add_argument("--calls", type=int, default=100000)
    parser.add_argument("--at-once", type=int, default=64, help="calls that are set up at once while memory is measured")
    parser.add_argument("--budget", type=int, default=420, help="seconds for the calls of call-memory")
    parser.add_argument("--only", choices=["plain", "tls", "memory"])
    args = parser.parse_args()
    parts = {"plain": measure_plain, "tls": measure_tls, "memory": measure_memory}
    for name, measure in parts.items():
        if args.only not in (None, name):
            continue
        folder = tempfile.mkdtemp(prefix="aldis-bench-")
        try:
            measure(args.build, folder, args)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    step("done")
    return finish()


sys.exit(main())
