# SPDX-License-Identifier: Apache-2.0
"""Nonces that can be guessed, forged, replayed from elsewhere, or talked down."""
import stun
from client import Client


def _distinct(target):
    clients = [Client(target) for _ in range(12)]
    nonces = []
    for client in clients:
        client.challenge()
        nonces.append(client.nonce)
        client.nonce = None
        client.close()
    least = min(sum(x != y for x, y in zip(a, b)) for i, a in enumerate(nonces) for b in nonces[:i])
    return least >= 8, f'{len(set(nonces))} of 12 distinct, at least {least} characters apart'


def _refused(target, change):
    with Client(target) as client:
        client.challenge()
        client.nonce = change(client.nonce)
        reply = client.exchange(client.signed(stun.ALLOCATE, [stun.UDP_TRANSPORT]))
        client.nonce = None
        return reply.code in (438, 401, 400), reply


def _replayed(target):
    with Client(target) as one, Client(target) as two:
        one.challenge()
        stolen = one.nonce
        two.nonce = stolen
        reply = two.exchange(two.signed(stun.ALLOCATE, [stun.UDP_TRANSPORT]))
        one.nonce = None
        return reply.code in (438, 401), reply


def _crossed(target):
    """From UDP to a connection."""
    with Client(target) as one:
        one.challenge()
        with Client(target.over_tcp(), 'tcp') as two:
            two.nonce = one.nonce
            reply = two.exchange(two.signed(stun.ALLOCATE, [stun.UDP_TRANSPORT]))
            one.nonce = None
            return reply.code in (438, 401), reply


def _proved(target):
    """A challenge that carries an integrity tells who holds the key."""
    with Client(target) as client:
        reply = client.challenge()
        client.nonce = None
        found = [kind for kind in (stun.INTEGRITY, stun.INTEGRITY256) if reply.get(kind) is not None]
        return not found, 'none' if not found else f'{found}'


def _downgraded(target):
    """RFC 8489 §9.2.1: somebody on the path took SHA-256 off the list."""
    with Client(target) as client:
        offered = client.challenge().get(stun.ALGORITHMS)
        if offered is None:
            client.nonce = None
            return None
        weak = bytes.fromhex('00010000')
        raw = stun.message(stun.REQUEST, stun.ALLOCATE, [stun.UDP_TRANSPORT, *client.identity(),
                                                         (stun.ALGORITHMS, weak), (stun.ALGORITHM, weak)])
        reply = client.exchange(stun.sign(raw, target.key()))
        return reply.code == 400, reply


def attack(target, report):
    report.check('nonce/distinct', 'CVE-2025-69217', 'nothing in common between sources', lambda: _distinct(target))
    report.check('nonce/other-port', 'replay', '438', lambda: _replayed(target))
    report.check('nonce/other-transport', 'replay', '438', lambda: _crossed(target))
    for name, change in [('made-up', lambda n: b'0123456789abcdef'), ('flipped', lambda n: n[:-1] + bytes([n[-1] ^ 1])),
                         ('cut', lambda n: n[:-4]), ('longer', lambda n: n + b'A' * 4), ('empty', lambda n: b''),
                         ('huge', lambda n: b'n' * 763), ('zeros', lambda n: bytes(len(n)))]:
        report.check(f'nonce/{name}', 'CVE-2025-69217, CVE-2026-43994', '438', lambda: _refused(target, change))
    report.check('nonce/unproved', 'RFC 8489 §9.2.4', 'no integrity in a 401', lambda: _proved(target))
    report.check('nonce/bid-down', 'RFC 8489 §9.2.1', '400', lambda: _downgraded(target))
