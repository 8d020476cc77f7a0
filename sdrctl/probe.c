/* probe.c - see probe.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "probe.h"

/* ---- the recipients ---- */

/* A reply that does not depend on the recipient says nothing about him. */
static bool
closes(const struct smtp_reply *reply)
{
    return reply->code == 421;
}

static enum sdr_status
try_known(struct probe *probe, struct smtp *smtp, struct sdr_error *error)
{
    struct smtp_reply reply;

    if (probe->known[0] == '\0')
        return SDR_OK;
    if (smtp_command(smtp, &reply, error, "RCPT TO:<%s>", probe->known)
        != SDR_OK)
        return SDR_TEMPFAIL;
    if (reply.code < 300)
        tell_finding(&probe->worst, SDR_FINE, "recipient", NULL,
                     "%s is taken: %d %s", probe->known, reply.code,
                     reply.line);
    else if (reply.code >= 500)
        tell_finding(&probe->worst, SDR_WRONG, "recipient",
                     "let the site take mail in its routing domain, or correct "
                     "verify-address",
                     "%s is refused: %d %s", probe->known, reply.code,
                     reply.line);
    else
        tell_finding(&probe->worst, SDR_SILENT, "recipient",
                     "try again in some minutes; if it stays so, look at the "
                     "site (greylisting?)",
                     "%s is put off: %d %s", probe->known, reply.code,
                     reply.line);
    return closes(&reply) ? SDR_NOTFOUND : SDR_OK;
}

static enum sdr_status
try_unknown(struct probe *probe, struct smtp *smtp, struct sdr_error *error)
{
    struct smtp_reply reply;

    if (smtp_command(smtp, &reply, error, "RCPT TO:<%s>", probe->unknown)
        != SDR_OK)
        return SDR_TEMPFAIL;
    if (reply.code >= 500)
        tell_finding(&probe->worst, SDR_FINE, "unknown", NULL,
                     "%s is refused: %d %s", probe->unknown, reply.code,
                     reply.line);
    else if (reply.code < 300)
        tell_finding(&probe->worst, SDR_DOUBTFUL, "unknown",
                     "let the site refuse recipients that it does not have, "
                     "unless a catch-all is meant",
                     "even %s is taken: what is misspelt, or moved by mistake, "
                     "bounces later or is lost there",
                     probe->unknown);
    else
        tell_finding(&probe->worst, SDR_DOUBTFUL, "unknown",
                     "try again in some minutes (greylisting?)",
                     "whether unknown recipients are refused cannot be told: "
                     "%d %s",
                     reply.code, reply.line);
    return closes(&reply) ? SDR_NOTFOUND : SDR_OK;
}

/* Bounces have this sender: who refuses it loses them. */
static enum sdr_status
try_sender(struct probe *probe, struct smtp *smtp, struct sdr_error *error)
{
    struct smtp_reply reply;

    if (smtp_command(smtp, &reply, error, "MAIL FROM:<>") != SDR_OK)
        return SDR_TEMPFAIL;
    if (reply.code < 300)
        return SDR_OK;
    if (reply.code >= 500)
        tell_finding(&probe->worst, SDR_WRONG, "sender",
                     "let the site take the null sender (RFC 5321, 4.5.5)",
                     "MAIL FROM:<>, the sender of bounces, is refused: %d %s",
                     reply.code, reply.line);
    else
        tell_finding(&probe->worst, SDR_SILENT, "sender",
                     "try again in some minutes", "mail is put off: %d %s",
                     reply.code, reply.line);
    return SDR_NOTFOUND;
}

/* ---- the beginning ---- */

static void
tell_greeting(struct probe *probe, const struct smtp_start *start,
              enum sdr_status status)
{
    const struct smtp_reply *last = &start->last;

    if (start->greeting.code == 220)
        tell_finding(&probe->worst, SDR_FINE, "greeting", NULL, "%s",
                     start->greeting.line);
    if (status != SDR_NOTFOUND)
        return;
    if (last->code >= 500)
        tell_finding(&probe->worst, SDR_WRONG, "greeting",
                     "ask the site why: a block list, a missing reverse DNS "
                     "name, or a list of hosts that may come",
                     "this host is refused: %d %s", last->code, last->line);
    else
        tell_finding(&probe->worst, SDR_SILENT, "greeting", "try again later",
                     "this host is put off: %d %s", last->code, last->line);
}

static void
tell_certificate(struct probe *probe, const char *host,
                 const struct smtp_start *start)
{
    if (start->flaw.text[0] == '\0')
        tell_finding(&probe->worst, SDR_FINE, "STARTTLS", NULL,
                     "%s, and the certificate is good", start->version);
    else
        tell_finding(&probe->worst, SDR_DOUBTFUL, "certificate",
                     "get the site a certificate for that name, or name who "
                     "issued it with --tls-ca-file",
                     "%s, but who answers for %s cannot be told: %s",
                     start->version, host, start->flaw.text);
}

static void
tell_tls(struct probe *probe, const char *host, const struct smtp_start *start)
{
    switch (start->tls) {
    case SMTP_TLS_UNTRIED:
        break;
    case SMTP_TLS_MISSING:
        tell_finding(&probe->worst, SDR_DOUBTFUL, "STARTTLS",
                     "switch TLS on at the site",
                     "not offered: the mail can be read on its way");
        break;
    case SMTP_TLS_REFUSED:
        tell_finding(&probe->worst, SDR_DOUBTFUL, "STARTTLS",
                     "look at the site's log", "offered, then refused: %d %s",
                     start->refusal.code, start->refusal.line);
        break;
    case SMTP_TLS_FAILED:
        tell_finding(&probe->worst, SDR_DOUBTFUL, "STARTTLS",
                     "look at the site's log", "the handshake fails: %s",
                     start->flaw.text);
        break;
    case SMTP_TLS_USED:
        tell_certificate(probe, host, start);
        break;
    }
}

/* ---- all of it ---- */

/* All that is said after the greeting. SDR_OK; SDR_NOTFOUND if the server will
 * not go on, which has been told; or SDR_TEMPFAIL with the reason. */
static enum sdr_status
try_mail(struct probe *probe, struct smtp *smtp, struct sdr_error *error)
{
    struct smtp_reply reply;
    enum sdr_status status = try_sender(probe, smtp, error);

    if (status == SDR_OK)
        status = try_known(probe, smtp, error);
    if (status == SDR_OK)
        status = try_unknown(probe, smtp, error);
    if (status == SDR_OK && smtp_command(smtp, &reply, NULL, "RSET") == SDR_OK
        && smtp_command(smtp, &reply, NULL, "QUIT") == SDR_OK)
        return SDR_OK;
    return status; /* a bad end does not matter */
}

void
probe_host(struct probe *probe, struct smtp **smtp,
           const struct smtp_host *host)
{
    struct sdr_error error = {""};
    struct smtp_start start;
    enum sdr_status status = smtp_begin(smtp, host, &start, &error);

    tell_greeting(probe, &start, status);
    tell_tls(probe, host->name, &start);
    if (status == SDR_OK)
        status = try_mail(probe, *smtp, &error);
    if (status == SDR_TEMPFAIL)
        tell_finding(&probe->worst, SDR_SILENT, "conversation",
                     "try again, with a longer --timeout; then look at the "
                     "site's log",
                     "it ends: %s", error.text);
}
