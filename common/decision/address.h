/* address.h - a mail address: parsed, compared, written in other ways
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An address is a plain value of fixed size: nothing to free, safe to copy and
 * to pass between threads. Pure functions; any thread.
 *
 * Two addresses are the same mailbox if their FOLDED local parts and their
 * domains are equal octet by octet. Mail is always sent to LOCAL, as it was
 * written.
 */
#ifndef SDR_ADDRESS_H
#define SDR_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

/* The longest parts accepted, in octets. RFC 5321 (4.5.3.1) requires at least
 * 64 for a local part and discourages limits; VERP and SRS need more. 256 is
 * its limit for a whole path. */
#define SDR_LOCAL_MAX   256
#define SDR_DOMAIN_MAX  255
#define SDR_ADDRESS_MAX (SDR_LOCAL_MAX + 1 + SDR_DOMAIN_MAX)

/* In the null address "<>" all parts are empty. */
struct sdr_address {
    char local[SDR_LOCAL_MAX + 1];   /* as written, quotes included */
    char folded[SDR_LOCAL_MAX + 1];  /* dequoted, case-folded, NFC */
    char domain[SDR_DOMAIN_MAX + 1]; /* lower-case A-labels, no final dot;
                                        or an address literal, "[192.0.2.1]" */
};

/* The forms in which a directory may hold one address: quoted or not, folded or
 * not, the domain in A-labels or U-labels. */
#define SDR_SPELLINGS_MAX 8
struct sdr_spellings {
    unsigned count;
    char text[SDR_SPELLINGS_MAX][SDR_ADDRESS_MAX + 1];
};

/* Copy FROM to TO. Faster than an assignment: copies only the octets in use. */
void
sdr_address_copy(struct sdr_address *to, const struct sdr_address *from);

/* Copy FROM to TO with another domain. DOMAIN must come from
 * sdr_address_domain(). */
void
sdr_address_copy_at(struct sdr_address *to, const struct sdr_address *from,
                    const char *domain);

/* Parse a path strictly by RFC 5321 (4.1.2) and RFC 6531: with or without angle
 * brackets, after which parameters may follow; quoted local parts; UTF-8. Skips
 * a source route and drops one final dot of the domain. "<>" is the null
 * address. Returns SDR_OK. Returns SDR_INVALID, and leaves *ADDR unchanged, for
 * anything else, such as an address without a domain. */
SDR_PUBLIC enum sdr_status SDR_MUST_USE
sdr_address_parse_path(struct sdr_address *addr, const char *text);

/* Parse an address as MTAs accept it: a path, or one with errors that MTAs
 * tolerate. Ignores comments and blanks, takes the last "<...>", and drops all
 * final dots of the domain. A local part that is not a dot-string is read
 * without its quotes and backslashes, and LOCAL is its quoted form:
 * first."last" is first.last, a..b is "a..b". Returns SDR_OK. Returns
 * SDR_INVALID, and leaves *ADDR unchanged, if there is no domain, or if the
 * local part is empty, has a control character or an unquoted blank, has an
 * unmatched quote or bracket, is not UTF-8, or is longer than SDR_LOCAL_MAX. */
SDR_PUBLIC enum sdr_status SDR_MUST_USE
sdr_address_parse(struct sdr_address *addr, const char *text);

/* Write the domain of an address that MTAs accept, as lower-case A-labels, even
 * if the local part is not valid. Returns SDR_OK. Returns SDR_INVALID, and
 * leaves DOMAIN unchanged, if the domain cannot be read or is an address
 * literal. */
SDR_PUBLIC enum sdr_status SDR_MUST_USE
sdr_address_find_domain(char domain[SDR_DOMAIN_MAX + 1], const char *text);

/* Parse an address as directories hold it: LEN octets without a final NUL and
 * without brackets. The local part is quoted, unquoted ("al ice@example.com"),
 * or empty (the catch-all "@example.com"). Returns SDR_OK, or SDR_INVALID with
 * *ADDR unchanged. */
enum sdr_status SDR_MUST_USE
sdr_address_read(struct sdr_address *addr, const char *text, size_t len);

/* Convert a domain name to the form used in comparisons: lower-case A-labels
 * (RFC 5890), no final dot. Returns SDR_OK, or SDR_INVALID with DOMAIN
 * unchanged. */
enum sdr_status SDR_MUST_USE
sdr_address_domain(char domain[SDR_DOMAIN_MAX + 1], const char *text);

/* Returns true if both addresses name the same mailbox. */
SDR_PUBLIC bool
sdr_address_same(const struct sdr_address *a, const struct sdr_address *b);

/* Returns true if GIVEN names MAILBOX by a route through other hosts:
 * alice%example.com@[192.0.2.1], "alice@example.com"@localhost,
 * example.com!alice@localhost. An MTA on such a host delivers it to MAILBOX
 * without an alias or other map. */
SDR_PUBLIC bool
sdr_address_is_route(const struct sdr_address *given,
                     const struct sdr_address *mailbox);

/* Write the local part without quotes and backslashes, followed by a NUL.
 * Returns its length. */
size_t
sdr_address_bare(const struct sdr_address *addr, char out[SDR_LOCAL_MAX + 1]);

/* Make an address from a local part of LEN octets, which is quoted if
 * necessary, and DOMAIN, which must come from sdr_address_domain(). Returns
 * SDR_OK, or SDR_INVALID with *ADDR undefined if the octets cannot be a local
 * part. */
enum sdr_status SDR_MUST_USE
sdr_address_make(struct sdr_address *addr, const char *bare, size_t len,
                 const char *domain);

/* Returns true if all LEN octets are ASCII. */
static inline bool
sdr_is_ascii(const char *text, size_t len)
{
    while (len > 0 && (unsigned char)text[len - 1] < 0x80)
        len--;
    return len == 0;
}

/* Write a local part of LEN octets, quoted or not, with quotes only if they are
 * needed (RFC 5321, 4.1.2). Returns false if it does not fit in OUT, of SIZE
 * octets including the NUL. */
SDR_PUBLIC bool
sdr_address_requote(const char *local, size_t len, char *out, size_t size);

/* Like sdr_address_requote(), for octets without quoting: quotes and
 * backslashes in BARE are literal. */
SDR_PUBLIC bool
sdr_address_quote(const char *bare, size_t len, char *out, size_t size);

/* Write LOCAL@DOMAIN, without brackets. The text is truncated if SIZE is too
 * small; SDR_ADDRESS_MAX + 1 always suffices. */
SDR_PUBLIC void
sdr_address_format(const struct sdr_address *addr, char *text, size_t size);

/* Like sdr_address_format(), for two parts no longer than those of an address.
 */
void
sdr_address_join(const char *local, const char *domain, char *text,
                 size_t size);

/* Write all spellings of the address, without duplicates; there is at least
 * one. */
void
sdr_address_spell(const struct sdr_address *addr,
                  struct sdr_spellings *spellings);

#endif
