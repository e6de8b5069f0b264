/* SPDX-License-Identifier: Apache-2.0 */
/* Every key of aldis.conf. A key stands here only if something reads it: one that does nothing would be a lie. */
#include "base/config.h"

#define TEXT(section, name, fallback, about) { section, name, AL_CONFIG_STRING, fallback, 0, 0, NULL, about }
#define BOOL(section, name, fallback, about) { section, name, AL_CONFIG_BOOL, fallback, 0, 0, NULL, about }
#define NUMBER(section, name, fallback, min, max, about) { section, name, AL_CONFIG_INT, fallback, min, max, NULL, about }
#define WORD(section, name, fallback, choices, about) { section, name, AL_CONFIG_ENUM, fallback, 0, 0, choices, about }
#define LIST(section, name, fallback, about) { section, name, AL_CONFIG_LIST, fallback, 0, 0, NULL, about }
#define ADDRESS(section, name, fallback, about) { section, name, AL_CONFIG_ADDRESS, fallback, 0, 0, NULL, about }
#define ADDRESSES(section, name, fallback, about) { section, name, AL_CONFIG_ADDRESSES, fallback, 0, 0, NULL, about }
#define NETS(section, name, fallback, about) { section, name, AL_CONFIG_NETS, fallback, 0, 0, NULL, about }
#define SECRET(section, name, min, about) { section, name, AL_CONFIG_SECRET, "", min, 0, NULL, about }
#define SECRETS(section, name, min, about) { section, name, AL_CONFIG_SECRETS, "", min, 0, NULL, about }

static const AlConfigKey keys[] = {
  TEXT ("server", "data_dir", "./var", "Folder of the database, the self-signed certificate and the admin socket."),
  TEXT ("server", "public_address", "", "Host name or address by which clients reach this server; empty: worked out."),
  NUMBER ("server", "workers", "0", 0, 64, "Threads of the media plane; 0: one per core."),
  WORD ("server", "log_level", "info", "error|warning|info|debug", "The least important messages that are logged."),
  WORD ("server", "udp_offload", "auto", "auto|off", "Segmentation and coalescing of UDP packets in the kernel."),
  ADDRESS ("server", "metrics_listen", "127.0.0.1:9464", "Where /metrics answers in OpenMetrics text; never a public one."),

  ADDRESSES ("signaling", "listen", "127.0.0.1:8080", "Where HTTP and WebSocket are served without TLS."),
  ADDRESSES ("signaling", "tls_listen", "*:8443", "Where HTTPS and secure WebSocket are served."),
  TEXT ("signaling", "tls_certificate", "", "PEM chain, leaf first; empty: a self-signed one is made in data_dir."),
  TEXT ("signaling", "tls_key", "", "PEM private key of tls_certificate."),
  TEXT ("signaling", "web_root", "./web/dist", "Folder of the web client; empty: none is served."),
  NUMBER ("signaling", "front_threads", "0", 0, 64, "Threads that serve connections; 0: as many as workers, at most 4."),
  BOOL ("signaling", "allow_registration", "true", "Whether anybody may make an account."),
  SECRET ("signaling", "jwt_secret", 32, "HS256 key with which your application signs its users' tokens; empty: off."),
  TEXT ("signaling", "jwt_public_key", "", "PEM file with the Ed25519 key that verifies EdDSA tokens; empty: off."),
  TEXT ("signaling", "jwt_issuer", "", "If set, the iss claim that a token must carry."),
  TEXT ("signaling", "jwt_audience", "", "If set, the aud claim that a token must carry."),
  SECRETS ("signaling", "api_keys", 32, "Keys of the backend API, NAME:KEY each; empty: the API is off."),
  TEXT ("signaling", "webhook_url", "", "Where call events are posted; empty: nowhere."),
  SECRET ("signaling", "webhook_secret", 32, "Key of the HMAC-SHA256 signature on webhooks; needed with webhook_url."),
  NETS ("signaling", "trusted_proxies", "", "Peers whose X-Forwarded-For is believed."),
  LIST ("signaling", "allowed_origins", "", "Origins besides the server's own from which pages may connect; * for all."),
  NUMBER ("signaling", "max_connections", "100000", 1, 10000000, "Connections open at once, silent ones too."),
  NUMBER ("signaling", "max_connections_per_address", "1000", 1, 10000000, "Connections open at once from one address."),
  NUMBER ("signaling", "stranger_rate_address", "200", 0, 1000000,
          "Messages a second from one address without a session or token; 0: no limit."),
  NUMBER ("signaling", "ring_timeout_s", "60", 1, 600, "A call that nobody answers ends as missed."),
  NUMBER ("signaling", "connect_timeout_s", "30", 1, 600, "An accepted call whose media does not flow ends as failed."),
  NUMBER ("signaling", "reattach_timeout_s", "30", 1, 600, "A call whose party stays away ends as disconnected."),
  NUMBER ("signaling", "call_rate_user", "60", 0, 1000000, "Calls that a user may begin in a minute; 0: no limit."),
  NUMBER ("signaling", "call_rate_pair", "20", 0, 1000000, "Calls to one other user in a minute; 0: no limit."),
  NUMBER ("signaling", "max_calls_per_user", "8", 1, 1000, "Calls of one user that ring or go on at once."),

  { "messaging", "database", AL_CONFIG_STRING, "sqlite:aldis.db", 0, 0, "sqlite:|postgresql://",
    "Where accounts and calls are kept; a relative path counts from data_dir." },
  NUMBER ("messaging", "login_rate_user", "10", 0, 1000000,
          "Logins tried per minute, user name and client address; 0: no limit."),
  NUMBER ("messaging", "login_rate_address", "60", 0, 1000000, "Logins tried per minute and client address; 0: no limit."),
  NUMBER ("messaging", "registration_rate_address", "60", 0, 1000000,
          "Accounts made per hour and client address; 0: no limit."),
  NUMBER ("messaging", "message_length", "4096", 1, 65536, "UTF-16 units of a message's text."),
  NUMBER ("messaging", "message_entities", "100", 0, 1000, "What may be marked in one text."),
  NUMBER ("messaging", "message_rate", "120", 0, 1000000, "Messages of a user in a minute; 0: no limit."),
  NUMBER ("messaging", "chat_rate", "60", 0, 1000000, "Chats that a user makes or changes in a minute; 0: no limit."),
  NUMBER ("messaging", "group_members", "200", 1, 200, "Members of a group."),
  NUMBER ("messaging", "supergroup_members", "200000", 1, 10000000, "Members of a supergroup."),
  NUMBER ("messaging", "topics_per_chat", "1000", 0, 100000, "Topics of a supergroup."),
  NUMBER ("messaging", "groups_per_user", "500", 0, 1000000, "Groups, supergroups and channels that one user may own."),
  NUMBER ("messaging", "search_rate", "120", 0, 1000000, "Searches of a user in a minute; 0: no limit."),
  NUMBER ("messaging", "secret_rate", "30", 0, 1000000, "Requests of a user for secret chats in an hour; 0: no limit."),
  NUMBER ("messaging", "secret_chats", "100", 1, 10000, "Secret chats of one device."),
  NUMBER ("messaging", "secret_queue_messages", "1000", 2, 100000, "Messages of secret chats that wait for one device."),
  NUMBER ("messaging", "secret_queue_bytes", "8388608", 131072, 1073741824, "Their bytes."),
  NUMBER ("messaging", "contacts_per_hour", "30", 0, 1000000, "Strangers whom a user begins to write to in an hour."),
  NUMBER ("messaging", "contacts_per_day", "100", 0, 1000000, "The same in a day; 0: no limit."),
  NUMBER ("messaging", "limited_contacts_per_day", "2", 0, 1000000, "The same of users who are limited; 0: none."),
  NUMBER ("messaging", "update_log_days", "90", 0, 36500, "Older rows of the update logs are dropped; 0: for ever."),
  NUMBER ("messaging", "update_log_rows", "100000", 0, 1000000000, "Rows of one update log, the newest; 0: no limit."),
  NUMBER ("messaging", "retention_days", "0", 0, 36500, "Older messages are deleted for all; 0: none."),
  NUMBER ("messaging", "retention_days_private", "-1", -1, 36500, "Of chats of two; -1: as retention_days."),
  NUMBER ("messaging", "retention_days_saved", "-1", -1, 36500, "Of saved messages; -1: as retention_days."),
  NUMBER ("messaging", "retention_days_group", "-1", -1, 36500, "Of groups and supergroups; -1: as retention_days."),
  NUMBER ("messaging", "retention_days_channel", "-1", -1, 36500, "Of channels; -1: as retention_days."),
  NUMBER ("messaging", "report_days", "0", 0, 36500, "Closed reports are dropped so long after; 0: never."),
  NUMBER ("messaging", "draft_rate", "120", 0, 1000000, "Drafts that a user saves in a minute; 0: no limit."),

  ADDRESSES ("relay", "listen_udp", "*:3478", "Where STUN and TURN are served over UDP; the workers share it."),
  ADDRESSES ("relay", "listen_tcp", "*:3478", "Where TURN is served over TCP."),
  ADDRESSES ("relay", "listen_tls", "*:5349", "Where TURN is served over TLS, with the certificate of HTTPS."),
  BOOL ("relay", "dtls", "false", "Whether TURN is served over DTLS too, on listen_udp, with the certificate of HTTPS."),
  TEXT ("relay", "realm", "aldis", "The realm of long-term credentials."),
  LIST ("relay", "relay_address", "", "Where allocations are bound, one address of each family; empty: worked out."),
  LIST ("relay", "advertised_address", "", "What clients are told instead of relay_address: behind a 1:1 NAT."),
  TEXT ("relay", "relay_ports", "49152-65535", "The ports of allocations."),
  SECRETS ("relay", "shared_secrets", 6, "Keys of time-limited TURN credentials; the first one signs."),
  SECRETS ("relay", "static_users", 3, "Users of the relay, NAME:PASSWORD each, for devices that can do no better."),
  NETS ("relay", "allow_peers", "", "Peers that clients may reach although they are denied by default."),
  NETS ("relay", "deny_peers", "", "Peers that clients may not reach."),
  BOOL ("relay", "allow_loopback_peers", "false", "Whether clients may reach this host's loopback: for tests."),
  BOOL ("relay", "tcp_allocations", "false", "Whether clients may be relayed over TCP too (RFC 6062)."),
  NUMBER ("relay", "user_quota", "0", 0, 65535, "Allocations of one user at once; 0: no limit."),
  NUMBER ("relay", "source_quota", "0", 0, 65535, "Allocations from one address at once; 0: no limit."),
  NUMBER ("relay", "total_quota", "0", 0, 65535, "Relayed ports in use at once; 0: all of relay_ports."),
  NUMBER ("relay", "max_connections", "10000", 0, 65535, "TCP and TLS connections, and DTLS sessions, at once; 0: no limit."),
  NUMBER ("relay", "max_connections_per_address", "500", 0, 65535, "Of these, from one address; 0: no limit."),
  LIST ("relay", "alternate_server", "",
        "Where new clients are sent (300 Try Alternate), to drain; one address of each family; empty: off."),
  NUMBER ("relay", "max_lifetime_s", "3600", 600, 3600, "The longest lifetime that an allocation may ask for."),
  NUMBER ("relay", "max_bitrate_kbps", "0", 0, 100000000, "Of one allocation in each direction; 0: no limit."),
  NUMBER ("relay", "max_user_bitrate_kbps", "0", 0, 100000000, "Of all allocations of one user together; 0: no limit."),
  NUMBER ("relay", "unverified_replies_per_s", "100", 0, 1000000,
          "Answers a second over UDP to one source that has not proved who it is; 0: no limit."),
  LIST ("relay", "discovery", "", "Two addresses with two ports for NAT behaviour discovery (RFC 5780); empty: off."),
  BOOL ("relay", "mobility", "false", "Allocations follow clients whose address changes (RFC 8016)."),
  BOOL ("relay", "anti_reflection", "false", "Challenges as short as they can be, without the algorithms of RFC 8489."),

  LIST ("sfu", "advertise", "", "Addresses, with port, at which clients reach listen_udp and listen_tcp; empty: worked out."),
  NUMBER ("sfu", "max_bitrate_kbps", "4000", 0, 100000, "Of one publisher's video; 0: no limit."),
  NUMBER ("sfu", "max_participants", "1000", 1, 100000, "Participants of one room at once."),
  NUMBER ("sfu", "max_participants_total", "10000", 1, 10000000, "Participants of all rooms at once."),
  NUMBER ("sfu", "max_rooms_per_user", "100", 1, 100000, "Rooms that one user may own."),
  NUMBER ("sfu", "room_join_rate", "60", 0, 1000000,
          "Rooms made or joined in a minute by one user, or by guests from one address; 0: no limit."),

  BOOL ("push", "enabled", "true", "Whether browsers may ask to be woken by Web Push."),
  TEXT ("push", "subject", "", "Whom push services may turn to, mailto:... or https:...; empty: https: and public_address."),
  BOOL ("push", "allow_private", "false", "Whether pushes may go to private addresses and over http: for tests."),

  SECRETS ("streaming", "publish_keys", 32, "Keys that publish streams by WHIP, STREAM:KEY each."),
  SECRETS ("streaming", "play_keys", 32, "Keys that play streams by WHEP, STREAM:KEY each; empty: everybody may."),
  { NULL }
};

const AlConfigKey *
al_config_keys (void)
{
  return keys;
}
