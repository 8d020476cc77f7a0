/* message.h - the recipients of one message and their verdicts
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Valid from the first RCPT to the end of the message; used by one thread at a
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
    char *given;     /* as the client sent it: argv[0] */
    char *resolved;  /* {rcpt_addr}; NULL if the MTA gave none */
    char *address;   /* the address in GIVEN, if there is more in it */
    const char *key; /* the one of these that is looked up */
    bool is_certain; /* it can be deleted for certain, see path.h */
    bool has_mailbox;
    struct sdr_address mailbox; /* the recipient if we do nothing */
    char *notify, *orcpt; /* the client's parameters, "NOTIFY=..."; or NULL */
    enum sdr_verdict_kind kind;
    bool decided, leaves;
    int priority; /* of the log line */
    char *line;
    char **targets;
    unsigned target_count;
};

struct message {
    struct sdr *sdr; /* the same configuration for all recipients */
    struct recipient **recipients;
    unsigned count;
    struct recipient **refused; /* refused, but to be deleted nevertheless */
    unsigned refused_count;
    void *by_mailbox; /* decided recipients, for tsearch(3) */
    struct sdr_loop_marks marks;
    struct sdr_reply deferred; /* reply at its end; code NULL: none */
    enum path_mta mta;
    bool by_smtp;  /* false: submitted locally */
    void *staying; /* local users that stay, for tsearch(3) */
};

/* A set of mailboxes; all zero is empty. */
struct mailbox_set {
    void *root;
};

/* Free the contents and release the configuration. */
void
message_clear(struct message *message);

/* Returns true if the MTA's lookup tables rewrite the recipients: then the
 * milter does not edit them. */
bool
message_left_to_tables(const struct message *message);

/* Append a recipient, which the message owns. Returns NULL without memory. */
struct recipient *
message_add(struct message *message, const char *given, const char *resolved);

/* Returns the log priority of a verdict. */
int
verdict_priority(const struct sdr_verdict *verdict);

/* Copy the verdict into the recipient. Returns false without memory. */
bool
message_decide(struct message *message, struct recipient *recipient,
               const struct sdr_verdict *verdict);

/* Copy the verdict of an earlier recipient with the same mailbox. Returns false
 * if there is none, or without memory. */
bool
message_decide_again(struct message *message, struct recipient *recipient);

/* Write the text that deletes the recipient for certain. Returns false, with
 * TEXT undefined, if there is none. */
bool
message_queued(const struct message *message, const struct recipient *recipient,
               char text[PATH_TEXT_MAX]);

/* Returns true if the recipient stays in the envelope. */
bool
recipient_stays(const struct recipient *recipient);

/* Sendmail identifies a local user by the name alone: "alice" is
 * alice@example.com and alice@example.org, and to delete or refuse one of them
 * deletes both. message_note_name() records an accepted recipient that stays;
 * it returns false without memory. message_shares_name() returns true if a
 * recorded recipient has the same name. */
bool
message_note_name(struct message *message, const struct recipient *recipient);
bool
message_shares_name(const struct message *message,
                    const struct recipient *recipient);

/* Remove the last recipient, which was refused. Keeps it in REFUSED, to be
 * deleted, if Sendmail may not remove it because it reads the client's text as
 * a list. Returns false without memory. */
bool
message_refuse_last(struct message *message);

/* Add a mailbox. Sets *IS_NEW if it was not in the set. Returns false without
 * memory. */
bool
mailbox_set_add(struct mailbox_set *set, const struct sdr_address *mailbox,
                bool *is_new);
bool
mailbox_set_has(const struct mailbox_set *set,
                const struct sdr_address *mailbox);
void
mailbox_set_clear(struct mailbox_set *set);

#endif
