#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Publishes a test picture and a tone: whip.py http://HOST:PORT/whip/STREAM KEY [SECONDS [OFFER-FILE]]"""
import signal
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

from exchange import Exchange, run  # noqa: E402

Gst.init(None)
pipeline = Gst.parse_launch("""
  webrtcbin name=webrtc bundle-policy=max-bundle
  videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=15/1
    ! vp8enc deadline=1 keyframe-max-dist=30 target-bitrate=500000 ! rtpvp8pay picture-id-mode=15-bit mtu=1100
    ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! webrtc.
  audiotestsrc is-live=true wave=sine ! audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=2 ! opusenc ! rtpopuspay
    ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! webrtc.
""")
seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 0
exchange = Exchange(pipeline.get_by_name("webrtc"), sys.argv[1], sys.argv[2], sys.argv[4] if len(sys.argv) > 4 else None)
GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, lambda: pipeline.quit())
run(pipeline, exchange, seconds)
