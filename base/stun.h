/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STUN messages (RFC 8489) over the caller's bytes: parsed as a view, written into a buffer. Also what TURN (RFC 8656,
 * 6062, 8016), ICE (RFC 8445) and behaviour discovery (RFC 5780) add in attributes. No state, no I/O. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/bytes.h"
#include "base/hmac.h"

#define AL_STUN_HEADER_BYTES 20
#define AL_STUN_COOKIE 0x2112a442u
#define AL_STUN_TID_BYTES 12

/** AlStunClass: the two class bits (RFC 8489 §5). */
typedef enum { AL_STUN_REQUEST, AL_STUN_INDICATION, AL_STUN_SUCCESS, AL_STUN_ERROR } AlStunClass;

/** AlStunMethod: 12 bits; any other number may come. */
typedef enum {
  AL_STUN_BINDING = 0x001,
  AL_STUN_ALLOCATE = 0x003,
  AL_STUN_REFRESH = 0x004,
  AL_STUN_SEND = 0x006,
  AL_STUN_DATA = 0x007,
  AL_STUN_CREATE_PERMISSION = 0x008,
  AL_STUN_CHANNEL_BIND = 0x009,
  AL_STUN_CONNECT = 0x00a,
  AL_STUN_CONNECTION_BIND = 0x00b,
  AL_STUN_CONNECTION_ATTEMPT = 0x00c
} AlStunMethod;

/** AlStunType: attributes by their number (IANA, STUN attributes). Those below 0x8000 must be understood. */
typedef enum {
  AL_STUN_MAPPED_ADDRESS = 0x0001,
  AL_STUN_CHANGE_REQUEST = 0x0003,
  AL_STUN_USERNAME = 0x0006,
  AL_STUN_MESSAGE_INTEGRITY = 0x0008,
  AL_STUN_ERROR_CODE = 0x0009,
  AL_STUN_UNKNOWN_ATTRIBUTES = 0x000a,
  AL_STUN_CHANNEL_NUMBER = 0x000c,
  AL_STUN_LIFETIME = 0x000d,
  AL_STUN_XOR_PEER_ADDRESS = 0x0012,
  AL_STUN_DATA_VALUE = 0x0013, /* the attribute DATA, beside the method of that name */
  AL_STUN_REALM = 0x0014,
  AL_STUN_NONCE = 0x0015,
  AL_STUN_XOR_RELAYED_ADDRESS = 0x0016,
  AL_STUN_REQUESTED_ADDRESS_FAMILY = 0x0017,
  AL_STUN_EVEN_PORT = 0x0018,
  AL_STUN_REQUESTED_TRANSPORT = 0x0019,
  AL_STUN_DONT_FRAGMENT = 0x001a,
  AL_STUN_MESSAGE_INTEGRITY_SHA256 = 0x001c,
  AL_STUN_PASSWORD_ALGORITHM = 0x001d,
  AL_STUN_USERHASH = 0x001e,
  AL_STUN_XOR_MAPPED_ADDRESS = 0x0020,
  AL_STUN_RESERVATION_TOKEN = 0x0022,
  AL_STUN_PRIORITY = 0x0024,
  AL_STUN_USE_CANDIDATE = 0x0025,
  AL_STUN_PADDING = 0x0026,
  AL_STUN_RESPONSE_PORT = 0x0027,
  AL_STUN_CONNECTION_ID = 0x002a,
  AL_STUN_ADDITIONAL_ADDRESS_FAMILY = 0x8000,
  AL_STUN_ADDRESS_ERROR_CODE = 0x8001,
  AL_STUN_PASSWORD_ALGORITHMS = 0x8002,
  AL_STUN_ALTERNATE_DOMAIN = 0x8003,
  AL_STUN_ICMP = 0x8004,
  AL_STUN_SOFTWARE = 0x8022,
  AL_STUN_ALTERNATE_SERVER = 0x8023,
  AL_STUN_FINGERPRINT = 0x8028,
  AL_STUN_ICE_CONTROLLED = 0x8029,
  AL_STUN_ICE_CONTROLLING = 0x802a,
  AL_STUN_RESPONSE_ORIGIN = 0x802b,
  AL_STUN_OTHER_ADDRESS = 0x802c,
  AL_STUN_MOBILITY_TICKET = 0x8030,
  AL_STUN_ADDITIONAL_ADDRESS_FAMILY_DRAFT = 0x8032 /* a number of a draft, by which clients of coturn ask */
} AlStunType;

/** AlStunPassword: password algorithms (RFC 8489 §18.5). */
typedef enum { AL_STUN_PASSWORD_MD5 = 1, AL_STUN_PASSWORD_SHA256 = 2 } AlStunPassword;

/**
 * AlStunMessage: a view of a message that was parsed; valid as long as its bytes are.
 * @attrs_end: offset behind the last attribute that counts: the first integrity attribute, else FINGERPRINT, else the
 *   end. What stands behind is not covered by the integrity, and neither found nor iterated (RFC 8489 §14.5)
 * @integrity, @integrity_sha256, @fingerprint: offset of the attribute; 0: there is none
 */
typedef struct {
  const uint8_t *data;
  const uint8_t *tid; /* AL_STUN_TID_BYTES */
  uint32_t len;
  uint16_t method;
  AlStunClass cls;
  uint32_t attrs_end;
  uint32_t integrity, integrity_sha256, fingerprint;
} AlStunMessage;

/** AlStunAttr: a view of one attribute: @len bytes without padding. @next: where the iteration goes on. */
typedef struct {
  const uint8_t *value;
  uint16_t type, len;
  uint32_t next;
} AlStunAttr;

/** al_stun_is: Returns: do @len bytes begin like a STUN message: two zero bits, the magic cookie, a length in fours. */
bool al_stun_is (const uint8_t *data, size_t len);

/** al_stun_frame: of a byte stream. Returns: bytes of the message that begins here, header and all; 0: fewer than 4 bytes
 *  are there. Says nothing about whether it is STUN. */
size_t al_stun_frame (const uint8_t *data, size_t len);

/**
 * al_stun_parse:
 * @data: @len bytes: exactly one message
 *
 * Checks header and lengths, that every attribute lies inside, and that FINGERPRINT comes last. Padding may hold anything
 * (RFC 8489 §14). Not checked: integrity, fingerprint's value, attributes' values.
 *
 * Returns: false when it is none; @ret_message is then undefined.
 */
bool al_stun_parse (const uint8_t *data, size_t len, AlStunMessage *ret_message);

/** al_stun_next: iterates over the attributes that count. @attr: zeroed before the first call. Returns: is there one. */
bool al_stun_next (const AlStunMessage *message, AlStunAttr *attr);
/** al_stun_find: the first of @type that counts: of doubles only the first one is valid (RFC 8489 §14). */
bool al_stun_find (const AlStunMessage *message, uint16_t type, AlStunAttr *ret_attr);
/** al_stun_find_u32: a value of exactly four bytes. Returns: false when there is none or it has another length. */
bool al_stun_find_u32 (const AlStunMessage *message, uint16_t type, uint32_t *ret_value);

/** al_stun_attr_addr: @attr as an address; XOR'ed (RFC 8489 §14.2) or, for @plain, not. Returns: false when it is none. */
bool al_stun_attr_addr (const AlStunMessage *message, const AlStunAttr *attr, bool plain, AlAddr *ret_addr);

/** al_stun_list_unknown: attributes that must be understood and are not in @known (@n_known, ascending).
 *  Returns: how many were written to @ret_types, at most @max. */
unsigned al_stun_list_unknown (const AlStunMessage *message, const uint16_t *known, unsigned n_known,
                               uint16_t *ret_types, unsigned max);

/** al_stun_check_fingerprint: Returns: true when there is none, or its value is right (RFC 8489 §14.7). */
bool al_stun_check_fingerprint (const AlStunMessage *message);

/**
 * al_stun_check_integrity: in constant time; MESSAGE-INTEGRITY or MESSAGE-INTEGRITY-SHA256 by @hash. The latter may be
 * cut to 16 bytes or more, in fours (RFC 8489 §14.6).
 *
 * Returns: false when the attribute is missing or wrong.
 */
bool al_stun_check_integrity (const AlStunMessage *message, AlHmac *hmac, AlHmacHash hash, const void *key,
                              size_t key_len);

/** AlStunWriter: writes one message; what does not fit makes it fail as a whole. */
typedef struct {
  /*< private >*/
  AlWriter writer;
} AlStunWriter;

/** al_stun_begin: @data: @size bytes of the caller's, borrowed until al_stun_end(). @tid: AL_STUN_TID_BYTES. */
void al_stun_begin (AlStunWriter *out, void *data, size_t size, AlStunClass cls, uint16_t method, const uint8_t *tid);
/** al_stun_put: appends an attribute; @value: @len bytes (nullable when 0). */
void al_stun_put (AlStunWriter *out, uint16_t type, const void *value, size_t len);
void al_stun_put_u32 (AlStunWriter *out, uint16_t type, uint32_t value);
/** al_stun_put_addr: XOR'ed, or @plain. Nothing is written for an address of no family. */
void al_stun_put_addr (AlStunWriter *out, uint16_t type, const AlAddr *addr, bool plain);
/** al_stun_put_error: ERROR-CODE; @code: 300 to 699; @reason: "" is valid and shortest. */
void al_stun_put_error (AlStunWriter *out, unsigned code, const char *reason);
/** al_stun_put_integrity: after everything else but FINGERPRINT. */
void al_stun_put_integrity (AlStunWriter *out, AlHmac *hmac, AlHmacHash hash, const void *key, size_t key_len);
/** al_stun_put_fingerprint: the last attribute. */
void al_stun_put_fingerprint (AlStunWriter *out);
/** al_stun_end: fills the header's length in. Returns: bytes of the message; 0: it did not fit. */
size_t al_stun_end (AlStunWriter *out);
