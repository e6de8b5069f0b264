# SPDX-License-Identifier: Apache-2.0
"""Framing over TCP: halves, giants, garbage."""
import stun
from client import Client


def _binding():
    return stun.message(stun.REQUEST, stun.BINDING)


def _bytes(target):
    """A request byte by byte, then two at once."""
    with Client(target, 'tcp') as client:
        raw = _binding()
        for at in range(len(raw) - 1):
            client.send(raw[at:at + 1])
            if at in (3, 7, 19) and client.receive(0.02):
                return False, f'an answer after {at + 1} bytes'
        client.send(raw[-1:])
        first = client.receive(2)
        client.send(_binding() + _binding())
        answers = [first, client.receive(2), client.receive(2)]
        return all(answers), f'{sum(a is not None for a in answers)} of 3 answers'


def _alive(target):
    with Client(target, 'tcp') as other:
        return other.exchange(_binding()).cls == stun.SUCCESS


def _ends(target, first, then=b''):
    """What follows the nonsense must not be served on this connection; others must be."""
    with Client(target, 'tcp') as client:
        client.send(first)
        answers = []
        try:
            if then:
                client.send(then)
            while (data := client.receive(0.3)) is not None:
                answers.append(data)
        except OSError:
            client.closed = True
        good = not answers and _alive(target)
        return good, ('closed' if client.closed else 'waits') + (f', {len(answers)} answers' if answers else '')


def _garbage_behind(target):
    with Client(target, 'tcp') as client:
        client.send(_binding() + b'GET / HTTP/1.1\r\nHost: x\r\n\r\n' + _binding())
        answers = []
        while (data := client.receive(0.5)) is not None:
            answers.append(data)
        return len(answers) <= 1 and _alive(target), f"{len(answers)} answers, {'closed' if client.closed else 'open'}"


def _half_allocation(target):
    """A connection that ends in the middle of a message takes its allocation along."""
    client = Client(target, 'tcp')
    client.allocate()
    client.send(client.signed(stun.CREATE_PERMISSION)[:30])
    client.socket.close()
    return _alive(target), 'others are served'


def attack(udp_target, report):
    target = udp_target.over_tcp()
    giant = stun.message(stun.REQUEST, stun.ALLOCATE, length=0xFFFC)
    report.check('tcp/byte-by-byte', 'RFC 8489 §6.2.2', 'every request answered once it is whole', lambda: _bytes(target))
    for name, first, then in [
            ('half-header', _binding()[:10], b''), ('half-message', stun.message(0, stun.BINDING, [(stun.SOFTWARE, bytes(64))])[:40], b''),
            ('giant-length', giant, _binding()), ('length-odd', stun.message(0, stun.BINDING, length=3), _binding()),
            ('giant-channel', b'\x40\x00\xff\xff', b'x' * 1000), ('no-cookie', _binding()[:4] + bytes(16), _binding()),
            ('top-bits', b'\x80\x00\x00\x00' + bytes(16), _binding()), ('ones', b'\xff' * 64, _binding()),
            ('http', b'GET / HTTP/1.1\r\nHost: x\r\n\r\n', _binding()), ('smtp', b'EHLO example.org\r\n', _binding()),
            ('tls', bytes.fromhex('160301020001000100'), b'\0' * 100)]:
        report.check(f'tcp/{name}', 'framing', 'no answer; other connections are served', lambda: _ends(target, first, then))
    report.check('tcp/garbage-behind', 'framing', 'no answer to what follows', lambda: _garbage_behind(target))
    report.check('tcp/half-allocation', 'framing', 'others are served', lambda: _half_allocation(target))
