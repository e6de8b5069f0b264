/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the offer's parser share: where it stands, and how it fails. */
#pragma once

#include <glib.h>
#include <gst/sdp/gstsdpmessage.h>
#include <stdbool.h>
#include <stdint.h>

#include "sfu/offer.h"
#include "sfu/sdp-check.h"

/** SfuTransportLines: what one section, or the session, says of the transport. @has_setup: @remote.setup is valid */
typedef struct {
  SfuRemote remote;
  bool has_setup;
} SfuTransportLines;

/** SfuBundleType: what a payload type stands for in all sections of the bundle. @map: (nullable): a=rtpmap */
typedef struct {
  const char *map;
  bool seen;
  uint32_t profile;
  int rtx_of;
} SfuBundleType;

/**
 * SfuOfferReader:
 * @offer: being made. @session: what the session says of the transport
 * @bundle: (nullable) (element-type utf8): the mids of a=group:BUNDLE
 * @types, @ext_uris: of the bundle (RFC 9143 §9.1: one meaning in all of it)
 * @section: index of the section that is read; -1: the session. @line: of the attribute that is read
 */
typedef struct {
  SfuOffer *offer;
  GstSDPMessage *message;
  SfuSdpLines lines;
  SfuTransportLines session;
  GHashTable *bundle;
  SfuBundleType types[128];
  const char *ext_uris[256];
  bool mixed_exts;
  SfuDirection direction;
  int section;
  uint32_t line;
  GError **error;
} SfuOfferReader;

/** sfu_offer_fail: sets an error that names line and section. Returns: false. */
bool sfu_offer_fail (SfuOfferReader *reader, SfuError code, const char *format, ...) G_GNUC_PRINTF (3, 4);
/** sfu_offer_refuse: the same with SFU_ERROR_BAD_OFFER. @what: (nullable): NULL: nothing is wrong. Returns: @what is NULL. */
bool sfu_offer_refuse (SfuOfferReader *reader, const char *what);

/** sfu_offer_read_section: section @index of the message into the offer's. */
bool sfu_offer_read_section (SfuOfferReader *reader, unsigned index);

/** sfu_transport_read: an attribute of the transport (RFC 8839, RFC 8842, RFC 8122). Returns: whether @key is one; @ret_wrong:
 *  (nullable): what is wrong with @value. */
bool sfu_transport_read (SfuTransportLines *lines, const char *key, const char *value, const char **ret_wrong);
void sfu_transport_clear (SfuTransportLines *lines);
/** sfu_transport_join: what @lines of a section do not say is as the session says; then it is the same as, or the beginning of,
 *  the offer's transport. */
bool sfu_transport_join (SfuOfferReader *reader, const SfuTransportLines *lines);

/** sfu_direction_read: Returns: whether @key is one of the four. */
bool sfu_direction_read (const char *key, SfuDirection *ret);
