/* message.h - the recipients of one message and what was decided of them
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Lives from the first RCPT to the end of the message; used by one thread at a
 * time. All zero is an empty message.
 */
#ifndef SDR_MILTER_MESSAGE_H
#define SDR_MILTER_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "sdr.h"

struct recipient {
    char *given;     /* as the client gave it: argv[0] */
    char *resolved;  /* {rcpt_addr}; NULL if the MTA told none */
    const char *key; /* the one of the two that the decision is about */
    bool has_mailbox;
    struct sdr_address mailbox; /* what is delivered if we do nothing */
    char *notify, *orcpt; /* the client's parameters, "NOTIFY=..."; or NULL */
    enum sdr_verdict_kind kind;
    bool decided, leaves;
    bool may_be_told; /* the lookup table may have done all that is to do */
    int priority;     /* of the line in the log */
    char *line;
    char **targets;
    unsigned target_count;
};

struct message {
    struct sdr *sdr; /* the same configuration for all recipients */
    int64_t began;   /* sdr_clock() */
    struct recipient **recipients;
    unsigned count;
    void *by_mailbox; /* those that were decided, for tsearch(3) */
    struct sdr_marks marks;
    struct sdr_reply deferred; /* refuse it at its end; code NULL: no */
    bool from_postfix, from_sendmail;
};

/* A set of mailboxes; all zero is empty. */
struct mailbox_set {
    void *root;
};

/* Forget everything, give the configuration back. */
void
message_clear(struct message *message);

/* Append a recipient; the message owns it. NULL without memory. */
struct recipient *
message_add(struct message *message, const char *given, const char *resolved);

/* At which priority a verdict is logged. */
int
verdict_priority(const struct sdr_verdict *verdict);

/* Copy the verdict into the recipient. False without memory. */
bool
message_decide(struct message *message, struct recipient *recipient,
               const struct sdr_verdict *verdict);

/* Decide as for an earlier recipient of the same mailbox, if there is one. */
bool
message_decide_again(struct message *message, struct recipient *recipient);

/* It stays as it is, without targets; whether it leaves is as it was. */
void
recipient_leave(struct recipient *recipient);

/* True for one that stays in the envelope. */
bool
recipient_stays(const struct recipient *recipient);

/* Sendmail knows a user of its own by name alone: "alice" is alice@example.com
 * and alice@example.org, and who deletes or refuses the one has deleted the
 * other. True if another one of this name stays. */
bool
message_shares_name(const struct message *message,
                    const struct recipient *recipient);

/* Take the last recipient off: it was refused. */
void
message_remove_last(struct message *message);

/* Add; false without memory. *is_new tells whether it was not there before. */
bool
mailbox_set_add(struct mailbox_set *set, const struct sdr_address *mailbox,
                bool *is_new);
bool
mailbox_set_has(const struct mailbox_set *set,
                const struct sdr_address *mailbox);
void
mailbox_set_clear(struct mailbox_set *set);

#endif
