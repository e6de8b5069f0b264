# SPDX-License-Identifier: Apache-2.0
"""DTLS before an address has proved itself (RFC 6347 section 4.2.1). Needs --dtls, the memory also --pid."""
import os
import socket
import time

import stun
from client import Client, Target
from memory import MOST_KB, SOURCES, can_bind, descriptors, flood, rss_kb

FLOOD = 1000
VERIFY, SERVER_HELLO = 3, 2


def _message(kind, body, number, first, length):
    """A handshake message, or its first bytes, in a record without keys."""
    part = body[:length]
    header = bytes([kind]) + len(body).to_bytes(3, 'big') + number.to_bytes(2, 'big') + bytes(3) + len(part).to_bytes(3, 'big')
    return b'\x16\xfe\xfd' + bytes(2) + first.to_bytes(6, 'big') + (12 + len(part)).to_bytes(2, 'big') + header + part


def hello(cookie=b'', random=b'r' * 32, number=None, length=None):
    """A ClientHello that OpenSSL takes: two ciphers, three groups, two kinds of signatures."""
    number = (1 if cookie else 0) if number is None else number
    extensions = b''.join(kind.to_bytes(2, 'big') + len(value).to_bytes(2, 'big') + value for kind, value in (
        (10, bytes.fromhex('0006001d00170018')), (11, b'\x01\x00'), (13, bytes.fromhex('000604030804 0401'))))
    body = (b'\xfe\xfd' + random + b'\0' + bytes([len(cookie)]) + cookie + bytes.fromhex('0004c02bc02f 0100')
            + len(extensions).to_bytes(2, 'big') + extensions)
    return _message(1, body, number, number, len(body) if length is None else length)


def _kinds(datagrams):
    """Which handshake messages without keys there are."""
    found = []
    for data in datagrams:
        while len(data) > 13 and data[0] == 22:
            if data[3:5] == b'\0\0':
                found.append(data[13])
            data = data[13 + int.from_bytes(data[11:13], 'big'):]
    return found


def _answers(client, raw, wait=0.4):
    client.send(raw)
    found = []
    while (data := client.receive(wait)) is not None:
        found.append(data)
    return found


def _cookie(client, **options):
    """What a ClientHello without one is answered with."""
    for _ in range(4):
        for data in _answers(client, hello(**options)):
            if _kinds([data]) == [VERIFY]:
                return data[28:28 + data[27]]
        time.sleep(0.3)
    raise AssertionError('no HelloVerifyRequest')


def _size(target, raw):
    with Client(target) as client:
        found = _answers(client, raw)
        size = sum(map(len, found))
        return _kinds(found) in ([VERIFY], []) and size <= len(raw), f'{size} B for {len(raw)} B: {size / len(raw):.1f}x'


def _begins(target):
    """The other rows mean something: who brings his cookie back is served."""
    with Client(target) as client:
        found = _kinds(_answers(client, hello(_cookie(client))))
        return SERVER_HELLO in found, f'messages {found}'


def _refused(target, change):
    """A cookie in the wrong hands, or not as it was."""
    with Client(target) as client, Client(target) as other:
        cookie = _cookie(client)
        sender, raw = change(client, other, cookie)
        found = _answers(sender, raw)
        return _kinds(found) in ([VERIFY], []) and sum(map(len, found)) <= len(raw), f'messages {_kinds(found)}'


def _quiet(target, raw):
    with Client(target) as client:
        found = _answers(client, raw)
        return not found, f'{len(found)} answers' if found else 'silence'


def _flood(target):
    """One source that proves nothing, as fast as it can."""
    with Client(target) as client:
        client.socket.setblocking(False)
        answers = 0
        for _ in range(FLOOD):
            client.send(hello(random=os.urandom(32)))
            try:
                while client.socket.recv(2048):
                    answers += 1
            except BlockingIOError:
                pass
        client.socket.setblocking(True)
        while client.receive(0.3) is not None:
            answers += 1
    time.sleep(1.2)  # the others want to be answered again
    return answers <= FLOOD // 2, f'{answers} answers to {FLOOD}'


def _memory(target):
    pid = target.get('pid')
    if pid is None:
        return None
    sources = can_bind(target)
    flood(target, 0, 3000, sources, each=1, make=hello)
    before, files = rss_kb(pid), descriptors(pid)
    answered = flood(target, 3000 * 50, SOURCES, sources, make=hello)
    grown, opened = rss_kb(pid) - before, descriptors(pid) - files
    return grown <= MOST_KB and opened <= 8 and answered > 0, f'{grown} KiB, {opened} descriptors, {answered * 10} answered'


def attack(target, report):
    if target.get('dtls') is None:
        return
    over = Target(target.host, target.get('dtls'), target.user, target.password, target.realm, **target.options)
    flipped = lambda cookie: bytes([cookie[0] ^ 1]) + cookie[1:]
    report.check('dtls/begins', 'RFC 6347 4.2.1', 'a ServerHello for a cookie that came back', lambda: _begins(over))
    report.check('dtls/hello', 'amplification', 'no answer that is larger', lambda: _size(over, hello()))
    report.check('dtls/fragment', 'amplification by a first fragment', 'no answer that is larger', lambda: _size(over, hello(length=36)))
    report.check('dtls/later-fragment', 'state for half a message', 'silence',
                 lambda: _quiet(over, hello()[:19] + b'\0\0\1' + hello()[22:]))
    report.check('dtls/another-port', 'a cookie of another source', 'no ServerHello',
                 lambda: _refused(over, lambda client, other, cookie: (other, hello(cookie))))
    report.check('dtls/forged-cookie', 'a cookie that nobody gave', 'no ServerHello',
                 lambda: _refused(over, lambda client, other, cookie: (client, hello(flipped(cookie)))))
    report.check('dtls/cut-cookie', 'a cookie that nobody gave', 'no ServerHello',
                 lambda: _refused(over, lambda client, other, cookie: (client, hello(cookie[:-1]))))
    report.check('dtls/other-random', 'a cookie for another ClientHello', 'no ServerHello',
                 lambda: _refused(over, lambda client, other, cookie: (client, hello(cookie, random=b's' * 32))))
    report.check('dtls/plain-data', 'data without keys', 'silence', lambda: _quiet(
        over, b'\x17\xfe\xfd' + bytes(8) + b'\0\x14' + stun.message(stun.REQUEST, stun.BINDING)))
    report.check('dtls/garbage', 'records of strangers', 'silence', lambda: _quiet(over, b'\x16\xfe\xfd\0\1' + os.urandom(200)))
    report.check('dtls/flood', 'CERT "accessible STUN"', 'answers to an unverified source are limited', lambda: _flood(over))
    report.check('dtls/memory', 'GHSA-5x2p-4vqj-f6m4', f'at most {MOST_KB} KiB after {SOURCES}', lambda: _memory(over))
