# SPDX-License-Identifier: Apache-2.0
"""Which peers a client may reach: every encoding of every address that nobody outside has any business with."""
import os
import socket
import time

import stun
from client import Client

# name, address, why; nothing is ever sent to the addresses that are not this machine's
DENIED = [
    ('loopback', '127.0.0.1', 'CVE-2018-4059'), ('loopback-high', '127.255.255.254', 'CVE-2018-4059'),
    ('any', '0.0.0.0', 'CVE-2020-26262'), ('this-network', '0.0.0.1', 'CVE-2020-26262'),
    ('metadata', '169.254.169.254', 'Slack 2020'), ('private-10', '10.1.2.3', 'Slack 2020'),
    ('private-172', '172.16.0.1', 'Slack 2020'), ('private-192', '192.168.255.254', 'Slack 2020'),
    ('shared', '100.64.0.1', 'RFC 6598'), ('ietf', '192.0.0.8', 'RFC 6890'), ('test-net', '192.0.2.1', 'RFC 5737'),
    ('benchmark', '198.18.0.1', 'RFC 2544'), ('multicast', '224.0.0.1', 'RFC 5771'),
    ('ssdp', '239.255.255.250', 'RFC 5771'), ('reserved', '240.0.0.1', 'RFC 1112'),
    ('broadcast', '255.255.255.255', 'RFC 919'),
    ('v6-loopback', '::1', 'CVE-2020-26262'), ('v6-any', '::', 'CVE-2020-26262'),
    ('v6-mapped-loopback', '::ffff:127.0.0.1', 'CVE-2026-27624'), ('v6-mapped-any', '::ffff:0.0.0.0', 'CVE-2026-27624'),
    ('v6-mapped-metadata', '::ffff:169.254.169.254', 'CVE-2026-27624'),
    ('v6-mapped-private', '::ffff:10.1.2.3', 'CVE-2026-27624'),
    ('v6-compatible-loopback', '::127.0.0.1', 'coturn #1945'), ('v6-compatible-private', '::10.1.2.3', 'coturn #1945'),
    ('v6-translated', '::ffff:0:127.0.0.1', 'RFC 2765'),
    ('nat64-loopback', '64:ff9b::127.0.0.1', 'coturn #1945'), ('nat64-metadata', '64:ff9b::169.254.169.254', 'coturn #1945'),
    ('nat64-private', '64:ff9b::10.1.2.3', 'coturn #1945'), ('nat64-local', '64:ff9b:1::10.1.2.3', 'RFC 8215'),
    ('6to4-loopback', '2002:7f00:1::', 'coturn #1945'), ('6to4-private', '2002:a01:203::1', 'coturn #1945'),
    ('6to4-metadata', '2002:a9fe:a9fe::', 'coturn #1945'), ('teredo', '2001:0:7f00:1::1', 'RFC 4380'),
    ('v6-link-local', 'fe80::1', 'RFC 4291'), ('v6-site-local', 'fec0::1', 'RFC 3879'),
    ('v6-unique-local', 'fc00::1', 'RFC 4193'), ('v6-metadata', 'fd00:ec2::254', 'EC2'),
    ('v6-multicast', 'ff02::1', 'RFC 4291'), ('v6-discard', '100::1', 'RFC 6666'),
    ('v6-documentation', '2001:db8::1', 'RFC 3849'),
]
PORTS = [('dns', 53), ('ntp', 123), ('snmp', 161), ('ssh', 22)]
PUBLIC = '1.1.1.1'  # bound to, never sent to


class Listener:
    """A service of the server's own machine that nobody may be led to."""

    def __init__(self, host):
        self.socket = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.port = self.socket.getsockname()[1]
        self.socket.setblocking(False)

    def heard(self):
        found = []
        while True:
            try:
                found.append(self.socket.recv(2048))
            except BlockingIOError:
                return found


def _refused(reply):
    return reply.cls == stun.ERROR and reply.code in (403, 443), reply


def _granted(reply):
    return reply.cls == stun.SUCCESS, reply


def _several(target, report):
    """One allocation of each family serves all rows: what is refused must leave no trace in it."""
    for version in (4, 6):
        rows = [row for row in DENIED if (':' in row[1]) == (version == 6)]
        with Client(target) as client:
            wish = [stun.IPV6_FAMILY] if version == 6 else []
            reply = client.ask(stun.ALLOCATE, [stun.UDP_TRANSPORT, *wish])
            if reply.code == 440:
                reply = client.ask(stun.ALLOCATE, [stun.UDP_TRANSPORT])
            if reply.cls != stun.SUCCESS:
                report.check(f'peer/allocate-v{version}', 'control', 'an allocation', lambda: (False, reply))
                continue
            for number, (name, host, about) in enumerate(rows):
                report.check(f'peer/permission/{name}', about, '403 or 443', lambda: _refused(client.permit(host)))
                report.check(f'peer/channel/{name}', about, '403 or 443',
                             lambda: _refused(client.bind(0x4000 + number, host, 4242)))
            if version == 4:
                report.check('peer/public', 'control', 'success', lambda: _granted(client.permit(PUBLIC)))
                for number, (name, port) in enumerate(PORTS):
                    report.check(f'peer/port/{name}', 'reflection at well-known services', '403',
                                 lambda: _refused(client.bind(0x4F00 + number, PUBLIC, port)))
                report.check('peer/mixed', 'one denied peer among good ones', '403, and none permitted',
                             lambda: _mixed(client))


def _mixed(client):
    tid = os.urandom(12)
    peers = [(stun.XOR_PEER, stun.xor_address(host, 0, tid)) for host in (PUBLIC, '169.254.169.254', '1.0.0.1')]
    return _refused(client.ask(stun.CREATE_PERMISSION, peers, tid=tid))


def _send(target, host, at):
    """Send to a service of the machine itself, by every name that the address has."""
    listener = Listener(at)
    with Client(target) as client:
        client.allocate(*([stun.IPV6_FAMILY] if ':' in host else []))
        client.permit(host)
        client.bind(0x4001, host, listener.port)
        client.send_to(host, listener.port, b'to be refused')
        client.send(bytes.fromhex('40010004') + b'data')
        client.provoke(stun.message(stun.INDICATION, stun.BINDING))
        time.sleep(0.05)  # its way through the kernel
    heard = listener.heard()
    return not heard, f'{len(heard)} datagrams arrived' if heard else 'nothing arrived'


def _control(target):
    """Without this, silence elsewhere would prove nothing."""
    with Client(target) as one, Client(target) as two:
        address, other = one.allocate(), two.allocate()
        for reply in (one.permit(*other), two.permit(*address)):
            assert reply.cls == stun.SUCCESS, f'CreatePermission of another allocation got {reply}'
        one.send_to(*other, b'hello there')
        data = two.receive(2)
        return bool(data and b'hello there' in data), 'relayed' if data else 'nothing arrived'


def attack(target, report):
    report.check('peer/control', 'between two allocations', 'data is relayed', lambda: _control(target))
    if report.wants_any_of('peer/'):
        _several(target, report)
    local = target.is_local()
    sends = [('loopback', '127.0.0.1', '127.0.0.1'), ('any', '0.0.0.0', '127.0.0.1'),
             ('mapped-loopback', '::ffff:127.0.0.1', '127.0.0.1'), ('v6-loopback', '::1', '::1'), ('v6-any', '::', '::1'),
             ('nat64-loopback', '64:ff9b::127.0.0.1', '127.0.0.1'), ('own-address', target.host, target.host)]
    for name, host, at in sends:
        report.check(f'peer/send/{name}', 'CVE-2020-26262, CVE-2026-27624', 'nothing arrives',
                     lambda: _send(target, host, at) if local else None)
