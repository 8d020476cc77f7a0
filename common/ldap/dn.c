/* dn.c - see dn.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/dn.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <ldap.h>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

/* Returns the DN without insignificant spaces, commas in values escaped in hex.
 * The caller frees it with ldap_memfree(). NULL if DN is not valid. */
static char *
pretty(const char *dn)
{
    struct berval out = {0, NULL};
    LDAPDN parsed = NULL;

    if (ldap_str2dn(dn, &parsed, LDAP_DN_FORMAT_LDAP) == LDAP_SUCCESS
        && ldap_dn2bv(parsed, &out, LDAP_DN_FORMAT_LDAPV3 | LDAP_DN_PRETTY)
               != LDAP_SUCCESS)
        out.bv_val = NULL;
    ldap_dnfree(parsed);
    return out.bv_val;
}

/* Returns the text case-folded, or a copy if it is not UTF-8. The caller frees
 * it. */
static char *
fold(const char *text)
{
    const uint8_t *octets = (const uint8_t *)text;
    size_t len = strlen(text) + 1;

    if (u8_check(octets, len) != NULL)
        return strdup(text);
    return (char *)u8_casefold(octets, len, NULL, UNINORM_NFC, NULL, &len);
}

char *
dn_normal(const char *dn)
{
    char *clean = pretty(dn);
    char *normal = fold(clean != NULL ? clean : dn);

    ldap_memfree(clean);
    return normal;
}

bool
dn_is_below(const char *normal, const char *base)
{
    size_t len = strlen(normal), base_len = strlen(base);

    if (base_len == 0)
        return true;
    return len >= base_len && strcmp(normal + len - base_len, base) == 0
           && (len == base_len || normal[len - base_len - 1] == ',');
}

bool
dn_id(const char *normal, unsigned char id[SDR_RECORD_ID_SIZE])
{
    unsigned char sha[32];

    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, normal, strlen(normal), sha) != 0)
        return false;
    memcpy(id, sha, SDR_RECORD_ID_SIZE);
    return true;
}

bool
dn_is_possible(const char *value)
{
    return strchr(value, '=') != NULL;
}
