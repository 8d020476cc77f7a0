/* smtp_start.h - the start of an SMTP session: greeting, EHLO, STARTTLS
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Uses opportunistic TLS, as MTAs do: plain text if TLS is not possible.
 */
#ifndef SDRCTL_SMTP_START_H
#define SDRCTL_SMTP_START_H

#include "net/smtp.h"

/* The host to connect to; strings are borrowed. */
struct smtp_host {
    const char *name;
    struct sockaddr_storage address; /* with the port */
    socklen_t len;
    unsigned timeout;        /* seconds for each step */
    const char *tls_ca_file; /* NULL: the default */
};

enum smtp_tls {
    SMTP_TLS_UNTRIED,
    SMTP_TLS_MISSING, /* not offered */
    SMTP_TLS_REFUSED, /* offered, and then refused */
    SMTP_TLS_FAILED,
    SMTP_TLS_USED
};

/* What the host replied, as far as the session went. */
struct smtp_start {
    struct smtp_reply greeting; /* code 0: no greeting */
    struct smtp_reply last;     /* the last of greeting, EHLO and HELO */
    enum smtp_tls tls;
    struct smtp_reply refusal; /* of STARTTLS */
    const char *version;       /* if TLS is used, its version */
    struct sdr_error
        flaw; /* why TLS failed, or what is wrong with the certificate; or "" */
    struct sdr_error expiry; /* when the certificate expires, if it should be
                                renewed; or "" */
};

/* Connect to the host. Returns the status of smtp_open(). */
enum sdr_status SDR_MUST_USE
smtp_connect(struct smtp **smtp, const struct smtp_host *host,
             struct sdr_error *error);

/* Read the greeting and send EHLO and STARTTLS. *SMTP may be replaced by a new
 * connection. Returns SDR_OK if MAIL may follow; SDR_NOTFOUND if the server
 * refuses, by its last reply; or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
smtp_begin(struct smtp **smtp, const struct smtp_host *host,
           struct smtp_start *start, struct sdr_error *error);

#endif
