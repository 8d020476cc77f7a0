/* played.h - an MTA that is played: it speaks the milter protocol, and keeps
 * the envelope that is edited SPDX-License-Identifier: BSD-2-Clause
 *
 * It says nothing out of order: what a script wants out of place is left out.
 * Each answer of the milter is checked when it comes.
 */
#ifndef FUZZ_PLAYED_H
#define FUZZ_PLAYED_H

#include "envelope.h"
#include "wire.h"

enum { WORDS_MAX = 8 };

/* The MTA's own map of addresses: it says the same of one each time. */
struct mapped {
    char *text, *resolved;
};

struct played {
    struct wire wire;
    uint32_t offer[3];       /* actions, steps, version */
    uint32_t actions, steps; /* agreed on */
    bool is_open, in_message, has_rcpt, in_content;
    char *version_text, *mailer, *id; /* macros; NULL: there is none */
    bool is_quiet;                    /* it never sends {rcpt_addr} */
    struct mapped map[RECIPIENTS_MAX];
    unsigned map_count;
    struct envelope envelope;
};

extern struct played played;

/* An MTA of today, without a connection. */
void
played_begin(void);
void
played_clear(void);

/* The steps; a connection or a message that is not there yet is begun. */
void
played_mail(void);
void
played_rcpt(char *line); /* GIVEN TAB RESOLVED TAB PARAMETER... */
void
played_header(const char *mark);
void
played_content(void);
void
played_leave_to_tables(void); /* out of a message */
void
played_end(void);
void
played_alone(char command); /* ABORT, QUIT_NC */
void
played_unknown(const char *text);
void
played_hang_up(void);

/* The rules of an SMTP reply. */
void
played_check_reply(const struct packet *packet);

#endif
