/* smtp_probe.c - see smtp_probe.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/smtp_probe.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* ---- the recipients ---- */

/* True if the server closes the session, which does not depend on the
 * recipient. */
static bool
closes(const struct smtp_reply *reply)
{
    return reply->code == 421;
}

static enum sdr_status
probe_known(struct probe *probe, struct smtp *smtp, struct sdr_error *error)
{
    struct smtp_reply reply;

    if (probe->known[0] == '\0')
        return SDR_OK;
    if (smtp_command(smtp, &reply, error, "RCPT TO:<%s>", probe->known)
        != SDR_OK)
        return SDR_TEMPFAIL;
    if (reply.code < 300)
        report_finding(&probe->worst, CHECK_OK, "recipient", NULL,
                       "%s is accepted: %d %s", probe->known, reply.code,
                       reply.line);
    else if (reply.code >= 500)
        report_finding(&probe->worst, CHECK_WRONG, "recipient",
                       "make the site accept mail for its routing domain, or "
                       "correct verify-address",
                       "%s is rejected: %d %s", probe->known, reply.code,
                       reply.line);
    else
        report_finding(&probe->worst, CHECK_UNREACHABLE, "recipient",
                       "try again in a few minutes; if it persists, check the "
                       "site (greylisting?)",
                       "%s is temporarily refused: %d %s", probe->known,
                       reply.code, reply.line);
    return closes(&reply) ? SDR_NOTFOUND : SDR_OK;
}

static enum sdr_status
probe_unknown(struct probe *probe, struct smtp *smtp, struct sdr_error *error)
{
    struct smtp_reply reply;

    if (smtp_command(smtp, &reply, error, "RCPT TO:<%s>", probe->unknown)
        != SDR_OK)
        return SDR_TEMPFAIL;
    if (reply.code >= 500)
        report_finding(&probe->worst, CHECK_OK, "unknown", NULL,
                       "%s is rejected: %d %s", probe->unknown, reply.code,
                       reply.line);
    else if (reply.code < 300)
        report_finding(&probe->worst, CHECK_DOUBTFUL, "unknown",
                       "make the site reject unknown recipients, unless a "
                       "catch-all is intended",
                       "even %s is accepted: misspelt or wrongly moved "
                       "addresses bounce later, or their mail is lost",
                       probe->unknown);
    else
        report_finding(
            &probe->worst, CHECK_DOUBTFUL, "unknown",
            "try again in a few minutes (greylisting?)",
            "not known whether unknown recipients are rejected: %d %s",
            reply.code, reply.line);
    return closes(&reply) ? SDR_NOTFOUND : SDR_OK;
}

/* Send the null sender, which bounces have. Returns as probe_recipients(). */
static enum sdr_status
probe_sender(struct probe *probe, struct smtp *smtp, struct sdr_error *error)
{
    struct smtp_reply reply;

    if (smtp_command(smtp, &reply, error, "MAIL FROM:<>") != SDR_OK)
        return SDR_TEMPFAIL;
    if (reply.code < 300)
        return SDR_OK;
    if (reply.code >= 500)
        report_finding(
            &probe->worst, CHECK_WRONG, "sender",
            "make the site accept the null sender (RFC 5321, 4.5.5)",
            "MAIL FROM:<>, the sender of bounces, is rejected: %d %s",
            reply.code, reply.line);
    else
        report_finding(&probe->worst, CHECK_UNREACHABLE, "sender",
                       "try again in a few minutes",
                       "mail is temporarily refused: %d %s", reply.code,
                       reply.line);
    return SDR_NOTFOUND;
}

/* ---- greeting and TLS ---- */

/* Find the host name in the reply to EHLO, or else in the greeting (RFC 5321,
 * 4.3.1); "" if there is none. */
static void
find_own_name(const struct smtp_start *start, char *name, size_t size)
{
    const char *const lines[] = {
        start->last.code == 250 ? start->last.line : "",
        start->greeting.line,
    };

    name[0] = '\0';
    for (unsigned i = 0; i < 2 && strchr(name, '.') == NULL; i++)
        snprintf(name, size, "%.*s", (int)strcspn(lines[i], " "), lines[i]);
    if (strchr(name, '.') == NULL)
        name[0] = '\0';
}

/* True if NAME is the name of this host. MTAs make the same comparison
 * (Postfix: "greeted me with my own hostname"). */
static bool
is_name_of_this_host(const char *name)
{
    char own[256] = "";

    return gethostname(own, sizeof own - 1) == 0 && strchr(own, '.') != NULL
           && strcasecmp(own, name) == 0;
}

/* Check the name that the host gives itself. Large providers use names that
 * differ from the MX host, but have a valid certificate. */
static void
report_own_name(struct probe *probe, const char *host,
                const struct smtp_start *start)
{
    const char *line = start->greeting.line;
    bool proven = start->tls == SMTP_TLS_USED && start->flaw.text[0] == '\0';
    char name[256];

    find_own_name(start, name, sizeof name);
    if (name[0] == '\0' || strcasecmp(name, host) == 0)
        report_finding(&probe->worst, CHECK_OK, "greeting", NULL, "%s", line);
    else if (is_name_of_this_host(name))
        report_finding(&probe->worst, CHECK_WRONG, "greeting",
                       "point the MX record or next-hop to the other site; "
                       "check address translation in between",
                       "%s calls itself %s, as this host does: a mail server "
                       "that is greeted with its own name sees a loop and does "
                       "not deliver",
                       host, name);
    else if (proven)
        report_finding(&probe->worst, CHECK_OK, "greeting", NULL,
                       "%s (it calls itself %s)", line, name);
    else
        report_finding(&probe->worst, CHECK_DOUBTFUL, "greeting",
                       "compare its address with what the site says; ask the "
                       "site for a certificate with that name",
                       "%s (it calls itself %s, and no certificate proves that "
                       "it is %s: mail may go to a wrong host)",
                       line, name, host);
}

static void
report_greeting(struct probe *probe, const char *host,
                const struct smtp_start *start, enum sdr_status status)
{
    const struct smtp_reply *last = &start->last;

    if (start->greeting.code == 220)
        report_own_name(probe, host, start);
    if (status != SDR_NOTFOUND)
        return;
    if (last->code >= 500)
        report_finding(&probe->worst, CHECK_WRONG, "greeting",
                       "ask the site why: a block list, missing reverse DNS, "
                       "or a list of allowed hosts",
                       "this host is rejected: %d %s", last->code, last->line);
    else
        report_finding(
            &probe->worst, CHECK_UNREACHABLE, "greeting", "try again later",
            "this host is temporarily refused: %d %s", last->code, last->line);
}

static void
report_certificate(struct probe *probe, const char *host,
                   const struct smtp_start *start)
{
    if (start->flaw.text[0] == '\0' && start->expiry.text[0] == '\0')
        report_finding(&probe->worst, CHECK_OK, "STARTTLS", NULL,
                       "%s, and the certificate is valid", start->version);
    else if (start->flaw.text[0] == '\0')
        report_finding(&probe->worst, CHECK_DOUBTFUL, "certificate",
                       "ask the site to renew it", "%s, but the certificate %s",
                       start->version, start->expiry.text);
    else
        report_finding(
            &probe->worst, CHECK_DOUBTFUL, "certificate",
            "the site needs a certificate for that name; or name its CA with "
            "--tls-ca-file",
            "%s, but the certificate does not prove the identity of %s: %s",
            start->version, host, start->flaw.text);
}

static void
report_tls(struct probe *probe, const char *host,
           const struct smtp_start *start)
{
    switch (start->tls) {
    case SMTP_TLS_UNTRIED:
        break;
    case SMTP_TLS_MISSING:
        report_finding(&probe->worst, CHECK_DOUBTFUL, "STARTTLS",
                       "enable TLS at the site",
                       "not offered: mail is sent unencrypted");
        break;
    case SMTP_TLS_REFUSED:
        report_finding(&probe->worst, CHECK_DOUBTFUL, "STARTTLS",
                       "see the site's log", "offered, then refused: %d %s",
                       start->refusal.code, start->refusal.line);
        break;
    case SMTP_TLS_FAILED:
        report_finding(&probe->worst, CHECK_DOUBTFUL, "STARTTLS",
                       "see the site's log", "the handshake failed: %s",
                       start->flaw.text);
        break;
    case SMTP_TLS_USED:
        report_certificate(probe, host, start);
        break;
    }
}

/* ---- the session ---- */

/* Send the commands after EHLO. Returns SDR_OK; SDR_NOTFOUND after a finding,
 * if the server refuses to continue; or SDR_TEMPFAIL with the reason. */
static enum sdr_status
probe_recipients(struct probe *probe, struct smtp *smtp,
                 struct sdr_error *error)
{
    struct smtp_reply reply;
    enum sdr_status status = probe_sender(probe, smtp, error);

    if (status == SDR_OK)
        status = probe_known(probe, smtp, error);
    if (status == SDR_OK)
        status = probe_unknown(probe, smtp, error);
    if (status == SDR_OK && smtp_command(smtp, &reply, NULL, "RSET") == SDR_OK
        && smtp_command(smtp, &reply, NULL, "QUIT") == SDR_OK)
        return SDR_OK;
    return status; /* an error at the end does not matter */
}

void
probe_host(struct probe *probe, struct smtp **smtp,
           const struct smtp_host *host)
{
    struct sdr_error error = {""};
    struct smtp_start start;
    enum sdr_status status = smtp_begin(smtp, host, &start, &error);

    report_greeting(probe, host->name, &start, status);
    report_tls(probe, host->name, &start);
    if (status == SDR_OK)
        status = probe_recipients(probe, *smtp, &error);
    if (status == SDR_TEMPFAIL)
        report_finding(
            &probe->worst, CHECK_UNREACHABLE, "session",
            "try again with a longer --timeout; then see the site's log",
            "ended early: %s", error.text);
}
