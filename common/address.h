/* address.h - a mail address: parsed, compared, spelled in other ways
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * An address is a plain value of fixed size: nothing to free, safe to copy and
 * to pass between threads, the same in the milter and inside an Exim process.
 *
 * Two addresses are the same mailbox when their FOLDED local parts and their
 * domains are equal octet by octet; what is sent on is always LOCAL, as it was
 * written.
 */
#ifndef SDR_ADDRESS_H
#define SDR_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

/* Longest parts taken, in octets. RFC 5321 (4.5.3.1) asks for at least 64 in a
 * local part and for no limit where possible (VERP and SRS are longer); 256 is
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

/* The ways in which a directory may have written one address: quoted or not,
 * folded or not, the domain in A-labels or U-labels. */
#define SDR_SPELLINGS_MAX 8
struct sdr_spellings {
    unsigned count;
    char text[SDR_SPELLINGS_MAX][SDR_ADDRESS_MAX + 1];
};

/* The same as an assignment, but faster: only what is in use is copied. */
void
sdr_address_copy(struct sdr_address *to, const struct sdr_address *from);

/* The same local part in DOMAIN, which is one that sdr_address_domain() made.
 */
void
sdr_address_copy_at(struct sdr_address *to, const struct sdr_address *from,
                    const char *domain);

/* Parse a mailbox as an MTA passes it (RFC 5321, 4.1.2; RFC 6531): with or
 * without angle brackets, after which nothing counts; quoted local parts and
 * UTF-8; a source route is skipped, one final dot of the domain dropped; "<>"
 * is the null address. Returns SDR_OK; or SDR_INVALID, *addr untouched, for
 * anything else, an address without domain among it. */
SDR_PUBLIC enum sdr_status SDR_MUST_USE
sdr_address_parse(struct sdr_address *addr, const char *text);

/* Parse an address as a directory holds it, LEN octets, not ended by a NUL: no
 * brackets, the local part quoted or bare ("al ice@example.com") or empty (the
 * catch-all "@example.com"). Returns SDR_OK or SDR_INVALID as above. */
enum sdr_status SDR_MUST_USE
sdr_address_read(struct sdr_address *addr, const char *text, size_t len);

/* Bring a domain name into the form that is compared: lower-case A-labels, no
 * final dot. Returns SDR_OK; or SDR_INVALID, DOMAIN untouched. */
enum sdr_status SDR_MUST_USE
sdr_address_domain(char domain[SDR_DOMAIN_MAX + 1], const char *text);

/* True if both name one mailbox. */
SDR_PUBLIC bool
sdr_address_same(const struct sdr_address *a, const struct sdr_address *b);

/* The address without its extension: its local part up to the first octet that
 * is one of DELIMITERS, quoted anew where it needs to be. Returns SDR_OK; or
 * SDR_NOTFOUND, *base untouched, if it has none or nothing would be left. */
enum sdr_status SDR_MUST_USE
sdr_address_strip(const struct sdr_address *addr, const char *delimiters,
                  struct sdr_address *base);

/* Write the LEN octets of a local part with quotes where they are needed and
 * nowhere else. False if there is no room for them in OUT, of SIZE octets. */
SDR_PUBLIC bool
sdr_address_requote(const char *local, size_t len, char *out, size_t size);

/* Write LOCAL@DOMAIN, no brackets. TEXT is cut if SIZE is too small, which
 * SDR_ADDRESS_MAX + 1 never is. */
SDR_PUBLIC void
sdr_address_format(const struct sdr_address *addr, char *text, size_t size);

/* The same of two parts that are no longer than an address's. */
void
sdr_address_join(const char *local, const char *domain, char *text,
                 size_t size);

/* Write all spellings of the address, without doubles; at least one. */
void
sdr_address_spell(const struct sdr_address *addr,
                  struct sdr_spellings *spellings);

#endif
