# SPDX-License-Identifier: Apache-2.0
"""Whether the server tells who exists, and what it makes of names that are none."""
import stun
from client import Client


def _refusal(target, user, password, extra=(), sign=stun.sign):
    """The shape of the answer to a wrong login: all but nonce and transaction."""
    with Client(target) as client:
        client.challenge()
        raw = stun.message(stun.REQUEST, stun.ALLOCATE, [stun.UDP_TRANSPORT, *extra, *client.identity(user)])
        reply = client.exchange(sign(raw, target.key(user, password)))
        client.nonce = None
        return [(kind, len(value) if kind in (stun.NONCE, stun.INTEGRITY, stun.INTEGRITY256, stun.FINGERPRINT) else value)
                for kind, value in reply.attributes], reply.code


def _told_apart(target, **how):
    known, unknown = _refusal(target, target.user, 'wrong' + target.password, **how), _refusal(target, 'nobody-of-that-name', 'x', **how)
    return known == unknown and known[1] is not None, f'{known[1]} and {unknown[1]}' + ('' if known == unknown else ', not alike')


def _name(target, name):
    """Any bytes as a name: refused, and the server goes on."""
    with Client(target) as client:
        client.challenge()
        identity = [(stun.USERNAME, name), *client.identity()[1:]]
        raw = stun.sign(stun.message(stun.REQUEST, stun.ALLOCATE, [stun.UDP_TRANSPORT, *identity]), target.key())
        client.nonce = None
        answers = [stun.Reply(data) for data in client.provoke(raw)]
        good = not any(a.cls == stun.SUCCESS for a in answers) and all(a.code in (400, 401, 438) for a in answers)
        return good, ', '.join(map(str, answers)) or 'silence'


def _missing(target, without):
    with Client(target) as client:
        client.challenge()
        identity = [pair for pair in client.identity() if pair[0] != without]
        reply = client.exchange(stun.sign(stun.message(stun.REQUEST, stun.ALLOCATE, [stun.UDP_TRANSPORT, *identity]), target.key()))
        client.nonce = None
        return reply.code in (400, 401), reply


def _realm(target):
    with Client(target) as client:
        client.challenge()
        identity = [(k, b'elsewhere' if k == stun.REALM else v) for k, v in client.identity()]
        raw = stun.message(stun.REQUEST, stun.ALLOCATE, [stun.UDP_TRANSPORT, *identity])
        reply = client.exchange(stun.sign(raw, stun.long_term_key(target.user, 'elsewhere', target.password)))
        client.nonce = None
        return reply.cls == stun.ERROR, reply


def _anonymous(target):
    with Client(target) as client:
        answers = [client.exchange(stun.message(stun.REQUEST, stun.ALLOCATE, attributes)) for attributes in
                   ([stun.UDP_TRANSPORT], [(stun.USERNAME, target.user.encode()), stun.UDP_TRANSPORT], [])]
        return all(a.code in (400, 401) for a in answers), ', '.join(map(str, answers))


def attack(target, report):
    report.check('user/anonymous', 'an open relay', '401', lambda: _anonymous(target))
    report.check('user/enumeration', 'who exists', 'the same answer to both', lambda: _told_apart(target))
    report.check('user/enumeration-sha256', 'who exists', 'the same answer to both', lambda: _told_apart(target, sign=stun.sign256))
    for name, value in [('empty', b''), ('nul', b'test\0'), ('long', b'u' * 508), ('longer', b'u' * 600), ('printf', b'%s%s%n%x%p'),
                        ('sql', b"' OR '1'='1' -- "), ('invalid-utf8', b'\xff\xfe\xc0\x80'), ('newline', b'a\r\nb: c'),
                        ('expired', b'1:test'), ('far-future', b'99999999999999999999:test'), ('negative', b'-1:test'),
                        ('colon', b':'), ('path', b'../../etc/passwd')]:
        report.check(f'user/name/{name}', 'GHSA-4g7c-p5wg-j4hp, GHSA-v8hj-2xx7-xmp5', '400 or 401', lambda: _name(target, value))
    for name, kind in [('username', stun.USERNAME), ('realm', stun.REALM), ('nonce', stun.NONCE)]:
        report.check(f'user/without-{name}', 'RFC 8489 §9.2.4', '400 or 401', lambda: _missing(target, kind))
    report.check('user/other-realm', 'RFC 8489 §9.2.4', 'an error', lambda: _realm(target))
