/* certificate.h - what is wrong with a server's certificate, in words
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * libldap says "(unknown error code)" of every certificate that it refuses. An
 * administrator needs the name, the issuer and the date.
 */
#ifndef SDR_CERTIFICATE_H
#define SDR_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "status.h"

/* Time to renew one, before it expires. */
enum { SDR_CERTIFICATE_DAYS = 21 };

/* Describe the certificate DER of LEN octets, which was refused when HOST was
 * connected to at the time NOW and CA_FILE (PEM) was trusted. True and the
 * words; false if nothing is wrong with it that can be seen. Any thread. */
bool
sdr_certificate_explain(const void *der, size_t len, const char *ca_file,
                        const char *host, time_t now, struct sdr_error *words);

/* True if DER of LEN octets is a certificate for servers, with a key and a
 * signature that are strong enough: what libldap does not ask. Any thread. */
bool
sdr_certificate_is_fit(const void *der, size_t len);

/* True and the words if the certificate DER expires so soon that it should be
 * renewed. Any thread. */
bool
sdr_certificate_expires(const void *der, size_t len, time_t now,
                        struct sdr_error *words);

#endif
