/* played.h - a simulated MTA: the milter protocol, and the edited envelope
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * It skips a step that would be out of order, and checks each reply of the
 * milter.
 */
#ifndef FUZZ_PLAYED_H
#define FUZZ_PLAYED_H

#include "envelope.h"
#include "wire.h"

enum { WORDS_MAX = 8 };

/* An address of the MTA's own map. It never changes during one input. */
struct mapped {
    char *text, *resolved;
};

struct played {
    struct wire wire;
    uint32_t offer[3];       /* actions, steps, version */
    uint32_t actions, steps; /* negotiated */
    bool is_open, in_message, has_rcpt, in_content;
    char *version_text, *mailer, *id; /* macros; NULL: none */
    bool is_quiet;                    /* it never sends {rcpt_addr} */
    struct mapped map[RECIPIENTS_MAX];
    unsigned map_count;
    struct envelope envelope;
};

extern struct played played;

/* Begin an input: an MTA that offers all of version 6, without a connection. */
void
played_begin(void);

/* End an input: disconnect and free everything. */
void
played_clear(void);

/* The steps. played_mail() connects if necessary, and played_rcpt() begins a
 * message if necessary. */
void
played_mail(void);
void
played_rcpt(char *line); /* GIVEN TAB RESOLVED TAB PARAMETER... */
void
played_header(const char *mark);
void
played_content(void);
void
played_leave_to_tables(void); /* not within a message */
void
played_end(void);
void
played_alone(char command); /* ABORT, QUIT_NC */
void
played_unknown(const char *text);
void
played_hang_up(void);

/* Check an SMTP reply such as "550 5.1.1 text". Each "%" must be doubled. */
void
played_check_reply(const struct packet *packet);

#endif
