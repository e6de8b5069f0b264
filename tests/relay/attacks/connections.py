# SPDX-License-Identifier: Apache-2.0
"""Allocations of TCP (RFC 6062): whom they reach, who reaches them, and whose connections are joined."""
import socket

import stun
from client import Client
from peers import DENIED, PUBLIC

PEERS_MAX = 32  # of one allocation


def _allocate(client, *attributes):
    return client.ask(stun.ALLOCATE, [stun.TCP_TRANSPORT, *attributes])


def _connect(client, host, port):
    return client.about(stun.CONNECT, host, port)


def _refused(reply):
    return reply.cls == stun.ERROR, reply


class Pair:
    """Two allocations; the second one lets the first one in. `ids`: of the connection between the two, at each end."""

    def __init__(self, target):
        self.one, self.two = Client(target, 'tcp'), Client(target, 'tcp')
        self.addresses = [_allocate(client).relayed for client in (self.one, self.two)]
        self.two.permit(self.addresses[0][0])
        reply = _connect(self.one, *self.addresses[1])
        assert reply.cls == stun.SUCCESS, f'Connect to another allocation got {reply}'
        attempt = stun.Reply(self.two.receive(3) or b'')
        self.ids = [reply.get(stun.CONNECTION_ID), attempt.get(stun.CONNECTION_ID)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.one.close()
        self.two.close()


def _bind(client, number):
    return client.ask(stun.CONNECTION_BIND, [(stun.CONNECTION_ID, number)])


class Data(Client):
    """A connection that carries no messages once it is joined."""

    def close(self):
        self.socket.close()


def _control(target):
    """Without this, refusals elsewhere would prove nothing."""
    with Pair(target) as pair, Data(target, 'tcp') as one, Data(target, 'tcp') as two:
        for client, number in ((one, pair.ids[0]), (two, pair.ids[1])):
            reply = _bind(client, number)
            assert reply.cls == stun.SUCCESS, f'ConnectionBind got {reply}'
        one.send(b'hello')
        two.socket.settimeout(3)
        data = two.socket.recv(16)
        return data == b'hello', f'{len(data)} bytes arrived'


def _denied(target, report):
    for version in (4, 6):
        rows = [row for row in DENIED if (':' in row[1]) == (version == 6)]
        with Client(target, 'tcp') as client:
            reply = _allocate(client, *([stun.IPV6_FAMILY] if version == 6 else []))
            if reply.code == 440:
                reply = _allocate(client)
            if reply.cls != stun.SUCCESS:
                report.check(f'connect/allocate-v{version}', 'control', 'an allocation', lambda: (False, reply))
                continue
            for name, host, about in rows:
                report.check(f'connect/denied/{name}', about, '403 or 443',
                             lambda: ((reply := _connect(client, host, 4242)).code in (403, 443), reply))
            if version == 4:
                report.check('connect/port', 'a proxy to SSH', '403', lambda: ((reply := _connect(client, PUBLIC, 22)).code == 403, reply))
                own = reply.relayed
                report.check('connect/itself', 'a socket joined to itself', 'refused', lambda: _refused(_connect(client, *own)))


def _service(target):
    """A service of the server's own machine, on an address of the relay."""
    with socket.socket(target.family) as service, Client(target, 'tcp') as client:
        service.bind((target.host, 0))
        service.listen()
        service.setblocking(False)
        _allocate(client)
        reply = _connect(client, *service.getsockname()[:2])
        try:
            service.accept()[0].close()
            return False, f'{reply}, and it was reached'
        except BlockingIOError:
            return reply.cls == stun.ERROR, reply


def _stranger(target):
    """A peer without a permission."""
    with Client(target, 'tcp') as client:
        address = _allocate(client).relayed
        try:
            with socket.create_connection(address, 3) as peer:
                closed = not peer.recv(1)
        except ConnectionResetError:
            closed = True
        except TimeoutError:
            closed = False
        told = client.provoke(stun.message(stun.INDICATION, stun.BINDING))
        return closed and not told, f"{'closed' if closed else 'open'}, {len(told)} indications"


def _wrong(target):
    with Pair(target) as pair:
        number = bytearray(pair.ids[0])
        replies = []
        for bit in range(32):
            number[bit // 8] ^= 1 << bit % 8
            with Data(target, 'tcp') as data:
                replies.append(_bind(data, bytes(number)))
            number[bit // 8] ^= 1 << bit % 8
        return all(reply.cls == stun.ERROR for reply in replies), replies[-1]


def _joined_by(target, how):
    """how(pair): an answer that must be an error; afterwards the owner can still be joined."""
    with Pair(target) as pair, Data(target, 'tcp') as owner:
        reply = how(pair)
        if reply.cls != stun.ERROR:
            return False, reply
        after = _bind(owner, pair.ids[0])
        return after.cls == stun.SUCCESS, f'{reply}, then {after} for its owner'


def _by_other(target, pair):
    user, password = target.get('second')
    with Data(target, 'tcp', user=user, password=password) as data:
        return _bind(data, pair.ids[0])


def _unsigned(target, pair):
    with Data(target, 'tcp') as data:
        data.challenge()
        return data.exchange(stun.message(stun.REQUEST, stun.CONNECTION_BIND,
                                          [(stun.CONNECTION_ID, pair.ids[0]), *data.identity()]))


def _bare(target, pair):
    with Data(target, 'tcp') as data:
        return data.exchange(stun.message(stun.REQUEST, stun.CONNECTION_BIND, [(stun.CONNECTION_ID, pair.ids[0])]))


def _by_datagram(udp_target, pair):
    with Client(udp_target) as data:
        return _bind(data, pair.ids[0])


def _twice(target):
    with Pair(target) as pair, Data(target, 'tcp') as one, Data(target, 'tcp') as two:
        first, second = _bind(one, pair.ids[0]), _bind(two, pair.ids[0])
        return first.cls == stun.SUCCESS and second.cls == stun.ERROR, f'{first}, then {second}'


def _on_datagrams(target):
    """Connect by an allocation of UDP, made over TCP."""
    with Client(target, 'tcp') as client, Client(target, 'tcp') as other:
        client.allocate()
        address = _allocate(other).relayed
        return _refused(_connect(client, *address))


def _without(target):
    with Client(target, 'tcp') as client:
        return _refused(_connect(client, PUBLIC, 4242))


def _over_udp(target):
    with Client(target) as client:
        return _refused(_allocate(client))


def _datagrams(target):
    """Channels and Send of an allocation of TCP."""
    with Client(target) as peer, Client(target, 'tcp') as client:
        address = peer.allocate()
        own = _allocate(client).relayed
        peer.permit(own[0])
        client.permit(address[0])
        bound = client.bind(0x4000, *address)
        client.send_to(*address, b'to be dropped')
        client.provoke(bytes.fromhex('40000004') + b'data')
        data = peer.receive(0.2)
        return bound.cls == stun.ERROR and not data, f"{bound}, {'data arrived' if data else 'nothing arrived'}"


def _flood(target):
    """More peers than one allocation may have, then the same one again and again."""
    clients = [Client(target, 'tcp') for _ in range(PEERS_MAX + 7)]
    with Client(target, 'tcp') as client:
        try:
            host = _allocate(client).relayed[0]
            replies = []
            for other in clients:
                address = _allocate(other).relayed
                other.permit(host)
                replies.append(_connect(client, *address))
            made = sum(reply.cls == stun.SUCCESS for reply in replies)
            again = [_connect(client, *address) for _ in range(200)]
            good = made <= PEERS_MAX and all(reply.cls == stun.ERROR for reply in again)
            return good, f'{made} of {len(clients)}, then {replies[-1]}, then {again[-1]}'
        finally:
            for other in clients:
                other.close()


def attack(udp_target, report):
    if not report.wants_any_of('connect/'):
        return
    target = udp_target.over_tcp()
    with Client(target, 'tcp') as client:
        offered = _allocate(client).cls == stun.SUCCESS
    if not offered:  # most servers have it off by default
        report.check('connect/offered', 'RFC 6062', 'an allocation of TCP', lambda: None)
        return
    report.check('connect/control', 'between two allocations', 'data passes', lambda: _control(target))
    _denied(target, report)
    report.check('connect/service', 'pion #570', 'not reached', lambda: _service(target) if target.is_local() else None)
    report.check('connect/stranger', 'RFC 6062 §5.3', 'closed, and the client is not told', lambda: _stranger(target))
    report.check('connect/over-udp', 'RFC 6062 §5.1', 'an error', lambda: _over_udp(udp_target))
    report.check('connect/on-datagrams', 'an allocation of UDP', 'an error', lambda: _on_datagrams(target))
    report.check('connect/without-allocation', 'pion 2026-01', 'an error', lambda: _without(target))
    report.check('connect/datagrams', 'channels and Send', 'an error, and nothing arrives', lambda: _datagrams(target))
    report.check('connect/flood', 'unbounded peers', f'at most {PEERS_MAX}', lambda: _flood(target))
    report.check('connect/bind-wrong-id', 'ids nearby', 'errors', lambda: _wrong(target))
    report.check('connect/bind-twice', 'RFC 6062 §5.4', 'an error', lambda: _twice(target))
    hows = [('other-user', lambda pair: _by_other(target, pair)), ('unsigned', lambda pair: _unsigned(target, pair)),
            ('bare', lambda pair: _bare(target, pair)), ('on-control', lambda pair: _bind(pair.one, pair.ids[0])),
            ('over-udp', lambda pair: _by_datagram(udp_target, pair))]
    for name, how in hows:
        missing = name == 'other-user' and not target.get('second')
        report.check(f'connect/bind-{name}', 'RFC 6062 §5.4', 'an error, and its owner still has it',
                     lambda: None if missing else _joined_by(target, how))
