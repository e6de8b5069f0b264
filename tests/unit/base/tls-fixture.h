/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of TLS share: a certificate in a folder of its own, and a client that is stepped by hand. */
#pragma once

#include <openssl/ssl.h>

#include "base/tls.h"
#include "stream-fixture.h"

extern char *tls_dir, *tls_cert_path, *tls_key_path;
extern AlTls *tls;

/** tls_set_up: makes folder, certificate and tls. */
void tls_set_up (void);
/** tls_tear_down: removes the folder, with the files that tests may have made in it. */
void tls_tear_down (void);

/** Client: a TLS client on a raw socket, stepped by hand. */
typedef struct {
  SSL_CTX *ctx;
  SSL *ssl;
  int fd;
} Client;

/** client_open: @version: the only one that it speaks: TLS1_2_VERSION. */
void client_open (Client *client, Server *server, int version);
void client_close (Client *client);
/** client_handshake: Returns: the handshake's result, after as many turns as it needs. */
int client_handshake (Client *client, Server *server);
void client_write (Client *client, Server *server, const void *data, size_t len);
/** client_read: Returns: what SSL_get_error() says at the end, SSL_ERROR_NONE when @len bytes came. */
int client_read (Client *client, Server *server, void *data, size_t len);
void open_tls_server (Server *server, AlTlsMode mode);
