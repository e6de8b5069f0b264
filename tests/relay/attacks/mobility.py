# SPDX-License-Identifier: Apache-2.0
"""Tickets (RFC 8016): an allocation that somebody else takes along, or that outlives what a user may hold."""
import os

import stun
from client import Client

WANTED = (stun.MOBILITY_TICKET, b'')
DELETE = (stun.LIFETIME, bytes(4))


def _begin(client):
    """Returns: the ticket of a new allocation; None when the server gives out none."""
    reply = client.ask(stun.ALLOCATE, [stun.UDP_TRANSPORT, WANTED])
    assert reply.cls == stun.SUCCESS or reply.code == 405, f'Allocate got {reply}'
    return reply.get(stun.MOBILITY_TICKET) if reply.cls == stun.SUCCESS else None


def _lives(client):
    return client.ask(stun.REFRESH).cls == stun.SUCCESS


def _refused(target, change=None, second=False):
    """A Refresh with the ticket, changed or by another user, from another 5-tuple: refused, and nothing has moved."""
    if second and target.get('second') is None:
        return None
    user, password = target.get('second') if second else (target.user, target.password)
    with Client(target) as owner, Client(target, user=user, password=password) as thief:
        ticket = _begin(owner)
        if ticket is None:
            return True, 'no tickets'
        reply = thief.ask(stun.REFRESH, [(stun.MOBILITY_TICKET, change(ticket) if change else ticket)])
        lives = _lives(owner)
        return reply.cls == stun.ERROR and lives, f"{reply}, {'lives' if lives else 'gone'}"


def _unsigned(target):
    with Client(target) as owner, Client(target) as thief:
        ticket = _begin(owner)
        if ticket is None:
            return True, 'no tickets'
        reply = thief.exchange(stun.message(stun.REQUEST, stun.REFRESH, [(stun.MOBILITY_TICKET, ticket), DELETE]))
        return reply.code == 401 and _lives(owner), reply


def _left_behind(target):
    """The 5-tuple that an allocation has left has no power over it."""
    with Client(target) as old, Client(target) as new:
        ticket = _begin(old)
        if ticket is None:
            return True, 'no tickets'
        moved = new.ask(stun.REFRESH, [(stun.MOBILITY_TICKET, ticket)])
        reply = old.ask(stun.REFRESH, [DELETE])
        return moved.cls == stun.SUCCESS and reply.code == 437 and _lives(new), f'moved: {moved}, then {reply}'


def _quota(target):
    """Allocations whose connections are gone wait for their clients, and count."""
    limit = target.get('user_quota')
    if limit is None:
        return None
    tickets = []
    for _ in range(limit):
        client = Client(target.over_tcp(), 'tcp')
        tickets.append(_begin(client))
        client.socket.close()  # without a word
    if None in tickets:
        return True, 'no tickets'
    with Client(target) as more:
        code = more.ask(stun.ALLOCATE, [stun.UDP_TRANSPORT]).code
    for ticket in tickets:
        with Client(target) as heir:
            heir.ask(stun.REFRESH, [(stun.MOBILITY_TICKET, ticket), DELETE])
    with Client(target) as again:
        freed = again.ask(stun.ALLOCATE, [stun.UDP_TRANSPORT]).code
    return code == 486 and freed is None, f'{code}; when they were deleted by their tickets: {freed or "success"}'


def attack(target, report):
    rule = 'coturn advisories 4.15 to 4.17'
    report.check('mobile/other-user', rule, 'an error (437), the allocation lives', lambda: _refused(target, second=True))
    for name, change in [('random', lambda ticket: os.urandom(len(ticket))), ('empty', lambda ticket: b''),
                         ('cut', lambda ticket: ticket[:-1]), ('longer', lambda ticket: ticket + b'A'),
                         ('last-byte', lambda ticket: ticket[:-1] + (b'B' if ticket[-1:] == b'A' else b'A')),
                         ('huge', lambda ticket: b'A' * 1000)]:
        report.check(f'mobile/ticket-{name}', rule, 'an error, the allocation lives', lambda change=change: _refused(target, change))
    report.check('mobile/unsigned', rule, '401, the allocation lives', lambda: _unsigned(target))
    report.check('mobile/left-behind', 'RFC 8016 §3.2.2', '437 for the old 5-tuple', lambda: _left_behind(target))
    report.check('mobile/quota', rule, '486 while they wait', lambda: _quota(target))
