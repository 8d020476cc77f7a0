/* smtp.h - the first words of SMTP (RFC 5321), to see who would take mail
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Whatever the server does, a step ends within the timeout, the conversation
 * within a few of them, and no reply is longer than what fits. Nothing that a
 * server says is fit to be printed as it is.
 */
#ifndef SDRCTL_SMTP_H
#define SDRCTL_SMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "status.h"

struct smtp;

struct smtp_reply {
    int code;
    char line[512]; /* the first line, without the code */
    bool starttls,
        smtputf8; /* the keyword stands in a line (of EHLO's reply) */
};

/* Connect. Returns SDR_OK, and a conversation to be closed that begins with the
 * server's greeting; or SDR_TEMPFAIL with the reason. The caller ignores
 * SIGPIPE. */
enum sdr_status SDR_MUST_USE
smtp_open(struct smtp **smtp, const struct sockaddr *address, socklen_t len,
          unsigned timeout, struct sdr_error *error);

/* Close, free, and set the pointer to NULL; NULL is fine. Says no QUIT. */
void
smtp_close(struct smtp **smtp);

/* Read a reply: the greeting. Returns SDR_OK, whatever its code; or
 * SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
smtp_read(struct smtp *smtp, struct smtp_reply *reply, struct sdr_error *error);

/* Send a line and read the reply to it. Results as above. */
SDR_PRINTF(4, 5)
enum sdr_status SDR_MUST_USE
smtp_command(struct smtp *smtp, struct smtp_reply *reply,
             struct sdr_error *error, const char *format, ...);

/* Say EHLO, or HELO to who does not know it, with this host's name. Results as
 * above. */
enum sdr_status SDR_MUST_USE
smtp_hello(struct smtp *smtp, struct smtp_reply *reply,
           struct sdr_error *error);

/* TLS, after the reply to STARTTLS, with the certificates in CA_FILE, or those
 * of the system if it is NULL. Returns SDR_OK and the version ("TLS1.3"),
 * borrowed, with *flaw saying what is wrong with the certificate, "" for
 * nothing; or SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
smtp_start_tls(struct smtp *smtp, const char *host, const char *ca_file,
               const char **version, struct sdr_error *flaw,
               struct sdr_error *error);

/* An address at DOMAIN that nobody has. */
void
smtp_invent(char *address, size_t size, const char *domain);

#endif
