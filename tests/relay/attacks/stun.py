# SPDX-License-Identifier: Apache-2.0
"""STUN messages (RFC 8489, 8656), right ones and every kind of wrong one. Nothing here is checked on the way out."""
import hashlib
import hmac
import ipaddress
import os
import struct
import zlib

COOKIE = 0x2112A442
BINDING, ALLOCATE, REFRESH, SEND, DATA, CREATE_PERMISSION, CHANNEL_BIND = 1, 3, 4, 6, 7, 8, 9
CONNECT, CONNECTION_BIND, CONNECTION_ATTEMPT = 10, 11, 12
REQUEST, INDICATION, SUCCESS, ERROR = 0x000, 0x010, 0x100, 0x110
MAPPED_ADDRESS, CHANGE_REQUEST, USERNAME, INTEGRITY, ERROR_CODE, UNKNOWN = 0x01, 0x03, 0x06, 0x08, 0x09, 0x0A
CHANNEL_NUMBER, LIFETIME, XOR_PEER, DATA_VALUE, REALM, NONCE, XOR_RELAYED = 0x0C, 0x0D, 0x12, 0x13, 0x14, 0x15, 0x16
FAMILY, EVEN_PORT, TRANSPORT, DONT_FRAGMENT, INTEGRITY256, ALGORITHM, USERHASH = 0x17, 0x18, 0x19, 0x1A, 0x1C, 0x1D, 0x1E
XOR_MAPPED, TOKEN, PADDING, RESPONSE_PORT, ADDITIONAL_FAMILY = 0x20, 0x22, 0x26, 0x27, 0x8000
CONNECTION_ID = 0x2A
ALGORITHMS, SOFTWARE, FINGERPRINT, MOBILITY_TICKET = 0x8002, 0x8022, 0x8028, 0x8030
UDP_TRANSPORT = (TRANSPORT, bytes([17, 0, 0, 0]))
TCP_TRANSPORT = (TRANSPORT, bytes([6, 0, 0, 0]))
IPV6_FAMILY = (FAMILY, bytes([2, 0, 0, 0]))


def attribute(kind, value, padding=b'\0'):
    return struct.pack('!HH', kind, len(value)) + value + padding * (-len(value) % 4)


def message(cls, method, attributes=(), tid=None, length=None):
    """attributes: (type, value) pairs, or bytes that go in as they are; length: what the header claims."""
    body = b''.join(a if isinstance(a, bytes) else attribute(*a) for a in attributes)
    tid = tid or os.urandom(12)
    return struct.pack('!HHI', cls | method, len(body) if length is None else length, COOKIE) + tid + body


def _with_length(raw, extra):
    return raw[:2] + struct.pack('!H', len(raw) - 20 + extra) + raw[4:]


def sign(raw, key, keep=20):
    """Appends MESSAGE-INTEGRITY, cut to keep bytes."""
    return _sign(raw, key, INTEGRITY, hashlib.sha1, keep)


def sign256(raw, key, keep=32):
    return _sign(raw, key, INTEGRITY256, hashlib.sha256, keep)


def _sign(raw, key, kind, digest, keep):
    covered = _with_length(raw, 4 + keep + -keep % 4)
    return covered + attribute(kind, hmac.new(key, covered, digest).digest()[:keep])


def append(raw, *attributes):
    """More attributes behind what is there, with a header that counts them."""
    body = b''.join(a if isinstance(a, bytes) else attribute(*a) for a in attributes)
    return _with_length(raw, len(body)) + body


def fingerprint(raw, wrong=0):
    covered = _with_length(raw, 8)
    return covered + attribute(FINGERPRINT, struct.pack('!I', zlib.crc32(covered) ^ 0x5354554E ^ wrong))


def xor_address(host, port, tid):
    address = ipaddress.ip_address(host)
    mask = struct.pack('!I', COOKIE) + tid
    value = bytes(a ^ b for a, b in zip(address.packed, mask))
    return struct.pack('!BBH', 0, 1 if address.version == 4 else 2, port ^ (COOKIE >> 16)) + value


def parse_address(value, tid):
    mask = struct.pack('!I', COOKIE) + tid
    return (str(ipaddress.ip_address(bytes(a ^ b for a, b in zip(value[4:], mask)))),
            struct.unpack('!H', value[2:4])[0] ^ (COOKIE >> 16))


def long_term_key(user, realm, password):
    return hashlib.md5(f'{user}:{realm}:{password}'.encode()).digest()


class Reply:
    """A STUN message that was received. attributes: in order; padding: the bytes that mean nothing."""

    def __init__(self, raw):
        self.raw = raw
        kind, length, cookie = struct.unpack('!HHI', raw[:8])
        if len(raw) != 20 + length or cookie != COOKIE:
            raise ValueError('not a STUN message')
        self.cls, self.method, self.tid = kind & 0x110, kind & 0x3EEF, raw[8:20]
        self.attributes, self.padding = [], b''
        at = 20
        while at + 4 <= len(raw):
            kind, size = struct.unpack('!HH', raw[at:at + 4])
            self.attributes.append((kind, raw[at + 4:at + 4 + size]))
            self.padding += raw[at + 4 + size:at + 4 + size + -size % 4]
            at += 4 + size + -size % 4

    def get(self, kind):
        return next((value for k, value in self.attributes if k == kind), None)

    @property
    def code(self):
        value = self.get(ERROR_CODE)
        return value[2] * 100 + value[3] if value and len(value) >= 4 else None

    @property
    def number(self):
        value = self.get(LIFETIME)
        return struct.unpack('!I', value)[0] if value else None

    @property
    def relayed(self):
        value = self.get(XOR_RELAYED)
        return parse_address(value, self.tid) if value else None

    def __str__(self):
        return 'success' if self.cls == SUCCESS else str(self.code) if self.cls == ERROR else f'class {self.cls:#x}'
