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

#include "path.h"
#include "decision/loop.h"
#include "decision/sdr.h"

struct recipient {
    char *given;     /* as the client gave it: argv[0] */
    char *resolved;  /* {rcpt_addr}; NULL if the MTA gave none */
    char *address;   /* what is one in the first, if there is more in it */
    const char *key; /* the one of these that the decision is about */
    bool is_certain; /* that it can be deleted, see path.h */
    bool has_mailbox;
    struct sdr_address mailbox; /* what is delivered if we do nothing */
    char *notify, *orcpt; /* the client's parameters, "NOTIFY=..."; or NULL */
    enum sdr_verdict_kind kind;
    bool decided, leaves;
    int priority; /* of the line in the log */
    char *line;
    char **targets;
    unsigned target_count;
};

struct message {
    struct sdr *sdr; /* the same configuration for all recipients */
    struct recipient **recipients;
    unsigned count;
    struct recipient **refused; /* that are to be deleted nevertheless */
    unsigned refused_count;
    void *by_mailbox; /* those that were decided, for tsearch(3) */
    struct sdr_loop_marks marks;
    struct sdr_reply deferred; /* refuse it at its end; code NULL: no */
    enum path_mta mta;
    bool by_smtp;  /* or submitted by a user of the machine */
    void *staying; /* names without a domain that stay, for tsearch(3) */
};

/* A set of mailboxes; all zero is empty. */
struct mailbox_set {
    void *root;
};

/* Forget everything, give the configuration back. */
void
message_clear(struct message *message);

/* True if the MTA's lookup tables rewrite its recipients: no edit of them. */
bool
message_left_to_tables(const struct message *message);

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

/* Write the text that deletes it for certain. False, TEXT undefined, if there
 * is none. */
bool
message_queued(const struct message *message, const struct recipient *recipient,
               char text[PATH_TEXT_MAX]);

/* True for one that stays in the envelope. */
bool
recipient_stays(const struct recipient *recipient);

/* Sendmail knows a user of its own by name alone: "alice" is alice@example.com
 * and alice@example.org, and who deletes or refuses the one has deleted the
 * other. So remember one that was accepted and stays; false without memory.
 * Then: true if one of the same name stays. */
bool
message_note_name(struct message *message, const struct recipient *recipient);
bool
message_shares_name(const struct message *message,
                    const struct recipient *recipient);

/* Take the last recipient off: it was refused. It has to be deleted if Sendmail
 * may not take it off, because that reads what the client gave as a list. False
 * without memory. */
bool
message_refuse_last(struct message *message);

/* Add; false without memory. *is_new: it was not there before. */
bool
mailbox_set_add(struct mailbox_set *set, const struct sdr_address *mailbox,
                bool *is_new);
bool
mailbox_set_has(const struct mailbox_set *set,
                const struct sdr_address *mailbox);
void
mailbox_set_clear(struct mailbox_set *set);

#endif
