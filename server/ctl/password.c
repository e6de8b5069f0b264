/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ctl/password.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* over the longest password by far; a longer line is refused, not cut */
#define MAX_LINE 4096

void
ctl_password_free (char *password)
{
  if (password == NULL)
    return;
  explicit_bzero (password, strlen (password));
  g_free (password);
}

static char *
read_line (GError **error)
{
  char line[MAX_LINE];
  char *password, *end;

  if (fgets (line, sizeof line, stdin) == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "no password on standard input");
      return NULL;
    }
  end = strchr (line, '\n');
  if (end == NULL && strlen (line) == sizeof line - 1)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the password is too long");
      return NULL;
    }
  if (end != NULL)
    *end = '\0';
  password = g_strdup (line);
  explicit_bzero (line, sizeof line);
  return password;
}

static char *
ask (const char *prompt, GError **error)
{
  struct termios shown, hidden;
  char *password;

  (void) tcgetattr (STDIN_FILENO, &shown);
  hidden = shown;
  hidden.c_lflag &= (tcflag_t) ~ECHO;
  (void) fprintf (stderr, "%s: ", prompt);
  (void) tcsetattr (STDIN_FILENO, TCSAFLUSH, &hidden);
  password = read_line (error);
  (void) tcsetattr (STDIN_FILENO, TCSAFLUSH, &shown);
  (void) fputc ('\n', stderr);
  return password;
}

char *
ctl_password_read_once (const char *prompt, GError **error)
{
  return isatty (STDIN_FILENO) ? ask (prompt, error) : read_line (error);
}

char *
ctl_password_read (const char *prompt, GError **error)
{
  char *first, *second;

  if (!isatty (STDIN_FILENO))
    return read_line (error);
  first = ask (prompt, error);
  if (first == NULL)
    return NULL;
  second = ask ("Again", error);
  if (second != NULL && strcmp (first, second) != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the two passwords differ");
      ctl_password_free (second);
      second = NULL;
    }
  ctl_password_free (first);
  return second;
}
