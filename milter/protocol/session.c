/* session.c - see session.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "protocol/session.h"

#include "protocol/constants.h"
#include "protocol/negotiation.h"
#include "recipients.h"

enum {
    VERSION_MIN = 2,
    VERSION_MAX = 6,
    VERSION_NONSENSE = INT32_MAX, /* libmilter reads larger ones as negative */
    OFFER = 12                    /* octets of version, actions, steps */
};

/* ---- the steps ---- */

static void
agree(struct session *session, uint32_t version)
{
    struct packet_writer *replies = &session->mta.replies;

    packet_begin(replies, SMFIC_OPTNEG);
    packet_put_number(replies, version < VERSION_MAX ? version : VERSION_MAX);
    packet_put_number(replies, session->mta.actions);
    packet_put_number(replies, session->agreed);
    if ((session->mta.actions & SMFIF_SETSYMLIST) != 0) {
        packet_put_number(replies, SMFIM_ENVRCPT);
        packet_put_string(replies, NEGOTIATION_MACROS);
    }
    packet_end(replies);
}

/* Negotiate. An MTA that offers no actions or no steps means those of version
 * 1. */
static enum mta_answer
negotiate(struct session *session, const struct packet *packet)
{
    uint32_t version, actions, steps;

    if (packet->len < OFFER)
        return MTA_BROKEN;
    version = packet_number(packet->data);
    actions = packet_number(packet->data + 4);
    steps = packet_number(packet->data + 8);
    if (version < VERSION_MIN || version > VERSION_NONSENSE)
        return MTA_BROKEN;
    if (actions == 0)
        actions = SMFI_V1_ACTS;
    if (steps == 0)
        steps = SMFI_V1_PROT;
    session->mta.actions = negotiation_actions(actions);
    session->agreed = negotiation_steps(steps);
    agree(session, version);
    return MTA_REPLIED;
}

static enum mta_answer
take_macros(struct session *session, const struct packet *packet)
{
    return macros_take(&session->mta.macros, packet) ? MTA_REPLIED : MTA_BROKEN;
}

/* Abandon the current message. */
static void
give_up(struct session *session)
{
    message_clear(&session->message);
}

static enum mta_answer
take_connect(struct session *session, const struct packet *packet)
{
    (void)packet;
    give_up(session);
    macros_forget(&session->mta.macros, MACRO_HELO);
    return MTA_CONTINUE;
}

static enum mta_answer
take_helo(struct session *session, const struct packet *packet)
{
    (void)packet;
    give_up(session);
    macros_forget(&session->mta.macros, MACRO_MAIL);
    return MTA_CONTINUE;
}

static enum mta_answer
take_mail(struct session *session, const struct packet *packet)
{
    (void)packet;
    macros_forget(&session->mta.macros, MACRO_RCPT);
    recipients_begin(&session->message);
    return MTA_CONTINUE;
}

static enum mta_answer
take_rcpt(struct session *session, const struct packet *packet)
{
    struct rcpt_parameters parameters = {NULL, NULL};
    struct packet_strings strings;
    const char *given, *text;

    if (!packet_strings(packet->data, packet->len, &strings))
        return MTA_BROKEN;
    given = packet_string(&strings);
    while ((text = packet_string(&strings)) != NULL)
        recipients_parameter(&parameters, text);
    macros_forget(&session->mta.macros, MACRO_DATA);
    return recipients_add(&session->mta, &session->message, given, &parameters);
}

static enum mta_answer
take_header(struct session *session, const struct packet *packet)
{
    struct packet_strings strings;
    const char *name, *value;

    if (!packet_strings(packet->data, packet->len, &strings))
        return MTA_BROKEN;
    name = packet_string(&strings);
    value = packet_string(&strings);
    if (value == NULL)
        return MTA_BROKEN;
    recipients_header(&session->message, name, value);
    return MTA_CONTINUE;
}

static enum mta_answer
take_nothing(struct session *session, const struct packet *packet)
{
    (void)session;
    (void)packet;
    return MTA_CONTINUE;
}

static enum mta_answer
take_eom(struct session *session, const struct packet *packet)
{
    (void)packet;
    session->mta.edits_start = session->mta.replies.len;
    return recipients_end(&session->mta, &session->message);
}

static enum mta_answer
take_abort(struct session *session, const struct packet *packet)
{
    (void)packet;
    give_up(session);
    return MTA_REPLIED;
}

/* Another session follows on this connection. */
static enum mta_answer
take_quit_nc(struct session *session, const struct packet *packet)
{
    (void)packet;
    give_up(session);
    macros_forget(&session->mta.macros, MACRO_CONNECT);
    return MTA_REPLIED;
}

/* ---- the command table ---- */

#define AT(stage)  (1u << (stage))
#define ANY        ~0u
#define NEGOTIATED (ANY & ~AT(SESSION_NEW))
#define RECIPIENT  (AT(SESSION_RCPT) | AT(SESSION_CONTENT))

enum { STAYS = -1 };

static const struct command {
    char octet;
    unsigned stages; /* where it is allowed */
    int next;        /* next stage, or STAYS */
    uint32_t silent; /* the flag by which the MTA does not wait */
    enum mta_answer (*take)(struct session *session,
                            const struct packet *packet);
} commands[] = {
    {SMFIC_OPTNEG, AT(SESSION_NEW), SESSION_IDLE, 0, negotiate},
    {SMFIC_MACRO, ANY, STAYS, 0, take_macros},
    {SMFIC_CONNECT, NEGOTIATED, SESSION_IDLE, SMFIP_NR_CONN, take_connect},
    {SMFIC_HELO, NEGOTIATED, SESSION_IDLE, SMFIP_NR_HELO, take_helo},
    {SMFIC_MAIL, NEGOTIATED, SESSION_MAIL, SMFIP_NR_MAIL, take_mail},
    {SMFIC_RCPT, AT(SESSION_MAIL) | AT(SESSION_RCPT), SESSION_RCPT,
     SMFIP_NR_RCPT, take_rcpt},
    {SMFIC_DATA, AT(SESSION_RCPT), SESSION_CONTENT, SMFIP_NR_DATA,
     take_nothing},
    {SMFIC_HEADER, RECIPIENT, SESSION_CONTENT, SMFIP_NR_HDR, take_header},
    {SMFIC_EOH, RECIPIENT, SESSION_CONTENT, SMFIP_NR_EOH, take_nothing},
    {SMFIC_BODY, RECIPIENT, SESSION_CONTENT, SMFIP_NR_BODY, take_nothing},
    {SMFIC_BODYEOB, RECIPIENT, SESSION_IDLE, 0, take_eom},
    {SMFIC_ABORT, NEGOTIATED, SESSION_IDLE, 0, take_abort},
    {SMFIC_QUIT_NC, NEGOTIATED, SESSION_IDLE, 0, take_quit_nc},
    {SMFIC_UNKNOWN, NEGOTIATED, STAYS, SMFIP_NR_UNKN, take_nothing},
};

static const struct command *
find_command(char octet)
{
    for (unsigned i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (commands[i].octet == octet)
            return &commands[i];
    }
    return NULL;
}

/* Write the answer. Returns false if the session is broken. */
static bool
answer(struct session *session, const struct command *command,
       enum mta_answer what)
{
    struct packet_writer *replies = &session->mta.replies;

    switch (what) {
    case MTA_CONTINUE:
        if ((session->agreed & command->silent) == 0)
            packet_write(replies, SMFIR_CONTINUE, NULL, NULL);
        break;
    case MTA_TEMPFAIL:
        packet_write(replies, SMFIR_TEMPFAIL, NULL, NULL);
        break;
    case MTA_REPLIED:
        break;
    case MTA_BROKEN:
        return false;
    }
    return !replies->lost;
}

/* A command out of order abandons the message and is not answered, as in
 * libmilter: no MTA waits for it. */
enum session_end
session_take(struct session *session, const struct packet *packet)
{
    const struct command *command = find_command(packet->command);

    if (packet->command == SMFIC_QUIT)
        return SESSION_QUIT;
    if (command == NULL)
        return SESSION_BROKEN;
    if ((command->stages & AT(session->stage)) == 0) {
        if (session->stage == SESSION_NEW)
            return SESSION_BROKEN;
        give_up(session);
        session->stage = SESSION_IDLE;
        return SESSION_GOES_ON;
    }
    if (command->next != STAYS)
        session->stage = (enum session_stage)command->next;
    return answer(session, command, command->take(session, packet))
               ? SESSION_GOES_ON
               : SESSION_BROKEN;
}

void
session_clear(struct session *session)
{
    give_up(session);
    macros_forget(&session->mta.macros, MACRO_CONNECT);
    packet_writer_clear(&session->mta.replies);
    *session = (struct session){0};
}
