/* fingerprint.c - see fingerprint.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "plan/fingerprint.h"

#include <stdio.h>
#include <string.h>

#include <gnutls/gnutls.h>
#include <gnutls/crypto.h>

enum { DIGEST_SIZE = (FINGERPRINT_SIZE - 1) / 2 };

/* The NUL separates two texts. */
static bool
add(gnutls_hash_hd_t hash, const char *text)
{
    if (text == NULL)
        text = "";
    return gnutls_hash(hash, text, strlen(text) + 1) == 0;
}

bool
fingerprint_make(struct wave *wave, const struct batch *recipients)
{
    unsigned char digest[DIGEST_SIZE];
    gnutls_hash_hd_t hash;
    bool ok;

    if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) != 0)
        return false;
    ok = add(hash, wave->to_text) && add(hash, wave->from_text)
         && add(hash, wave->hold ? "hold" : "")
         && add(hash, wave->verify == PLAN_VERIFY_NO       ? "no"
                      : wave->verify == PLAN_VERIFY_BEFORE ? "before"
                                                           : "yes");
    for (size_t i = 0; ok && i < recipients->count; i++)
        ok = add(hash, recipients->items[i].address);
    gnutls_hash_deinit(hash, digest);
    for (size_t i = 0; i < DIGEST_SIZE; i++)
        snprintf(wave->fingerprint + 2 * i, 3, "%02x", digest[i]);
    return ok;
}
