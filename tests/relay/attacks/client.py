# SPDX-License-Identifier: Apache-2.0
"""A TURN client over UDP or TCP that can also be told to send anything at all."""
import os
import socket
import struct
import time

import stun


class Silence(Exception):
    """Nothing came back."""


class Target:
    """The server under attack, and what is known about it."""

    def __init__(self, host, port, user, password, realm, **options):
        self.host, self.port, self.user, self.password, self.realm = host, port, user, password, realm
        self.options = options
        self.family = socket.AF_INET6 if ':' in host else socket.AF_INET
        self.padding = set()  # every byte value that replies were padded with

    def get(self, name):
        return self.options.get(name)

    def key(self, user=None, password=None):
        return stun.long_term_key(user or self.user, self.realm, password or self.password)

    def over_tcp(self):
        return Target(self.host, self.get('tcp'), self.user, self.password, self.realm, **self.options)

    def is_local(self):
        """Whether this machine can open sockets on the server's address, to see what arrives there."""
        try:
            with socket.socket(self.family, socket.SOCK_DGRAM) as probe:
                probe.bind((self.host, 0))
            return True
        except OSError:
            return False


class Client:
    PACE_S = 0.011  # servers that limit their answers to unverified sources still answer this

    def __init__(self, target, transport='udp', user=None, password=None, bind=None):
        self.target, self.transport = target, transport
        self.user, self.password = user or target.user, password or target.password
        self.nonce = None
        self.buffer = b''
        self.strays = []  # what arrived and was not asked for
        self.closed = False
        kind = socket.SOCK_DGRAM if transport == 'udp' else socket.SOCK_STREAM
        self.kind, self.from_host = kind, bind
        self._open()

    def _open(self):
        self.socket = socket.socket(self.target.family, self.kind)
        if self.from_host:
            self.socket.bind((self.from_host, 0))
        self.socket.settimeout(3)
        self.socket.connect((self.target.host, self.target.port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def port(self):
        return self.socket.getsockname()[1]

    def close(self):
        """Takes an allocation along, so that the next attack finds the server as this one did."""
        if self.nonce and not self.closed:
            try:
                self.ask(stun.REFRESH, [(stun.LIFETIME, bytes(4))], tries=1)
            except (Silence, OSError):
                pass
        self.socket.close()

    def send(self, raw):
        self.socket.send(raw)

    def receive(self, timeout):
        """One message: bytes; None: nothing came, or the connection ended (closed is set)."""
        end = time.monotonic() + timeout
        while True:
            frame = self._frame()
            if frame:
                return frame
            left = end - time.monotonic()
            if left <= 0 or self.closed:
                return None
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                return None
            except ConnectionRefusedError:
                continue
            except OSError:
                data = b''
            if self.transport == 'udp':
                return data
            self.closed = not data
            self.buffer += data

    def _frame(self):
        if self.transport == 'udp' or len(self.buffer) < 4:
            return None
        size = int.from_bytes(self.buffer[2:4], 'big')
        size = 4 + size + -size % 4 if self.buffer[0] & 0xC0 == 0x40 else 20 + size
        if len(self.buffer) < size:
            return None
        frame, self.buffer = self.buffer[:size], self.buffer[size:]
        return frame

    def _note(self, raw):
        try:
            reply = stun.Reply(raw)
        except (ValueError, IndexError, struct.error):  # ChannelData and worse
            self.strays.append(raw)
            return None
        self.target.padding.update(reply.padding)
        return reply

    def exchange(self, raw, tries=4, timeout=0.5):
        """Sends a request and waits for its answer, as RFC 8489 §6.2.1 does. Raises Silence."""
        if self.transport != 'udp':
            tries, timeout = 1, tries * timeout
        for _ in range(tries):
            time.sleep(self.PACE_S)
            self.send(raw)
            end = time.monotonic() + timeout
            while (left := end - time.monotonic()) > 0:
                data = self.receive(left)
                if data is None:
                    break
                reply = self._note(data)
                if reply and reply.tid == raw[8:20]:
                    return reply
                if reply:
                    self.strays.append(data)
        raise Silence('no answer')

    def provoke(self, raw):
        """Sends anything; then a Binding request, behind whose answer there is nothing more to come.
        Returns: the messages that came before. Raises Silence when the server does not answer any more."""
        before = len(self.strays)
        time.sleep(self.PACE_S)
        self.send(raw)
        self.exchange(stun.message(stun.REQUEST, stun.BINDING))
        found = self.strays[before:]
        del self.strays[before:]
        return found

    def challenge(self):
        """An answer to a request without credentials; keeps the nonce."""
        reply = self.exchange(stun.message(stun.REQUEST, stun.ALLOCATE, [stun.UDP_TRANSPORT]))
        if reply.code != 401 or reply.get(stun.NONCE) is None:
            raise AssertionError(f'an Allocate without credentials got {reply}, not a challenge')
        self.nonce = reply.get(stun.NONCE)
        return reply

    def identity(self, user=None):
        return [(stun.USERNAME, (user or self.user).encode()), (stun.REALM, self.target.realm.encode()),
                (stun.NONCE, self.nonce)]

    def signed(self, method, attributes=(), tid=None, user=None, password=None, cls=stun.REQUEST):
        if self.nonce is None:
            self.challenge()
        raw = stun.message(cls, method, [*attributes, *self.identity(user)], tid=tid)
        return stun.sign(raw, self.target.key(user or self.user, password or self.password))

    def ask(self, method, attributes=(), tries=4, **how):
        """An authenticated request, once more with a new nonce when the old one went stale."""
        reply = self.exchange(self.signed(method, attributes, **how), tries=tries)
        if reply.code == 438 and reply.get(stun.NONCE):
            self.nonce = reply.get(stun.NONCE)
            how.pop('tid', None)
            reply = self.exchange(self.signed(method, attributes, **how), tries=tries)
        return reply

    def allocate(self, *attributes):
        """Returns: the relayed address. Raises AssertionError when there is none."""
        reply = self.ask(stun.ALLOCATE, [stun.UDP_TRANSPORT, *attributes])
        if reply.code == 437 and self.transport == 'udp':
            # the kernel gave this port out again, and the server has not let go of what was deleted there
            self.socket.close()
            self.nonce = None
            self._open()
            reply = self.ask(stun.ALLOCATE, [stun.UDP_TRANSPORT, *attributes])
        if reply.cls != stun.SUCCESS:
            raise AssertionError(f'Allocate got {reply}')
        return reply.relayed

    def about(self, method, host, port, channel=None):
        """A request that names a peer: CreatePermission, or ChannelBind with a channel."""
        tid = os.urandom(12)
        attributes = [(stun.XOR_PEER, stun.xor_address(host, port, tid))]
        if channel is not None:
            attributes.insert(0, (stun.CHANNEL_NUMBER, channel.to_bytes(2, 'big') + bytes(2)))
        return self.ask(method, attributes, tid=tid)

    def permit(self, host, port=0):
        return self.about(stun.CREATE_PERMISSION, host, port)

    def bind(self, channel, host, port):
        return self.about(stun.CHANNEL_BIND, host, port, channel)

    def send_to(self, host, port, data):
        """A Send indication."""
        tid = os.urandom(12)
        self.send(stun.message(stun.INDICATION, stun.SEND, [(stun.XOR_PEER, stun.xor_address(host, port, tid)),
                                                            (stun.DATA_VALUE, data)], tid=tid))
