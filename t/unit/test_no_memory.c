/* test_no_memory.c - a decision for which there is no memory is deferred
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The linker puts __wrap_malloc() in place of malloc().
 */
#include <stdlib.h>

#include "configuration.h"
#include "decision/sdr.h"
#include "protocol/mta_state.h"
#include "recipients.h"
#include "socketmap.h"
#include "unit.h"
#include "world.h"

/* What is smaller is not the block of a decision. */
enum { LARGE = 16 * 1024 };

static bool none_left;
static unsigned refused;

void *
__real_malloc(size_t size);
void *
__wrap_malloc(size_t size);

void *
__wrap_malloc(size_t size)
{
    if (!none_left || size < LARGE)
        return __real_malloc(size);
    refused++;
    return NULL;
}

/* ---- the rest of the program ---- */

struct sdr *
configuration_get(void)
{
    return world_get();
}

bool
configuration_is_verbose(void)
{
    return false;
}

/* ---- the milter ---- */

/* As an MTA sends its macros, of a session of SMTP. */
#define READ   "R{rcpt_mailer}\0smtp"
#define MAPPED READ "\0{rcpt_addr}\0nobody@example.com"

static const struct recipient_row {
    const char *given;
    const char *macros;
    size_t len;
    enum mta_answer answer; /* with memory */
} recipients[] = {
    {"<alice@example.com>", READ, sizeof READ, MTA_CONTINUE},
    {"<dave@example.com>", READ, sizeof READ, MTA_CONTINUE},
    {"<both@example.com>", READ, sizeof READ, MTA_CONTINUE},
    {"<nobody@example.com>", READ, sizeof READ, MTA_REPLIED},
    {"<any@elsewhere.test>", READ, sizeof READ, MTA_CONTINUE},
    {"<alice@example.com>", MAPPED, sizeof MAPPED, MTA_REPLIED},
};

/* Returns the answer to a message's only recipient. */
static enum mta_answer
ask_milter(const struct recipient_row *row, unsigned *count)
{
    const struct packet macros = {'D', row->macros, row->len};
    struct rcpt_parameters parameters = {NULL, NULL};
    struct message message = {0};
    struct mta mta = {0};
    enum mta_answer answer;

    assert_true(macros_take(&mta.macros, &macros));
    recipients_begin(&message);
    answer = recipients_add(&mta, &message, row->given, &parameters);
    *count = message.count;
    message_clear(&message);
    macros_forget(&mta.macros, MACRO_CONNECT);
    packet_writer_clear(&mta.replies);
    return answer;
}

static void
a_recipient_is_deferred(void **state)
{
    unsigned count;

    (void)state;
    world_milter_rewrites(true);
    for (size_t i = 0; i < UNIT_COUNT(recipients); i++) {
        assert_int_equal(ask_milter(&recipients[i], &count),
                         recipients[i].answer);
        refused = 0;
        none_left = true;
        assert_int_equal(ask_milter(&recipients[i], &count), MTA_TEMPFAIL);
        none_left = false;
        assert_int_equal(refused, 1);
        assert_int_equal(count, 0);
    }
    world_milter_rewrites(false);
}

/* ---- the tables ---- */

static const char *const questions[] = {
    "route alice@example.com",      "route nobody@example.com",
    "redirect alice@example.com",   "redirect dave@example.com",
    "local alice@example.com",      "transport far@example.com",
    "transport alice@example.com",  "recipient dave@example.com",
    "recipient nobody@example.com", "recipient any@elsewhere.test",
};

static bool
is_deferred(const char *question)
{
    struct socketmap_session session = {.settled = ""};
    static char answer[SOCKETMAP_ANSWER_MAX];
    struct sdr *sdr = world_get();
    size_t len = socketmap_answer(sdr, &session, false, question,
                                  strlen(question), answer);

    sdr_close(&sdr);
    return len > 5 && strncmp(answer, "TEMP ", 5) == 0;
}

static void
a_question_is_deferred(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(questions); i++) {
        assert_false(is_deferred(questions[i]));
        refused = 0;
        none_left = true;
        assert_true(is_deferred(questions[i]));
        none_left = false;
        assert_int_equal(refused, 1);
    }
    assert_int_equal(world_references(), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recipient_is_deferred),
        cmocka_unit_test(a_question_is_deferred),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
