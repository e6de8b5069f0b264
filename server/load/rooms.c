/* SPDX-License-Identifier: Apache-2.0 */
#include "server/load/rooms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/load/rooms-report.h"

#define STEP_MS 30000

void
load_rooms_fail (LoadRooms *rooms, const char *what, const char *text)
{
  g_printerr ("aldis-load: %s: %.400s\n", what, text);
  rooms->fault = what;
}

void
load_rooms_take_answer (LoadMember *member, const char *sdp)
{
  member->answered = member->publisher != NULL ? load_publisher_answered (member->publisher, sdp)
                                               : load_subscriber_answered (member->subscriber, sdp);
  if (!member->answered)
    load_rooms_fail (member->rooms, "the answer cannot be used", sdp);
}

typedef bool (*Condition) (const LoadRooms *rooms);

static bool
wait_for (LoadRooms *rooms, Condition condition, int64_t timeout_ms)
{
  int64_t end_us = al_clock_now_us () + timeout_ms * 1000;

  while (rooms->fault == NULL && (condition == NULL || !condition (rooms)) && al_clock_now_us () < end_us)
    al_loop_iterate (rooms->loop, 10);
  return rooms->fault == NULL && (condition == NULL || condition (rooms));
}

static bool
is_ready (const LoadRooms *rooms)
{
  return rooms->ready;
}

static bool
all_publish (const LoadRooms *rooms)
{
  for (int i = 0; i < rooms->options.publishers; i++)
    if (!rooms->publishers[i].answered || !load_publisher_is_connected (rooms->publishers[i].publisher))
      return false;
  return true;
}

static bool
all_receive (const LoadRooms *rooms)
{
  for (int i = 0; i < rooms->options.subscribers; i++)
    {
      LoadSubscriberStats stats;

      load_subscriber_get_stats (rooms->subscribers[i].subscriber, &stats);
      if (stats.first_us == 0)
        return false;
    }
  return true;
}

static bool
make_members (LoadRooms *rooms, LoadRun *run, GError **error)
{
  const LoadRoomsOptions *options = &rooms->options;

  rooms->publishers = g_new0 (LoadMember, (gsize) options->publishers + 1);
  rooms->subscribers = g_new0 (LoadMember, (gsize) options->subscribers + 1);
  for (int i = 0; i < options->publishers; i++)
    {
      const LoadPublisherConfig config = { run->video, run->audio, (unsigned) i, (unsigned) options->publishers,
                                           (uint8_t) (20 + i) };

      rooms->publishers[i] = (LoadMember){ .rooms = rooms, .index = (unsigned) i };
      rooms->publishers[i].publisher = load_publisher_new (&rooms->home, &config, error);
      if (rooms->publishers[i].publisher == NULL)
        return false;
    }
  for (int i = 0; i < options->subscribers; i++)
    {
      const LoadSubscriberConfig config = { i % MAX (options->sample, 1) == 0, &run->latency, &run->measuring };

      rooms->subscribers[i] = (LoadMember){ .rooms = rooms, .index = (unsigned) i };
      rooms->subscribers[i].subscriber = load_subscriber_new (&rooms->home, &config, error);
      if (rooms->subscribers[i].subscriber == NULL)
        return false;
    }
  return true;
}

static bool
join_all (LoadRooms *rooms, LoadRun *run)
{
  const LoadRoomsOptions *options = &rooms->options;

  for (int i = 0; i < options->publishers; i++)
    {
      rooms->signaling->publish (&rooms->publishers[i]);
      (void) wait_for (rooms, NULL, options->join_ms);
    }
  if (!wait_for (rooms, all_publish, STEP_MS))
    return load_rooms_fail (rooms, "not all publishers are connected", ""), false;
  (void) wait_for (rooms, NULL, 1000);
  load_run_note_memory (run, options->server_pid, false);
  for (int i = 0; i < options->subscribers && rooms->fault == NULL; i++)
    {
      load_subscriber_begin (rooms->subscribers[i].subscriber);
      rooms->signaling->subscribe (&rooms->subscribers[i]);
      (void) wait_for (rooms, NULL, options->join_ms);
    }
  /* who gets nothing is reported, not waited for */
  (void) wait_for (rooms, all_receive, STEP_MS);
  (void) wait_for (rooms, NULL, (int64_t) options->warmup * 1000);
  load_run_note_memory (run, options->server_pid, true);
  return rooms->fault == NULL;
}

static bool
measure (LoadRooms *rooms, LoadRun *run)
{
  if (!wait_for (rooms, is_ready, STEP_MS))
    return load_rooms_fail (rooms, "there is no room", ""), false;
  if (!join_all (rooms, run))
    return false;
  g_print ("measuring\n");
  (void) fflush (stdout);
  load_run_begin (run, rooms);
  (void) wait_for (rooms, NULL, (int64_t) rooms->options.seconds * 1000);
  load_run_end (run, rooms);
  return rooms->fault == NULL;
}

static bool
run_all (LoadRooms *rooms, LoadRun *run)
{
  g_autoptr (GError) error = NULL;
  bool done;

  if (!make_members (rooms, run, &error) || !rooms->signaling->open (rooms, &error))
    return load_rooms_fail (rooms, "cannot begin", error->message), false;
  done = measure (rooms, run);
  rooms->over = true;
  rooms->signaling->close (rooms);
  return done;
}

static bool
parse_options (LoadRoomsOptions *options, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "url", 'u', 0, G_OPTION_ARG_STRING, &options->url, "Where the signaling is", "ADDRESS:PORT" },
    { "janus", 0, 0, G_OPTION_ARG_NONE, &options->janus, "It is Janus's WebSocket API", NULL },
    { "whip", 0, 0, G_OPTION_ARG_NONE, &options->whip, "Over WHIP and WHEP instead of JSON-RPC", NULL },
    { "jwt-secret", 0, 0, G_OPTION_ARG_STRING, &options->jwt_secret, "The server's [signaling] jwt_secret", "SECRET" },
    { "stream-key", 0, 0, G_OPTION_ARG_STRING, &options->stream_key,
      "With --whip: the server's [streaming] publish_keys has load0:KEY-0;load1:KEY-1;...", "KEY" },
    { "names", 0, 0, G_OPTION_ARG_STRING, &options->names, "Before the names of all (JSON-RPC); usually load", "PREFIX" },
    { "room", 0, 0, G_OPTION_ARG_STRING, &options->room, "Enter this room (JSON-RPC)", "LINK" },
    { "ice", 0, 0, G_OPTION_ARG_STRING, &options->ice, "ICE by our own agent (default), or by libnice", "own|libnice" },
    { "local", 0, 0, G_OPTION_ARG_STRING, &options->local, "Send media from here", "ADDRESS" },
    { "publishers", 'p', 0, G_OPTION_ARG_INT, &options->publishers, "How many publish", "N" },
    { "subscribers", 's', 0, G_OPTION_ARG_INT, &options->subscribers, "How many receive all of them", "N" },
    { "seconds", 't', 0, G_OPTION_ARG_INT, &options->seconds, "How long to measure", "N" },
    { "warmup", 0, 0, G_OPTION_ARG_INT, &options->warmup, "Seconds before that", "N" },
    { "join-ms", 0, 0, G_OPTION_ARG_INT, &options->join_ms, "Time between two that join", "MS" },
    { "video", 0, 0, G_OPTION_ARG_FILENAME, &options->video_path, "VP8 in IVF, 30 frames a second", "FILE" },
    { "audio", 0, 0, G_OPTION_ARG_FILENAME, &options->audio_path, "Opus in Ogg, 20 ms a packet", "FILE" },
    { "profiles", 0, 0, G_OPTION_ARG_STRING, &options->profiles, "SRTP: gcm, sha1 or both", "WHICH" },
    { "sample", 0, 0, G_OPTION_ARG_INT, &options->sample, "Every Nth subscriber decrypts all it gets", "N" },
    { "gro", 0, 0, G_OPTION_ARG_NONE, &options->gro, "Receive trains at once, which browsers do not", NULL },
    { "server-pid", 0, 0, G_OPTION_ARG_INT, &options->server_pid, "Measure this process's CPU and memory", "PID" },
    { "threads", 0, 0, G_OPTION_ARG_NONE, &options->threads, "Print the CPU of each of its threads", NULL },
    { "explain", 0, 0, G_OPTION_ARG_NONE, &options->explain, "Print what the server says of it (JSON-RPC)", NULL },
    G_OPTION_ENTRY_NULL
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- a room full of simulated browsers");

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return false;
  if (options->jwt_secret == NULL)
    options->jwt_secret = g_strdup ("");
  if (options->stream_key == NULL)
    options->stream_key = g_strdup ("");
  if (options->names == NULL)
    options->names = g_strdup ("load");
  if (options->ice != NULL && !g_str_equal (options->ice, "own") && !g_str_equal (options->ice, "libnice"))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--ice is own or libnice");
      return false;
    }
  if (options->url == NULL || options->audio_path == NULL || options->publishers < 1 || options->subscribers < 0)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "--url, --audio and at least one publisher are needed");
      return false;
    }
  return true;
}

/* as Chromium 156 offers them, in its order (read from its ClientHello), and subsets of it */
static const char *
profiles_of (const LoadRoomsOptions *options)
{
  if (g_strcmp0 (options->profiles, "gcm") == 0)
    return "SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM";
  if (g_strcmp0 (options->profiles, "sha1") == 0)
    return "SRTP_AES128_CM_SHA1_80";
  return "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM";
}

static bool
begin (LoadRooms *rooms, LoadRun *run, GError **error)
{
  const LoadRoomsOptions *options = &rooms->options;

  if (!al_addr_parse (options->url, 8080, &rooms->server, error)
      || !al_addr_parse (options->local != NULL ? options->local : "127.0.0.1", 0, &rooms->home.local, error)
      || (rooms->loop = al_loop_new ("load", error)) == NULL
      || (run->audio = load_clip_read (options->audio_path, error)) == NULL
      || (options->video_path != NULL && (run->video = load_clip_read (options->video_path, error)) == NULL))
    return false;
  g_assert (srtp_init () == srtp_err_status_ok);
  rooms->home.net = load_net_new (rooms->loop, options->gro);
  rooms->home.dtls = load_dtls_context_new (profiles_of (options));
  rooms->home.hmac = al_hmac_new ();
  rooms->home.libnice = g_strcmp0 (options->ice, "libnice") == 0;
  rooms->signaling = options->janus  ? &load_signaling_janus
                     : options->whip ? &load_signaling_whip
                                     : &load_signaling_rpc;
  return true;
}

static void
end (LoadRooms *rooms)
{
  char **const texts[] = { &rooms->options.url,        &rooms->options.video_path, &rooms->options.audio_path,
                           &rooms->options.local,      &rooms->options.profiles,   &rooms->options.jwt_secret,
                           &rooms->options.stream_key, &rooms->options.ice,        &rooms->options.names,
                           &rooms->options.room };

  for (unsigned i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (*texts[i]);
  for (int i = 0; rooms->publishers != NULL && i < rooms->options.publishers; i++)
    load_publisher_free (rooms->publishers[i].publisher);
  for (int i = 0; rooms->subscribers != NULL && i < rooms->options.subscribers; i++)
    load_subscriber_free (rooms->subscribers[i].subscriber);
  g_free (rooms->publishers);
  g_free (rooms->subscribers);
  load_net_free (rooms->home.net);
  load_dtls_context_free (rooms->home.dtls);
  al_hmac_free (rooms->home.hmac);
  al_loop_free (rooms->loop);
}

int
load_rooms_main (int argc, char **argv)
{
  LoadRooms rooms = { .options = { .publishers = 1, .subscribers = 1, .seconds = 10, .warmup = 3, .join_ms = 20,
                                   .sample = 16 } };
  g_autoptr (GError) error = NULL;
  LoadRun run = { 0 };
  bool done;

  load_run_init (&run);
  if (!parse_options (&rooms.options, &argc, &argv, &error) || !begin (&rooms, &run, &error))
    {
      g_printerr ("aldis-load: %s\n", error->message);
      return 2;
    }
  done = run_all (&rooms, &run);
  end (&rooms);
  load_run_clear (&run);
  return done ? 0 : 1;
}
