/* SPDX-License-Identifier: Apache-2.0 */
/* The claims of a JWT (RFC 7519 §4.1) behind a good signature. */
#include "messaging/jwt.h"

#include <string.h>

#include "base/json.h"
#include "messaging/names.h"

#define TIME_MAX ((double) MSG_ID_MAX) /* 2^53 - 1 seconds: every integer of a double */

static bool
claims_fail (GError **error, const char *reason, const char *what)
{
  g_propagate_error (error, msg_error_new (MSG_ERROR_UNAUTHENTICATED, reason, "The token %s.", what));
  return false;
}

/* A string without control characters, not longer than @max_chars. */
static bool
claim_text (JsonObject *claims, const char *name, unsigned max_chars, char **ret_text)
{
  JsonNode *node = json_object_get_member (claims, name);
  const char *text;

  *ret_text = NULL;
  if (node == NULL)
    return true;
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return false;
  text = json_node_get_string (node);
  *ret_text = msg_text_tidy (text, max_chars, "jwt_claims", name, NULL);
  return *ret_text != NULL;
}

/* RFC 7519 §2: NumericDate is a number of seconds, which may have a fraction. */
static bool
claim_time (JsonObject *claims, const char *name, int64_t *ret_s)
{
  JsonNode *node = json_object_get_member (claims, name);
  double value;

  *ret_s = 0;
  if (node == NULL)
    return true;
  if (!JSON_NODE_HOLDS_VALUE (node)
      || (json_node_get_value_type (node) != G_TYPE_INT64 && json_node_get_value_type (node) != G_TYPE_DOUBLE))
    return false;
  value = json_node_get_double (node);
  if (!(value >= 0 && value <= TIME_MAX))
    return false;
  *ret_s = (int64_t) value;
  return true;
}

static bool
node_is_text (JsonNode *node, const char *text)
{
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
         && strcmp (json_node_get_string (node), text) == 0;
}

static bool
audience_check (JsonObject *claims, const char *audience)
{
  JsonNode *node = json_object_get_member (claims, "aud");
  JsonArray *array;

  if (node == NULL)
    return false;
  if (!JSON_NODE_HOLDS_ARRAY (node))
    return node_is_text (node, audience);
  array = json_node_get_array (node);
  for (unsigned i = 0; i < json_array_get_length (array); i++)
    if (node_is_text (json_array_get_element (array, i), audience))
      return true;
  return false;
}

static bool
policy_check (JsonObject *object, const MsgJwtPolicy *policy, GError **error)
{
  JsonNode *issuer = json_object_get_member (object, "iss");

  if (policy == NULL)
    return true;
  if (policy->issuer != NULL && (issuer == NULL || !node_is_text (issuer, policy->issuer)))
    return claims_fail (error, "jwt_claims", "was issued by somebody else");
  if (policy->audience != NULL && !audience_check (object, policy->audience))
    return claims_fail (error, "jwt_claims", "is meant for somebody else");
  return true;
}

static bool
times_check (const MsgJwtClaims *claims, int64_t now_s, GError **error)
{
  if (claims->exp_s + MSG_JWT_SKEW_S <= now_s) /* §4.1.4: on or after */
    return claims_fail (error, "jwt_expired", "has expired");
  if (claims->nbf_s - MSG_JWT_SKEW_S > now_s || claims->iat_s - MSG_JWT_SKEW_S > now_s)
    return claims_fail (error, "jwt_not_yet", "is not yet valid");
  return true;
}

static MsgJwtClaims *
claims_read (GBytes *payload, const MsgJwtPolicy *policy, int64_t now_s, GError **error)
{
  g_autoptr (MsgJwtClaims) claims = g_new0 (MsgJwtClaims, 1);
  gsize len;
  const char *text = g_bytes_get_data (payload, &len);
  g_autoptr (JsonNode) root = al_json_parse (text != NULL ? text : "", len, NULL);
  JsonObject *object;

  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    {
      (void) claims_fail (error, "jwt_claims", "holds no JSON object");
      return NULL;
    }
  object = json_node_get_object (root);
  /* two subjects that differ in white space must not become one user: sub is taken as it is or not at all */
  if (!claim_text (object, "sub", MSG_JWT_SUB_CHARS, &claims->sub) || claims->sub == NULL
      || strcmp (claims->sub, json_object_get_string_member (object, "sub")) != 0)
    (void) claims_fail (error, "jwt_claims", "has no usable sub");
  else if (!claim_text (object, "name", MSG_DISPLAY_NAME_CHARS, &claims->name))
    (void) claims_fail (error, "jwt_claims", "has no usable name");
  else if (!json_object_has_member (object, "exp") || !claim_time (object, "exp", &claims->exp_s)
           || !claim_time (object, "nbf", &claims->nbf_s) || !claim_time (object, "iat", &claims->iat_s))
    (void) claims_fail (error, "jwt_claims", "has no usable exp, nbf or iat");
  else if (policy_check (object, policy, error) && times_check (claims, now_s, error))
    return g_steal_pointer (&claims);
  return NULL;
}

void
msg_jwt_claims_free (MsgJwtClaims *claims)
{
  if (claims == NULL)
    return;
  g_free (claims->sub);
  g_free (claims->name);
  g_free (claims);
}

MsgJwtClaims *
msg_jwt_verify (const MsgJwtKey *key, const MsgJwtPolicy *policy, const char *token, gsize len, int64_t now_s,
                GError **error)
{
  g_autoptr (GBytes) payload = msg_jws_open (key, token, len, error);

  return payload != NULL ? claims_read (payload, policy, now_s, error) : NULL;
}
