/* smtp.c - see smtp.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "net/smtp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "ldap/certificate.h"
#include "net/clock.h"
#include "net/connect.h"

/* The time limit of a session, as a number of timeouts. */
enum { STEPS = 6 };
/* RFC 5321 (4.5.3.1.5) limits reply lines to 512 octets. */
enum { LINE_SIZE = 2048, LINES_MAX = 128 };
/* The queue of commands. Each has at most COMMAND_SIZE octets. */
enum { COMMAND_SIZE = 1024, QUEUE_SIZE = 16 * COMMAND_SIZE };

struct smtp {
    int fd;
    int64_t timeout, end; /* in milliseconds; time when the session ends */
    gnutls_session_t tls; /* NULL: no TLS */
    gnutls_certificate_credentials_t credentials;
    char buffer[LINE_SIZE]; /* received but not yet parsed */
    size_t len;
    char queue[QUEUE_SIZE]; /* commands not yet sent */
    size_t queued;
};

static int64_t
deadline_of(const struct smtp *smtp)
{
    int64_t deadline = sdr_clock() + smtp->timeout;

    return deadline < smtp->end ? deadline : smtp->end;
}

/* Wait until the socket is ready. */
static enum sdr_status
wait_for(const struct smtp *smtp, short events, int64_t deadline,
         struct sdr_error *error)
{
    struct pollfd waiting = {.fd = smtp->fd, .events = events};
    int64_t left = deadline - sdr_clock();

    if (left > 0 && poll(&waiting, 1, (int)left) > 0)
        return SDR_OK;
    sdr_error_set(error, "no answer in time");
    return SDR_TEMPFAIL;
}

enum sdr_status
smtp_open(struct smtp **smtp, const struct sockaddr *address, socklen_t len,
          unsigned timeout, struct sdr_error *error)
{
    struct smtp *s = calloc(1, sizeof *s);
    enum sdr_status status;

    *smtp = NULL;
    if (s == NULL) {
        sdr_error_set(error, "no memory");
        return SDR_TEMPFAIL;
    }
    s->fd = -1;
    s->timeout = (int64_t)timeout * 1000;
    s->end = sdr_clock() + STEPS * s->timeout;
    status = sdr_connect_address(address, len, deadline_of(s), &s->fd, error);
    if (status != SDR_OK)
        smtp_close(&s);
    *smtp = s;
    return status;
}

void
smtp_set_end(struct smtp *smtp, int64_t end)
{
    smtp->end = end;
}

void
smtp_close(struct smtp **smtp)
{
    struct smtp *s = *smtp;

    *smtp = NULL;
    if (s == NULL)
        return;
    if (s->tls != NULL)
        gnutls_deinit(s->tls);
    if (s->credentials != NULL)
        gnutls_certificate_free_credentials(s->credentials);
    if (s->fd >= 0)
        close(s->fd);
    free(s);
}

/* ---- octets ---- */

static bool
is_again(const struct smtp *smtp, ssize_t n)
{
    if (smtp->tls != NULL)
        return n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED;
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void
report_failure(const struct smtp *smtp, ssize_t n, struct sdr_error *error)
{
    if (n == 0)
        sdr_error_set(error, "the server closed the connection");
    else if (smtp->tls != NULL)
        sdr_error_set(error, "TLS: %s", gnutls_strerror((int)n));
    else
        sdr_error_set(error, "%s", strerror(errno));
}

/* Receive into the buffer, which must not be full. */
static enum sdr_status
fill(struct smtp *smtp, int64_t deadline, struct sdr_error *error)
{
    for (;;) {
        char *to = smtp->buffer + smtp->len;
        size_t room = sizeof smtp->buffer - smtp->len;
        ssize_t n = smtp->tls != NULL ? gnutls_record_recv(smtp->tls, to, room)
                                      : recv(smtp->fd, to, room, 0);

        if (n > 0) {
            smtp->len += (size_t)n;
            return SDR_OK;
        }
        if (!is_again(smtp, n)) {
            report_failure(smtp, n, error);
            return SDR_TEMPFAIL;
        }
        if (wait_for(smtp, POLLIN, deadline, error) != SDR_OK)
            return SDR_TEMPFAIL;
    }
}

static enum sdr_status
send_all(struct smtp *smtp, const char *text, size_t len,
         struct sdr_error *error)
{
    int64_t deadline = deadline_of(smtp);

    while (len > 0) {
        ssize_t n = smtp->tls != NULL ? gnutls_record_send(smtp->tls, text, len)
                                      : send(smtp->fd, text, len, MSG_NOSIGNAL);

        if (n > 0) {
            text += n;
            len -= (size_t)n;
        } else if (!is_again(smtp, n)) {
            report_failure(smtp, n, error);
            return SDR_TEMPFAIL;
        } else if (wait_for(smtp, POLLOUT, deadline, error) != SDR_OK) {
            return SDR_TEMPFAIL;
        }
    }
    return SDR_OK;
}

/* ---- replies ---- */

/* Read a line into LINE, of LINE_SIZE octets, without its CRLF. */
static enum sdr_status
read_line(struct smtp *smtp, int64_t deadline, char *line,
          struct sdr_error *error)
{
    char *end;
    size_t len;

    while ((end = memchr(smtp->buffer, '\n', smtp->len)) == NULL) {
        if (smtp->len == sizeof smtp->buffer) {
            sdr_error_set(error, "the server sends an endless line");
            return SDR_TEMPFAIL;
        }
        if (fill(smtp, deadline, error) != SDR_OK)
            return SDR_TEMPFAIL;
    }
    len = (size_t)(end - smtp->buffer);
    for (size_t i = 0; i < len; i++)
        line[i] = smtp->buffer[i] == '\0' ? '?' : smtp->buffer[i];
    line[len > 0 && line[len - 1] == '\r' ? len - 1 : len] = '\0';
    smtp->len -= len + 1;
    memmove(smtp->buffer, end + 1, smtp->len);
    return SDR_OK;
}

/* Returns the code of "250-text", "250 text" or "250", or -1. */
static int
read_code(const char *line)
{
    int code = 0;

    for (int i = 0; i < 3; i++) {
        if (line[i] < '0' || line[i] > '9')
            return -1;
        code = 10 * code + line[i] - '0';
    }
    return (line[3] == '\0' || line[3] == ' ' || line[3] == '-') && code >= 200
                   && code < 600
               ? code
               : -1;
}

static enum sdr_status
add_line(struct smtp_reply *reply, const char *line, bool first,
         struct sdr_error *error)
{
    int code = read_code(line);
    const char *text;

    if (code < 0 || (!first && code != reply->code)) {
        sdr_error_set(error, "not an SMTP reply: %.60s", line);
        return SDR_TEMPFAIL;
    }
    text = line[3] == '\0' ? "" : line + 4;
    if (first)
        snprintf(reply->line, sizeof reply->line, "%.511s", text);
    reply->code = code;
    reply->starttls |= !first && strcasecmp(text, "STARTTLS") == 0;
    reply->smtputf8 |= !first && strcasecmp(text, "SMTPUTF8") == 0;
    reply->pipelining |= !first && strcasecmp(text, "PIPELINING") == 0;
    return SDR_OK;
}

enum sdr_status
smtp_read(struct smtp *smtp, struct smtp_reply *reply, struct sdr_error *error)
{
    int64_t deadline = deadline_of(smtp);
    char line[LINE_SIZE];

    memset(reply, 0, sizeof *reply);
    for (unsigned i = 0; i < LINES_MAX; i++) {
        if (read_line(smtp, deadline, line, error) != SDR_OK
            || add_line(reply, line, i == 0, error) != SDR_OK)
            return SDR_TEMPFAIL;
        if (line[3] != '-')
            return SDR_OK;
    }
    sdr_error_set(error, "the server sends an endless reply");
    return SDR_TEMPFAIL;
}

/* ---- commands ---- */

enum sdr_status
smtp_flush(struct smtp *smtp, struct sdr_error *error)
{
    size_t len = smtp->queued;

    smtp->queued = 0;
    if (smtp->len > 0) { /* it would be taken for a reply to these */
        sdr_error_set(error, "the server sends replies to no command");
        return SDR_TEMPFAIL;
    }
    return send_all(smtp, smtp->queue, len, error);
}

static bool
has_control(const char *line)
{
    for (; *line != '\0'; line++) {
        if ((unsigned char)*line < ' ' || *line == '\177')
            return true;
    }
    return false;
}

static enum sdr_status
queue_command(struct smtp *smtp, struct sdr_error *error, const char *format,
              va_list args)
{
    char *line;
    int len;

    if (QUEUE_SIZE - smtp->queued < COMMAND_SIZE
        && smtp_flush(smtp, error) != SDR_OK)
        return SDR_TEMPFAIL;
    line = smtp->queue + smtp->queued;
    len = vsnprintf(line, COMMAND_SIZE - 2, format, args);
    if (len < 0 || len >= COMMAND_SIZE - 2 || has_control(line)) {
        sdr_error_set(error, "the command cannot be sent in SMTP");
        return SDR_TEMPFAIL;
    }
    memcpy(line + len, "\r\n", 2);
    smtp->queued += (size_t)len + 2;
    return SDR_OK;
}

enum sdr_status
smtp_queue(struct smtp *smtp, struct sdr_error *error, const char *format, ...)
{
    va_list args;
    enum sdr_status status;

    va_start(args, format);
    status = queue_command(smtp, error, format, args);
    va_end(args);
    return status;
}

enum sdr_status
smtp_command(struct smtp *smtp, struct smtp_reply *reply,
             struct sdr_error *error, const char *format, ...)
{
    va_list args;
    enum sdr_status status;

    va_start(args, format);
    status = queue_command(smtp, error, format, args);
    va_end(args);
    if (status == SDR_OK)
        status = smtp_flush(smtp, error);
    return status == SDR_OK ? smtp_read(smtp, reply, error) : status;
}

/* ---- EHLO ---- */

static bool
is_full_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");

    return name[len] == '\0' && strchr(name, '.') != NULL;
}

/* Write the local address as "[192.0.2.1]" or "[IPv6:2001:db8::1]". */
static void
own_literal(const struct smtp *smtp, char *name, size_t size)
{
    struct sockaddr_storage own = {0};
    socklen_t len = sizeof own;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    char text[INET6_ADDRSTRLEN] = "";

    (void)getsockname(smtp->fd, (struct sockaddr *)&own, &len);
    memcpy(&v4, &own, sizeof v4);
    memcpy(&v6, &own, sizeof v6);
    if (own.ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
        snprintf(name, size, "[IPv6:%s]", text);
    } else {
        inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
        snprintf(name, size, "[%s]", text);
    }
}

enum sdr_status
smtp_hello(struct smtp *smtp, struct smtp_reply *reply, struct sdr_error *error)
{
    char name[256];
    enum sdr_status status;

    if (gethostname(name, sizeof name) != 0 || !is_full_name(name))
        own_literal(smtp, name, sizeof name);
    status = smtp_command(smtp, reply, error, "EHLO %s", name);
    if (status == SDR_OK && reply->code >= 500)
        status = smtp_command(smtp, reply, error, "HELO %s", name);
    return status;
}

/* ---- TLS ---- */

static const struct {
    unsigned flag;
    const char *words;
} flaws[] = {
    {GNUTLS_CERT_UNEXPECTED_OWNER, "it is not for this name"},
    {GNUTLS_CERT_EXPIRED, "it has expired"},
    {GNUTLS_CERT_NOT_ACTIVATED, "it is not valid yet"},
    {GNUTLS_CERT_SIGNER_NOT_FOUND, "it is not issued by a trusted CA"},
    {GNUTLS_CERT_REVOKED, "it is revoked"},
    {GNUTLS_CERT_INSECURE_ALGORITHM, "a key or signature is too weak"},
    {GNUTLS_CERT_PURPOSE_MISMATCH, "it is not for servers"},
};

static void
judge_certificate(struct smtp *smtp, const char *host, struct sdr_error *flaw)
{
    static unsigned char purpose[] = GNUTLS_KP_TLS_WWW_SERVER;
    gnutls_typed_vdata_st wanted[] = {
        {GNUTLS_DT_DNS_HOSTNAME, (unsigned char *)(uintptr_t)host, 0},
        {GNUTLS_DT_KEY_PURPOSE_OID, purpose, 0},
    };
    unsigned status = 0;

    flaw->text[0] = '\0';
    if (gnutls_certificate_verify_peers(smtp->tls, wanted, 2, &status) < 0) {
        sdr_error_set(flaw, "it cannot be verified");
        return;
    }
    for (unsigned i = 0; i < sizeof flaws / sizeof flaws[0]; i++) {
        size_t used = strlen(flaw->text);

        if ((status & flaws[i].flag) != 0)
            snprintf(flaw->text + used, sizeof flaw->text - used, "%s%s",
                     used > 0 ? ", " : "", flaws[i].words);
    }
    if (status != 0 && flaw->text[0] == '\0')
        sdr_error_set(flaw, "it is not trusted");
}

static enum sdr_status
handshake(struct smtp *smtp, struct sdr_error *error)
{
    int64_t deadline = deadline_of(smtp);
    int result;

    while ((result = gnutls_handshake(smtp->tls)) < 0) {
        bool out = gnutls_record_get_direction(smtp->tls) == 1;

        if (gnutls_error_is_fatal(result) != 0) {
            sdr_error_set(error, "%s", gnutls_strerror(result));
            return SDR_TEMPFAIL;
        }
        if (wait_for(smtp, out ? POLLOUT : POLLIN, deadline, error) != SDR_OK)
            return SDR_TEMPFAIL;
    }
    return SDR_OK;
}

static bool
set_up_tls(struct smtp *smtp, const char *host, const char *ca_file)
{
    struct in6_addr any;

    if (gnutls_certificate_allocate_credentials(&smtp->credentials) < 0
        || gnutls_init(&smtp->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK) < 0
        || gnutls_set_default_priority_append(smtp->tls, "%PROFILE_MEDIUM",
                                              NULL, 0)
               < 0
        || gnutls_credentials_set(smtp->tls, GNUTLS_CRD_CERTIFICATE,
                                  smtp->credentials)
               < 0)
        return false;
    if (ca_file != NULL)
        gnutls_certificate_set_x509_trust_file(smtp->credentials, ca_file,
                                               GNUTLS_X509_FMT_PEM);
    else
        gnutls_certificate_set_x509_system_trust(smtp->credentials);
    if (inet_pton(AF_INET, host, &any) != 1
        && inet_pton(AF_INET6, host, &any) != 1)
        gnutls_server_name_set(smtp->tls, GNUTLS_NAME_DNS, host, strlen(host));
    gnutls_transport_set_int(smtp->tls, smtp->fd);
    return true;
}

enum sdr_status
smtp_start_tls(struct smtp *smtp, const char *host, const char *ca_file,
               const char **version, struct sdr_error *flaw,
               struct sdr_error *error)
{
    if (smtp->len > 0) { /* it would be taken for encrypted text */
        sdr_error_set(error,
                      "the server sent data after its reply to STARTTLS");
        return SDR_TEMPFAIL;
    }
    if (!set_up_tls(smtp, host, ca_file)) {
        sdr_error_set(error, "TLS cannot be set up");
        return SDR_TEMPFAIL;
    }
    if (handshake(smtp, error) != SDR_OK)
        return SDR_TEMPFAIL;
    judge_certificate(smtp, host, flaw);
    *version = gnutls_protocol_get_name(gnutls_protocol_get_version(smtp->tls));
    return SDR_OK;
}

bool
smtp_certificate_expires(const struct smtp *smtp, struct sdr_error *words)
{
    unsigned count = 0;
    const gnutls_datum_t *chain =
        gnutls_certificate_get_peers(smtp->tls, &count);

    return count > 0
           && sdr_certificate_expires(chain[0].data, chain[0].size, time(NULL),
                                      words);
}

void
smtp_invent(char *address, size_t size, const char *domain)
{
    unsigned long long number = 0;

    (void)!getrandom(&number, sizeof number, 0);
    snprintf(address, size, "sdrctl-check-%016llx@%s", number, domain);
}
