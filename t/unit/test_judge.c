/* test_judge.c - sites' answers become a finding
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "verify/judge.h"

#include "unit.h"

static struct sdr_config *config;

enum { SITES = 3 };

/* clang-format off */
#define NOT    {ANSWER_NOT_ASKED, false, 0, NULL, NULL}
#define YES    {ANSWER_ACCEPTED, false, 0, "a@x", "250 Ok"}
#define NO     {ANSWER_REJECTED, false, 0, "a@x", "550 No"}
#define WAIT   {ANSWER_DEFERRED, false, 0, "a@x", "450 Later"}
#define NONE   {ANSWER_NONE, false, 0, "a@x", NULL}
#define ANY    {ANSWER_ANY, false, 0, "a@x", NULL}
#define ROUTES {ANSWER_ROUTES, false, 0, "a@x", "250 Ok"}
/* clang-format on */

static const struct row {
    sdr_sites owners;
    struct answer answers[SITES]; /* onprem, hosted, cloud */
    enum finding finding;
    const char *reason;
} rows[] = {
    {HOSTED, {NO, YES, NO}, FINDING_OK, ""},
    {ONPREM | HOSTED, {YES, YES, NO}, FINDING_OK, ""},
    {HOSTED, {NOT, YES, NOT}, FINDING_OK, ""},
    {HOSTED,
     {NO, NO, YES},
     FINDING_LOST,
     "hosted, the owner, rejects a@x: 550 No; cloud accepts a@x: 250 Ok"},
    {ONPREM | HOSTED,
     {YES, NO, NO},
     FINDING_LOST,
     "onprem, the owner, accepts a@x: 250 Ok; hosted, the owner, rejects a@x: "
     "550 No"},
    {HOSTED,
     {NOT, NO, NO},
     FINDING_LOST,
     "hosted, the owner, rejects a@x: 550 No"},
    {HOSTED,
     {NO, NO, WAIT},
     FINDING_LOST,
     "hosted, the owner, rejects a@x: 550 No"},
    {CLOUD,
     {NO, NO, NO},
     FINDING_NOWHERE,
     "onprem rejects a@x: 550 No; hosted rejects a@x: 550 No; cloud, the "
     "owner, rejects a@x: 550 No"},
    {HOSTED, {YES, YES, NO}, FINDING_DOUBLE, "onprem accepts a@x: 250 Ok"},
    {ONPREM, {NOT, YES, WAIT}, FINDING_DOUBLE, "hosted accepts a@x: 250 Ok"},
    {HOSTED,
     {NO, YES, WAIT},
     FINDING_UNKNOWN,
     "cloud temporarily refuses a@x: 450 Later"},
    {HOSTED,
     {NO, NONE, NO},
     FINDING_UNKNOWN,
     "hosted, the owner, gives no answer for a@x"},
    {HOSTED,
     {NO, ANY, NO},
     FINDING_UNPROVEN,
     "hosted, the owner, accepts any recipient"},
    {HOSTED, {NO, YES, ANY}, FINDING_UNPROVEN, "cloud accepts any recipient"},
    {HOSTED,
     {NO, YES, ROUTES},
     FINDING_UNPROVEN,
     "cloud accepts mail for other sites, such as a@x: 250 Ok"},
    {ONPREM,
     {NOT, NO, NO},
     FINDING_UNASKED,
     "onprem, the owner, was not asked"},
    {HOSTED,
     {NO, {ANSWER_REJECTED, true, 0, "a@x", "550 5.4.6 Loop"}, NO},
     FINDING_LOOP,
     "hosted, the owner, rejects a@x: 550 5.4.6 Loop"},
    {HOSTED,
     {NO, {ANSWER_ACCEPTED, false, ONPREM, "a@x", "251 To"}, NO},
     FINDING_LOOP,
     "hosted, the owner, accepts a@x: 251 To; it sends the mail to onprem"},
    /* A site that forwards to the owner has no mailbox. */
    {HOSTED,
     {{ANSWER_ACCEPTED, false, HOSTED, "a@x", "251 To"}, YES, NO},
     FINDING_OK,
     ""},
    {HOSTED,
     {{ANSWER_ACCEPTED, false, CLOUD, "a@x", "251 To"}, YES, NO},
     FINDING_DOUBLE,
     "onprem accepts a@x: 251 To"},
    {HOSTED,
     {{ANSWER_REJECTED, true, HOSTED, "a@x", "550 Loop"}, YES, NO},
     FINDING_OK,
     ""},
};

static void
answers_become_a_finding(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        enum finding finding = judge(row->owners, row->answers, SITES);
        char reason[512];

        judge_reason(config, row->owners, row->answers, finding, reason,
                     sizeof reason);
        unit_row(finding == row->finding && strcmp(reason, row->reason) == 0,
                 "%zu: %s, %s", i, finding_texts[finding].name, reason);
    }
    unit_end();
}

static void
a_reason_is_cut(void **state)
{
    const struct answer answers[SITES] = {NO, NO, NO};
    char reason[16];

    (void)state;
    judge_reason(config, HOSTED, answers, FINDING_NOWHERE, reason,
                 sizeof reason);
    assert_string_equal(reason, "onprem rejects ");
}

static const struct {
    const char *reply;
    enum answer_kind kind;
    bool loops;
    sdr_sites forwards;
} replies[] = {
    {"550 5.1.1 User unknown", ANSWER_REJECTED, false, 0},
    {"550 5.4.6 Routing loop detected", ANSWER_REJECTED, true, 0},
    {"451 4.4.6 Wait", ANSWER_DEFERRED, true, 0},
    {"554 5.4.14 Hop count exceeded", ANSWER_REJECTED, true, 0},
    {"550 5.4.60 No", ANSWER_REJECTED, false, 0},
    {"550 5.1.1 mail for a LOOPS back to myself", ANSWER_REJECTED, true, 0},
    {"250 5.4.6 mail loop", ANSWER_ACCEPTED, false, 0},
    {"550 5.1.1 Fruit loops", ANSWER_REJECTED, false, 0},
    {"551 5.1.6 try <a@onprem.example.com>", ANSWER_REJECTED, false, ONPREM},
    {"550 5.1.6 User has moved to a@CLOUD.example.com.", ANSWER_REJECTED, false,
     CLOUD},
    {"251 Ok, to <\"a b\"@onprem.example.com> and b@cloud.example.com",
     ANSWER_ACCEPTED, false, ONPREM | CLOUD},
    /* the site's own name, the split domain and other domains prove nothing */
    {"550 5.1.1 <a@hosted.example.com>: unknown", ANSWER_REJECTED, false, 0},
    {"550 5.1.1 <a@tenant.example.org>: unknown", ANSWER_REJECTED, false, 0},
    {"550 5.1.1 <a@example.com>: unknown", ANSWER_REJECTED, false, 0},
    {"550 see a@elsewhere.example or @ or @. or @-", ANSWER_REJECTED, false, 0},
    {"550", ANSWER_REJECTED, false, 0},
    {"550 @", ANSWER_REJECTED, false, 0},
    {"no answer, a@onprem.example.com", ANSWER_NONE, false, 0},
};

static void
replies_show_where_the_mail_goes(void **state)
{
    enum { HOSTED_INDEX = 1 };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(replies); i++) {
        char *reply = strdup(replies[i].reply);
        struct answer answer = {.kind = replies[i].kind, .reply = reply};

        judge_reply(config, HOSTED_INDEX, &answer);
        unit_row(answer.loops == replies[i].loops
                     && answer.forwards == replies[i].forwards,
                 "%s: %d, %u", replies[i].reply, answer.loops,
                 (unsigned)answer.forwards);
        free(reply);
    }
    unit_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_become_a_finding),
        cmocka_unit_test(a_reason_is_cut),
        cmocka_unit_test(replies_show_where_the_mail_goes),
    };
    int wrong;

    config = unit_config(UNIT_CONF);
    wrong = cmocka_run_group_tests(tests, NULL, NULL);
    sdr_config_free(&config);
    return wrong;
}
