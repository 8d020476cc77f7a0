/* smtp_start.h - how an SMTP conversation begins: greeting, EHLO, STARTTLS
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * As a mail server does it: in plain text if TLS cannot be had.
 */
#ifndef SDRCTL_SMTP_START_H
#define SDRCTL_SMTP_START_H

#include "smtp.h"

/* Whom to talk to. Borrowed. */
struct smtp_host {
    const char *name;
    const struct sockaddr *address; /* with the port */
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

/* What has been said, as far as it came. */
struct smtp_start {
    struct smtp_reply greeting; /* code 0: there was none */
    struct smtp_reply last;     /* of the greeting and EHLO */
    enum smtp_tls tls;
    struct smtp_reply refusal; /* of TLS */
    const char *version;       /* of TLS that is used */
    struct sdr_error flaw;     /* why TLS failed; or what is wrong with the
                                  certificate, "" for nothing */
};

/* Begin a conversation that is open and has not begun; *smtp may become another
 * one. SDR_OK: MAIL may follow; SDR_NOTFOUND: the server will not have it, by
 * its last reply; or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
smtp_begin(struct smtp **smtp, const struct smtp_host *host,
           struct smtp_start *start, struct sdr_error *error);

#endif
