/* smtp.h - an SMTP client (RFC 5321) to test what a server accepts
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Whatever the server does, a step ends within the timeout, the session within
 * a few timeouts, and replies are limited in size. Text from the server must be
 * cleaned before it is printed.
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
    bool starttls, smtputf8, pipelining; /* the reply to EHLO has the keyword */
};

/* Connect, with a timeout in seconds for each step. SDR_OK, and the caller
 * reads the greeting and closes the session; or SDR_TEMPFAIL with the reason.
 * The caller must ignore SIGPIPE. */
enum sdr_status SDR_MUST_USE
smtp_open(struct smtp **smtp, const struct sockaddr *address, socklen_t len,
          unsigned timeout, struct sdr_error *error);

/* Let the session last until END (sdr_clock()); it ends after a few timeouts
 * otherwise. */
void
smtp_set_end(struct smtp *smtp, int64_t end);

/* Close without QUIT, free, and set the pointer to NULL; NULL is fine. */
void
smtp_close(struct smtp **smtp);

/* Read a reply, such as the greeting. SDR_OK, whatever its code; or
 * SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
smtp_read(struct smtp *smtp, struct smtp_reply *reply, struct sdr_error *error);

/* Add a command to those that smtp_flush() sends. SDR_OK; or SDR_TEMPFAIL with
 * the reason: it is too long or has a control character, or those before it
 * could not be sent. */
SDR_PRINTF(3, 4)
enum sdr_status SDR_MUST_USE
smtp_queue(struct smtp *smtp, struct sdr_error *error, const char *format, ...);

/* Send them; the caller reads a reply for each. Results as above. */
enum sdr_status SDR_MUST_USE
smtp_flush(struct smtp *smtp, struct sdr_error *error);

/* Send a command and read its reply. Results as above. */
SDR_PRINTF(4, 5)
enum sdr_status SDR_MUST_USE
smtp_command(struct smtp *smtp, struct smtp_reply *reply,
             struct sdr_error *error, const char *format, ...);

/* Send EHLO with this host's name, or HELO if that is refused. Results as
 * above. */
enum sdr_status SDR_MUST_USE
smtp_hello(struct smtp *smtp, struct smtp_reply *reply,
           struct sdr_error *error);

/* Begin TLS, after the reply to STARTTLS, with the CA certificates in CA_FILE,
 * or those of the system if it is NULL. SDR_OK and the version ("TLS1.3"),
 * borrowed, with *flaw what is wrong with the certificate, or ""; or
 * SDR_TEMPFAIL with the reason. */
enum sdr_status SDR_MUST_USE
smtp_start_tls(struct smtp *smtp, const char *host, const char *ca_file,
               const char **version, struct sdr_error *flaw,
               struct sdr_error *error);

/* With TLS: true, and WORDS says when it expires, if the certificate should be
 * renewed. */
bool
smtp_certificate_expires(const struct smtp *smtp, struct sdr_error *words);

/* Make up an address at DOMAIN. */
void
smtp_invent(char *address, size_t size, const char *domain);

#endif
