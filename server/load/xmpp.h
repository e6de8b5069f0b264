/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Users of an XMPP server (RFC 6120, 6121) in the place of ours, as the peer of measurements: SASL PLAIN without TLS, a
 * bound resource, available presence; then chat messages. User N is uN with the password "secret". It reads no XML: it looks
 * for the few things that the servers it is used with send.
 */
#pragma once

#include "server/load/load.h"

/** load_xmpp_begin: opens the stream; @user's connection is new and bare. */
void load_xmpp_begin (LoadUser *user);
/** load_xmpp_log_in: @text: what has come. Returns: true: the user is in. */
bool load_xmpp_log_in (LoadUser *user, const char *text, size_t len);

typedef void (*LoadXmppBodyFn) (const char *body, void *data);
/** load_xmpp_take_bodies: calls @fn with the body of each message that is complete now. */
void load_xmpp_take_bodies (LoadUser *user, const char *text, size_t len, LoadXmppBodyFn fn, void *data);
/** load_xmpp_send_body: a message of type chat; the body needs no escaping. */
void load_xmpp_send_body (LoadUser *from, const LoadUser *to, const char *format, ...) G_GNUC_PRINTF (3, 4);
