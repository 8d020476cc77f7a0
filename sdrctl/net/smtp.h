/* smtp.h - an SMTP client (RFC 5321) to test which recipients a server accepts
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Each step ends within the timeout, and the session within a few timeouts,
 * whatever the server does. The size of replies is limited. Text from the
 * server must be cleaned before it is printed.
 */
#ifndef SDRCTL_SMTP_H
#define SDRCTL_SMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "status.h"

struct smtp;

struct smtp_reply {
    int code;
    char line[512];                      /* the first line, without the code */
    bool starttls, smtputf8, pipelining; /* keywords in the reply to EHLO */
};

/* Connect, with a timeout in seconds for each step. Returns SDR_OK, and the
 * caller reads the greeting and closes the session; or SDR_TEMPFAIL with the
 * reason. The caller must ignore SIGPIPE. */
enum sdr_status SDR_MUST_USE
smtp_open(struct smtp **smtp, const struct sockaddr *address, socklen_t len,
          unsigned timeout, struct sdr_error *error);

/* Set the time when the session ends (sdr_clock()). The default is a few
 * timeouts after it began. */
void
smtp_set_end(struct smtp *smtp, int64_t end);

/* Close the connection without QUIT, free the session and set the pointer to
 * NULL. *SMTP may be NULL. */
void
smtp_close(struct smtp **smtp);

/* Read a reply, such as the greeting. Returns SDR_OK, whatever the code is, or
 * SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
smtp_read(struct smtp *smtp, struct smtp_reply *reply, struct sdr_error *error);

/* Queue a command for smtp_flush(). Returns SDR_OK, or SDR_TEMPFAIL with the
 * reason: the command is too long or contains a control character, or a full
 * queue could not be sent. */
SDR_PRINTF(3, 4)
enum sdr_status SDR_MUST_USE
smtp_queue(struct smtp *smtp, struct sdr_error *error, const char *format, ...);

/* Send the queued commands. The caller reads a reply to each. Returns as above.
 */
enum sdr_status SDR_MUST_USE
smtp_flush(struct smtp *smtp, struct sdr_error *error);

/* Send a command and read its reply. Returns as above. */
SDR_PRINTF(4, 5)
enum sdr_status SDR_MUST_USE
smtp_command(struct smtp *smtp, struct smtp_reply *reply,
             struct sdr_error *error, const char *format, ...);

/* Send EHLO with the name of this host, or HELO if EHLO is refused. Returns as
 * above. */
enum sdr_status SDR_MUST_USE
smtp_hello(struct smtp *smtp, struct smtp_reply *reply,
           struct sdr_error *error);

/* Start TLS, after the reply to STARTTLS, with the CA certificates in CA_FILE,
 * or those of the system if it is NULL. Returns SDR_OK and sets *VERSION
 * ("TLS1.3"), borrowed, and *FLAW to what is wrong with the certificate, or "";
 * or returns SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
smtp_start_tls(struct smtp *smtp, const char *host, const char *ca_file,
               const char **version, struct sdr_error *flaw,
               struct sdr_error *error);

/* Returns true if the certificate of a TLS session should be renewed. WORDS
 * then says when it expires. */
bool
smtp_certificate_expires(const struct smtp *smtp, struct sdr_error *words);

/* Write an invented address at DOMAIN. */
void
smtp_invent(char *address, size_t size, const char *domain);

#endif
