/* SPDX-License-Identifier: Apache-2.0 */
/* The self-signed certificate of a first start. Any thread. */
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "base/tls.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (X509, X509_free)

/* Clocks of phones and freshly started machines are often behind. */
#define BACKDATE_S (24 * 3600)

static bool
fail_errno (GError **error, const char *path)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s", path, g_strerror (code));
  return false;
}

static bool
fail_openssl (GError **error, const char *path, const char *what)
{
  const char *reason = ERR_reason_error_string (ERR_peek_last_error ());

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s: %s", path, what,
               reason != NULL ? reason : "unknown error");
  ERR_clear_error ();
  return false;
}

static bool
write_all (int fd, const char *data, size_t len)
{
  while (len > 0)
    {
      ssize_t n = write (fd, data, len);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return false;
      data += n;
      len -= (size_t) n;
    }
  return fsync (fd) == 0;
}

/* Makes @path out of @bio's bytes; link() does not replace a file that is there. */
static bool
write_new_file (const char *path, mode_t mode, BIO *bio, GError **error)
{
  uint64_t number;
  g_autofree char *temporary = NULL;
  char *data;
  long len = BIO_get_mem_data (bio, &data);
  bool ok;
  int fd;

  al_random_bytes (&number, sizeof number);
  temporary = g_strdup_printf ("%s.%016" G_GINT64_MODIFIER "x", path, number);
  fd = open (temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0)
    return fail_errno (error, path);
  ok = write_all (fd, data, (size_t) len) && link (temporary, path) == 0;
  if (!ok)
    (void) fail_errno (error, path);
  (void) close (fd);
  (void) unlink (temporary);
  return ok;
}

static EVP_PKEY *
load_or_make_key (const char *path, GError **error)
{
  g_autoptr (EVP_PKEY) key = NULL;
  g_autoptr (BIO) bio = BIO_new_file (path, "re");

  if (bio != NULL)
    {
      key = PEM_read_bio_PrivateKey (bio, NULL, NULL, NULL);
      if (key == NULL)
        (void) fail_openssl (error, path, "cannot read this private key");
      return g_steal_pointer (&key);
    }
  ERR_clear_error ();
  key = EVP_EC_gen ("P-256");
  bio = BIO_new (BIO_s_mem ());
  if (key == NULL || bio == NULL || PEM_write_bio_PKCS8PrivateKey (bio, key, NULL, NULL, 0, NULL, NULL) != 1)
    (void) fail_openssl (error, path, "cannot make a private key");
  else if (write_new_file (path, 0600, bio, error))
    return g_steal_pointer (&key);
  return NULL;
}

static void
add_name (GENERAL_NAMES *names, const char *text)
{
  GENERAL_NAME *name = GENERAL_NAME_new ();
  ASN1_OCTET_STRING *ip = a2i_IPADDRESS (text);

  if (ip != NULL)
    GENERAL_NAME_set0_value (name, GEN_IPADD, ip);
  else
    {
      ASN1_IA5STRING *dns = ASN1_IA5STRING_new ();

      ERR_clear_error ();
      (void) ASN1_STRING_set (dns, text, -1);
      GENERAL_NAME_set0_value (name, GEN_DNS, dns);
    }
  (void) sk_GENERAL_NAME_push (names, name);
}

static bool
add_extension (X509 *certificate, int nid, const char *value)
{
  X509_EXTENSION *extension = X509V3_EXT_conf_nid (NULL, NULL, nid, value);
  bool ok = extension != NULL && X509_add_ext (certificate, extension, -1) == 1;

  X509_EXTENSION_free (extension);
  return ok;
}

/* RFC 5280 §4.1.2.2: the serial is positive, and at least 64 bits of it cannot be guessed. */
static bool
set_serial (X509 *certificate)
{
  uint8_t bytes[16];
  BIGNUM *number;
  bool ok;

  al_random_bytes (bytes, sizeof bytes);
  bytes[0] &= 0x7f;
  bytes[0] |= 0x40;
  number = BN_bin2bn (bytes, sizeof bytes, NULL);
  ok = number != NULL && BN_to_ASN1_INTEGER (number, X509_get_serialNumber (certificate)) != NULL;
  BN_free (number);
  return ok;
}

static const unsigned char common_name[] = "Aldis self-signed";

static X509 *
make_certificate (EVP_PKEY *key, const char *const *names, unsigned days)
{
  g_autoptr (X509) certificate = X509_new ();
  GENERAL_NAMES *alternatives = sk_GENERAL_NAME_new_null ();
  X509_NAME *subject;
  bool ok;

  for (const char *const *name = names; *name != NULL; name++)
    add_name (alternatives, *name);
  subject = X509_get_subject_name (certificate);
  ok = X509_set_version (certificate, X509_VERSION_3) == 1 && set_serial (certificate)
       && X509_gmtime_adj (X509_getm_notBefore (certificate), -BACKDATE_S) != NULL
       && X509_gmtime_adj (X509_getm_notAfter (certificate), (long) days * 24 * 3600) != NULL
       && X509_NAME_add_entry_by_txt (subject, "CN", MBSTRING_UTF8, common_name, -1, -1, 0) == 1
       && X509_set_issuer_name (certificate, subject) == 1 && X509_set_pubkey (certificate, key) == 1
       && add_extension (certificate, NID_basic_constraints, "critical,CA:FALSE")
       && add_extension (certificate, NID_key_usage, "critical,digitalSignature")
       && add_extension (certificate, NID_ext_key_usage, "serverAuth")
       && X509_add1_ext_i2d (certificate, NID_subject_alt_name, alternatives, 0, 0) == 1
       && X509_sign (certificate, key, EVP_sha256 ()) != 0;
  GENERAL_NAMES_free (alternatives);
  return ok ? g_steal_pointer (&certificate) : NULL;
}

bool
al_tls_make_self_signed (const char *certificate, const char *key, const char *const *names, unsigned days,
                         GError **error)
{
  g_autoptr (EVP_PKEY) pair = NULL;
  g_autoptr (X509) made = NULL;
  g_autoptr (BIO) bio = NULL;

  g_return_val_if_fail (names != NULL && names[0] != NULL && days >= 1 && days <= 3650, false);
  if (access (certificate, F_OK) == 0)
    {
      errno = EEXIST;
      return fail_errno (error, certificate);
    }
  ERR_clear_error ();
  pair = load_or_make_key (key, error);
  if (pair == NULL)
    return false;
  made = make_certificate (pair, names, days);
  bio = BIO_new (BIO_s_mem ());
  if (made == NULL || bio == NULL || PEM_write_bio_X509 (bio, made) != 1)
    return fail_openssl (error, certificate, "cannot make a certificate");
  return write_new_file (certificate, 0644, bio, error);
}
