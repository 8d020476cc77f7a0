/* certificate.h - faults of a server's certificate, as text
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * libldap reports "(unknown error code)" for every certificate that it rejects.
 * An administrator needs the name, the issuer and the date.
 */
#ifndef SDR_CERTIFICATE_H
#define SDR_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "status.h"

/* Days before the expiry when a certificate should be renewed. */
enum { SDR_CERTIFICATE_DAYS = 21 };

/* Explain why the certificate DER of LEN octets was rejected when connecting to
 * HOST at the time NOW, with CA_FILE (PEM) trusted. Returns true and the text
 * in WORDS; false if no fault is found. Any thread. */
bool
sdr_certificate_explain(const void *der, size_t len, const char *ca_file,
                        const char *host, time_t now, struct sdr_error *words);

/* Returns true if DER of LEN octets is a server certificate whose key and
 * signature are strong enough. libldap does not check that. Any thread. */
bool
sdr_certificate_is_fit(const void *der, size_t len);

/* Returns true, and the text in WORDS, if the certificate DER expires so soon
 * that it should be renewed. Any thread. */
bool
sdr_certificate_expires(const void *der, size_t len, time_t now,
                        struct sdr_error *words);

#endif
