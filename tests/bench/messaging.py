#!/usr/bin/env python3
"""The benchmark of messaging: delivery, very many members, catching up, search. Run by `scripts/bench messaging`.

Starts aldisd with an SQLite database of its own, durable as it always is, and drives it with aldis-load over WebSockets.
The peer is Debian's Prosody with its message archive (mod_mam) in SQLite with synchronous=FULL: the same work, one-to-one
messages that are stored (each in the archives of both) before they are on their way, the same client, as many users connected; alternating rounds.
Figures that have a limit end with result=pass or result=FAIL; the exit status says whether all passed.
"""
import argparse
import json
import os
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

from lib.report import figure, finish, step
from lib.server import Load, Server, cpu_seconds, free_port, resident_kb

MESSAGING = ("[messaging]\nmessage_rate = 0\nchat_rate = 0\nsearch_rate = 0\ngroups_per_user = 10000\n"
             "registration_rate_address = 0\nlogin_rate_address = 0\n")


# a hash of a password that nobody has: members who never log in
NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"


class Prosody:
    """One process, no TLS, accounts in files, the archive in SQLite."""

    def __init__(self, folder, users):
        self.port = free_port()
        data = os.path.join(folder, "prosody")
        accounts = os.path.join(data, "localhost", "accounts")
        os.makedirs(accounts)
        for n in range(users):
            with open(os.path.join(accounts, f"u{n}.dat"), "w", encoding="ascii") as f:
                f.write('return { ["password"] = "secret"; };\n')
        # it keeps what the file says: one fsync a commit, as with ours, where its own default would take several
        with sqlite3.connect(os.path.join(data, "archive.sqlite")) as db:
            db.execute("PRAGMA journal_mode = WAL")
        config = os.path.join(folder, "prosody.cfg.lua")
        with open(config, "w", encoding="ascii") as f:
            f.write(f"""run_as_root = true; pidfile = "{folder}/prosody.pid"; data_path = "{data}"; daemonize = false
modules_enabled = {{ "roster", "saslauth", "disco", "mam" }}
modules_disabled = {{ "s2s", "offline", "posix", "tls" }}
allow_unencrypted_plain_auth = true; c2s_require_encryption = false; authentication = "internal_plain"
network_backend = "epoll"; c2s_ports = {{ {self.port} }}; c2s_interfaces = {{ "127.0.0.1" }}; c2s_direct_tls_ports = {{ }}
storage = {{ archive = "sql"; }}; sql = {{ driver = "SQLite3"; database = "archive.sqlite" }}
archive_expires_after = "never"; default_archive_policy = true; limits = {{ }}
log = {{ {{ levels = {{ min = "error" }}, to = "file", filename = "{folder}/prosody.log" }} }}
VirtualHost "localhost"
""")
        self.process = subprocess.Popen(["prosody", "--config", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise SystemExit("prosody did not start") from None
                time.sleep(0.1)

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def delivered(load, server, rate, seconds, at_once=0):
    """Returns the scenario's figures, with the server's CPU time per delivered message in microseconds."""
    before = cpu_seconds(server.pid)
    result = load.run(f"messages {rate} {seconds} {at_once}")
    result["cpu_us"] = (cpu_seconds(server.pid) - before) / max(1, result["delivered"]) * 1e6
    if result["delivered"] != result["sent"] or result["refused"]:
        raise SystemExit(f"{result['sent'] - result['delivered']:.0f} messages were not delivered")
    return result


def find_highest(load, server, args):
    """The highest rate of a ladder at which a round stays under 50 ms: each step must hold twice."""
    best = None
    rate = 2000
    while rate <= 60000:
        rounds = []
        for _ in range(2):
            try:
                rounds.append(delivered(load, server, rate, args.seconds))
            except SystemExit as error:
                print(f"# {rate}: {error}", flush=True)
                return best
            if rounds[-1]["p99_us"] > 50000 or rounds[-1]["seconds"] > args.seconds * 1.1:
                return best
        best = (rate, max(r["p99_us"] for r in rounds))
        rate = int(rate * 1.25)
    return best


def measure_delivery(build, folder, args):
    server = Server(build, folder, MESSAGING)
    prosody = Prosody(folder, args.users)
    load = Load(build, "--address", f"127.0.0.1:{server.port}", "--jwt-secret", server.secret)
    xmpp = Load(build, "--address", f"127.0.0.1:{prosody.port}", "--xmpp", "localhost")
    try:
        step(f"{args.users} users at each")
        for one in (load, xmpp):
            idle = one.run(f"idle {args.users}")
            if idle["connections"] < args.users:
                raise SystemExit(f"only {idle['connections']:.0f} of {args.users} connections were opened")
        delivered(load, server, 500, 2), delivered(xmpp, prosody, 100, 2)  # chats, caches

        step(f"{args.peer_rate} messages a second, {args.rounds} rounds in turns")
        ours, peer = [], []
        for _ in range(args.rounds):
            ours.append(delivered(load, server, args.peer_rate, args.seconds))
            peer.append(delivered(xmpp, prosody, args.peer_rate, args.seconds))
        median = lambda rounds, key: statistics.median(r[key] for r in rounds)
        figure("deliver-peer-cpu", median(ours, "cpu_us"), median(peer, "cpu_us"), "us_cpu/message", 0.5)
        figure("deliver-peer-p99", median(ours, "p99_us"), median(peer, "p99_us"), "us")

        step(f"2000 messages a second, {args.rounds} rounds")
        rounds = [delivered(load, server, 2000, args.seconds) for _ in range(args.rounds)]
        figure("deliver-2000-p50", median(rounds, "p50_us"), 50000, "us")
        figure("deliver-2000-p99", median(rounds, "p99_us"), 50000, "us", 1)
        figure("deliver-2000-answer-p99", median(rounds, "answer_p99_us"), 100000, "us", 1)
        figure("deliver-2000-cpu", median(rounds, "cpu_us"), median(peer, "cpu_us"), "us_cpu/message")

        step("requests of other kinds beside 500 messages a second")
        other = Load(build, "--address", f"127.0.0.1:{server.port}", "--jwt-secret", server.secret, "--name", "beside")
        try:
            other.run("idle 200")
            other.begin(f"messages 500 {args.seconds + 4} 0")
            time.sleep(2)
            r = load.run(f"asking 200 {args.seconds}")
            other.end()
        finally:
            other.stop()
        if r["refused"] or r["answered"] != r["sent"]:
            raise SystemExit("requests were refused or not answered")
        figure("api-p99", r["p99_us"], 100000, "us", 1)

        step("the highest rate that holds 50 ms")
        best = find_highest(load, server, args)
        figure("deliver-max", best[0] if best else 0, 2000, "messages/s", 1, f"p99_us={best[1]:.0f}" if best else "", True)
        closed = delivered(load, server, 0, args.seconds, 2000)
        figure("deliver-closed-loop", closed["delivered"] / closed["seconds"], 2000, "messages/s", note="2000_on_their_way", at_least=True)

        step("10,000 updates to catch up with")
        r = load.run("difference 10000 7")
        if r["refused"] or r["updates"] < 10000:
            raise SystemExit("the difference is not whole")
        figure("difference-10k", r["p50_us"], 100000, "us", 1)
        print(f"# resident: {resident_kb(server.pid)} kB, prosody {resident_kb(prosody.pid)} kB", flush=True)
    finally:
        load.stop(), xmpp.stop(), server.stop(), prosody.stop()


def import_users(build, config, folder, n):
    """By `aldisctl user import`, in files below its limit; returns a file with the ids of those made."""
    ids = os.path.join(folder, "ids")
    with open(ids, "w", encoding="ascii") as out:
        for first in range(0, n, 50000):
            path = os.path.join(folder, "users.csv")
            with open(path, "w", encoding="ascii") as f:
                f.write("username,displayName,passwordHash\n")
                f.writelines(f'member_{i},Member {i},"{NOBODYS}"\n' for i in range(first, min(n, first + 50000)))
            subprocess.run([f"{build}/server/aldisctl", "--config", config, "user", "import", path], check=True,
                           stdout=subprocess.DEVNULL)
        listed = subprocess.run([f"{build}/server/aldisctl", "--config", config, "--json", "user", "list"], check=True,
                                capture_output=True, text=True).stdout
        at, decoder = 0, json.JSONDecoder()
        while at < len(listed):  # a page after another
            page, at = decoder.raw_decode(listed, at)
            out.writelines(f"{user['id']}\n" for user in page["users"] if user["username"].startswith("member_"))
            while at < len(listed) and listed[at].isspace():
                at += 1
    return ids


def measure_supergroup(build, folder, args):
    server = Server(build, folder, MESSAGING + f"supergroup_members = {max(200000, args.members)}\n")
    load = Load(build, "--address", f"127.0.0.1:{server.port}", "--jwt-secret", server.secret)
    try:
        step(f"a supergroup of {args.members}, {args.listeners} of them online")
        ids = import_users(build, server.config, folder, args.members - args.listeners)
        load.run(f"idle {args.listeners}")
        made = load.run(f"crowd {ids}")
        if made["refused"] or made["members"] != args.members:
            raise SystemExit(f"only {made['members']:.0f} members, {made['refused']:.0f} requests refused")
        load.run("post 3")
        before = cpu_seconds(server.pid)
        r = load.run("post 30")
        if r["missed"]:
            raise SystemExit("a message did not come to all")
        print(f"# CPU per message: {(cpu_seconds(server.pid) - before) / 30 * 1000:.1f} ms", flush=True)
        figure("supergroup-200k-last-p50", r["last_p50_us"], 100000, "us")
        figure("supergroup-200k-last-p90", r["last_p90_us"], 100000, "us", 1)
    finally:
        load.stop(), server.stop()


def measure_search(build, folder, args):
    step(f"search in {args.messages} messages (SQLite)")
    out = subprocess.run([f"{build}/tests/bench/bench-search", f"sqlite:{folder}/search.db", str(args.messages)], check=True,
                         capture_output=True, text=True).stdout
    print("".join(f"# {line}\n" for line in out.splitlines()), end="", flush=True)
    worst = 0.0
    for line in out.splitlines():
        fields = dict(pair.split("=", 1) for pair in line.split() if "=" in pair)
        if "p99" in fields and "hits" in fields:
            worst = max(worst, float(fields["p99"]))
    figure("search-5m", worst * 1000, 200000, f"us_p99_of_the_slowest_kind_of_query_in_{args.messages}_messages", 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--users", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--peer-rate", type=int, default=100, help="messages a second beside the peer")
    parser.add_argument("--members", type=int, default=200000)
    parser.add_argument("--listeners", type=int, default=2000)
    parser.add_argument("--messages", type=int, default=5000000, help="messages that are searched")
    parser.add_argument("--only", choices=["delivery", "supergroup", "search"])
    args = parser.parse_args()
    parts = {"delivery": measure_delivery, "supergroup": measure_supergroup, "search": measure_search}
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
