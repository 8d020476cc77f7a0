/* test_session.c - an MTA's commands: which are answered, in which order they
 * count SPDX-License-Identifier: BSD-2-Clause
 *
 * What becomes of a recipient is decided elsewhere: recipients.h is played
 * here, and writes down what was called.
 */
#include "protocol/session.h"

#include <arpa/inet.h>

#include "protocol/constants.h"
#include "recipients.h"
#include "unit.h"

static char called[4096];

static void
note(const char *what, const char *more)
{
    size_t len = strlen(called);

    snprintf(called + len, sizeof called - len, "%s%s ", what, more);
}

void
recipients_negotiate(bool may_edit, bool may_mark)
{
    if (!may_edit || !may_mark)
        note("refused", "");
}

void
recipients_begin(struct message *message)
{
    (void)message;
    note("mail", "");
}

void
recipients_parameter(struct rcpt_parameters *parameters, const char *text)
{
    parameters->notify = text;
}

enum mta_answer
recipients_add(struct mta *mta, struct message *message, const char *given,
               const struct rcpt_parameters *parameters)
{
    static const struct sdr_reply unknown = {"550", "5.1.1", "100% unknown"};

    (void)message;
    note("rcpt:", given);
    if (parameters->notify != NULL)
        note("+", parameters->notify);
    if (strcmp(given, "no") == 0)
        return mta_reply(mta, &unknown);
    return strcmp(given, "late") == 0 ? MTA_TEMPFAIL : MTA_CONTINUE;
}

void
recipients_header(struct message *message, const char *name, const char *value)
{
    (void)message;
    note(name, value);
}

enum mta_answer
recipients_end(struct mta *mta, struct message *message)
{
    (void)message;
    note("eom", "");
    return mta_add_recipient(mta, "<new>", "X=Y")
                   && mta_delete_recipient(mta, "<old>")
                   && mta_add_header(mta, "H", "v")
               ? MTA_CONTINUE
               : MTA_TEMPFAIL;
}

void
message_clear(struct message *message)
{
    (void)message;
    note("clear", "");
}

/* ---- the MTA ---- */

static enum session_end
send_command(struct session *session, char command, const char *data,
             size_t len)
{
    const struct packet packet = {command, data, len};

    return session_take(session, &packet);
}

static enum session_end
offer(struct session *session, uint32_t version, uint32_t actions,
      uint32_t steps)
{
    const uint32_t numbers[] = {htonl(version), htonl(actions), htonl(steps)};

    return send_command(session, SMFIC_OPTNEG, (const char *)numbers,
                        sizeof numbers);
}

/* Return the commands of all answers, and clear them. */
static const char *
answers(struct session *session)
{
    struct packet_reader reader = {session->mta.replies.octets, 0, 0,
                                   session->mta.replies.len};
    static char text[256];
    struct packet packet;
    size_t n = 0;

    while (packet_take(&reader, &packet) == PACKET_OK)
        text[n++] = packet.command;
    text[n] = '\0';
    packet_sent(&session->mta.replies);
    return text;
}

static const uint32_t needed = SMFIF_ADDHDRS | SMFIF_ADDRCPT | SMFIF_DELRCPT;

static const struct {
    uint32_t version, actions, steps;
    bool refused;
    uint32_t agreed[3];
} offers[] = {
    {6, SMFI_CURR_ACTS, SMFI_CURR_PROT, false, {6, 0x18d, 0x353}},
    {2, SMFI_V2_ACTS, SMFI_V2_PROT, false, {2, 0xd, 0x53}},
    {99, 0xffffffff, 0xffffffff, false, {6, 0x18d, 0x353}},
    /* no actions: those of version 1 */
    {2, 0, 0, false, {2, 0xd, 0x13}},
    /* a missing action is only reported */
    {6, SMFIF_ADDHDRS, SMFIP_NOBODY, false, {6, SMFIF_ADDHDRS, SMFIP_NOBODY}},
    {1, SMFI_CURR_ACTS, SMFI_CURR_PROT, true, {0, 0, 0}},
    {0, SMFI_CURR_ACTS, SMFI_CURR_PROT, true, {0, 0, 0}},
    {0x80000000, SMFI_CURR_ACTS, SMFI_CURR_PROT, true, {0, 0, 0}},
};

static void
no_more_is_agreed_than_was_offered(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(offers); i++) {
        struct session session = {0};
        enum session_end end = offer(&session, offers[i].version,
                                     offers[i].actions, offers[i].steps);
        const char *replies = session.mta.replies.octets;

        unit_row((end == SESSION_BROKEN) == offers[i].refused, "row %zu", i);
        for (size_t k = 0; k < 3 && !offers[i].refused; k++) {
            uint32_t number = packet_number(replies + 5 + 4 * k);
            uint32_t wanted = offers[i].agreed[k];

            if (k == 2) /* MAIL and headers are not answered */
                wanted |= offers[i].steps & (SMFIP_NR_MAIL | SMFIP_NR_HDR);
            unit_row(number == wanted, "row %zu: %zu is %x", i, k, number);
        }
        session_clear(&session);
    }
    unit_end();
}

static void
macros_of_a_recipient_are_chosen_if_that_can_be(void **state)
{
    static const char list[] = "\0\0\0\3i v {rcpt_mailer} {rcpt_addr}";
    struct session session = {0};

    (void)state;
    assert_int_equal(offer(&session, 6, SMFI_CURR_ACTS, 0), SESSION_GOES_ON);
    assert_int_equal(session.mta.replies.len, 5 + 12 + sizeof list);
    assert_memory_equal(session.mta.replies.octets + 17, list, sizeof list);
    session_clear(&session);
    assert_int_equal(offer(&session, 6, needed, 0), SESSION_GOES_ON);
    assert_int_equal(session.mta.replies.len, 5 + 12);
    session_clear(&session);
}

/* Commands in order, their answers, and the functions called. */
static const struct {
    const char *commands, *answers, *called;
} orders[] = {
    {"CHM", "ccc", "clear clear mail "},
    {"MRE", "cc2-hc", "mail rcpt:r eom "},
    {"MRRTLNBE", "ccccccc2-hc", "mail rcpt:r rcpt:r Hv eom "},
    {"MREMRE", "cc2-hccc2-hc", "mail rcpt:r eom mail rcpt:r eom "},
    {"MRLLE", "cccc2-hc", "mail rcpt:r Hv Hv eom "},
    /* given up */
    {"MRAMRE", "cccc2-hc", "mail rcpt:r clear mail rcpt:r eom "},
    {"MRKCMRE", "ccccc2-hc", "mail rcpt:r clear clear mail rcpt:r eom "},
    {"MRMRE", "cccc2-hc", "mail rcpt:r mail rcpt:r eom "},
    {"MRLH", "cccc", "mail rcpt:r Hv clear "},
    {"AAKK", "", "clear clear clear clear "},
    /* an unknown SMTP command changes nothing */
    {"UMURUE", "ccccc2-hc", "mail rcpt:r eom "},
    /* out of place */
    {"R", "", "clear "},
    {"E", "", "clear "},
    {"LNBE", "", "clear clear clear clear "},
    {"ME", "c", "mail clear "},
    {"MLE", "c", "mail clear clear "},
    {"MRLR", "ccc", "mail rcpt:r Hv clear "},
    {"MRLRE", "ccc", "mail rcpt:r Hv clear clear "},
    {"O", "", "clear "},
};

static const char *
data_of(char command, size_t *len)
{
    switch (command) {
    case SMFIC_RCPT:
        *len = 2;
        return "r";
    case SMFIC_HEADER:
        *len = 4;
        return "H\0v";
    default:
        *len = 0;
        return "";
    }
}

static void
commands_count_in_their_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(orders); i++) {
        struct session session = {0};
        const char *heard;

        (void)offer(&session, 6, SMFI_CURR_ACTS, SMFIP_NOBODY);
        packet_sent(&session.mta.replies);
        called[0] = '\0';
        for (const char *c = orders[i].commands; *c != '\0'; c++) {
            size_t len;
            const char *data = data_of(*c, &len);

            unit_row(send_command(&session, *c, data, len) == SESSION_GOES_ON,
                     "%s: ended at %c", orders[i].commands, *c);
        }
        heard = answers(&session);
        unit_row(strcmp(heard, orders[i].answers) == 0, "%s: answered %s",
                 orders[i].commands, heard);
        unit_row(strcmp(called, orders[i].called) == 0, "%s: called %s",
                 orders[i].commands, called);
        session_clear(&session);
    }
    unit_end();
}

static void
an_mta_that_does_not_wait_is_not_answered(void **state)
{
    struct session session = {0};

    (void)state;
    (void)offer(&session, 6, SMFI_CURR_ACTS, SMFI_CURR_PROT);
    packet_sent(&session.mta.replies);
    (void)send_command(&session, SMFIC_MAIL, "<>", 3);
    assert_string_equal(answers(&session), "");
    (void)send_command(&session, SMFIC_RCPT, "r", 2);
    assert_string_equal(answers(&session), "c");
    (void)send_command(&session, SMFIC_HEADER, "H\0v", 4);
    assert_string_equal(answers(&session), "");
    (void)send_command(&session, SMFIC_BODYEOB, "", 0);
    assert_string_equal(answers(&session), "2-hc");
    session_clear(&session);
}

static void
a_recipient_may_be_refused(void **state)
{
    static const char refused[] = "\0\0\0\x19y550 5.1.1 100%% unknown";
    struct session session = {0};

    (void)state;
    called[0] = '\0';
    (void)offer(&session, 6, SMFI_CURR_ACTS, SMFI_CURR_PROT);
    packet_sent(&session.mta.replies);
    (void)send_command(&session, SMFIC_MAIL, "<>", 3);
    (void)send_command(&session, SMFIC_RCPT, "no\0NOTIFY=NEVER\0", 16);
    assert_int_equal(session.mta.replies.len, sizeof refused);
    assert_memory_equal(session.mta.replies.octets, refused, sizeof refused);
    packet_sent(&session.mta.replies);
    (void)send_command(&session, SMFIC_RCPT, "late", 5);
    assert_string_equal(answers(&session), "t");
    assert_string_equal(called, "mail rcpt:no +NOTIFY=NEVER rcpt:late ");
    session_clear(&session);
}

/* Only actions that the MTA allows are used. */
static void
only_what_is_allowed_is_edited(void **state)
{
    static const struct {
        uint32_t actions;
        const char *answers;
    } rows[] = {
        {SMFI_CURR_ACTS, "2-hc"},
        {SMFI_V2_ACTS, "+-hc"},
        {SMFIF_ADDHDRS | SMFIF_DELRCPT, "t"},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct session session = {0};
        const char *heard;

        (void)offer(&session, 6, rows[i].actions, SMFI_CURR_PROT);
        (void)send_command(&session, SMFIC_MAIL, "<>", 3);
        (void)send_command(&session, SMFIC_RCPT, "r", 2);
        packet_sent(&session.mta.replies);
        (void)send_command(&session, SMFIC_BODYEOB, "", 0);
        heard = answers(&session);
        unit_row(strcmp(heard, rows[i].answers) == 0, "row %zu: %s", i, heard);
        session_clear(&session);
    }
    unit_end();
}

static const struct {
    char command;
    const char *data;
    size_t len;
    bool is_new; /* before the negotiation */
    enum session_end end;
} ends[] = {
    {SMFIC_QUIT, "", 0, false, SESSION_QUIT},
    {SMFIC_QUIT, "", 0, true, SESSION_QUIT},
    {SMFIC_MACRO, "Ci\0x", 5, true, SESSION_GOES_ON},
    {SMFIC_MAIL, "<>", 3, true, SESSION_BROKEN},
    {SMFIC_ABORT, "", 0, true, SESSION_BROKEN},
    {SMFIC_OPTNEG, "\0\0\0\6\0\0\0\1\0\0\0", 11, true, SESSION_BROKEN},
    {SMFIC_OPTNEG, "", 0, true, SESSION_BROKEN},
    {'x', "", 0, false, SESSION_BROKEN},
    {'\0', "", 0, false, SESSION_BROKEN},
    {SMFIC_RCPT, "", 0, false, SESSION_BROKEN},
    {SMFIC_RCPT, "<a>", 3, false, SESSION_BROKEN},
    {SMFIC_RCPT, "<a>\0X", 5, false, SESSION_BROKEN},
    {SMFIC_HEADER, "", 0, false, SESSION_BROKEN},
    {SMFIC_HEADER, "H", 2, false, SESSION_BROKEN},
    {SMFIC_HEADER, "H\0v", 3, false, SESSION_BROKEN},
    {SMFIC_MACRO, "", 0, false, SESSION_BROKEN},
    {SMFIC_MACRO, "Ri\0x", 4, false, SESSION_BROKEN},
    {SMFIC_MACRO, "R", 1, false, SESSION_GOES_ON},
    {SMFIC_MACRO, "?i\0x", 5, false, SESSION_GOES_ON},
};

static void
who_does_not_speak_it_is_left(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(ends); i++) {
        struct session session = {0};
        enum session_end end;

        if (!ends[i].is_new) {
            (void)offer(&session, 6, SMFI_CURR_ACTS, SMFI_CURR_PROT);
            (void)send_command(&session, SMFIC_MAIL, "<>", 3);
            (void)send_command(&session, SMFIC_RCPT, "r", 2);
        }
        end =
            send_command(&session, ends[i].command, ends[i].data, ends[i].len);
        unit_row(end == ends[i].end, "row %zu: %d", i, (int)end);
        session_clear(&session);
    }
    unit_end();
}

/* ---- macros ---- */

static void
know(struct session *session, const char *data, size_t len)
{
    assert_int_equal(send_command(session, SMFIC_MACRO, data, len),
                     SESSION_GOES_ON);
}

static const char *
value(const struct session *session, const char *name)
{
    const char *found = macros_find(&session->mta.macros, name);

    return found != NULL ? found : "(none)";
}

#define KNOW(session, text) know(session, text, sizeof text)

static void
macros_hold_until_their_stage_begins_again(void **state)
{
    struct session session = {0};

    (void)state;
    (void)offer(&session, 6, SMFI_CURR_ACTS, 0);
    KNOW(&session, "Cv\0Postfix\0j\0host");
    (void)send_command(&session, SMFIC_CONNECT, "c\0U", 3);
    KNOW(&session, "Mi\0first\0{mail_addr}\0a");
    (void)send_command(&session, SMFIC_MAIL, "<>", 3);
    assert_string_equal(value(&session, "v"), "Postfix");
    assert_string_equal(value(&session, "i"), "first");
    KNOW(&session, "Ri\0second\0{rcpt_addr}\0x");
    (void)send_command(&session, SMFIC_RCPT, "r", 2);
    assert_string_equal(value(&session, "i"), "second");
    assert_string_equal(value(&session, "{rcpt_addr}"), "x");
    know(&session, "R", 1);
    (void)send_command(&session, SMFIC_RCPT, "r", 2);
    assert_string_equal(value(&session, "i"), "first");
    assert_string_equal(value(&session, "{rcpt_addr}"), "(none)");
    KNOW(&session, "E{i}\0third");
    assert_string_equal(value(&session, "i"), "third");
    (void)send_command(&session, SMFIC_BODYEOB, "", 0);
    KNOW(&session, "Mx\0y");
    (void)send_command(&session, SMFIC_MAIL, "<>", 3);
    assert_string_equal(value(&session, "i"), "(none)");
    assert_string_equal(value(&session, "v"), "Postfix");
    (void)send_command(&session, SMFIC_QUIT_NC, "", 0);
    assert_string_equal(value(&session, "v"), "(none)");
    session_clear(&session);
}

static void
a_name_may_stand_in_braces_if_it_is_a_letter(void **state)
{
    struct session session = {0};

    (void)state;
    (void)offer(&session, 6, SMFI_CURR_ACTS, 0);
    KNOW(&session, "C{v}\0a\0i\0b\0long\0c\0{x\0d\0odd");
    assert_string_equal(value(&session, "v"), "a");
    assert_string_equal(value(&session, "{v}"), "a");
    assert_string_equal(value(&session, "{i}"), "b");
    assert_string_equal(value(&session, "long"), "c");
    assert_string_equal(value(&session, "{long}"), "(none)");
    assert_string_equal(value(&session, "x"), "(none)");
    assert_string_equal(value(&session, "odd"), "(none)");
    assert_string_equal(value(&session, "a"), "(none)"); /* a value */
    session_clear(&session);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_is_agreed_than_was_offered),
        cmocka_unit_test(macros_of_a_recipient_are_chosen_if_that_can_be),
        cmocka_unit_test(commands_count_in_their_order),
        cmocka_unit_test(an_mta_that_does_not_wait_is_not_answered),
        cmocka_unit_test(a_recipient_may_be_refused),
        cmocka_unit_test(only_what_is_allowed_is_edited),
        cmocka_unit_test(who_does_not_speak_it_is_left),
        cmocka_unit_test(macros_hold_until_their_stage_begins_again),
        cmocka_unit_test(a_name_may_stand_in_braces_if_it_is_a_letter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
