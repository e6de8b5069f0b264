/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ctl/cert.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <time.h>

/* as in RFC 5280 §4.2.1.6: 4 bytes or 16 */
static void
append_address (GString *names, const ASN1_OCTET_STRING *address)
{
  char text[INET6_ADDRSTRLEN];
  int family = ASN1_STRING_length (address) == 4 ? AF_INET : AF_INET6;

  if ((ASN1_STRING_length (address) == 4 || ASN1_STRING_length (address) == 16)
      && inet_ntop (family, ASN1_STRING_get0_data (address), text, sizeof text) != NULL)
    g_string_append (names, text);
}

static char *
list_names (X509 *x509)
{
  GENERAL_NAMES *list = X509_get_ext_d2i (x509, NID_subject_alt_name, NULL, NULL);
  GString *names = g_string_new (NULL);

  for (int i = 0; i < sk_GENERAL_NAME_num (list); i++)
    {
      const GENERAL_NAME *name = sk_GENERAL_NAME_value (list, i);

      if (name->type != GEN_DNS && name->type != GEN_IPADD)
        continue;
      if (names->len > 0)
        g_string_append (names, ", ");
      if (name->type == GEN_IPADD)
        append_address (names, name->d.iPAddress);
      else
        {
          g_autofree char *text = g_strndup ((const char *) ASN1_STRING_get0_data (name->d.dNSName),
                                             (gsize) ASN1_STRING_length (name->d.dNSName));
          g_autofree char *valid = g_utf8_make_valid (text, -1);

          g_string_append (names, valid);
        }
    }
  GENERAL_NAMES_free (list);
  return g_string_free (names, FALSE);
}

static int64_t
get_ms (const ASN1_TIME *asn1)
{
  struct tm utc = { 0 };

  return asn1 != NULL && ASN1_TIME_to_tm (asn1, &utc) == 1 ? (int64_t) timegm (&utc) * 1000 : 0;
}

void
ctl_cert_read (CtlCert *cert, X509 *x509, long problem, const char *host)
{
  bool is_address = X509_check_ip_asc (x509, host, 0) != -2; /* -2: not the text of an address */

  *cert = (CtlCert){
    .names = list_names (x509),
    .begins_ms = get_ms (X509_get0_notBefore (x509)),
    .ends_ms = get_ms (X509_get0_notAfter (x509)),
    .problem = problem,
    .self_signed = X509_NAME_cmp (X509_get_subject_name (x509), X509_get_issuer_name (x509)) == 0,
    .is_for_host = is_address ? X509_check_ip_asc (x509, host, 0) == 1
                              : X509_check_host (x509, host, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1,
  };
}

void
ctl_cert_clear (CtlCert *cert)
{
  g_clear_pointer (&cert->names, g_free);
}
