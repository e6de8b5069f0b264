#!/usr/bin/env python3
"""The benchmark of the SFU against Debian's Janus (videoroom): CPU per forwarded packet, memory per subscriber, forwarding
latency, loss, joins. Run by `scripts/bench sfu`.

Everything runs in a network namespace of its own, which ends with it; both ends have the address of a veth device, because
Janus's ICE library ignores loopback. Servers take turns in each round; Janus runs twice, as shipped and with two event loops.
The same client (aldis-load rooms) publishes the same clips and receives as browsers do. CPU is what the kernel accounts to
the server's threads (schedstat); a forwarded packet is one that arrived at a subscriber.
"""
import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from lib.report import figure, finish, step

ADDRESS = "10.99.0.1"
SECRET = "a benchmark's secret of thirty-two bytes or more"
JANUS_PORT, HTTP_PORT, MEDIA_PORT = 8188, 8080, 3478
SIZES = {1500: "1280x720", 500: "640x360"}
KINDS = ["janus", "janus-loops", "aldis"]


def enter_namespace():
    """Starts this program again in a network namespace of its own, and makes the devices there."""
    if os.environ.get("ALDIS_BENCH_NETNS") != str(os.getppid()):
        os.environ["ALDIS_BENCH_NETNS"] = str(os.getpid())
        own = [] if os.geteuid() == 0 else ["-r"]
        sys.exit(subprocess.run(["unshare", *own, "-n", sys.executable, *sys.argv], check=False).returncode)
    for command in ("link set lo up", "link add bench0 type veth peer name bench1", f"addr add {ADDRESS}/24 dev bench0",
                    "link set bench0 up", "link set bench1 up"):
        subprocess.run(["ip", *command.split()], check=True)


def make_clips(folder):
    """Ten seconds of a moving picture at two bit rates, a keyframe every two seconds, and of noise that is no silence."""
    clips = {kbits: os.path.join(folder, f"{kbits}.ivf") for kbits in SIZES} | {"audio": os.path.join(folder, "audio.ogg")}
    quiet = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-y", "-f", "lavfi"]
    if all(os.path.exists(path) for path in clips.values()):
        return clips
    os.makedirs(folder, exist_ok=True)
    for kbits, size in SIZES.items():
        subprocess.run([*quiet, "-i", f"testsrc2=size={size}:rate=30", "-t", "10", "-c:v", "libvpx", "-deadline", "realtime",
                        "-cpu-used", "8", "-b:v", f"{kbits}k", "-minrate", f"{kbits}k", "-maxrate", f"{kbits}k", "-bufsize",
                        f"{kbits // 2}k", "-g", "60", "-keyint_min", "60", "-auto-alt-ref", "0", "-lag-in-frames", "0",
                        clips[kbits]], check=True)
    subprocess.run([*quiet, "-i", "anoisesrc=color=pink:sample_rate=48000:amplitude=0.3", "-t", "10", "-ac", "1", "-c:a",
                    "libopus", "-b:a", "32k", "-frame_duration", "20", "-application", "voip", clips["audio"]], check=True)
    return clips


class Server:
    """A server in a folder of its own, for one measurement."""

    def __init__(self, kind, build, workers=1):
        self.kind, self.folder = kind, tempfile.mkdtemp(prefix="aldis-bench-")
        command = self.aldis(build, workers) if kind == "aldis" else self.janus(kind == "janus-loops")
        self.port = HTTP_PORT if kind == "aldis" else JANUS_PORT
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        deadline = time.monotonic() + 20
        while not self.listens():
            if time.monotonic() > deadline or self.process.poll() is not None:
                sys.exit(f"{kind} does not start:\n{self.log()}")
            time.sleep(0.1)

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
            return log.read()[-3000:]

    def aldis(self, build, workers):
        conf = os.path.join(self.folder, "aldis.conf")
        with open(conf, "w", encoding="utf-8") as f:
            f.write(f"[server]\ndata_dir={self.folder}/var\nmetrics_listen=\nworkers={workers}\nlog_level=warning\n"
                    f"[signaling]\nlisten=127.0.0.1:{HTTP_PORT}\ntls_listen=\nweb_root=\njwt_secret={SECRET}\n"
                    f"stranger_rate_address=0\nmax_connections_per_address=4000\n"
                    f"[relay]\nlisten_udp={ADDRESS}:{MEDIA_PORT}\nlisten_tcp=\nlisten_tls=\n[sfu]\nroom_join_rate=0\n")
        return [os.path.join(build, "server/aldisd"), "--config", conf]

    def janus(self, loops):
        conf = os.path.join(self.folder, "conf")
        shutil.copytree("/etc/janus", conf)
        if loops:
            path = os.path.join(conf, "janus.jcfg")
            with open(path, encoding="utf-8") as f:
                text, n = re.subn(r"#event_loops = \d+", "event_loops = 2", f.read())
            if n != 1:
                sys.exit("Debian's janus.jcfg has no event_loops to set")
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        return ["janus", "-F", conf]

    def listens(self):
        with open("/proc/self/net/tcp", encoding="ascii") as tcp, open("/proc/self/net/tcp6", encoding="ascii") as tcp6:
            return re.search(rf":{self.port:04X} \S+ 0A ", tcp.read() + tcp6.read()) is not None

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Bench:
    def __init__(self, args, clips):
        self.args, self.clips = args, clips
        self.build = os.path.abspath(args.build)
        self.kinds = args.servers.split(",")

    def measure(self, kind, publishers, subscribers, kbits, workers=1, extra=()):
        """Returns what aldis-load says of one run with a fresh server."""
        server = Server(kind, self.build, workers)
        command = ["taskset", "-c", str(os.cpu_count() - 1), os.path.join(self.build, "server/aldis-load"), "rooms",
                   "--url", f"127.0.0.1:{server.port}", "--local", ADDRESS, "-p", str(publishers), "-s", str(subscribers),
                   "-t", str(self.args.seconds), "--warmup", str(self.args.warmup), "--audio", self.clips["audio"],
                   "--server-pid", str(server.process.pid), "--threads", *extra, *self.args.load.split()]
        command += ["--video", self.clips[kbits]] if kbits else []
        command += ["--jwt-secret", SECRET] if kind == "aldis" else ["--janus"]
        out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        log = server.log()
        server.stop()
        lines = {line.split()[0]: dict(pair.split("=", 1) for pair in line.split()[1:] if "=" in pair)
                 for line in out.stdout.splitlines() if line.strip()}
        if out.returncode != 0 or "rooms" not in lines:
            sys.exit(f"{kind}: aldis-load failed\n{out.stdout}\n{log}")
        found = lines["rooms"]
        print(f"# {kind}" + (f" workers={workers}" if kind == "aldis" else "") + f" {publishers}x{subscribers}: "
              + " ".join(f"{k}={v}" for k, v in found.items()), flush=True)
        print("#   " + " ".join(f"{k}={v}" for k, v in lines.get("threads", {}).items()), flush=True)
        if float(found["generator_busy"]) > 0.7:
            print(f"# WARNING: the generator used {found['generator_busy']} of its core", flush=True)
        values = {k: float(v) if re.fullmatch(r"-?[\d.]+", v) else v for k, v in found.items()}
        values["threads"] = lines.get("threads", {})
        return values

    def compare(self, publishers, subscribers, kbits):
        """Returns {kind: [values of each round]}."""
        found = {kind: [] for kind in self.kinds}
        for _ in range(self.args.rounds):
            for kind in self.kinds:
                found[kind].append(self.measure(kind, publishers, subscribers, kbits))
        return found

    def median(self, found, kind, key):
        return statistics.median(values[key] for values in found[kind]) if found.get(kind) else float("nan")

    def report(self, name, found, key, unit, limits, note=None):
        """limits: for janus and janus-loops; None: no limit"""
        for peer, limit in zip(("janus", "janus-loops"), limits):
            if peer not in found:
                continue
            text = note or f"lost_{self.median(found, 'aldis', 'loss'):.5f}_and_{self.median(found, peer, 'loss'):.5f}"
            figure(f"{name}-{peer}", self.median(found, "aldis", key), self.median(found, peer, key), unit,
                   limit if "aldis" in found else None, text)

    def no_loss(self, name, found):
        if "aldis" in found:
            lost = max(values["expected"] - values["received"] for values in found["aldis"])
            figure(f"{name}-lost", lost, 1, "packets", 0, f"janus_{self.median(found, 'janus', 'loss'):.4f}")

    def fanout_1x100(self):
        found = self.compare(1, 100, 1500)
        self.report("fanout-1x100", found, "us_per_packet", "us_cpu/packet", (1 / 8, 1 / 4))
        self.no_loss("fanout-1x100", found)
        self.report("sfu-memory", found, "kb_per_subscriber", "kB/subscriber", (None, None), "-")
        self.report("sfu-latency-p50", found, "latency_p50_us", "us", (None, None), "-")
        self.report("sfu-latency-p99", found, "latency_p99_us", "us", (None, 2 / 6), "-")
        self.report("sfu-join", found, "join_p50_ms", "ms_to_first_frame", (None, None), "-")
        if "aldis" in found:
            figure("sfu-memory", self.median(found, "aldis", "kb_per_subscriber"), 60, "kB/subscriber", 1)
            figure("sfu-latency", self.median(found, "aldis", "latency_p99_us"), 2000, "us_p99", 1)

    def fanout_10x10(self):
        found = self.compare(10, 10, 500)
        self.report("fanout-10x10", found, "us_per_packet", "us_cpu/packet", (1 / 8, 1 / 4))
        self.no_loss("fanout-10x10", found)

    def speakers_3x300(self):
        found = self.compare(3, 300, None)
        self.report("speakers-3x300", found, "us_per_packet", "us_cpu/packet", (None, None))

    def fanout_1x200(self):
        found = self.compare(1, 200, 1500)
        self.report("fanout-1x200", found, "us_per_packet", "us_cpu/packet", (None, None))
        self.no_loss("fanout-1x200", found)

    def bare(self):
        """Beside the thread that only encrypts and sends."""
        ours, bare = [], []
        for _ in range(self.args.rounds):
            out = subprocess.run([os.path.join(self.build, "tests/bench/bare-fanout"), self.clips[1500], self.clips["audio"],
                                  "100", str(self.args.seconds)], capture_output=True, text=True, check=True).stdout
            print(f"# {out.strip()}", flush=True)
            bare.append(float(re.search(r"us_per_packet=([\d.]+)", out)[1]))
            if "aldis" in self.kinds:
                ours.append(self.measure("aldis", 1, 100, 1500)["us_per_packet"])
        if ours:
            figure("fanout-bare", statistics.median(ours), statistics.median(bare), "us_cpu/packet", 1 / 0.6)

    def workers(self):
        """One room over two workers: how its work is split, and what crossing costs."""
        if "aldis" not in self.kinds:
            return
        one, two, split = [], [], []
        for _ in range(self.args.rounds):
            one.append(self.measure("aldis", 1, 100, 1500, 1)["us_per_packet"])
            values = self.measure("aldis", 1, 100, 1500, 2)
            two.append(values["us_per_packet"])
            busy = sorted(float(v.rstrip("%")) for k, v in values["threads"].items() if k.startswith("worker"))[-2:]
            split.append(busy[-1] / busy[0] if len(busy) == 2 and busy[0] > 0 else float("inf"))
        figure("sfu-workers-cost", statistics.median(two), statistics.median(one), "us_cpu/packet_with_2_and_1_workers")
        figure("sfu-workers-split", statistics.median(split), 1, "busier_worker_to_other", 1.2)

    def whip(self):
        if "aldis" in self.kinds:
            self.measure("aldis", 1, 100, 1500, 1, ["--whip"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=8)
    parser.add_argument("--servers", default=",".join(KINDS), help="which of " + ", ".join(KINDS))
    parser.add_argument("--only", default="")
    parser.add_argument("--load", default="", help="more options for aldis-load, such as --gro or --profiles sha1")
    args = parser.parse_args()
    enter_namespace()
    bench = Bench(args, make_clips(os.path.abspath(os.path.join(args.build, "clips"))))
    parts = {"fanout-1x100": bench.fanout_1x100, "fanout-10x10": bench.fanout_10x10, "speakers-3x300": bench.speakers_3x300,
             "fanout-1x200": bench.fanout_1x200, "bare": bench.bare, "workers": bench.workers, "whip": bench.whip}
    for name, run in parts.items():
        if not args.only or name in args.only.split(","):
            step(name)
            run()
    step("done")
    return finish()


if __name__ == "__main__":
    sys.exit(main())
