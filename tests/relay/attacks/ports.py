# SPDX-License-Identifier: Apache-2.0
"""Relay ports that can be guessed, and ones that get lost."""
import stun
from client import Client


def _allocations(target, count, *attributes):
    """Returns: clients that hold an allocation, and the answer that ended the row, if it was refused."""
    clients = []
    for _ in range(count):
        client = Client(target)
        reply = client.ask(stun.ALLOCATE, [stun.UDP_TRANSPORT, *attributes])
        if reply.cls != stun.SUCCESS:
            client.close()
            return clients, reply
        client.relayed = reply.relayed[1]
        clients.append(client)
    return clients, None


def _predictable(target):
    clients, _ = _allocations(target, 16)
    found = [client.relayed for client in clients]
    for client in clients:
        client.close()
    steps = [b - a for a, b in zip(found, found[1:])]
    small = sum(abs(step) <= 8 for step in steps)
    return len(found) == 16 and small <= 3 and max(map(steps.count, steps)) <= 2, f'{small} of {len(steps)} steps are small'


def _even(target):
    clients, refused = _allocations(target, 4, (stun.EVEN_PORT, b'\0'))
    odd = [client.relayed for client in clients if client.relayed % 2]
    for client in clients:
        client.close()
    if refused is not None and refused.code == 420:
        return True, 'not offered: 420'
    return refused is None and not odd, f'{4 - len(odd)} of 4 even'


def _leaked(target):
    """Every even port without its sibling; then every odd one must still be there."""
    if target.get('ports') is None:
        return None
    first, last = target.get('ports')
    size = last - first + 1
    even, refused = _allocations(target, size, (stun.EVEN_PORT, b'\0'))
    odd, full = _allocations(target, size + 8)
    seen = f'{len(even)} even, then {len(odd)} of {size - len(even)}; then {full}'
    with Client(target) as client:
        client.exchange(stun.message(stun.REQUEST, stun.BINDING))
    for client in even + odd:
        client.close()
    return refused is not None and len(even) + len(odd) >= size * 0.9 and full.code in (486, 508), seen


def attack(target, report):
    report.check('port/predictable', 'CVE-2025-69217', 'no order', lambda: _predictable(target))
    report.check('port/even', 'RFC 8656 §7.2', 'even ports', lambda: _even(target))
    report.check('port/even-leak', 'coturn 4.17.0', 'every port is given out, then 508', lambda: _leaked(target))
