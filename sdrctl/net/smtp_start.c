/* smtp_start.c - see smtp_start.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "net/smtp_start.h"

#include <string.h>

enum sdr_status
smtp_connect(struct smtp **smtp, const struct smtp_host *host,
             struct sdr_error *error)
{
    return smtp_open(smtp, (const struct sockaddr *)&host->address, host->len,
                     host->timeout, error);
}

static enum sdr_status
greet(struct smtp *smtp, struct smtp_start *start, struct sdr_error *error)
{
    if (smtp_read(smtp, &start->last, error) != SDR_OK)
        return SDR_TEMPFAIL;
    start->greeting = start->last;
    if (start->last.code != 220)
        return SDR_NOTFOUND;
    if (smtp_hello(smtp, &start->last, error) != SDR_OK)
        return SDR_TEMPFAIL;
    return start->last.code < 300 ? SDR_OK : SDR_NOTFOUND;
}

/* Start TLS if it is offered. Returns as smtp_begin(), or SDR_INVALID if the
 * handshake failed: an MTA would then try again without TLS. */
static enum sdr_status
encrypt(struct smtp *smtp, const struct smtp_host *host,
        struct smtp_start *start, struct sdr_error *error)
{
    if (!start->last.starttls) {
        start->tls = SMTP_TLS_MISSING;
        return SDR_OK;
    }
    if (smtp_command(smtp, &start->refusal, error, "STARTTLS") != SDR_OK)
        return SDR_TEMPFAIL;
    if (start->refusal.code != 220) {
        start->tls = SMTP_TLS_REFUSED;
        return SDR_OK;
    }
    if (smtp_start_tls(smtp, host->name, host->tls_ca_file, &start->version,
                       &start->flaw, error)
        != SDR_OK) {
        start->tls = SMTP_TLS_FAILED;
        start->flaw = *error;
        return SDR_INVALID;
    }
    start->tls = SMTP_TLS_USED;
    (void)smtp_certificate_expires(smtp, &start->expiry);
    if (smtp_hello(smtp, &start->last, error) != SDR_OK)
        return SDR_TEMPFAIL;
    return start->last.code < 300 ? SDR_OK : SDR_NOTFOUND;
}

enum sdr_status
smtp_begin(struct smtp **smtp, const struct smtp_host *host,
           struct smtp_start *start, struct sdr_error *error)
{
    enum sdr_status status;

    memset(start, 0, sizeof *start);
    status = greet(*smtp, start, error);
    if (status == SDR_OK)
        status = encrypt(*smtp, host, start, error);
    if (status != SDR_INVALID)
        return status;
    smtp_close(smtp);
    status = smtp_connect(smtp, host, error);
    return status == SDR_OK ? greet(*smtp, start, error) : status;
}
