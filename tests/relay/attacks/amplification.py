# SPDX-License-Identifier: Apache-2.0
"""What somebody gets who sends with another one's address: answers that are larger, go elsewhere, or never end."""
import os
import socket
import time

import stun
from client import Client

FLOOD = 1000


def _size(target, raw, most):
    with Client(target) as client:
        reply = client.exchange(raw)
        return len(reply.raw) <= most, f'{len(reply.raw)} B for {len(raw)} B: {len(reply.raw) / len(raw):.1f}x'


def _quiet(target, raw):
    with Client(target) as client:
        found = client.provoke(raw)
        return not found, f'{len(found)} answers' if found else 'silence'


def _elsewhere(target, *attributes, method=stun.BINDING):
    """Answers must come from the address that was asked and go to the port that asked."""
    with Client(target) as client, socket.socket(target.family, socket.SOCK_DGRAM) as victim:
        victim.bind((client.socket.getsockname()[0], 0))
        victim.settimeout(0.3)
        raw = stun.message(stun.REQUEST, method, [(k, v(victim.getsockname()[1]) if callable(v) else v) for k, v in attributes])
        answers = client.provoke(raw)
        try:
            victim.recv(2048)
            return False, 'the answer went to another port'
        except TimeoutError:
            pass
        sizes = [len(a) for a in answers]
        return all(size <= max(len(raw), 44) for size in sizes), f'{sizes} B' if sizes else 'silence'


def _classic():
    """RFC 3489: no cookie."""
    return b'\0\1\0\0' + os.urandom(16)


def _flood(target):
    """One source that proves nothing, as fast as it can."""
    client = Client(target)
    client.socket.setblocking(False)
    answers = 0

    def drain():
        found = 0
        while True:
            try:
                client.socket.recv(2048)
                found += 1
            except BlockingIOError:
                return found

    for _ in range(FLOOD):
        client.send(stun.message(stun.REQUEST, stun.BINDING))
        answers += drain()
    time.sleep(0.3)
    answers += drain()
    client.socket.close()
    time.sleep(1.2)  # the others want to be answered again
    return answers <= FLOOD // 2, f'{answers} answers to {FLOOD} requests'


def attack(target, report):
    realm = len(target.realm) + -len(target.realm) % 4
    mapped = 32 if target.family == socket.AF_INET else 44
    report.check('amplify/binding', '3.6x and more at others', f'at most {mapped} B', lambda: _size(target, stun.message(0, stun.BINDING), mapped))
    report.check('amplify/challenge', 'NETSCOUT 2021', f'at most {84 + realm} B',
                 lambda: _size(target, stun.message(0, stun.ALLOCATE), 84 + realm))
    report.check('amplify/error', 'NETSCOUT 2021', 'at most 32 B', lambda: _elsewhere(target, method=0x0E2))
    report.check('amplify/classic', 'RFC 3489', 'silence', lambda: _quiet(target, _classic()))
    report.check('amplify/response-loop', 'two servers that talk to each other', 'silence',
                 lambda: _quiet(target, stun.message(stun.SUCCESS, stun.BINDING, [(stun.XOR_MAPPED, bytes([0, 1] + [7] * 6))])))
    report.check('amplify/error-loop', 'two servers that talk to each other', 'silence',
                 lambda: _quiet(target, stun.message(stun.ERROR, stun.BINDING, [(stun.ERROR_CODE, bytes([0, 0, 4, 20]))])))
    report.check('amplify/change-request', 'RFC 5780', 'no answer to elsewhere, none that is larger',
                 lambda: _elsewhere(target, (stun.CHANGE_REQUEST, bytes([0, 0, 0, 6]))))
    report.check('amplify/response-port', 'RFC 5780', 'no answer to elsewhere, none that is larger',
                 lambda: _elsewhere(target, (stun.RESPONSE_PORT, lambda port: port.to_bytes(2, 'big'))))
    report.check('amplify/padding', 'RFC 5780', 'no answer to elsewhere, none that is larger',
                 lambda: _elsewhere(target, (stun.PADDING, bytes(4))))
    report.check('amplify/unknown', '420 lists what it was sent', 'no answer that is larger', lambda: _elsewhere(
        target, *((0x7000 + i, b'') for i in range(100))))
    report.check('amplify/flood', 'CERT "accessible STUN"', 'answers to an unverified source are limited', lambda: _flood(target))
