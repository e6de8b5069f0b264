#!/usr/bin/env python3
"""Where the SFU's CPU goes, by stage: one publisher at 1.5 Mbit/s, 100 subscribers, one worker. Run by
`scripts/bench sfu-profile`.

perf samples the server with its call stacks; a sample belongs to the first stage whose function is found from the innermost
call outwards. What the kernel does for a call is the stage that made the call.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

import sfu

# the first that matches wins; innermost call first
STAGES = (
    ("RTCP", r"sfu_egress_on_rtcp|sfu_ingest_on_rtcp|sfu_leg_send_rtcp|sfu_egress_send_reports|sfu_srtp_(un)?protect_rtcp"
             r"|sfu_transport_(un)?protect_rtcp|sfu_ingest_tick_feedback"),
    ("encrypt", r"sfu_srtp_protect_rtp|sfu_srtp_sender_rtp"),
    ("decrypt", r"sfu_srtp_unprotect_rtp|sfu_srtp_receiver_rtp|sfu_transport_unprotect_rtp"),
    ("rewrite", r"sfu_egress_send|sfu_egress_resend|sfu_egress_pad"),
    ("decide", r"sfu_allocate|sfu_egress_tick|sfu_shard_\w+"),
    ("select", r"sfu_slot_\w+|sfu_munger_\w+|sfu_pacer_\w+|sfu_egress_forward|sfu_egress_pump|sfu_track_\w+"),
    ("read", r"sfu_ingest_on_rtp|sfu_worker_on_rtp|sfu_leg_on_packet|sfu_worker_\w+"),
    ("send", r"al_udp_hub_flush|__sendmmsg|sendmmsg|__libc_sendmsg|al_udp_commit|al_udp_enqueue"),
    ("receive", r"al_udp_receive|__recvmmsg|recvmmsg"),
    ("wait", r"epoll_pwait2|epoll_wait|__libc_read"),
)


def classify(stack):
    for symbol in stack:
        for name, pattern in STAGES:
            if re.fullmatch(pattern, symbol):
                return name
    return "other"


def read_samples(path):
    """Yields the symbols of each sample's stack, innermost first."""
    text = subprocess.run(["perf", "script", "-i", path, "-F", "comm,ip,sym"], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL, check=True).stdout
    for sample in text.split("\n\n"):
        lines = sample.strip("\n").splitlines()
        if len(lines) > 1 and lines[0].strip().startswith("worker-"):
            yield [re.sub(r"\..*$| \(.*$|\+0x.*$", "", line.split(maxsplit=1)[1] if " " in line.strip() else "")
                   for line in lines[1:]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--seconds", type=int, default=20)
    args = parser.parse_args()
    sfu.enter_namespace()
    build = os.path.abspath(args.build)
    clips = sfu.make_clips(os.path.join(build, "clips"))
    server = sfu.Server("aldis", build, 1)
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "perf.data")
        load = subprocess.Popen(
            ["taskset", "-c", str(os.cpu_count() - 1), os.path.join(build, "server/aldis-load"), "rooms", "--url",
             f"127.0.0.1:{server.port}", "--local", sfu.ADDRESS, "-p", "1", "-s", "100", "-t", str(args.seconds), "--warmup", "4",
             "--audio", clips["audio"], "--video", clips[1500], "--server-pid", str(server.process.pid), "--jwt-secret",
             sfu.SECRET], stdout=subprocess.PIPE, text=True)
        for line in load.stdout:
            if line.startswith("measuring"):
                break
        subprocess.run(["perf", "record", "-q", "--call-graph", "dwarf,8192", "-F", "499", "-p", str(server.process.pid), "-o",
                        data, "sleep", str(args.seconds - 2)], check=True, stderr=subprocess.DEVNULL)
        rest = load.communicate()[0]
        server.stop()
        per_packet = float(re.search(r"us_per_packet=([\d.]+)", rest).group(1))
        counts = {}
        for stack in read_samples(data):
            stage = classify(stack)
            counts[stage] = counts.get(stage, 0) + 1
    n = sum(counts.values())
    print(f"# {n} samples; {per_packet:.2f} us per forwarded packet")
    for stage, count in sorted(counts.items(), key=lambda item: -item[1]):
        print(f"stage={stage} share={count / n:.3f} us_per_packet={per_packet * count / n:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
