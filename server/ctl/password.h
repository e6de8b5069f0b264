/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a person for a password. */
#pragma once

#include <glib.h>

/**
 * ctl_password_read:
 * @prompt: shown when standard input is a terminal; then the password is asked twice and not shown. Otherwise one line is read.
 *
 * Returns: (transfer full) (nullable): NULL with G_IO_ERROR; free with ctl_password_free().
 */
char *ctl_password_read (const char *prompt, GError **error);
/** ctl_password_read_once: the same for a password that exists already: it is asked for once. */
char *ctl_password_read_once (const char *prompt, GError **error);
/** ctl_password_free: clears the memory first. NULL is allowed. */
void ctl_password_free (char *password);
