# SPDX-License-Identifier: Apache-2.0
"""How much one user can hold."""
import ipaddress
import os
import time

import stun
from client import Client

ENOUGH = 2000


def _quota(target):
    limit = target.get('user_quota')
    if limit is None:
        return None
    clients, codes = [], []
    for _ in range(limit + 3):
        client = Client(target)
        clients.append(client)
        codes.append(client.ask(stun.ALLOCATE, [stun.UDP_TRANSPORT]).code)
    for client in clients:
        client.close()
    for _ in range(8):  # some let go late
        with Client(target) as again:
            freed = again.ask(stun.ALLOCATE, [stun.UDP_TRANSPORT]).code
        if freed is None:
            break
        time.sleep(0.5)
    granted = codes.count(None)
    return granted == limit and set(codes[limit:]) == {486} and freed is None, f'{granted} granted, then {codes[-1]}; after release {freed or "success"}'


def _permissions(target):
    """Different peers until there is an end to it. Nothing is sent to them."""
    with Client(target) as client:
        client.allocate()
        base = int(ipaddress.ip_address('8.8.0.0'))
        for at in range(0, ENOUGH, 50):
            tid = os.urandom(12)
            peers = [(stun.XOR_PEER, stun.xor_address(str(ipaddress.ip_address(base + at + i)), 0, tid)) for i in range(50)]
            reply = client.ask(stun.CREATE_PERMISSION, peers, tid=tid)
            if reply.cls == stun.ERROR:
                return reply.code in (508, 486), f'{reply} at {at + 50}'
        return False, f'{ENOUGH} permissions granted'


def _channels(target):
    with Client(target) as client:
        client.allocate()
        for i in range(ENOUGH):
            reply = client.bind(0x4000 + i, '8.8.8.8', 2000 + i)
            if reply.cls == stun.ERROR:
                return reply.code in (508, 486), f'{reply} at {i + 1}'
        return False, f'{ENOUGH} channels bound'


def attack(target, report):
    report.check('limit/user-quota', 'RFC 8656 §7.2', '486 beyond it, free after release', lambda: _quota(target))
    report.check('limit/permissions', 'memory of one allocation', f'an end before {ENOUGH}', lambda: _permissions(target))
    report.check('limit/channels', 'memory of one allocation', f'an end before {ENOUGH}', lambda: _channels(target))
