/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the front share. One SigFront on the main thread, a SigFrontThread each with an AlLoop, and a
 * SigFrontConn per connection that belongs to its thread alone. Between main and threads only SigFrontUp and
 * SigFrontDown travel, by mailbox.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/http.h"
#include "base/loop.h"
#include "base/mailbox.h"
#include "base/stream.h"
#include "base/ws.h"
#include "signaling/front-crowd.h"
#include "signaling/front-origin.h"
#include "signaling/front-rate.h"
#include "signaling/front-slots.h"
#include "signaling/front.h"
#include "signaling/static.h"

/* Limits of one connection. */
#define SIG_FRONT_MAX_BODY (512 * 1024)   /* a POST, and a WebSocket message */
#define SIG_FRONT_MAX_STRANGER (16 * 1024) /* the same before session.start, and of a POST without a token */
#define SIG_FRONT_MAX_IN_FLIGHT 64        /* calls not answered yet; beyond, reading pauses */
#define SIG_FRONT_INPUT (20 * 1024)       /* bytes read ahead: a whole request head, little to keep while paused */
#define SIG_FRONT_LOW (64 * 1024)         /* marks of the outgoing queue */
#define SIG_FRONT_HIGH (256 * 1024)
#define SIG_FRONT_HARD (1024 * 1024)
#define SIG_FRONT_MAX_BEARER 8192

/* Deadlines. */
#define SIG_FRONT_S INT64_C (1000000)
#define SIG_FRONT_HEAD_US (10 * SIG_FRONT_S)      /* from a request's first byte to the end of its head */
#define SIG_FRONT_IDLE_US (75 * SIG_FRONT_S)      /* keep-alive between requests */
#define SIG_FRONT_BODY_US (10 * SIG_FRONT_S)      /* grace of a body, then the rate counts */
#define SIG_FRONT_BODY_BYTES_PER_S 1024
#define SIG_FRONT_ANSWER_US (60 * SIG_FRONT_S)    /* main owes an answer to a POST */
#define SIG_FRONT_STALL_US (30 * SIG_FRONT_S)     /* a reader takes nothing of what waits for it */
#define SIG_FRONT_MESSAGE_US (30 * SIG_FRONT_S)   /* a WebSocket message from first to last byte */
#define SIG_FRONT_STRANGER_US (60 * SIG_FRONT_S)  /* a WebSocket without a session, since its last message */
#define SIG_FRONT_PING_US (10 * SIG_FRONT_S)      /* of silence */
#define SIG_FRONT_HALF_OPEN_US (25 * SIG_FRONT_S) /* of silence in spite of pings: gone; found within 30 s */
#define SIG_FRONT_CLOSING_US (5 * SIG_FRONT_S)    /* for the answer to our close frame */
#define SIG_FRONT_RETRY_US (50 * 1000)            /* until main's mailbox is tried again */
#define SIG_FRONT_STOP_US (1 * SIG_FRONT_S)       /* for close handshakes when the front is freed */

/* Limits of the whole front. */
#define SIG_FRONT_MAILBOX 16384
/* Connections over max_connections or max_connections_per_address that are let in to be told so, of all and of one address;
 * the first ones to come that far. What comes beyond is closed at accept: an answer costs a TLS handshake. */
#define SIG_FRONT_SURPLUS 256
#define SIG_FRONT_SURPLUS_ADDRESS 16
#define SIG_FRONT_MAX_HELD ((size_t) 256 << 20)      /* incomplete messages, and those that wait for main */
#define SIG_FRONT_MAX_OWED ((size_t) 64 << 20)       /* answers to clients without a session that do not read them */
#define SIG_FRONT_MAX_BOX_BYTES ((size_t) 128 << 20) /* texts that wait for one front thread */
#define SIG_FRONT_HOLD_STEP 16384                    /* smaller incomplete messages are not counted */
#define SIG_FRONT_MAX_THREADS (1u << SIG_SLOTS_THREAD_BITS)

typedef struct SigFrontThread SigFrontThread;
typedef struct SigFrontConn SigFrontConn;
typedef struct SigFrontShared SigFrontShared;

/** SigFrontListen: who is expected behind a listener; decides what a request may reach. */
typedef enum {
  SIG_FRONT_HTTP,
  SIG_FRONT_HTTPS,
  SIG_FRONT_ADMIN,
  SIG_FRONT_METRICS,
  SIG_FRONT_LISTEN_N
} SigFrontListen;

/** SigFrontWhy: why a connection ended, for the counter. The first ones are those of AlStreamClose. */
typedef enum {
  SIG_FRONT_WHY_HALF_OPEN = AL_STREAM_CLOSE_N, /* silent in spite of pings */
  SIG_FRONT_WHY_IDLE,                          /* keep-alive or built-in limits of waiting */
  SIG_FRONT_WHY_SLOW,                          /* head, body, message or reading took too long */
  SIG_FRONT_WHY_BAD,                           /* not HTTP, not WebSocket, over a limit of size */
  SIG_FRONT_WHY_DOOMED,                        /* main could not reach it: its thread's mailbox was full */
  SIG_FRONT_WHY_STOP,                          /* the server stops */
  SIG_FRONT_WHY_N
} SigFrontWhy;

/** SigFrontPause: reasons for which a connection is not read; it is read when there is none. */
typedef enum {
  SIG_FRONT_PAUSE_MAIN,      /* a message for main did not fit into its mailbox */
  SIG_FRONT_PAUSE_IN_FLIGHT,
  SIG_FRONT_PAUSE_RATE,
  SIG_FRONT_PAUSE_OUTPUT,    /* the peer does not read what it gets */
  SIG_FRONT_PAUSE_HELD,      /* SIG_FRONT_MAX_HELD is reached */
  SIG_FRONT_PAUSE_REQUEST,   /* HTTP: the request before is not answered yet */
  SIG_FRONT_PAUSE_N
} SigFrontPause;

/* ---- metrics: front-metrics.c ---- */

typedef struct {
  AlCounter *accepted[SIG_FRONT_LISTEN_N];
  AlGauge *http, *websockets;
  AlCounter *closed[SIG_FRONT_WHY_N];
  AlCounter *received_bytes, *sent_bytes;
  AlCounter *responses[5]; /* 1xx to 5xx */
  AlCounter *messages_in, *messages_out;
  AlCounter *refused_origin, *refused_protocol, *refused_limit, *refused_upgrade, *refused_json, *refused_rate;
  AlCounter *pauses[SIG_FRONT_PAUSE_N];
  AlGauge *held_bytes;
} SigFrontMetrics;

void sig_front_metrics_init (SigFrontMetrics *self, AlMetrics *metrics);

/* ---- what all threads read; the atomics may change ---- */

struct SigFrontShared {
  AlNet *trusted;
  unsigned n_trusted;
  char **allowed_origins, **names; /* owned; in origins */
  SigOriginRules origins;
  unsigned max_connections;
  bool hsts; /* a certificate was configured */
  AlMetrics *registry;
  SigFrontMetrics metrics;
  SigCrowd *crowd;
  SigRateCrowd *strangers; /* what callers without a session or token do */
  AlMailbox *to_main;
  atomic_uint connections; /* HTTP and HTTPS, from accept on */
  atomic_uint surplus;     /* those over the limits, to be told so */
  SigCrowd *surplus_crowd;
  atomic_bool healthy, draining;
  atomic_bool said_unnamed; /* see SIG_ORIGIN_UNNAMED */
  _Atomic size_t held;
  AlStreamBudget owed; /* see SIG_FRONT_MAX_OWED */
  atomic_uint skips; /* see sig_front_skip_us() */
};

/** sig_front_hold: counts @len bytes that are kept for a client. Returns: false, nothing counted, over the limit. */
bool sig_front_hold (SigFrontShared *shared, size_t len);
void sig_front_unhold (SigFrontShared *shared, size_t len);

/* ---- who may connect: front-door.c ---- */

/** SigDoorTag: of a stream: what was decided when it was accepted. */
typedef enum {
  SIG_DOOR_NONE,        /* administrators and the metrics' reader: they get in when everything else is full */
  SIG_DOOR_IN,
  SIG_DOOR_OVER_ALL,    /* over max_connections: 503 */
  SIG_DOOR_OVER_ADDRESS /* over max_connections_per_address: 429 */
} SigDoorTag;

/** sig_front_door: Returns: for the public listeners of all threads. @shared: outlives their streams. Any thread. */
AlAdmission sig_front_door (SigFrontShared *shared);
/** sig_front_door_count_client: counts the client that a trusted proxy speaks for; others were counted at accept.
 *  Returns: false: its address has too many. */
bool sig_front_door_count_client (SigFrontConn *conn);
/** sig_front_door_uncount_client: gives back what sig_front_door_count_client() counted, if it did. */
void sig_front_door_uncount_client (SigFrontConn *conn);

/* ---- front to main: front-up.c ---- */

typedef enum {
  SIG_FRONT_UP_OPEN,
  SIG_FRONT_UP_MESSAGE,
  SIG_FRONT_UP_REQUEST,
  SIG_FRONT_UP_CLOSED,
  SIG_FRONT_UP_PROOF,
  SIG_FRONT_UP_WEB
} SigFrontUpType;

typedef struct SigFrontUp {
  SigFrontUpType type;
  uint16_t code; /* UP_CLOSED */
  bool tls, admin, held;
  SigConnId conn;
  uint64_t seq; /* UP_PROOF */
  AlAddr address;
  const char *bearer; /* (nullable): inside data */
  SigFrontShared *shared;
  SigWebRequest *web; /* UP_WEB: owned */
  size_t len;
  char data[]; /* text, NUL, then the bearer and its NUL */
} SigFrontUp;

SigFrontUp *sig_front_up_new (SigFrontShared *shared, SigFrontUpType type, SigConnId conn, const void *text, size_t len,
                              AlStr bearer);
void sig_front_up_free (SigFrontUp *up);
/** sig_front_up_post: Returns: false when main's mailbox is full or too much is held: try again with the same @up. */
bool sig_front_up_post (SigFrontUp *up);

/* ---- main to front: front-down.c ---- */

typedef enum {
  SIG_FRONT_DOWN_SEND,
  SIG_FRONT_DOWN_PROBE,
  SIG_FRONT_DOWN_DONE,
  SIG_FRONT_DOWN_KNOWN,
  SIG_FRONT_DOWN_RESPOND,
  SIG_FRONT_DOWN_WEB,
  SIG_FRONT_DOWN_CLOSE,
  SIG_FRONT_DOWN_ABORT,
  SIG_FRONT_DOWN_FILES,
  SIG_FRONT_DOWN_DRAIN,
  SIG_FRONT_DOWN_STOP,
  SIG_FRONT_DOWN_SKIP /* tests: moves the loop's clock */
} SigFrontDownType;

typedef struct {
  SigFrontDownType type;
  uint16_t status; /* of HTTP, or the WebSocket's close code */
  unsigned retry_after_s;
  SigConnId conn;
  AlBuf *buf;
  SigStatic *files;
  int64_t us;
  uint64_t seq; /* DOWN_PROBE */
  char *fields; /* DOWN_WEB: owned */
  char reason[124];
} SigFrontDown;

void sig_front_down_free (SigFrontDown *down);

/** SigFrontOutbox: the main thread's end of a front thread. */
typedef struct {
  SigFrontThread *thread;
  GQueue waiting;     /* SigFrontDown that must arrive and did not fit yet */
  GHashTable *doomed; /* SigConnId that an ABORT is waiting for */
} SigFrontOutbox;

/** sig_front_outbox_post: @down: (transfer full): for one connection; if it does not fit the connection is doomed. */
void sig_front_outbox_post (SigFrontOutbox *outbox, SigFrontDown *down);
/** sig_front_outbox_post_always: @down: (transfer full): for the thread; waits in the outbox if it does not fit. */
void sig_front_outbox_post_always (SigFrontOutbox *outbox, SigFrontDown *down);
/** sig_front_outbox_flush: tries what waits. Returns: true when nothing waits any more. */
bool sig_front_outbox_flush (SigFrontOutbox *outbox);

/* ---- a thread: front-thread.c, front-listen.c ---- */

/** SigFrontEntry: what a listener's route is called with. */
typedef struct {
  SigFrontThread *thread;
  SigFrontListen kind;
  AlListener *listener;
} SigFrontEntry;

struct SigFrontThread {
  SigFrontShared *shared;
  unsigned index;
  AlLoop *loop;
  AlMailbox *box;
  _Atomic size_t box_bytes;
  pthread_t pthread;
  bool started;
  /* the thread's own from here on */
  GPtrArray *entries; /* SigFrontEntry */
  SigSlots *slots;
  AlWsPool *ws_pool;
  AlBuf *ping;
  AlBuf *not_json, *too_many; /* the answers to texts that main never sees */
  SigStatic *files;
  SigFrontConn *conns;
  unsigned n_conns;
  GQueue unsent; /* SigFrontUp of connections that are gone */
  AlTimer unsent_timer, stop_timer;
  bool stopping;
  char date[30];
  int64_t date_s;
};

SigFrontThread *sig_front_thread_new (SigFrontShared *shared, unsigned index, SigStatic *files, unsigned mailbox,
                                      GError **error);
bool sig_front_thread_start (SigFrontThread *thread, GError **error);
/** sig_front_thread_free: joins it; a STOP was sent before. */
void sig_front_thread_free (SigFrontThread *thread);
/** sig_front_thread_listen: before it is started. @address: its port is filled in when it was 0. */
bool sig_front_thread_listen (SigFrontThread *thread, SigFrontListen kind, AlAddr *address, AlTls *tls, GError **error);
bool sig_front_thread_listen_unix (SigFrontThread *thread, const char *path, GError **error);
/** sig_front_thread_hand_up: @up: (transfer full): posts it, now or as soon as main's mailbox has room. */
void sig_front_thread_hand_up (SigFrontThread *thread, SigFrontUp *up);
/** sig_front_thread_conn_gone: a connection was freed. */
void sig_front_thread_conn_gone (SigFrontThread *thread);

/* ---- a connection: front-conn.c ---- */

/*
 *             +--------------------- answered ---------------------+
 *             v                                                    |
 *  accept -> HEAD -> BODY (a POST comes in) -> WAIT (main has it) -+
 *             |  \-> SEND (a file goes out) ------- sent ----------+
 *             v
 *            WS -> WS_CLOSING (our close frame is out)            any -> DONE (the stream is ending)
 */
typedef enum {
  SIG_FRONT_HEAD,
  SIG_FRONT_BODY,
  SIG_FRONT_WAIT,
  SIG_FRONT_SEND,
  SIG_FRONT_WS,
  SIG_FRONT_WS_CLOSING,
  SIG_FRONT_DONE,
  SIG_FRONT_STATE_N
} SigFrontState;

/** SigFrontPost: a POST from the end of its head to its answer. */
typedef struct {
  GByteArray *body;
  AlHttpChunked chunked;
  bool is_chunked;
  int64_t left; /* of Content-Length */
  int64_t began_us;
  size_t held;
  char *bearer;
  char *cors; /* (nullable): the foreign origin that may read the answer */
  SigWebRequest *web; /* (nullable): of /whip/ and /whep/ */
} SigFrontPost;

/** SigFrontFile: a file on its way out. */
typedef struct {
  SigStatic *tree; /* owned: keeps body alive */
  const SigStaticBody *body;
  size_t next, end;
  size_t taken; /* by the peer's side at the last look of the timer */
} SigFrontFile;

typedef struct {
  AlWs receiver;
  uint64_t frame_left;     /* bytes of the frame being received that did not come yet */
  int64_t message_us;      /* when the incomplete message began; 0: none */
  int64_t asked_us;        /* when it was opened or the last message came */
  int64_t output_since_us, retry_us, closing_us;
  int64_t armed_us;        /* what the timer was last set to */
  uint64_t probe_seq; /* what main wants to know of; 0: nothing */
  uint32_t message_bytes, held;
  uint8_t in_flight, pings;
  bool fragmented;
} SigFrontWs;

struct SigFrontConn {
  SigFrontThread *thread;
  AlStream *stream;
  SigFrontConn *next, **pprev;
  AlTimer timer;
  int64_t last_rx_us;
  SigRate rate;
  int64_t rate_until_us;  /* the next message may be read then */
  SigConnId id; /* of the WebSocket or the POST; 0: none */
  SigFrontUp *parked;
  SigFrontPost *post;
  SigFrontFile *file;
  SigFrontWs *ws;
  AlAddr client;          /* as the proxies tell; the TCP peer's until the first request */
  SigFrontListen kind : 8;
  SigFrontState state : 8;
  uint8_t paused;         /* bits of SigFrontPause */
  uint8_t why;            /* SigFrontWhy, AL_STREAM_CLOSE_N - 1 and below: as the stream says */
  bool client_tls, admin, has_why;
  bool counted;           /* see sig_front_door_count_client() */
  bool known;             /* a WebSocket with a session, or a POST with a token; never asked about its rights */
  bool keep_alive;        /* of the request being answered */
  bool head_only;         /* it is a HEAD */
  bool head_started;
};

void sig_front_conn_accept (AlListener *listener, AlStream *stream, void *entry);
void sig_front_conn_set_state (SigFrontConn *conn, SigFrontState state);
/** sig_front_conn_set_deadline: the state's timer; 0: none. */
void sig_front_conn_set_deadline (SigFrontConn *conn, int64_t deadline_us);
/** sig_front_conn_spend: counts a message of @len bytes with @n_values in it; sets when the next one may be read. Returns:
 *  false when its client's address, without a session or token, has done too much: it is to be refused. */
bool sig_front_conn_spend (SigFrontConn *conn, size_t len, uint32_t n_values);
void sig_front_conn_pause (SigFrontConn *conn, SigFrontPause reason, bool paused);
/** sig_front_conn_send, _send_buf, _lend: counted al_stream_send() and so on. Returns: may more be sent now. */
bool sig_front_conn_send (SigFrontConn *conn, const void *data, size_t len);
bool sig_front_conn_send_buf (SigFrontConn *conn, AlBuf *buf, size_t offset);
bool sig_front_conn_lend (SigFrontConn *conn, AlBuf *buf, size_t offset);
/** sig_front_conn_set_proven: whether main has found it to be a user's or a backend's: what waits for it then counts in no
 *  budget of strangers. */
void sig_front_conn_set_proven (SigFrontConn *conn, bool proven);
/** sig_front_conn_finish: ends it after what is queued; nothing more is read. */
void sig_front_conn_finish (SigFrontConn *conn);
/** sig_front_conn_kill: ends it at once. */
void sig_front_conn_kill (SigFrontConn *conn, SigFrontWhy why);
void sig_front_conn_set_why (SigFrontConn *conn, SigFrontWhy why);
/** sig_front_conn_post: @up: (transfer full): posts to main, or parks it and pauses. */
void sig_front_conn_post (SigFrontConn *conn, SigFrontUp *up);
/** sig_front_conn_retry: tries the parked message again. Returns: true when none is parked any more. */
bool sig_front_conn_retry (SigFrontConn *conn);
/** sig_front_conn_stop: the server stops: says goodbye in the way of the connection's protocol. */
void sig_front_conn_stop (SigFrontConn *conn);
int64_t sig_front_conn_now_us (const SigFrontConn *conn);

/* ---- HTTP: front-http.c (requests and routes), front-body.c (POST), front-files.c, front-response.c ---- */

/** sig_front_http_data: bytes in HEAD, BODY. Returns: how many are consumed. */
size_t sig_front_http_data (SigFrontConn *conn, const uint8_t *data, size_t len);
void sig_front_http_timer (SigFrontConn *conn);
/** sig_front_http_next: the request is answered: the next one may be read, or the connection ends. */
void sig_front_http_next (SigFrontConn *conn);

/** sig_front_post_meet: whether the request has a token (nobody asked yet if it is a good one), which sets its limits. */
void sig_front_post_meet (SigFrontConn *conn, const AlHttpRequest *request);
size_t sig_front_post_get_max (const SigFrontConn *conn);
/** sig_front_post_get_max_text: Returns: the sentence that refuses a larger body. */
const char *sig_front_post_get_max_text (const SigFrontConn *conn);
/** sig_front_post_begin: a request for main that passed all checks of its head. @web: (nullable) (transfer full): not /rpc. */
void sig_front_post_begin (SigFrontConn *conn, const AlHttpRequest *request, AlStr cors, SigWebRequest *web);
size_t sig_front_post_data (SigFrontConn *conn, const uint8_t *data, size_t len);
/** sig_front_post_timer: in BODY and WAIT. */
void sig_front_post_timer (SigFrontConn *conn);
void sig_front_post_respond (SigFrontConn *conn, unsigned status, AlBuf *body, unsigned retry_after_s);
/** sig_front_post_respond_fields: @fields: header lines with CR LF, at most SIG_WEB_MAX_FIELDS bytes. */
void sig_front_post_respond_fields (SigFrontConn *conn, unsigned status, const char *fields, AlBuf *body);
void sig_front_post_clear (SigFrontConn *conn);

/* ---- WHIP and WHEP: front-web.c ---- */

/** sig_front_web_is_path: Returns: whether @path is main's to answer, with any method. */
bool sig_front_web_is_path (AlStr path);
void sig_front_web_handle (SigFrontConn *conn, const AlHttpRequest *request);
void sig_web_request_free (SigWebRequest *request); /* NULL is allowed */

/** sig_front_refuse_origin: 403, or what an operator has to do, for a page that @who says may not talk to us. */
void sig_front_refuse_origin (SigFrontConn *conn, SigOrigin who, AlStr origin);

void sig_front_files_serve (SigFrontConn *conn, const AlHttpRequest *request, const SigStaticFile *file);
/** sig_front_files_pump: sends on, in SEND. */
void sig_front_files_pump (SigFrontConn *conn);
void sig_front_files_timer (SigFrontConn *conn);
void sig_front_files_clear (SigFrontConn *conn);

/** SigFrontHead: a response head being written. */
typedef struct {
  char text[4096];
  size_t len;
  bool overflow;
} SigFrontHead;

/** sig_front_head_begin: status line, Date, and what every answer carries. */
void sig_front_head_begin (SigFrontConn *conn, SigFrontHead *head, unsigned status);
void sig_front_head_add (SigFrontHead *head, const char *format, ...) G_GNUC_PRINTF (2, 3);
/** sig_front_head_send: @length: Content-Length, -1 for none (1xx, 204, 304). */
void sig_front_head_send (SigFrontConn *conn, SigFrontHead *head, int64_t length);
/** sig_front_answer: a whole answer with a body of text. @extra: (nullable): header lines with their CRLF. */
void sig_front_answer (SigFrontConn *conn, unsigned status, const char *extra, const char *content_type, const char *text,
                       size_t len);
/** sig_front_answer_error: {"error": @sentence}; the connection goes on if the request allows it and was read to its
 *  end. */
void sig_front_answer_error (SigFrontConn *conn, unsigned status, const char *extra, const char *sentence);
/** sig_front_answer_empty: 204 and the like. */
void sig_front_answer_empty (SigFrontConn *conn, unsigned status, const char *extra);

/* ---- WebSocket: front-ws.c, front-ws-handshake.c (open), front-ws-receive.c (data, on_message) ---- */

/** sig_front_ws_open: the handshake of a request whose Origin was accepted. */
void sig_front_ws_open (SigFrontConn *conn, const AlHttpRequest *request);
size_t sig_front_ws_data (SigFrontConn *conn, const uint8_t *data, size_t len);
/** sig_front_ws_on_message: an AlWsFn; @user: the connection. */
bool sig_front_ws_on_message (AlWs *ws, AlWsOp op, const uint8_t *data, size_t len, uint16_t close_code, void *user);
void sig_front_ws_send_close (SigFrontConn *conn, uint16_t code, const char *reason);
void sig_front_ws_timer (SigFrontConn *conn);
/** sig_front_ws_arm: sets the timer to what is due first. */
void sig_front_ws_arm (SigFrontConn *conn);
void sig_front_ws_send (SigFrontConn *conn, AlBuf *text);
void sig_front_ws_probe (SigFrontConn *conn, uint64_t seq);
/** sig_front_ws_known: it has a session now. */
void sig_front_ws_known (SigFrontConn *conn);
void sig_front_ws_done (SigFrontConn *conn);
void sig_front_ws_close (SigFrontConn *conn, uint16_t code, const char *reason);
/** sig_front_ws_gone: tells main once that it is over; no name after that. */
void sig_front_ws_gone (SigFrontConn *conn, uint16_t code);
void sig_front_ws_clear (SigFrontConn *conn);

/* ---- for tests ---- */

/** sig_front_new_sized: sig_front_new() with mailboxes of @mailbox messages. */
SigFront *sig_front_new_sized (GMainContext *context, const AlConfig *config, AlMetrics *metrics, const SigFrontOps *ops,
                               gpointer user, unsigned mailbox, GError **error);
/** sig_front_get_address: Returns: false when nothing listens for @kind. Main thread. */
bool sig_front_get_address (SigFront *front, SigFrontListen kind, AlAddr *ret_address);
/** sig_front_set_max_owed: SIG_FRONT_MAX_OWED, smaller. Any thread. */
void sig_front_set_max_owed (SigFront *front, size_t bytes);
/** sig_front_skip_us: moves the clock of all its loops, in order with what was sent before, and waits until all are there:
 *  a connection that is made next knows no other time. Main thread. */
void sig_front_skip_us (SigFront *front, int64_t us);
