#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Plays a stream and counts what is decoded: whep.py http://HOST:PORT/whep/STREAM KEY|- FRAMES [SECONDS [OFFER-FILE]]. Ends with
status 0 once FRAMES pictures and as many pieces of sound were decoded, 1 when SECONDS (30) are over before."""
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstWebRTC  # noqa: E402

from exchange import Exchange, run  # noqa: E402

Gst.init(None)
wanted = int(sys.argv[3])
counts = {"video": 0, "audio": 0}
pipeline = Gst.Pipeline.new()
webrtc = Gst.ElementFactory.make("webrtcbin")
webrtc.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
pipeline.add(webrtc)


def count(pad, _, kind):
    counts[kind] += 1
    if min(counts.values()) >= wanted:
        pipeline.quit()
    return Gst.PadProbeReturn.OK


def on_decoded(_, pad):
    kind = pad.get_current_caps().get_structure(0).get_name().split("/")[0]
    sink = Gst.ElementFactory.make("fakesink")
    pipeline.add(sink)
    sink.sync_state_with_parent()
    pad.link(sink.get_static_pad("sink"))
    pad.add_probe(Gst.PadProbeType.BUFFER, count, kind)


def on_stream(_, pad):
    if pad.direction != Gst.PadDirection.SRC:
        return
    decoder = Gst.ElementFactory.make("decodebin")
    decoder.connect("pad-added", on_decoded)
    pipeline.add(decoder)
    decoder.sync_state_with_parent()
    pad.link(decoder.get_static_pad("sink"))


webrtc.connect("pad-added", on_stream)
key = None if sys.argv[2] == "-" else sys.argv[2]
exchange = Exchange(webrtc, sys.argv[1], key, sys.argv[5] if len(sys.argv) > 5 else None)
for caps in ("application/x-rtp,media=audio,encoding-name=OPUS,payload=97,clock-rate=48000,encoding-params=(string)2",
             "application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000,"
             "rtcp-fb-nack=true,rtcp-fb-nack-pli=true,rtcp-fb-ccm-fir=true"):
    webrtc.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, Gst.Caps.from_string(caps))
run(pipeline, exchange, int(sys.argv[4]) if len(sys.argv) > 4 else 30)
print(counts, flush=True)
sys.exit(0 if min(counts.values()) >= wanted else 1)
