/* smtp_start.h - the start of an SMTP session: greeting, EHLO, STARTTLS
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * As mail servers do it: in plain text if TLS is not possible.
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
    const char *tls_ca_file; /* NULL: the system's */
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
    struct smtp_reply greeting; /* code 0: there was none */
    struct smtp_reply last;     /* of greeting and EHLO */
    enum smtp_tls tls;
    struct smtp_reply refusal; /* of TLS */
    const char *version;       /* if TLS is used */
    struct sdr_error flaw;     /* why TLS failed; or what is wrong with the
                                  certificate, "" for nothing */
    struct sdr_error expiry;   /* of a certificate that should be renewed, else
                                  "" */
};

/* Connect to the host. Results as of smtp_open(). */
enum sdr_status SDR_MUST_USE
smtp_connect(struct smtp **smtp, const struct smtp_host *host,
             struct sdr_error *error);

/* Start a session that is connected; *smtp may be replaced by another
 * connection. SDR_OK: MAIL may follow; SDR_NOTFOUND: the server refuses, by its
 * last reply; SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
smtp_begin(struct smtp **smtp, const struct smtp_host *host,
           struct smtp_start *start, struct sdr_error *error);

#endif
