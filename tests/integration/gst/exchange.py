# SPDX-License-Identifier: Apache-2.0
"""The HTTP of WHIP (RFC 9725) and WHEP around a webrtcbin: its offer, the server's answer, and the end."""
import sys
import urllib.error
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402


class Exchange:
    """Negotiates once; `self.location` is the session's address then."""

    def __init__(self, webrtcbin, url, key, offer_file=None):
        self.webrtcbin, self.url, self.key, self.offer_file = webrtcbin, url, key, offer_file
        self.location = None
        webrtcbin.connect("on-negotiation-needed", self.on_negotiation_needed)

    def request(self, method, url, body=None, content_type=None):
        headers = {"Content-Type": content_type} if content_type else {}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        return urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=10)

    def on_negotiation_needed(self, webrtcbin):
        if self.location is None:
            webrtcbin.emit("create-offer", None, Gst.Promise.new_with_change_func(self.on_offer))

    def on_offer(self, promise):
        promise.wait()
        reply = promise.get_reply()  # owns the offer
        offer = reply.get_value("offer")
        self.webrtcbin.emit("set-local-description", offer, Gst.Promise.new())
        text = offer.sdp.as_text()
        if self.offer_file:
            with open(self.offer_file, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        GLib.idle_add(self.post, text)

    def post(self, text):
        try:
            reply = self.request("POST", self.url, text.encode(), "application/sdp")
        except urllib.error.HTTPError as error:
            sys.exit(f"{error.code}: {error.read().decode()}")
        self.location = urllib.parse.urljoin(self.url, reply.headers["Location"])
        _, message = GstSdp.SDPMessage.new_from_text(reply.read().decode())
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
        self.webrtcbin.emit("set-remote-description", answer, Gst.Promise.new())
        print("negotiated", flush=True)

    def end(self):
        if self.location is not None:
            self.request("DELETE", self.location)


def run(pipeline, exchange, seconds):
    """Until the pipeline ends or fails, or @seconds are over (0: never), or the loop that it returns to is quit."""
    loop = GLib.MainLoop()
    failed = []

    def on_message(_, message):
        if message.type == Gst.MessageType.ERROR:
            failed.append(message.parse_error()[0].message)
            loop.quit()
        elif message.type == Gst.MessageType.EOS:
            loop.quit()

    bus = pipeline.get_bus()
    bus.add_signal_watch()
    bus.connect("message", on_message)
    if seconds:
        GLib.timeout_add_seconds(seconds, loop.quit)
    pipeline.quit = loop.quit
    pipeline.set_state(Gst.State.PLAYING)
    try:
        loop.run()
    finally:
        exchange.end()
        pipeline.set_state(Gst.State.NULL)
    if failed:
        sys.exit(failed[0])
