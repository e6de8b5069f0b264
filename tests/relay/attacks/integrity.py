# SPDX-License-Identifier: Apache-2.0
"""Attributes behind MESSAGE-INTEGRITY, requests without it, and integrity that is wrong, cut or doubled."""
import stun
from client import Client

ZERO_LIFETIME = (stun.LIFETIME, bytes(4))


def _lives(client):
    """Whether the allocation is still there."""
    return client.ask(stun.REFRESH, [(stun.LIFETIME, (600).to_bytes(4, 'big'))]).cls == stun.SUCCESS


def _behind(target, method, *extra):
    with Client(target) as client:
        client.allocate()
        reply = client.exchange(stun.append(client.signed(method), *extra))
        if method == stun.REFRESH:
            return bool(reply.number) and _lives(client), f'{reply}, lifetime {reply.number}'
        return reply.code == 400, reply


def _peer_behind(target):
    with Client(target) as client:
        client.allocate()
        raw = client.signed(stun.CREATE_PERMISSION)
        reply = client.exchange(stun.append(raw, (stun.XOR_PEER, stun.xor_address('1.1.1.1', 0, raw[8:20]))))
        return reply.code == 400, reply


def _identity_behind(target):
    with Client(target) as client:
        client.challenge()
        raw = stun.sign(stun.message(stun.REQUEST, stun.ALLOCATE, [stun.UDP_TRANSPORT]), target.key())
        reply = client.exchange(stun.append(raw, *client.identity()))
        return reply.code in (400, 401), reply


def _family_behind(target):
    with Client(target) as client:
        reply = client.exchange(stun.append(client.signed(stun.ALLOCATE, [stun.UDP_TRANSPORT]), stun.IPV6_FAMILY))
        relayed = reply.relayed
        return relayed is not None and (':' in relayed[0]) == (':' in target.host), f'{reply}, relayed {relayed}'


def _fails(target, make):
    """An Allocate whose integrity make() spoils: never an allocation."""
    with Client(target) as client:
        client.challenge()
        raw = stun.message(stun.REQUEST, stun.ALLOCATE, [stun.UDP_TRANSPORT, *client.identity()])
        answers = [stun.Reply(data) for data in client.provoke(make(raw, target.key()))]
        return not any(a.cls == stun.SUCCESS for a in answers), ', '.join(map(str, answers)) or 'silence'


def _flip(raw):
    return raw[:-1] + bytes([raw[-1] ^ 1])


def _wrong_first(raw, key):
    signed = stun.sign(raw, key)
    return stun.append(raw, (stun.INTEGRITY, bytes(20))) + b'' if signed == raw else \
        stun.append(stun.append(raw, (stun.INTEGRITY, bytes(20))), signed[len(raw):])


SPOILED = [
    ('flipped', lambda raw, key: _flip(stun.sign(raw, key))),
    ('zero', lambda raw, key: stun.append(raw, (stun.INTEGRITY, bytes(20)))),
    ('empty', lambda raw, key: stun.append(raw, (stun.INTEGRITY, b''))),
    ('cut-to-4', lambda raw, key: stun.sign(raw, key, keep=4)),
    ('cut-to-19', lambda raw, key: stun.sign(raw, key, keep=19)),
    ('sha256-cut-to-4', lambda raw, key: stun.sign256(raw, key, keep=4)),
    ('sha256-cut-to-15', lambda raw, key: stun.sign256(raw, key, keep=15)),
    ('sha256-empty', lambda raw, key: stun.sign256(raw, key, keep=0)),
    ('sha256-flipped', lambda raw, key: _flip(stun.sign256(raw, key))),
    ('sha1-right-sha256-wrong', lambda raw, key: _flip(stun.sign256(stun.sign(raw, key), key))),
    ('second-one-right', _wrong_first),
    ('wrong-fingerprint', lambda raw, key: stun.fingerprint(stun.sign(raw, key), wrong=1)),
    ('empty-key', lambda raw, key: stun.sign(raw, b'')),
    ('changed-after', lambda raw, key: stun.sign(raw, key).replace(bytes([17, 0, 0, 0]), bytes([17, 0, 0, 1]), 1)),
]


def _unsigned(target, method, *attributes):
    with Client(target) as client:
        client.allocate()
        tid = bytes(range(12))
        raw = stun.message(stun.REQUEST, method, [*attributes, (stun.XOR_PEER, stun.xor_address('1.1.1.1', 4242, tid))], tid)
        reply = client.exchange(raw)
        return reply.code == 401 and _lives(client), reply


def attack(target, report):
    merged = 'coturn 4.15.0, RFC 8489 §14.5'
    report.check('integrity/lifetime-behind', merged, 'ignored: the allocation lives',
                 lambda: _behind(target, stun.REFRESH, ZERO_LIFETIME))
    report.check('integrity/peer-behind', merged, '400', lambda: _peer_behind(target))
    report.check('integrity/identity-behind', merged, '400 or 401', lambda: _identity_behind(target))
    report.check('integrity/family-behind', merged, 'ignored', lambda: _family_behind(target))
    for name, make in SPOILED:
        report.check(f'integrity/{name}', 'RFC 8489 §9.2.4', 'no allocation', lambda: _fails(target, make))
    report.check('integrity/refresh-unsigned', 'pion 2026-01', '401, the allocation lives',
                 lambda: _unsigned(target, stun.REFRESH, ZERO_LIFETIME))
    report.check('integrity/permission-unsigned', 'pion 2026-01', '401', lambda: _unsigned(target, stun.CREATE_PERMISSION))
    report.check('integrity/channel-unsigned', 'pion 2026-01', '401',
                 lambda: _unsigned(target, stun.CHANNEL_BIND, (stun.CHANNEL_NUMBER, bytes.fromhex('40000000'))))
