# SPDX-License-Identifier: Apache-2.0
"""Relayed data that nobody permitted, on channels that nobody bound, of lengths that are not there."""
import os

import stun
from client import Client


def _channel_data(number, data, length=None):
    return number.to_bytes(2, 'big') + (len(data) if length is None else length).to_bytes(2, 'big') + data


class Pair:
    """Two allocations. Whatever the attacker does must not reach the other."""

    def __init__(self, target):
        self.one, self.two = Client(target), Client(target)
        self.address, self.other = self.one.allocate(), self.two.allocate()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.one.close()
        self.two.close()

    def arrives(self, *messages):
        """How much of messages comes out at the other end, once all before it has been through."""
        for raw in messages:
            self.one.send(raw)
        self.one.provoke(stun.message(stun.INDICATION, stun.BINDING))
        return len(self.two.provoke(stun.message(stun.INDICATION, stun.BINDING)))

    def send_indication(self, data):
        tid = os.urandom(12)
        return stun.message(stun.INDICATION, stun.SEND, [(stun.XOR_PEER, stun.xor_address(*self.other, tid)), (stun.DATA_VALUE, data)], tid)


def _nothing(count):
    return count == 0, f'{count} datagrams arrived' if count else 'nothing arrived'


def _one_sided(target):
    with Pair(target) as pair:
        pair.one.permit(*pair.other)
        return _nothing(pair.arrives(*[pair.send_indication(b'x')] * 3))


def _unpermitted_send(target):
    with Pair(target) as pair:
        pair.two.permit(*pair.address)
        return _nothing(pair.arrives(*[pair.send_indication(b'x')] * 3))


def _refused_channel(target, number):
    with Client(target) as client:
        client.allocate()
        reply = client.bind(number, '1.1.1.1', 4242)
        return reply.code == 400, reply


def _rebound(target, numbers, peers):
    with Client(target) as client:
        client.allocate()
        first, second = (client.bind(number, *peer) for number, peer in zip(numbers, peers))
        return first.cls == stun.SUCCESS and second.code == 400, f'{first}, then {second}'


def _bound(target, *messages, keep=True):
    """ChannelData over a binding that exists; keep: the allocation still does."""
    with Pair(target) as pair:
        assert pair.two.permit(*pair.address).cls == stun.SUCCESS, 'control: a permission'
        assert pair.one.bind(0x4000, *pair.other).cls == stun.SUCCESS, 'control: a binding'
        assert pair.arrives(_channel_data(0x4000, b'hello')) == 1, 'control: ChannelData arrives'
        if not keep:
            pair.one.ask(stun.REFRESH, [(stun.LIFETIME, bytes(4))])
        return _nothing(pair.arrives(*messages))


def _stranger(target):
    """From a port that never asked for anything."""
    with Pair(target) as pair, Client(target) as stranger:
        pair.one.permit(*pair.other)
        pair.two.permit(*pair.address)
        pair.one.bind(0x4000, *pair.other)
        stranger.send(_channel_data(0x4000, b'hello'))
        stranger.send(pair.send_indication(b'hello'))
        stranger.provoke(stun.message(stun.INDICATION, stun.BINDING))
        return _nothing(pair.arrives())


def attack(target, report):
    report.check('data/one-sided', 'RFC 8656 §9', 'nothing: the receiver permitted nobody', lambda: _one_sided(target))
    report.check('data/send-unpermitted', 'RFC 8656 §11.2', 'nothing: the sender has no permission', lambda: _unpermitted_send(target))
    report.check('data/stranger', 'RFC 8656 §6', 'nothing: another 5-tuple', lambda: _stranger(target))
    for number in (0x0000, 0x3FFF, 0x8000, 0xFFFF):
        report.check(f'data/channel-{number:04x}', 'RFC 8656 §12', '400', lambda: _refused_channel(target, number))
    report.check('data/channel-rebound', 'RFC 8656 §12.2', '400 the second time',
                 lambda: _rebound(target, (0x4000, 0x4000), (('1.1.1.1', 4242), ('1.0.0.1', 4242))))
    report.check('data/peer-rebound', 'RFC 8656 §12.2', '400 the second time',
                 lambda: _rebound(target, (0x4000, 0x4001), (('1.1.1.1', 4242), ('1.1.1.1', 4242))))
    report.check('data/unbound-channel', 'RFC 8656 §12.6', 'nothing', lambda: _bound(target, _channel_data(0x4001, b'hello')))
    report.check('data/length-overflow', 'coturn #1844', 'nothing', lambda: _bound(
        target, *(_channel_data(0x4000, b'hello', length) for length in (6, 9, 1000, 0x7FFF, 0xFFFC, 0xFFFD, 0xFFFF))))
    report.check('data/cut-header', 'coturn #1844', 'nothing', lambda: _bound(target, b'\x40', b'\x40\x00', b'\x40\x00\x00'))
    report.check('data/after-delete', 'use after free', 'nothing', lambda: _bound(target, _channel_data(0x4000, b'hello'), keep=False))
