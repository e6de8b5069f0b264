/* SPDX-License-Identifier: Apache-2.0 */
/* Offers, and fragments of SDP, as clients of WHIP and WHEP write them. */
#pragma once

#define HEAD "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
#define TRANSPORT \
  "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=setup:actpass\r\na=rtcp-mux\r\na=fingerprint:sha-256 " \
  "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n"
#define AUDIO(direction) \
  "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\na=" direction "\r\n" TRANSPORT
#define VIDEO(direction) \
  "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\na=" direction "\r\n" TRANSPORT
#define DATA "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:1\r\n" TRANSPORT
#define SENDS HEAD AUDIO ("sendonly") VIDEO ("sendonly")
#define RECEIVES HEAD AUDIO ("recvonly") VIDEO ("recvonly")
#define SDP "application/sdp"
#define FRAGMENT "application/trickle-ice-sdpfrag"
#define CANDIDATES \
  "a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:abcd\r\n" \
  "a=ice-pwd:abcdefghijklmnopqrstuv\r\na=candidate:1 1 udp 2 192.0.2.3 61764 typ host\r\na=end-of-candidates\r\n"
#define RESTART "a=ice-ufrag:efgh\r\na=ice-pwd:efghefghijklmnopqrstuv\r\n"
