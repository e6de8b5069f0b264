# SPDX-License-Identifier: Apache-2.0
"""Memory and descriptors that a server spends on those who proved nothing. Needs --pid."""
import ipaddress
import os
import socket
import time

import stun
from client import Client, Silence

SOURCES = 20000
MOST_KB = 1024
CONNECTIONS = 300
MOST_KB_EACH = 20


def rss_kb(pid):
    with open(f'/proc/{pid}/status', encoding='ascii') as status:
        return next(int(line.split()[1]) for line in status if line.startswith('VmRSS'))


def descriptors(pid):
    return len(os.listdir(f'/proc/{pid}/fd'))


def _allocate():
    return stun.message(stun.REQUEST, stun.ALLOCATE, [stun.UDP_TRANSPORT])


def flood(target, first, count, sources, each=50, make=_allocate):
    """Requests without credentials, each from a port, and every so many from an address, of its own."""
    host, answered = None, 0
    for i in range(first, first + count):
        if sources:
            host = str(ipaddress.ip_address('127.64.0.0') + i // each)
        with socket.socket(target.family, socket.SOCK_DGRAM) as one:
            one.settimeout(0.02)
            if host:
                one.bind((host, 0))
            one.sendto(make(), (target.host, target.port))
            if i % 10 == 0:
                try:
                    answered += one.recv(2048) is not None
                except OSError:
                    pass
    return answered


def can_bind(target):
    """Whether this machine's loopback addresses reach the server: a source for every few requests."""
    try:
        with Client(target, bind='127.64.255.1') as probe:
            probe.exchange(stun.message(stun.REQUEST, stun.BINDING))
        return True
    except (Silence, OSError):
        return False


def _allocates(target):
    pid = target.get('pid')
    if pid is None:
        return None
    sources = can_bind(target)
    flood(target, 0, 3000, sources, each=1)  # tables of a fixed size are touched
    before, files = rss_kb(pid), descriptors(pid)
    answered = flood(target, 3000 * 50, SOURCES, sources)
    grown, opened = rss_kb(pid) - before, descriptors(pid) - files
    return grown <= MOST_KB and opened <= 8 and answered > 0, f'{grown} KiB, {opened} descriptors, {answered * 10} answered'


def _halves(target):
    """Connections with half a header each."""
    pid = target.get('pid')
    if pid is None:
        return None
    tcp = target.over_tcp()
    before = rss_kb(pid)
    clients = [Client(tcp, 'tcp') for _ in range(CONNECTIONS)]
    for client in clients:
        client.send(stun.message(stun.REQUEST, stun.ALLOCATE, length=0xFFFC)[:10])
    time.sleep(0.5)
    with Client(tcp, 'tcp') as other:
        other.exchange(stun.message(stun.REQUEST, stun.BINDING))
    grown = rss_kb(pid) - before
    for client in clients:
        client.socket.close()
    return grown <= CONNECTIONS * MOST_KB_EACH, f'{grown} KiB for {CONNECTIONS}'


def attack(target, report):
    report.check('memory/unverified-allocates', 'coturn PR #2024', f'at most {MOST_KB} KiB after {SOURCES}', lambda: _allocates(target))
    report.check('memory/half-connections', 'GHSA-5x2p-4vqj-f6m4', f'at most {MOST_KB_EACH} KiB each', lambda: _halves(target))
