#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How old is what a slow TURN client over TCP or TLS receives? On one machine, whose monotonic clock all processes share.
  late.py peer PORT RATE                       bits a second, to whoever asks with a datagram that says for how many seconds
  late.py client SERVER PORT tcp|tls PEER PEER_PORT SECONDS [READ_RATE]
READ_RATE: the client reads no more than so many bits a second, and lets the kernel keep little. Prints JSON."""
import json
import socket
import ssl
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, __file__.rsplit('/', 1)[0] + '/attacks')
import stun  # noqa: E402
from client import Client, Target  # noqa: E402

CHANNEL, SIZE = 0x4000, 1000


def run_peer(port, rate):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind(('', port))
        print('ready', flush=True)
        while True:
            question, client = peer.recvfrom(100)
            begin = time.monotonic()
            for i in range(int(float(question) * rate / 8 / SIZE)):
                time.sleep(max(0, begin + i * SIZE * 8 / rate - time.monotonic()))
                peer.sendto(struct.pack('!Qq', i, time.monotonic_ns()) + bytes(SIZE - 16), client)


class Connection:
    """What attacks/client.py has for a socket: TLS, and a way to read that can be kept slow."""

    def __init__(self, host, port, tls, small):
        self.raw = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if small:
            self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
        self.raw.connect((host, port))
        self.tls = None
        if tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.came, self.going = ssl.MemoryBIO(), ssl.MemoryBIO()
            self.tls = context.wrap_bio(self.came, self.going)
            self._turn(self.tls.do_handshake)

    def _turn(self, step):
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                result = None
            self.raw.sendall(self.going.read())
            if result is not None or (step == self.tls.do_handshake and self.tls.version()):
                return result
            self.came.write(self.raw.recv(65536))

    def settimeout(self, timeout):
        self.raw.settimeout(timeout)

    def send(self, data):
        if self.tls:
            self._turn(lambda: self.tls.write(data))
        else:
            self.raw.sendall(data)

    def recv(self, size):
        """At most size bytes from the kernel. Returns: what is in them for the client, which may be nothing yet."""
        data = self.raw.recv(size)
        if not self.tls or not data:
            return data
        self.came.write(data)
        plain = b''
        try:
            while chunk := self.tls.read(65536):
                plain += chunk
        except ssl.SSLWantReadError:
            pass
        return plain

    def close(self):
        self.raw.close()


class SlowClient(Client):
    """attacks/client.py over a Connection."""

    def __init__(self, target, tls, small):
        self.tls, self.small = tls, small
        super().__init__(target, 'tcp')

    def _open(self):
        self.socket = Connection(self.target.host, self.target.port, self.tls, self.small)

    def receive(self, timeout):
        end = time.monotonic() + timeout
        while not (frame := self._frame()):
            self.socket.settimeout(max(0.001, end - time.monotonic()))
            self.buffer += self.socket.recv(65536)
        return frame


def run_client(server, port, transport, peer, peer_port, seconds, read_rate=0):
    client = SlowClient(Target(server, port, 'test', 'testpass', 'aldis'), transport == 'tls', read_rate > 0)
    client.allocate()
    client.bind(CHANNEL, peer, peer_port)
    client.send(struct.pack('!HH', CHANNEL, 4) + f'{seconds:4}'.encode())
    ages, last, disorder = [], -1, 0
    begin = time.monotonic()
    end, budget, then, stall = begin + seconds, 0, begin, 0
    while (now := time.monotonic()) < end:
        size = 65536
        if read_rate:
            # a twentieth of a second at once: what was not read in time is not made up for
            budget = min(budget + (now - then) * read_rate / 8, read_rate / 8 / 20)
            stall = max(stall, now - then - 0.02)
            then = now
            size = int(budget)
            time.sleep(0.01)
        if size < 1:
            continue
        client.socket.settimeout(0.5)
        try:
            data = client.socket.recv(size)
        except TimeoutError:
            continue
        budget -= size if read_rate else 0
        client.buffer += data
        now = time.monotonic_ns()
        while frame := client._frame():
            if frame[:2] == CHANNEL.to_bytes(2, 'big'):
                number, sent = struct.unpack('!Qq', frame[4:20])
                disorder += number <= last
                last = number
                ages.append((now - sent) / 1e6)
    client.socket.close()
    ordered = sorted(ages)
    print(json.dumps({'received': len(ages), 'sent': last + 1, 'disorder': disorder, 'stallMs': round(stall * 1000),
                      'oldestMs': round(ordered[-1]), 'medianMs': round(ordered[len(ages) // 2]),
                      'firstMs': [round(age) for age in ages[:20]]}))


if sys.argv[1] == 'peer':
    run_peer(int(sys.argv[2]), int(sys.argv[3]))
else:
    run_client(sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5], int(sys.argv[6]), int(sys.argv[7]),
               *(int(rate) for rate in sys.argv[8:9]))
