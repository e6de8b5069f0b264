/* SPDX-License-Identifier: Apache-2.0 */
#include "signaling/content-type.h"

#include <glib.h>
#include <string.h>

static const struct {
  const char *extension, *type;
} types[] = {
  { ".avif", "image/avif" },
  { ".css", "text/css; charset=utf-8" },
  { ".gif", "image/gif" },
  { ".html", "text/html; charset=utf-8" },
  { ".ico", "image/x-icon" },
  { ".jpeg", "image/jpeg" },
  { ".jpg", "image/jpeg" },
  { ".js", "text/javascript; charset=utf-8" },
  { ".json", "application/json" },
  { ".m4a", "audio/mp4" },
  { ".map", "application/json" },
  { ".mjs", "text/javascript; charset=utf-8" },
  { ".mp3", "audio/mpeg" },
  { ".mp4", "video/mp4" },
  { ".ogg", "audio/ogg" },
  { ".opus", "audio/ogg" },
  { ".pdf", "application/pdf" },
  { ".png", "image/png" },
  { ".svg", "image/svg+xml" },
  { ".ttf", "font/ttf" },
  { ".txt", "text/plain; charset=utf-8" },
  { ".wasm", "application/wasm" },
  { ".wav", "audio/wav" },
  { ".webm", "video/webm" },
  { ".webmanifest", "application/manifest+json" },
  { ".webp", "image/webp" },
  { ".woff", "font/woff" },
  { ".woff2", "font/woff2" },
  { ".xml", "application/xml" },
};

const char *
sig_content_type (const char *path)
{
  const char *dot = strrchr (path, '.');

  for (size_t i = 0; dot != NULL && i < G_N_ELEMENTS (types); i++)
    if (g_ascii_strcasecmp (dot, types[i].extension) == 0)
      return types[i].type;
  return "application/octet-stream";
}
