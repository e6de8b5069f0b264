/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <string.h>

#include "base/http.h"
#include "http-oracle.h"

#define HOST "Host: a\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define WS "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"

/* good heads; the flags are k: keep-alive, c: chunked, e: expect 100, w: WebSocket */
static const struct {
  const char *name, *head, *path, *query, *flags;
  int64_t length;
} good[] = {
  { "get", "GET / HTTP/1.1\r\n" HOST "\r\n", "/", "", "k", -1 },
  { "query", "GET /a/b?x=1&y=?z HTTP/1.1\r\n" HOST "\r\n", "/a/b", "x=1&y=?z", "k", -1 },
  { "query-empty", "GET /a? HTTP/1.1\r\n" HOST "\r\n", "/a", "", "k", -1 },
  { "escapes", "GET /%61/~b/%zz HTTP/1.1\r\n" HOST "\r\n", "/%61/~b/%zz", "", "k", -1 },
  { "odd-path", "GET //..;a=b|{}^`'\"<> HTTP/1.1\r\n" HOST "\r\n", "//..;a=b|{}^`'\"<>", "", "k", -1 },
  { "asterisk", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "*", "", "k", -1 },
  { "method-unknown", "BREW /pot HTTP/1.1\r\n" HOST "\r\n", "/pot", "", "k", -1 },
  { "host-port", "GET / HTTP/1.1\r\nHost: calls.example.org:8443\r\n\r\n", "/", "", "k", -1 },
  { "host-v6", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "/", "", "k", -1 },
  { "host-case", "GET / HTTP/1.1\r\nhOST:a\r\n\r\n", "/", "", "k", -1 },
  { "close", "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", "/", "", "", -1 },
  { "close-list", "GET / HTTP/1.1\r\n" HOST "Connection: x, ,Close ,keep-alive\r\n\r\n", "/", "", "", -1 },
  { "close-second", "GET / HTTP/1.1\r\n" HOST "Connection: keep-alive\r\nConnection: close\r\n\r\n", "/", "", "", -1 },
  { "close-not-token", "GET / HTTP/1.1\r\n" HOST "Connection: closed, no-close\r\n\r\n", "/", "", "k", -1 },
  { "old", "GET / HTTP/1.0\r\n\r\n", "/", "", "", -1 },
  { "old-keep", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n" HOST "\r\n", "/", "", "k", -1 },
  { "old-upgrade", "GET / HTTP/1.0\r\n" HOST WS KEY "\r\n", "/", "", "", -1 },
  { "length", "POST /rpc HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n", "/rpc", "", "k", 5 },
  { "length-zero", "POST /rpc HTTP/1.1\r\n" HOST "content-length:0\r\n\r\n", "/rpc", "", "k", 0 },
  { "length-max", "PUT /f HTTP/1.1\r\n" HOST "Content-Length: 9223372036854775807\r\n\r\n", "/f", "", "k", INT64_MAX },
  { "length-spaces", "PUT /f HTTP/1.1\r\n" HOST "Content-Length:   7  \r\n\r\n", "/f", "", "k", 7 },
  { "chunked", "POST /rpc HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n", "/rpc", "", "kc", -1 },
  { "expect", "POST /rpc HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\nContent-Length: 5\r\n\r\n", "/rpc", "", "ke", 5 },
  { "expect-other", "POST /rpc HTTP/1.1\r\n" HOST "Expect: tea\r\nContent-Length: 5\r\n\r\n", "/rpc", "", "k", 5 },
  { "expect-old", "POST /rpc HTTP/1.0\r\n" HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", "/rpc", "", "", 5 },
  { "websocket", "GET /rpc HTTP/1.1\r\n" HOST WS KEY "Sec-WebSocket-Protocol: aldis.v1\r\n\r\n", "/rpc", "", "kw", -1 },
  { "websocket-list",
    "GET /rpc HTTP/1.1\r\n" HOST "Connection: keep-alive, UPGRADE\r\nUpgrade: h2c, WebSocket\r\n"
    "Sec-WebSocket-Version: 13\r\n" KEY "\r\n",
    "/rpc", "", "kw", -1 },
  { "websocket-length-zero", "GET /rpc HTTP/1.1\r\n" HOST WS KEY "Content-Length: 0\r\n\r\n", "/rpc", "", "kw", 0 },
  { "upgrade-other", "GET / HTTP/1.1\r\n" HOST "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n", "/", "", "k", -1 },
  { "upgrade-post", "POST / HTTP/1.1\r\n" HOST WS KEY "\r\n", "/", "", "k", -1 },
  { "upgrade-unconnected", "GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\n\r\n", "/", "", "k", -1 },
  { "value-utf8", "GET / HTTP/1.1\r\n" HOST "X: gr\xc3\xbc\xc3\x9f\r\n\r\n", "/", "", "k", -1 },
  { "value-latin1", "GET / HTTP/1.1\r\n" HOST "X: \xfc\r\n\r\n", "/", "", "k", -1 },
  { "value-empty", "GET / HTTP/1.1\r\n" HOST "X:\r\nY:   \r\n\r\n", "/", "", "k", -1 },
  { "value-colon", "GET / HTTP/1.1\r\n" HOST "X: a:b: c\r\n\r\n", "/", "", "k", -1 },
  { "name-all", "GET / HTTP/1.1\r\n" HOST "!#$%&'*+-.^_`|~09azAZ: 1\r\n\r\n", "/", "", "k", -1 },
};

static bool
has (const char *flags, char c)
{
  return strchr (flags, c) != NULL;
}

static void
test_good (gconstpointer data)
{
  size_t i = GPOINTER_TO_SIZE (data), len = strlen (good[i].head);
  g_autofree char *exact = g_memdup2 (good[i].head, len);
  AlHttpRequest request;

  g_assert_cmpint (al_http_request_parse ((uint8_t *) exact, len, &request), ==, AL_HTTP_OK);
  g_assert_true (al_str_equal (request.path, good[i].path));
  g_assert_true (al_str_equal (request.query, good[i].query));
  g_assert_cmpuint (request.head_len, ==, len);
  g_assert_cmpint (request.content_length, ==, good[i].length);
  g_assert_cmpint (request.keep_alive, ==, has (good[i].flags, 'k'));
  g_assert_cmpint (request.chunked, ==, has (good[i].flags, 'c'));
  g_assert_cmpint (request.expect_continue, ==, has (good[i].flags, 'e'));
  g_assert_cmpint (request.upgrade_websocket, ==, has (good[i].flags, 'w'));
  if (request.upgrade_websocket)
    g_assert_true (al_str_equal (request.websocket_key, "dGhlIHNhbXBsZSBub25jZQ=="));
  g_assert_cmpint (http_oracle_compare ((uint8_t *) exact, len), ==, AL_HTTP_OK);
}

/* every beginning of a good head asks for more, and reads nothing behind its end */
static void
test_prefix (gconstpointer data)
{
  size_t i = GPOINTER_TO_SIZE (data);

  for (size_t len = 0; len < strlen (good[i].head); len++)
    {
      g_autofree uint8_t *exact = g_memdup2 (good[i].head, len);
      AlHttpRequest request;

      memset (&request, 0xa5, sizeof request);
      g_assert_cmpint (al_http_request_parse (exact, len, &request), ==, AL_HTTP_MORE);
      g_assert_cmphex (request.n_fields, ==, 0xa5a5a5a5);
    }
}

static const struct {
  const char *name, *head;
  AlHttpStatus status;
} bad[] = {
  /* request line */
  { "empty-line-first", "\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "empty-line-only", "\r\n", 400 },
  { "lf-only", "\n", 400 },
  { "no-version", "GET /\r\n" HOST "\r\n", 400 },
  { "no-target", "GET HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "no-method", " / HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "two-spaces", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "two-spaces-late", "GET /  HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "tab", "GET\t/\tHTTP/1.1\r\n" HOST "\r\n", 400 },
  { "space-last", "GET / HTTP/1.1 \r\n" HOST "\r\n", 400 },
  { "space-in-target", "GET /a b HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "method-lower", "get / HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "method-mixed", "Get / HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "method-odd", "GE(T / HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "method-long", "GETGETGETGETGETGETGET / HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "target-relative", "GET a HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "target-absolute", "GET http://a/ HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "target-authority", "CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "target-asterisk", "GET * HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "target-asterisk-more", "OPTIONS *a HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "target-query-only", "GET ?a HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "target-fragment", "GET /a#b HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "target-utf8", "GET /\xc3\xbc HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "target-del", "GET /\x7f HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "target-control", "GET /\x01 HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "target-cr", "GET /\r HTTP/1.1\r\n" HOST "\r\n", 400 },
  { "version-none", "GET / \r\n" HOST "\r\n", 400 },
  { "version-lower", "GET / http/1.1\r\n" HOST "\r\n", 400 },
  { "version-short", "GET / HTTP/1\r\n" HOST "\r\n", 400 },
  { "version-long", "GET / HTTP/1.10\r\n" HOST "\r\n", 400 },
  { "version-zeros", "GET / HTTP/01.1\r\n" HOST "\r\n", 400 },
  { "version-comma", "GET / HTTP/1,1\r\n" HOST "\r\n", 400 },
  { "version-letters", "GET / HTTP/x.y\r\n" HOST "\r\n", 400 },
  { "version-other", "GET / ICY/1.1\r\n" HOST "\r\n", 400 },
  { "version-0.9", "GET / HTTP/0.9\r\n" HOST "\r\n", 505 },
  { "version-1.2", "GET / HTTP/1.2\r\n" HOST "\r\n", 505 },
  { "version-1.9", "GET / HTTP/1.9\r\n" HOST "\r\n", 505 },
  { "version-2.0", "GET / HTTP/2.0\r\n" HOST "\r\n", 505 },
  { "version-preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400 },
  /* lines */
  { "bare-lf", "GET / HTTP/1.1\n" HOST "\r\n", 400 },
  { "bare-lf-field", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400 },
  { "bare-lf-end", "GET / HTTP/1.1\r\n" HOST "\n", 400 },
  { "bare-lf-all", "GET / HTTP/1.1\nHost: a\n\n", 400 },
  { "bare-cr-value", "GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", 400 },
  { "cr-cr-lf", "GET / HTTP/1.1\r\n" HOST "X: a\r\r\n\r\n", 400 },
  { "cr-hidden-field", "GET / HTTP/1.1\r\n" HOST "X: a\rContent-Length: 5\r\n\r\n", 400 },
  { "cr-name", "GET / HTTP/1.1\r\n" HOST "X\r: a\r\n\r\n", 400 },
  { "fold-space", "GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", 400 },
  { "fold-tab", "GET / HTTP/1.1\r\n" HOST "X: a\r\n\tb\r\n\r\n", 400 },
  { "fold-first", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400 },
  { "fold-colon", "GET / HTTP/1.1\r\n" HOST "X: a\r\n b: c\r\n\r\n", 400 },
  { "fold-length", "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n 5\r\n\r\n", 400 },
  { "fold-empty", "GET / HTTP/1.1\r\n" HOST " \r\n\r\n", 400 },
  { "space-colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400 },
  { "space-colon-length", "POST / HTTP/1.1\r\n" HOST "Content-Length : 5\r\n\r\n", 400 },
  { "space-colon-coding", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n\r\n", 400 },
  { "tab-colon", "GET / HTTP/1.1\r\n" HOST "X\t: a\r\n\r\n", 400 },
  { "name-empty", "GET / HTTP/1.1\r\n" HOST ": a\r\n\r\n", 400 },
  { "name-space", "GET / HTTP/1.1\r\n" HOST "X Y: a\r\n\r\n", 400 },
  { "name-utf8", "GET / HTTP/1.1\r\n" HOST "\xc3\xbc: a\r\n\r\n", 400 },
  { "name-paren", "GET / HTTP/1.1\r\n" HOST "X(): a\r\n\r\n", 400 },
  { "name-slash", "GET / HTTP/1.1\r\n" HOST "X/Y: a\r\n\r\n", 400 },
  { "name-quote", "GET / HTTP/1.1\r\n" HOST "\"X\": a\r\n\r\n", 400 },
  { "name-control", "GET / HTTP/1.1\r\n" HOST "X\x01: a\r\n\r\n", 400 },
  { "no-colon", "GET / HTTP/1.1\r\n" HOST "X\r\n\r\n", 400 },
  { "value-tab", "GET / HTTP/1.1\r\n" HOST "X: a\tb\r\n\r\n", 400 },
  { "value-tab-first", "POST / HTTP/1.1\r\n" HOST "Content-Length:\t5\r\n\r\n", 400 },
  { "value-tab-last", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\t\r\n\r\n", 400 },
  { "value-control", "GET / HTTP/1.1\r\n" HOST "X: a\x01\r\n\r\n", 400 },
  { "value-vt", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \vchunked\r\n\r\n", 400 },
  { "value-del", "GET / HTTP/1.1\r\n" HOST "X: a\x7f\r\n\r\n", 400 },
  /* Host */
  { "host-none", "GET / HTTP/1.1\r\n\r\n", 400 },
  { "host-none-fields", "GET / HTTP/1.1\r\nX: a\r\n\r\n", 400 },
  { "host-two", "GET / HTTP/1.1\r\n" HOST "Host: b\r\n\r\n", 400 },
  { "host-two-same", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400 },
  { "host-two-case", "GET / HTTP/1.1\r\n" HOST "HOST: b\r\n\r\n", 400 },
  { "host-two-old", "GET / HTTP/1.0\r\n" HOST HOST "\r\n", 400 },
  { "host-empty", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400 },
  { "host-list", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400 },
  { "host-space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400 },
  { "host-user", "GET / HTTP/1.1\r\nHost: x@a\r\n\r\n", 400 },
  { "host-path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400 },
  { "host-query", "GET / HTTP/1.1\r\nHost: a?b\r\n\r\n", 400 },
  { "host-quote", "GET / HTTP/1.1\r\nHost: a\"\r\n\r\n", 400 },
  { "host-utf8", "GET / HTTP/1.1\r\nHost: \xc3\xbc\r\n\r\n", 400 },
  /* Content-Length */
  { "length-empty", "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400 },
  { "length-two", "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400 },
  { "length-two-same", "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400 },
  { "length-two-case", "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\ncontent-length: 0\r\n\r\n", 400 },
  { "length-list", "POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\n", 400 },
  { "length-list-tight", "POST / HTTP/1.1\r\n" HOST "Content-Length: 5,5\r\n\r\n", 400 },
  { "length-plus", "POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\n", 400 },
  { "length-minus", "POST / HTTP/1.1\r\n" HOST "Content-Length: -5\r\n\r\n", 400 },
  { "length-minus-zero", "POST / HTTP/1.1\r\n" HOST "Content-Length: -0\r\n\r\n", 400 },
  { "length-hex", "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\n", 400 },
  { "length-octal", "POST / HTTP/1.1\r\n" HOST "Content-Length: 010\r\n\r\n", 400 },
  { "length-zeros", "POST / HTTP/1.1\r\n" HOST "Content-Length: 00\r\n\r\n", 400 },
  { "length-point", "POST / HTTP/1.1\r\n" HOST "Content-Length: 5.0\r\n\r\n", 400 },
  { "length-exponent", "POST / HTTP/1.1\r\n" HOST "Content-Length: 5e1\r\n\r\n", 400 },
  { "length-space", "POST / HTTP/1.1\r\n" HOST "Content-Length: 1 2\r\n\r\n", 400 },
  { "length-word", "POST / HTTP/1.1\r\n" HOST "Content-Length: five\r\n\r\n", 400 },
  { "length-suffix", "POST / HTTP/1.1\r\n" HOST "Content-Length: 5;q=1\r\n\r\n", 400 },
  { "length-quote", "POST / HTTP/1.1\r\n" HOST "Content-Length: \"5\"\r\n\r\n", 400 },
  { "length-2^63", "POST / HTTP/1.1\r\n" HOST "Content-Length: 9223372036854775808\r\n\r\n", 400 },
  { "length-2^64+5", "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551621\r\n\r\n", 400 },
  { "length-long", "POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999999\r\n\r\n", 400 },
  { "length-arabic", "POST / HTTP/1.1\r\n" HOST "Content-Length: \xd9\xa5\r\n\r\n", 400 },
  /* Transfer-Encoding */
  { "coding-and-length", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400 },
  { "length-and-coding", "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
  { "coding-and-length-zero", "POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
    400 },
  { "coding-old", "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 400 },
  { "coding-two", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
  { "coding-two-identity", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n",
    400 },
  { "coding-empty", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n\r\n", 400 },
  { "coding-identity", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n", 501 },
  { "coding-gzip", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501 },
  { "coding-gzip-last", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, gzip\r\n\r\n", 501 },
  { "coding-twice", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n\r\n", 501 },
  { "coding-x", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n", 501 },
  { "coding-comma", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: ,chunked\r\n\r\n", 501 },
  { "coding-parameter", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked;a=b\r\n\r\n", 501 },
  { "coding-quote", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \"chunked\"\r\n\r\n", 501 },
  { "coding-cow", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: cow\r\nContent-Length: 5\r\n\r\n", 501 },
  /* WebSocket handshakes */
  { "ws-version-none", "GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: Upgrade\r\n" KEY "\r\n", 426 },
  { "ws-version-8",
    "GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n" KEY "\r\n", 426 },
  { "ws-version-list",
    "GET / HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13, 8\r\n" KEY "\r\n",
    426 },
  { "ws-version-two", "GET / HTTP/1.1\r\n" HOST WS "Sec-WebSocket-Version: 13\r\n" KEY "\r\n", 426 },
  { "ws-key-none", "GET / HTTP/1.1\r\n" HOST WS "\r\n", 400 },
  { "ws-key-two", "GET / HTTP/1.1\r\n" HOST WS KEY KEY "\r\n", 400 },
  { "ws-key-short", "GET / HTTP/1.1\r\n" HOST WS "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n\r\n", 400 },
  { "ws-key-long", "GET / HTTP/1.1\r\n" HOST WS "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAAAA==\r\n\r\n", 400 },
  { "ws-key-17-bytes", "GET / HTTP/1.1\r\n" HOST WS "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQA=\r\n\r\n", 400 },
  { "ws-key-bits", "GET / HTTP/1.1\r\n" HOST WS "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n\r\n", 400 },
  { "ws-key-alphabet", "GET / HTTP/1.1\r\n" HOST WS "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub2-jZQ==\r\n\r\n", 400 },
  { "ws-length", "GET / HTTP/1.1\r\n" HOST WS KEY "Content-Length: 5\r\n\r\n", 400 },
  { "ws-chunked", "GET / HTTP/1.1\r\n" HOST WS KEY "Transfer-Encoding: chunked\r\n\r\n", 400 },
};

static void
test_bad (gconstpointer data)
{
  size_t i = GPOINTER_TO_SIZE (data), len = strlen (bad[i].head);
  g_autofree uint8_t *exact = g_memdup2 (bad[i].head, len);
  AlHttpRequest request;

  memset (&request, 0xa5, sizeof request);
  g_assert_cmpint (al_http_request_parse (exact, len, &request), ==, bad[i].status);
  g_assert_cmphex (request.n_fields, ==, 0xa5a5a5a5);
}

static void
test_nul (void)
{
  static const char whole[] = "GET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
  size_t len = sizeof whole - 1;
  AlHttpRequest request;

  /* a NUL (and every other control byte) in the place of any byte, or before it: never another request */
  for (size_t i = 0; i < len; i++)
    for (int c = 0; c < 32; c++)
      {
        char text[sizeof whole + 1];

        memcpy (text, whole, sizeof whole);
        if (text[i] == c)
          continue;
        text[i] = (char) c;
        g_assert_cmpint (al_http_request_parse ((uint8_t *) text, len, &request), !=, AL_HTTP_OK);
        memcpy (text, whole, i);
        memcpy (text + i + 1, whole + i, len - i);
        g_assert_cmpint (al_http_request_parse ((uint8_t *) text, len + 1, &request), !=, AL_HTTP_OK);
      }
}

static void
test_fields (void)
{
  AlHttpRequest request;

  for (unsigned n = AL_HTTP_MAX_FIELDS - 1; n <= AL_HTTP_MAX_FIELDS + 1; n++)
    {
      g_autoptr (GString) head = g_string_new ("GET / HTTP/1.1\r\n" HOST);
      bool fits = n <= AL_HTTP_MAX_FIELDS;

      for (unsigned i = 1; i < n; i++)
        g_string_append_printf (head, "X%u: %u\r\n", i, i);
      g_string_append (head, "\r\n");
      g_assert_cmpint (al_http_request_parse ((uint8_t *) head->str, head->len, &request), ==,
                       fits ? AL_HTTP_OK : AL_HTTP_FIELDS_TOO_LARGE);
      if (!fits)
        continue;
      g_assert_cmpuint (request.n_fields, ==, n);
      g_assert_true (al_str_equal (al_http_request_get (&request, "x98"), "98"));
      g_assert_null (al_http_request_get (&request, "x100").ptr);
    }
}

static void
test_size (void)
{
  AlHttpRequest request;

  for (size_t len = AL_HTTP_MAX_HEAD - 1; len <= AL_HTTP_MAX_HEAD + 1; len++)
    {
      g_autoptr (GString) head = g_string_new ("GET / HTTP/1.1\r\n" HOST "X: ");
      bool fits = len <= AL_HTTP_MAX_HEAD;

      while (head->len < len - 4)
        g_string_append_c (head, 'x');
      g_string_append (head, "\r\n\r\n");
      g_assert_cmpint (al_http_request_parse ((uint8_t *) head->str, head->len, &request), ==,
                       fits ? AL_HTTP_OK : AL_HTTP_FIELDS_TOO_LARGE);
      /* and the same while the end has not come */
      g_assert_cmpint (al_http_request_parse ((uint8_t *) head->str, MIN (len - 1, AL_HTTP_MAX_HEAD - 1), &request), ==,
                       AL_HTTP_MORE);
    }
}

static void
test_long (void)
{
  g_autofree char *endless = g_strnfill (AL_HTTP_MAX_HEAD * 4, 'A');
  g_autofree char *line = g_strconcat ("GET / HTTP/1.1\r\n" HOST, endless, NULL);
  AlHttpRequest request;

  g_assert_cmpint (al_http_request_parse ((uint8_t *) endless, AL_HTTP_MAX_HEAD - 1, &request), ==, AL_HTTP_MORE);
  g_assert_cmpint (al_http_request_parse ((uint8_t *) endless, AL_HTTP_MAX_HEAD, &request), ==, AL_HTTP_URI_TOO_LONG);
  g_assert_cmpint (al_http_request_parse ((uint8_t *) endless, strlen (endless), &request), ==, AL_HTTP_URI_TOO_LONG);
  g_assert_cmpint (al_http_request_parse ((uint8_t *) line, strlen (line), &request), ==, AL_HTTP_FIELDS_TOO_LARGE);
}

/* what follows the head is the body or the next request */
static void
test_pipelined (void)
{
  static const char text[] = "POST /a HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhiGET /b HTTP/1.1\r\n" HOST "\r\n";
  AlHttpRequest request;
  size_t pos;

  g_assert_cmpint (al_http_request_parse ((uint8_t *) text, sizeof text - 1, &request), ==, AL_HTTP_OK);
  pos = request.head_len + 2;
  g_assert_cmpint (al_http_request_parse ((uint8_t *) text + pos, sizeof text - 1 - pos, &request), ==, AL_HTTP_OK);
  g_assert_true (al_str_equal (request.path, "/b"));
  g_assert_cmpuint (pos + request.head_len, ==, sizeof text - 1);
}

/* Random requests made of the parts that parsers quarrel about, against http-parser. */
static void
test_oracle_random (void)
{
  static const char *const parts[] = { "GET / HTTP/1.1\r\n", "POST /a?b HTTP/1.1\r\n", "GET / HTTP/1.0\r\n", HOST, "Host:",
                                       "Content-Length: 3\r\n", "Content-Length:", "Transfer-Encoding: chunked\r\n",
                                       "Transfer-Encoding:", " chunked", "Connection: close\r\n", "Connection: keep-alive",
                                       "Upgrade: websocket\r\nConnection: Upgrade\r\n", KEY, "Sec-WebSocket-Version: 13\r\n",
                                       "X: y", "\r\n", "\r\n\r\n", "\n", " ", "\t", "\r", ",", "3\r\nabc\r\n", "0\r\n\r\n",
                                       "abc", "3;x=y\r\n", "T: u\r\n", "0\r\n" };
  g_autoptr (GRand) rand = g_rand_new_with_seed (1); /* the same requests every time; the fuzz target varies them */
  unsigned accepted = 0;

  for (unsigned i = 0; i < 50000; i++)
    {
      g_autoptr (GString) text = g_string_new (parts[g_rand_int_range (rand, 0, 3)]);
      int n = g_rand_int_range (rand, 0, 10);

      if (g_rand_int_range (rand, 0, 4) > 0)
        g_string_append (text, HOST);
      for (int j = 0; j < n; j++)
        g_string_append (text, parts[g_rand_int_range (rand, 0, G_N_ELEMENTS (parts))]);
      accepted += http_oracle_compare ((uint8_t *) text->str, text->len) == AL_HTTP_OK;
    }
  g_assert_cmpuint (accepted, >, 1000);
}

static void
test_tokens (void)
{
  static const struct {
    const char *list, *token;
    bool has;
  } cases[] = {
    { "close", "close", true },        { "CLOSE", "close", true },        { "a,close", "close", true },
    { "a , close ,b", "close", true }, { ",,close,,", "close", true },    { "\tclose\t", "close", true },
    { "closed", "close", false },      { "a close", "close", false },     { "clos", "close", false },
    { "", "close", false },            { ",", "close", false },           { "a;close", "close", false },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (al_str_has_token ((AlStr){ cases[i].list, strlen (cases[i].list) }, cases[i].token), ==,
                     cases[i].has);
  g_assert_false (al_str_has_token ((AlStr){ NULL, 0 }, "a"));
  g_assert_true (al_str_equal ((AlStr){ NULL, 0 }, ""));
  g_assert_true (al_str_equal_nocase ((AlStr){ "ABc", 3 }, "abC"));
  g_assert_false (al_str_equal_nocase ((AlStr){ "\xc3\x84", 2 }, "\xc3\xa4"));
  g_assert_false (al_str_equal ((AlStr){ "abc", 3 }, "ab"));
}

static void
test_reason (void)
{
  g_assert_cmpstr (al_http_reason (101), ==, "Switching Protocols");
  g_assert_cmpstr (al_http_reason (431), ==, "Request Header Fields Too Large");
  g_assert_cmpstr (al_http_reason (505), ==, "HTTP Version Not Supported");
  g_assert_cmpstr (al_http_reason (299), ==, "");
}

static void
test_date (void)
{
  static const struct {
    int64_t wall_s;
    const char *text;
  } dates[] = {
    { 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" }, /* RFC 9110 §5.6.7 */
    { 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
    { -1, "Thu, 01 Jan 1970 00:00:00 GMT" },
    { 951782400, "Tue, 29 Feb 2000 00:00:00 GMT" },
    { 4102444799, "Thu, 31 Dec 2099 23:59:59 GMT" },
    { INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (dates); i++)
    {
      char text[30];

      al_http_write_date (dates[i].wall_s, text);
      g_assert_cmpstr (text, ==, dates[i].text);
    }
}

static void
add (const char *group, const char *name, size_t i, GTestDataFunc fn)
{
  g_autofree char *path = g_strdup_printf ("/base/http/%s/%s", group, name);

  g_test_add_data_func (path, GSIZE_TO_POINTER (i), fn);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (good); i++)
    {
      add ("good", good[i].name, i, test_good);
      add ("prefix", good[i].name, i, test_prefix);
    }
  for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
    add ("bad", bad[i].name, i, test_bad);
  g_test_add_func ("/base/http/nul", test_nul);
  g_test_add_func ("/base/http/fields", test_fields);
  g_test_add_func ("/base/http/size", test_size);
  g_test_add_func ("/base/http/long", test_long);
  g_test_add_func ("/base/http/pipelined", test_pipelined);
  g_test_add_func ("/base/http/oracle-random", test_oracle_random);
  g_test_add_func ("/base/http/tokens", test_tokens);
  g_test_add_func ("/base/http/reason", test_reason);
  g_test_add_func ("/base/http/date", test_date);
  return g_test_run ();
}
