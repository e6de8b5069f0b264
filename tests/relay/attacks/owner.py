# SPDX-License-Identifier: Apache-2.0
"""Another one's allocation: from the same 5-tuple, from another one, by a token that was guessed or used."""
import os

import stun
from client import Client

LIFETIME = (stun.LIFETIME, (600).to_bytes(4, 'big'))


def _second(target, method, *attributes):
    """The second user on the first one's allocation, over the first one's own 5-tuple."""
    if target.get('second') is None:
        return None
    user, password = target.get('second')
    with Client(target) as client:
        client.allocate()
        tid = os.urandom(12)
        wish = [*attributes, (stun.XOR_PEER, stun.xor_address('1.1.1.1', 4242, tid))] if method not in (stun.REFRESH, stun.ALLOCATE) else attributes
        reply = client.ask(method, wish, user=user, password=password, tid=tid)
        lives = client.ask(stun.REFRESH, [LIFETIME]).cls == stun.SUCCESS
        return reply.code in ((437, 441) if method == stun.ALLOCATE else (441,)) and lives, f"{reply}, {'lives' if lives else 'gone'}"


def _elsewhere(target, method, *attributes):
    """The same user from another port: no allocation there."""
    with Client(target) as owner, Client(target) as other:
        owner.allocate()
        tid = os.urandom(12)
        wish = [*attributes, (stun.XOR_PEER, stun.xor_address('1.1.1.1', 4242, tid))] if method != stun.REFRESH else attributes
        reply = other.ask(method, wish, tid=tid)
        lives = owner.ask(stun.REFRESH, [LIFETIME]).cls == stun.SUCCESS
        return reply.cls == stun.ERROR and lives, reply


def _again(target):
    """A new Allocate on a 5-tuple that has one."""
    with Client(target) as client:
        client.allocate()
        reply = client.ask(stun.ALLOCATE, [stun.UDP_TRANSPORT])
        return reply.code == 437, reply


def _repeated(target):
    """The same Allocate once more, lost answer: the same allocation, not a second one."""
    with Client(target) as client:
        client.challenge()
        raw = client.signed(stun.ALLOCATE, [stun.UDP_TRANSPORT])
        first, second = client.exchange(raw), client.exchange(raw)
        return first.relayed is not None and first.relayed == second.relayed, f'{first.relayed}, {second.relayed}'


def _deleted(target):
    with Client(target) as client:
        client.allocate()
        client.ask(stun.REFRESH, [(stun.LIFETIME, bytes(4))])
        reply = client.permit('1.1.1.1')
        return reply.code == 437, reply


def _lifetime(target):
    with Client(target) as client:
        client.allocate()
        reply = client.ask(stun.REFRESH, [(stun.LIFETIME, b'\xff' * 4)])
        return reply.cls == stun.SUCCESS and 0 < reply.number <= 3600, f'{reply}, {reply.number} s'


def _guessed(target, token):
    with Client(target) as client:
        reply = client.ask(stun.ALLOCATE, [stun.UDP_TRANSPORT, (stun.TOKEN, token)])
        return reply.cls == stun.ERROR, reply


def _twice(target):
    """A reservation is used once."""
    with Client(target) as one, Client(target) as two, Client(target) as three:
        reply = one.ask(stun.ALLOCATE, [stun.UDP_TRANSPORT, (stun.EVEN_PORT, b'\x80')])
        if reply.code == 420:
            return True, 'not offered: 420'
        token = reply.get(stun.TOKEN)
        assert token and len(token) == 8, f'EVEN-PORT got {reply} without a token'
        first, second = (c.ask(stun.ALLOCATE, [stun.UDP_TRANSPORT, (stun.TOKEN, token)]) for c in (two, three))
        return first.cls == stun.SUCCESS and second.cls == stun.ERROR, f'{first}, then {second}'


def attack(target, report):
    rule = 'RFC 8656 §6'
    report.check('owner/refresh', rule, '441, the allocation lives', lambda: _second(target, stun.REFRESH, LIFETIME))
    report.check('owner/delete', rule, '441, the allocation lives', lambda: _second(target, stun.REFRESH, (stun.LIFETIME, bytes(4))))
    report.check('owner/permission', rule, '441', lambda: _second(target, stun.CREATE_PERMISSION))
    report.check('owner/channel', rule, '441', lambda: _second(target, stun.CHANNEL_BIND, (stun.CHANNEL_NUMBER, bytes.fromhex('40000000'))))
    report.check('owner/allocate', rule, '437 or 441', lambda: _second(target, stun.ALLOCATE, stun.UDP_TRANSPORT))
    report.check('owner/refresh-elsewhere', rule, 'an error (437)', lambda: _elsewhere(target, stun.REFRESH, (stun.LIFETIME, bytes(4))))
    report.check('owner/permission-elsewhere', rule, 'an error (437)', lambda: _elsewhere(target, stun.CREATE_PERMISSION))
    report.check('owner/channel-elsewhere', rule, 'an error (437)',
                 lambda: _elsewhere(target, stun.CHANNEL_BIND, (stun.CHANNEL_NUMBER, bytes.fromhex('40000000'))))
    report.check('owner/second-allocate', 'RFC 8656 §7.2', '437', lambda: _again(target))
    report.check('owner/repeated-allocate', 'RFC 8656 §7.2', 'the same relayed address', lambda: _repeated(target))
    report.check('owner/after-delete', 'use after free', '437', lambda: _deleted(target))
    report.check('owner/lifetime-forever', 'RFC 8656 §7.2', 'at most 3600 s', lambda: _lifetime(target))
    for name, token in [('zero', bytes(8)), ('random', os.urandom(8)), ('ones', b'\xff' * 8)]:
        report.check(f'owner/token-{name}', 'reservations that are guessed', 'an error (508, 420)', lambda: _guessed(target, token))
    report.check('owner/token-twice', 'RFC 8656 §7.2', 'an error (508) the second time', lambda: _twice(target))
