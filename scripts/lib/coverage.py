#!/usr/bin/env python3
"""Judges a coverage summary of gcovr: coverage.py SUMMARY.json

Each codec and each state machine has at least LIMIT percent of its lines run by the unit tests. Prints TAP: a case a file.
What only moves bytes between sockets, threads and the database is not listed: integration tests run it.
"""
import json
import os
import sys

LIMIT = 80

FILES = {
    "base": """addr base64url buf config config-keys config-value demux hex hmac http http-chunked http-text json json-names
               proto rate siphash stun timer utf8 ws ws-frame""",
    "messaging": """account account-admin account-read api-key call-log identity-key import-parse jws jwt login-limits names
                    password token types""",
    "relay": """alloc allocate bandwidth binding channel credentials data egress mesh nonce permission policy ports quota
                refresh report reservation turn turn-auth turn-reply""",
    "signaling": """call call-methods call-words calls calls-entry calls-errors calls-invite calls-json calls-log
                    calls-recover calls-sessions content-type envelope front-crowd front-origin front-proxy front-rate
                    json-text negotiate recent-calls replay rpc schema schema-compile session session-delivery turn""",
    "sfu": """acked-rate allocator audio cache clock delay-trend demand dependency dependency-structure
              dependency-write dtls ext-values fingerprint h264 ice identity keyframe loss-rate munger nack pacer
              payload probe rate-control receiver red rtcp rtcp-write rtp send-side slot slots speakers srtp
              srtp-send tcp-frame transport twcc twcc-receiver video-layers vp8 vp9""",
}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        measured = {entry["filename"]: entry for entry in json.load(file)["files"]}
    wanted = [f"{folder}/{noun}.c" for folder, nouns in FILES.items() for noun in nouns.split()]
    failed = 0
    for number, name in enumerate(wanted, 1):
        if name in measured:
            lines, covered = measured[name]["line_total"], measured[name]["line_covered"]
            text = f"{100 * covered / max(lines, 1):.0f} % of {lines} lines"
            good = lines == 0 or 100 * covered >= LIMIT * lines
        else:  # a file without lines of its own (tables) is compiled, a file that is gone is not
            text, good = "not measured", False
            if os.path.exists(name):
                text += "; does anything link it?"
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {name}: {text}, at least {LIMIT} %")
    print(f"1..{len(wanted)}\n# pass {len(wanted) - failed}\n# fail {failed}")
    sys.exit(failed > 0)


main()
