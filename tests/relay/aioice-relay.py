#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Two agents of aioice reach each other through relayed candidates alone. Usage: aioice-relay.py HOST PORT udp|tcp COUNT"""
import asyncio
import sys

import aioice


def _relayed(connection):
    return [candidate for candidate in connection.local_candidates if candidate.type == 'relay']


async def _agent(host, port, transport, controlling):
    agent = aioice.Connection(ice_controlling=controlling, turn_server=(host, port), turn_username='test',
                              turn_password='testpass', turn_transport=transport, use_ipv6=False)
    await agent.gather_candidates()
    assert _relayed(agent), 'no relayed candidate'
    return agent


async def _introduce(one, two):
    for candidate in _relayed(two):
        await one.add_remote_candidate(candidate)
    await one.add_remote_candidate(None)
    one.remote_username, one.remote_password = two.local_username, two.local_password
    # what is not relayed is not even tried
    for component in one._components:
        one._protocols = [p for p in one._protocols if p.local_candidate.type == 'relay']


async def _pass(one, two, count, mark):
    for i in range(count):
        await one.send(mark + b'%05d' % i)
        got = await asyncio.wait_for(two.recv(), 5)
        assert got == mark + b'%05d' % i, got


async def main(host, port, transport, count):
    one, two = [await _agent(host, port, transport, controlling) for controlling in (True, False)]
    await asyncio.gather(_introduce(one, two), _introduce(two, one))
    await asyncio.gather(one.connect(), two.connect())
    for agent in (one, two):
        pair = agent._nominated[1]
        assert (pair.local_candidate.type, pair.remote_candidate.type) == ('relay', 'relay'), pair
    await _pass(one, two, count, b'there')
    await _pass(two, one, count, b'back')
    await asyncio.gather(one.close(), two.close())
    print(f'{2 * count} messages, relay to relay')


asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
