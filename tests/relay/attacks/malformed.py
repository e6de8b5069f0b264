# SPDX-License-Identifier: Apache-2.0
"""Messages and attributes that are cut, odd, unaligned or longer than themselves. Each is followed by a Binding request."""
import os
import random

import stun
from client import Client

ALLOCATE_BARE = stun.message(stun.REQUEST, stun.ALLOCATE, [stun.UDP_TRANSPORT])


def _raw(kind, length, value=b''):
    """An attribute whose length is not that of its value."""
    return kind.to_bytes(2, 'big') + length.to_bytes(2, 'big') + value


# name, datagram, whether any answer at all would be one too many
DATAGRAMS = [
    ('one-byte', b'\0', True), ('header-19', ALLOCATE_BARE[:19], True), ('header-only-4', ALLOCATE_BARE[:4], True),
    ('cut-attribute', ALLOCATE_BARE[:-2], True), ('length-beyond', stun.message(0, stun.ALLOCATE, [stun.UDP_TRANSPORT], length=1000), True),
    ('length-65532', stun.message(0, stun.ALLOCATE, [stun.UDP_TRANSPORT], length=0xFFFC), True),
    ('length-65535', stun.message(0, stun.ALLOCATE, [stun.UDP_TRANSPORT], length=0xFFFF), True),
    ('length-short', stun.message(0, stun.ALLOCATE, [stun.UDP_TRANSPORT], length=4), True),
    ('length-odd', stun.message(0, stun.ALLOCATE, [b'\0\x19\0\x01\x11'], length=5), True),
    ('attribute-beyond', stun.message(0, stun.BINDING, [_raw(stun.SOFTWARE, 0xFFFF, b'abcd')]), True),
    ('attribute-beyond-by-1', stun.message(0, stun.BINDING, [_raw(stun.SOFTWARE, 5, b'abcd')]), True),
    ('attribute-header-cut', stun.message(0, stun.BINDING, [b'\x80\x22']), True),
    ('unpadded', stun.message(0, stun.ALLOCATE, [_raw(stun.SOFTWARE, 1, b'a'), stun.UDP_TRANSPORT]), True),
    ('no-cookie', ALLOCATE_BARE[:4] + bytes(4) + ALLOCATE_BARE[8:], True),
    ('top-bits', b'\x80' + ALLOCATE_BARE[1:], True), ('zeros', bytes(20), True), ('ones', b'\xff' * 64, True),
    ('unknown-method', stun.message(0, 0x0E2), False), ('data-request', stun.message(0, stun.DATA), False),
    ('response-in', stun.message(stun.SUCCESS, stun.ALLOCATE, [stun.UDP_TRANSPORT]), True),
    ('error-in', stun.message(stun.ERROR, stun.BINDING, [(stun.ERROR_CODE, bytes([0, 0, 4, 1]))]), True),
    ('indication-in', stun.message(stun.INDICATION, stun.ALLOCATE, [stun.UDP_TRANSPORT]), True),
    ('wrong-fingerprint', stun.fingerprint(stun.message(0, stun.BINDING), wrong=1), True),
    ('empty-attributes', stun.message(0, stun.BINDING, [(stun.SOFTWARE, b'')] * 300), False),
]

# requests that carry the right integrity: name, method, attributes, whether an allocation is there before
AUTHENTICATED = [
    *((f'transport-{n}', stun.ALLOCATE, [(stun.TRANSPORT, bytes([17] * n))], False) for n in (0, 1, 3)),
    ('transport-absent', stun.ALLOCATE, [], False), ('transport-other', stun.ALLOCATE, [(stun.TRANSPORT, bytes([99, 0, 0, 0]))], False),
    *((f'family-{n}', stun.ALLOCATE, [stun.UDP_TRANSPORT, (stun.FAMILY, bytes([2] * n))], False) for n in (0, 1)),
    ('family-other', stun.ALLOCATE, [stun.UDP_TRANSPORT, (stun.FAMILY, bytes([9, 0, 0, 0]))], False),
    *((f'token-{n}', stun.ALLOCATE, [stun.UDP_TRANSPORT, (stun.TOKEN, bytes(n))], False) for n in (0, 7, 9)),
    ('even-port-empty', stun.ALLOCATE, [stun.UDP_TRANSPORT, (stun.EVEN_PORT, b'')], False),
    ('even-port-and-token', stun.ALLOCATE, [stun.UDP_TRANSPORT, (stun.EVEN_PORT, b'\x80'), (stun.TOKEN, bytes(8))], False),
    ('unknown-required', stun.ALLOCATE, [stun.UDP_TRANSPORT, (0x7F00, b'what')], False),
    *((f'peer-{n}', stun.CREATE_PERMISSION, [(stun.XOR_PEER, bytes([0, 1] + [9] * 30)[:n])], True) for n in (0, 1, 4, 7, 9, 20)),
    ('peer-v6-cut', stun.CREATE_PERMISSION, [(stun.XOR_PEER, bytes([0, 2] + [9] * 17))], True),
    ('peer-family-0', stun.CREATE_PERMISSION, [(stun.XOR_PEER, bytes(8))], True),
    ('peer-family-3', stun.CREATE_PERMISSION, [(stun.XOR_PEER, bytes([0, 3] + [9] * 6))], True),
    ('peer-absent', stun.CREATE_PERMISSION, [], True),
    *((f'channel-{n}', stun.CHANNEL_BIND, [(stun.CHANNEL_NUMBER, bytes([0x40] * n)), (stun.XOR_PEER, bytes([0, 1] + [9] * 6))], True)
      for n in (0, 1, 3)),
    ('channel-peer-absent', stun.CHANNEL_BIND, [(stun.CHANNEL_NUMBER, bytes.fromhex('40000000'))], True),
]


def _datagram(target, raw, silent):
    with Client(target) as client:
        answers = client.provoke(raw)
        worst = [a for a in answers if silent or stun.Reply(a).cls == stun.SUCCESS and stun.Reply(a).method != stun.BINDING]
        return not worst, ', '.join(str(stun.Reply(a)) for a in answers) or 'silence'


def _authenticated(target, method, attributes, allocated):
    with Client(target) as client:
        if allocated:
            client.allocate()
        client.challenge() if client.nonce is None else None
        answers = [stun.Reply(data) for data in client.provoke(client.signed(method, attributes))]
        return not any(a.cls == stun.SUCCESS for a in answers), ', '.join(map(str, answers)) or 'silence'


def _lifetime(target, size):
    """A lifetime of a wrong size is refused, or no lifetime."""
    with Client(target) as client:
        client.allocate()
        reply = client.exchange(client.signed(stun.REFRESH, [(stun.LIFETIME, bytes(size))]))
        lives = client.ask(stun.REFRESH, [(stun.LIFETIME, (600).to_bytes(4, 'big'))]).cls == stun.SUCCESS
        return lives, f"{reply}, the allocation {'lives' if lives else 'is gone'}"


def _mutations(target, count, seed):
    """Requests that were right, with bytes changed: never an allocation, and the server goes on."""
    dice = random.Random(seed)
    with Client(target) as client:
        client.challenge()
        for i in range(count):
            raw = bytearray(client.signed(stun.ALLOCATE, [stun.UDP_TRANSPORT, (stun.LIFETIME, os.urandom(4))]))
            for _ in range(dice.randint(1, 6)):
                at = dice.randrange(len(raw))
                raw[at] ^= dice.randint(1, 255)
            client.send(bytes(raw[:dice.randrange(len(raw))] if i % 3 == 0 else raw))
            if i % 20 == 19:
                client.provoke(b'')
        for data in client.strays:
            if stun.Reply(data).relayed:
                return False, 'an allocation was made'
        return True, f'{count} sent, still there'


def attack(target, report):
    for name, raw, silent in DATAGRAMS:
        report.check(f'malformed/{name}', 'CVE-2026-40613, coturn #1844', 'silence' if silent else 'an error or silence',
                     lambda: _datagram(target, raw, silent))
    for name, method, attributes, allocated in AUTHENTICATED:
        report.check(f'malformed/signed/{name}', 'CVE-2026-40613', 'an error or silence',
                     lambda: _authenticated(target, method, attributes, allocated))
    for size in (0, 1, 3, 5):
        report.check(f'malformed/signed/lifetime-{size}', 'RFC 8656 §8.2', 'an error, or as without it', lambda: _lifetime(target, size))
    report.check('malformed/mutations', 'parsers', 'no allocation, and it lives', lambda: _mutations(target, 400, 8656))
    report.check('malformed/padding', 'CVE-2020-4067', 'zeros in the padding of every answer so far',
                 lambda: (target.padding <= {0}, f'{sorted(target.padding)}'))
