# SPDX-License-Identifier: Apache-2.0
"""A TURN client over UDP, TCP or TLS on asyncio: many at once for little."""
import asyncio
import base64
import hashlib
import hmac
import os
import pathlib
import random
import ssl
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'attacks'))
import stun  # noqa: E402

TRIES_S = (0.5, 1, 2, 4, 8)  # RFC 8489 §6.2.1


class Failure(Exception):
    """Somebody who did everything right was not served."""


class Login:
    """A user of the configuration, or one with a time-limited credential that renew() replaces."""

    def __init__(self, realm, user=None, password=None, secret=None, name='', valid_s=0):
        self.realm, self.secret, self.id, self.valid_s = realm, secret, name, valid_s
        self.user, self.password = user, password
        self.renew()

    def renew(self):
        if self.secret:
            self.user = f'{int(time.time()) + self.valid_s}:{self.id}'
            mac = hmac.new(self.secret.encode(), self.user.encode(), hashlib.sha1)
            self.password = base64.b64encode(mac.digest()).decode()
        self.key = stun.long_term_key(self.user, self.realm, self.password)


class Client(asyncio.DatagramProtocol):
    def __init__(self, server, transport, login):
        self.server, self.transport, self.login = server, transport, login
        self.nonce, self.relayed = None, None
        self.asked = {}  # transaction id -> future
        self.on_data = lambda data: None
        self.udp = self.reader = self.writer = self.task = None
        self.gone = asyncio.get_running_loop().create_future()  # the server ended the connection
        self.serial = 0

    async def open(self):
        # everybody has an address of their own, so that what is counted by address is counted
        source = f'127.0.{random.randrange(256)}.{random.randrange(1, 255)}'
        if self.transport == 'udp':
            self.udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: self, local_addr=(source, 0), remote_addr=(self.server.host, self.server.port))
            return
        context = None
        if self.transport == 'tls':
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        port = self.server.tls_port if context else self.server.port
        self.reader, self.writer = await asyncio.open_connection(self.server.host, port, ssl=context,
                                                                 local_addr=(source, 0))
        self.task = asyncio.create_task(self._read())

    def close(self):
        """Ends the socket and says nothing."""
        if self.task:
            self.task.cancel()
        for end in (self.udp, self.writer and self.writer.transport):
            if end:
                end.abort()

    async def _read(self):
        try:
            while True:
                head = await self.reader.readexactly(4)
                size = int.from_bytes(head[2:4], 'big')
                size = size + -size % 4 if head[0] & 0xC0 == 0x40 else 16 + size
                self.datagram_received(head + await self.reader.readexactly(size), None)
        except (asyncio.IncompleteReadError, OSError):
            if not self.gone.done():
                self.gone.set_result(True)

    def error_received(self, exc):
        pass

    def datagram_received(self, data, addr):
        if data[0] & 0xC0 == 0x40:
            self.on_data(data[4:4 + int.from_bytes(data[2:4], 'big')])
            return
        reply = stun.Reply(data)
        if reply.cls == stun.INDICATION:
            self.on_data(reply.get(stun.DATA_VALUE))
        elif reply.tid in self.asked and not self.asked[reply.tid].done():
            self.asked[reply.tid].set_result(reply)

    def send(self, raw):
        if self.udp:
            self.udp.sendto(raw)
        elif not self.writer.transport.is_closing():
            self.writer.write(raw)

    async def exchange(self, raw):
        answer = self.asked[raw[8:20]] = asyncio.get_running_loop().create_future()
        try:
            for wait in TRIES_S if self.udp else (2 * sum(TRIES_S),):
                self.send(raw)
                for _ in range(int(10 * wait)):  # in small steps: while this program does not get to run, nothing is late
                    done, _ = await asyncio.wait((answer,), timeout=0.1)
                    if done:
                        return answer.result()
        finally:
            del self.asked[raw[8:20]]
        raise Failure(f'no answer over {self.transport}')

    async def ask(self, method, attributes=(), tid=None):
        """An authenticated request; with a nonce that is new when there was none or an old one."""
        for _ in range(3):
            raw = stun.message(stun.REQUEST, method, attributes, tid=tid)
            if self.nonce:
                identity = [(stun.USERNAME, self.login.user.encode()), (stun.REALM, self.login.realm.encode()),
                            (stun.NONCE, self.nonce)]
                raw = stun.sign(stun.message(stun.REQUEST, method, [*attributes, *identity], tid=tid), self.login.key)
            reply = await self.exchange(raw)
            if reply.code not in (401, 438) or (self.nonce and reply.code == 401):
                return reply
            self.nonce = reply.get(stun.NONCE)
        return reply

    async def must(self, method, attributes=(), tid=None):
        reply = await self.ask(method, attributes, tid)
        if reply.cls != stun.SUCCESS:
            raise Failure(f'method {method} over {self.transport} got {reply}')
        return reply

    async def allocate(self, *attributes):
        for _ in range(5):
            reply = await self.ask(stun.ALLOCATE, [stun.UDP_TRANSPORT, *attributes])
            if reply.code != 437:
                break
            # the kernel gave this port out again, and somebody who went without a word still holds it
            self.close()
            self.nonce = None
            await self.open()
        if reply.cls != stun.SUCCESS:
            raise Failure(f'Allocate over {self.transport} got {reply}')
        self.relayed = reply.relayed

    async def refresh(self, lifetime_s=None):
        self.login.renew()
        return await self.must(stun.REFRESH, [] if lifetime_s is None else [(stun.LIFETIME, lifetime_s.to_bytes(4, 'big'))])

    async def about(self, method, peer, channel=None):
        tid = os.urandom(12)
        attributes = [(stun.XOR_PEER, stun.xor_address(*peer, tid))]
        if channel is not None:
            attributes.insert(0, (stun.CHANNEL_NUMBER, channel.to_bytes(2, 'big') + bytes(2)))
        await self.must(method, attributes, tid)

    def send_channel(self, channel, data):
        padding = b'' if self.udp else bytes(-len(data) % 4)
        self.send(channel.to_bytes(2, 'big') + len(data).to_bytes(2, 'big') + data + padding)

    def send_indication(self, peer, data):
        tid = os.urandom(12)
        self.send(stun.message(stun.INDICATION, stun.SEND, [(stun.XOR_PEER, stun.xor_address(*peer, tid)),
                                                            (stun.DATA_VALUE, data)], tid=tid))
