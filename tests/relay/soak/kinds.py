# SPDX-License-Identifier: Apache-2.0
"""What clients come: those who do everything right, and all the others. A coroutine each, that ends when the client is gone."""
import asyncio
import contextvars
import os
import random

import client as turn
import stun

CHANNEL = 0x4001
PATIENCE_S = 30  # for a packet of the well-behaved; what has not come by then is lost
PERMISSION_S = 300  # RFC 8656 §9
STRANGER_S = 60  # a connection without an allocation has half a minute


mine = contextvars.ContextVar('mine')  # the clients of one kind's coroutine


class Load:
    """What all clients share. @server: its host, ports, realm and credentials. @peer: (host, port) of the echo."""

    def __init__(self, server, peer, life_s, short_s, permission_lapses):
        self.server, self.peer, self.life_s, self.short_s = server, peer, life_s, short_s
        self.permission_lapses = permission_lapses
        self.ending = asyncio.Event()
        self.count = {'served': 0, 'refreshed': 0, 'abandoned': 0, 'strangers': 0, 'floods': 0, 'lapsed': 0,
                      'sent': 0, 'received': 0, 'stray': 0}
        self.names = 0

    def login(self, time_limited):
        if not time_limited:
            return turn.Login(self.server.realm, self.server.user, self.server.password)
        self.names += 1
        return turn.Login(self.server.realm, secret=self.server.secret, name=f'guest{self.names}', valid_s=self.short_s)

    def client(self, time_limited=None):
        if time_limited is None:
            time_limited = random.random() < 0.5
        one = turn.Client(self.server, random.choice(('udp', 'udp', 'tcp', 'tls')), self.login(time_limited))
        mine.get().append(one)
        return one

    def kernel_drops(self):
        """What sockets of the server, and the peer's, were too full for so far."""
        drops = {'server': 0, 'relayed': 0, 'peer': 0}
        for name in ('/proc/net/udp', '/proc/net/udp6'):
            with open(name, encoding='ascii') as f:
                for row in f.read().splitlines()[1:]:
                    fields = row.split()
                    port = int(fields[1].rsplit(':', 1)[1], 16)
                    kind = ('server' if port == self.server.port else 'peer' if port == self.peer[1] else
                            'relayed' if port in self.server.relay_ports else None)
                    if kind:
                        drops[kind] += int(fields[-1])
        return f'full sockets dropped {drops}'

    async def rest(self, seconds):
        """So long, or until everybody shall go."""
        try:
            await asyncio.wait_for(self.ending.wait(), seconds)
        except TimeoutError:
            pass


async def burst(load, send, arrived):
    """A few packets, each with a content of its own. Raises Failure unless each of them arrives once."""
    # no more over TCP than is written at once: what has to wait may be dropped when it becomes old
    most, size = (9, 1100) if arrived.udp else (4, 900)
    wanted = {os.urandom(random.randrange(16, size)) for _ in range(random.randrange(1, most))}
    loop = asyncio.get_running_loop()
    complete = loop.create_future()

    def on_data(data):
        if data in wanted:
            wanted.remove(data)
            load.count['received'] += 1
        else:
            load.count['stray'] += 1
        if not wanted and not complete.done():
            complete.set_result(True)

    arrived.on_data = on_data
    load.count['sent'] += len(wanted)
    for data in list(wanted):
        send(data)
    for _ in range(10 * PATIENCE_S):  # in small steps: while this program does not get to run, no patience is lost
        done, _ = await asyncio.wait((complete,), timeout=0.1)
        if done:
            return
    raise turn.Failure(f'{len(wanted)} packets lost over {arrived.transport}, {load.kernel_drops()}')


async def talk(load, steps, clients):
    """steps: coroutine functions, one after the other, for a while; with refreshes often enough for a short credential."""
    loop = asyncio.get_running_loop()
    now = loop.time()
    end, refresh = now + random.expovariate(1 / load.life_s), now + load.short_s / 3
    while loop.time() < end and not load.ending.is_set():
        for step in steps:
            await step()
        await load.rest(random.uniform(0.5, 2))
        if loop.time() >= refresh:
            for one in clients:
                await one.refresh()
            load.count['refreshed'] += len(clients)
            refresh = loop.time() + load.short_s / 3


async def leave(load, one):
    """In one of the ways that are right."""
    load.count['served'] += 1
    if one.udp or random.random() < 0.5:
        await one.refresh(0)
    one.close()


async def to_peer(load):
    """A client that talks to a peer, by a channel or by indications."""
    one = load.client()
    await one.open()
    extra = random.choice(([], [], [(stun.EVEN_PORT, b'\x80')], [(stun.ADDITIONAL_FAMILY, bytes([2, 0, 0, 0]))]))
    await one.allocate(*extra)
    if random.random() < 0.5:
        await one.about(stun.CHANNEL_BIND, load.peer, CHANNEL)
        send = lambda data: one.send_channel(CHANNEL, data)  # noqa: E731
    else:
        await one.about(stun.CREATE_PERMISSION, load.peer)
        send = lambda data: one.send_indication(load.peer, data)  # noqa: E731
    await talk(load, [lambda: burst(load, send, one)], [one])
    await leave(load, one)


async def to_each_other(load):
    """Two clients, each with a channel to the other's relayed address."""
    two = [load.client(), load.client()]
    for one in two:
        await one.open()
        await one.allocate()
    for one, other in (two, two[::-1]):
        await one.about(stun.CHANNEL_BIND, other.relayed, CHANNEL)
    a, b = two
    await talk(load, [lambda: burst(load, lambda data: a.send_channel(CHANNEL, data), b),
                      lambda: burst(load, lambda data: b.send_channel(CHANNEL, data), a)], two)
    for one in two:
        await leave(load, one)


async def lapsing(load):
    """Lets its permission lapse while the allocation goes on: nothing passes then; a new one is right again."""
    one = load.client()
    await one.open()
    await one.allocate()
    loop = asyncio.get_running_loop()
    for _ in range(2):
        await one.about(stun.CREATE_PERMISSION, load.peer)
        await burst(load, lambda data: one.send_indication(load.peer, data), one)
        end = loop.time() + PERMISSION_S + 2
        while loop.time() < end and not load.ending.is_set():
            await load.rest(load.short_s / 3)
            await one.refresh()
        if load.ending.is_set():
            break
        one.on_data = lambda data: failures.append(data)
        failures = []
        for _ in range(5):
            one.send_indication(load.peer, b'too late')
        await load.rest(2)
        if failures:
            raise turn.Failure('a packet passed without a permission')
        load.count['lapsed'] += 1
    await leave(load, one)


async def abandoned(load):
    """Goes without a word, with what it has; some had a peer that sends more than is ever read."""
    one = load.client(time_limited=True)
    await one.open()
    await one.allocate()
    await one.about(stun.CHANNEL_BIND, load.peer, CHANNEL)
    if one.writer and random.random() < 0.5:
        one.writer.transport.pause_reading()
        one.send_channel(CHANNEL, b'flood')
        load.count['floods'] += 1
        await load.rest(random.uniform(0.5, 2))
    if random.random() < 0.3:
        # stays, and never refreshes: the credential ends, and the allocation with it; a connection somewhat later
        await load.rest(load.short_s + 5)
    load.count['abandoned'] += 1
    one.close()


async def stranger(load):
    """Has no right to anything."""
    one = load.client(time_limited=False)
    load.count['strangers'] += 1
    await one.open()
    kind = random.randrange(6)
    if kind == 0:
        one.login.password = 'guessed'
    elif kind == 1:
        one.login.user = 'nobody'
    elif kind == 2:
        one.nonce = b'made up'
    if kind < 2:
        one.login.key = stun.long_term_key(one.login.user, one.login.realm, one.login.password)
        if (reply := await one.ask(stun.ALLOCATE, [stun.UDP_TRANSPORT])).code != 401:
            raise turn.Failure(f'a stranger got {reply}')
    elif kind == 2:
        await one.exchange(stun.message(stun.REQUEST, stun.BINDING))
        await one.ask(stun.REFRESH)
    elif kind == 3:
        one.send(os.urandom(random.randrange(1, 200)))
    elif kind == 4:
        one.send_channel(CHANNEL, os.urandom(100))
    else:
        one.send(stun.message(stun.REQUEST, stun.ALLOCATE)[:random.randrange(1, 20)])
    if one.writer and kind >= 3 and random.random() < 0.5:
        ending = asyncio.create_task(load.ending.wait())
        done, _ = await asyncio.wait((one.gone, ending), timeout=STRANGER_S, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if not done:
            raise turn.Failure(f'a stranger keeps his connection over {one.transport}')
    else:
        await load.rest(random.uniform(0, 3))
    one.close()


MIX = ((to_peer, 45), (to_each_other, 10), (abandoned, 25), (stranger, 20))
