/* test_answer.c - how Exim is answered
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "unit.h"

#include "answer.h"
#include "recipients.h"

struct row {
    const char *recipient;
    enum sdr_verdict_kind kind;
    sdr_sites sites;
    const char *targets[3];
    const char *next_hop;
    const char *code, *enhanced;
    const char *route, *hop, *owner; /* what must come out */
};

static const struct row rows[] = {
    {"<dave@example.com>",
     SDR_PASS,
     0,
     {NULL},
     NULL,
     NULL,
     NULL,
     "",
     "",
     "onprem"},
    {"<alice@example.com>",
     SDR_REDIRECT,
     HOSTED,
     {"alice@hosted.example.com"},
     NULL,
     NULL,
     NULL,
     "<alice@hosted.example.com>",
     "",
     "hosted"},
    {"<\"a,b\"@example.com>",
     SDR_REDIRECT,
     HOSTED | CLOUD,
     {"\"a,b\"@hosted.example.com", "\"a,b\"@cloud.example.com"},
     NULL,
     NULL,
     NULL,
     "<\"a,b\"@hosted.example.com>, <\"a,b\"@cloud.example.com>",
     "",
     "hosted,cloud"},
    {"Bob@Example.COM",
     SDR_COPY,
     HOSTED,
     {"Bob@hosted.example.com"},
     NULL,
     NULL,
     NULL,
     "<Bob@example.com>, <Bob@hosted.example.com>",
     "",
     "onprem,hosted"},
    {"<\"|/bin/sh\"@example.com>",
     SDR_COPY,
     HOSTED,
     {"\"|/bin/sh\"@hosted.example.com"},
     NULL,
     NULL,
     NULL,
     "<\"|/bin/sh\"@example.com>, <\"|/bin/sh\"@hosted.example.com>",
     "",
     "onprem,hosted"},
    {"carol@example.com",
     SDR_ROUTE,
     CLOUD,
     {NULL},
     "mx.cloud.example.net:25",
     NULL,
     NULL,
     "",
     "<;mx.cloud.example.net:25",
     "cloud"},
    {"carol@example.com",
     SDR_ROUTE,
     CLOUD | HOSTED,
     {"carol@hosted.example.com"},
     "[2001:db8::1]:25",
     NULL,
     NULL,
     "<carol@example.com>, <carol@hosted.example.com>",
     "<;[2001:db8::1]:25",
     "hosted,cloud"},
    {"nobody@example.com",
     SDR_REJECT,
     0,
     {NULL},
     NULL,
     "550",
     "5.1.1",
     ":fail: 550 5.1.1 Text",
     "",
     ":fail: 550 5.1.1 Text"},
    {"held@example.com",
     SDR_DEFER,
     0,
     {NULL},
     NULL,
     "451",
     "4.2.1",
     ":defer: 451 4.2.1 Text",
     "",
     ":defer: 451 4.2.1 Text"},
};

static void
fill(struct sdr_verdict *verdict, const struct row *row,
     const struct sdr_config *config)
{
    memset(verdict, 0, sizeof *verdict);
    verdict->kind = row->kind;
    verdict->sites = row->sites;
    verdict->decided = true;
    verdict->config = config;
    verdict->next_hop = row->next_hop;
    verdict->reply.code = row->code;
    verdict->reply.enhanced = row->enhanced;
    strcpy(verdict->reply.text, "Text");
    for (unsigned i = 0; i < 3 && row->targets[i] != NULL; i++)
        strcpy(verdict->targets[verdict->target_count++].address,
               row->targets[i]);
}

static void
test_verdict_becomes_the_words_of_a_router(void **state)
{
    struct sdr_config *config = unit_config(UNIT_CONF);

    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_verdict verdict;
        char route[ANSWER_SIZE], hop[ANSWER_SIZE], owner[ANSWER_SIZE];

        fill(&verdict, &rows[i], config);
        answer_route(route, sizeof route, rows[i].recipient, &verdict);
        answer_next_hop(hop, sizeof hop, &verdict);
        answer_owner(owner, sizeof owner, &verdict);
        unit_row(strcmp(route, rows[i].route) == 0
                     && strcmp(hop, rows[i].hop) == 0
                     && strcmp(owner, rows[i].owner) == 0,
                 "%s: %s | %s | %s", rows[i].recipient, route, hop, owner);
    }
    unit_end();
    sdr_config_free(&config);
}

/* The routers behind ours also verify recipients who stay here; all else is as
 * in routing. */
static void
test_verification(void **state)
{
    struct sdr_config *config = unit_config(UNIT_CONF);

    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_verdict verdict;
        char route[ANSWER_SIZE], verify[ANSWER_SIZE];
        bool stays = rows[i].kind == SDR_COPY || rows[i].kind == SDR_ROUTE;

        fill(&verdict, &rows[i], config);
        answer_route(route, sizeof route, rows[i].recipient, &verdict);
        answer_verify(verify, sizeof verify, rows[i].recipient, &verdict);
        unit_row(strcmp(verify, stays ? "" : route) == 0, "%s: %s",
                 rows[i].recipient, verify);
    }
    unit_end();
    sdr_config_free(&config);
}

static void
test_address_that_is_not_ours_to_judge_has_no_owner(void **state)
{
    struct sdr_config *config = unit_config(UNIT_CONF);
    struct sdr_verdict verdict;
    char owner[ANSWER_SIZE];

    (void)state;
    fill(&verdict, &rows[0], config);
    verdict.decided = false;
    answer_owner(owner, sizeof owner, &verdict);
    assert_string_equal(owner, "");
    sdr_config_free(&config);
}

static void
test_largest_answer_fits(void **state)
{
    static struct sdr_verdict verdict; /* too large for a small stack */
    static char route[ANSWER_SIZE];
    char recipient[SDR_ADDRESS_MAX + 3];

    (void)state;
    memset(&verdict, 0, sizeof verdict);
    verdict.kind = SDR_COPY;
    verdict.target_count = SDR_SITES_MAX;
    for (unsigned i = 0; i < SDR_SITES_MAX; i++)
        memset(verdict.targets[i].address, 'x', SDR_ADDRESS_MAX);
    snprintf(recipient, sizeof recipient, "<%s@example.com>",
             unit_repeat('a', 200));
    answer_route(route, sizeof route, recipient, &verdict);
    assert_true(strlen(route) < sizeof route - 1);
    assert_int_equal(route[strlen(route) - 1], '>');
}

static void
test_recipient_has_the_quotes_it_needs(void **state)
{
    static const char *const wanted[][2] = {
        {"alice+x@b", "alice+x@b"},
        {"\"alice\"@b", "alice@b"},
        {"\"jos\xc3\xa9.x\"@b", "jos\xc3\xa9.x@b"},
        {"\"jos\xc3\xa9 x\"@b", "\"jos\xc3\xa9 x\"@b"},
        {"\"a\\\"b\\\\c\"@b", "\"a\\\"b\\\\c\"@b"},
        {"\"a\\ b\"@b", "\"a b\"@b"},
        {"\"\"@b", "\"\"@b"},
        {"two..dots@b", "\"two..dots\"@b"},
        {".dot@b", "\".dot\"@b"},
        {"dot.@b", "\"dot.\"@b"},
        {"b@evil.test,y@b", "\"b@evil.test,y\"@b"},
        {"\"@b", "\"\\\"\"@b"},
        {"\"a@b", "\"\\\"a\"@b"},
        {"a\"@b", "\"a\\\"\"@b"},
        {"\"a\\\"@b", "\"a\\\\\"@b"},
        {"@b", "@b"},
        {"a@", "a@"},
        {"a", "a"},
        {"", ""},
        {"<a b@c>", "<a b@c>"},
        {"<>", "<>"},
    };

    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(wanted); i++) {
        char out[ANSWER_RECIPIENT_SIZE];

        answer_recipient(out, wanted[i][0]);
        unit_row(strcmp(out, wanted[i][1]) == 0, "%s: %s", wanted[i][0], out);
    }
    unit_end();
}

static void
test_recipient_of_any_length(void **state)
{
    char given[4 * SDR_ADDRESS_MAX], out[ANSWER_RECIPIENT_SIZE];

    (void)state;
    for (size_t len = 0; len < sizeof given - 3; len++) {
        struct sdr_address address;

        memset(given, '"', len);
        strcpy(given + len, "@b");
        answer_recipient(out, given);
        if (len > SDR_LOCAL_MAX + 2)
            assert_int_not_equal(sdr_address_parse(&address, out), SDR_OK);
    }
}

static void
test_what_leaves(void **state)
{
    struct sdr_config *config = unit_config(UNIT_CONF);
    struct sdr_verdict verdict;

    (void)state;
    fill(&verdict, &rows[1], config);
    for (unsigned site = 0; site < config->site_count; site++) {
        verdict.targets[0].site = site;
        assert_int_equal(answer_route_leaves(&verdict),
                         site != config->this_site);
    }
    fill(&verdict, &rows[0], config);
    assert_false(answer_route_leaves(&verdict));
    sdr_config_free(&config);
}

static void
test_recipients_one_by_one(void **state)
{
    static const struct {
        const char *list, *wanted;
    } lists[] = {
        {"", ""},
        {"a@b", "a@b|"},
        {"a@b, c@d", "a@b|c@d|"},
        {"\"a, b\"@c, d@e", "\"a, b\"@c|d@e|"},
        {"\"a\\\", b\"@c, d@e", "\"a\\\", b\"@c|d@e|"},
        {"\"a\\\\\"@c, d@e", "\"a\\\\\"@c|d@e|"},
        {"\"a, b@c", "\"a, b@c|"},
        {"\"a\\", "\"a\\|"},
        {", ,", ""},
    };

    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(lists); i++) {
        char all[100] = "", one[50];
        const char *at = lists[i].list;

        while (recipients_next(&at, one, sizeof one)) {
            strcat(all, one);
            strcat(all, "|");
        }
        unit_row(strcmp(all, lists[i].wanted) == 0, "%s: %s", lists[i].list,
                 all);
    }
    unit_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdict_becomes_the_words_of_a_router),
        cmocka_unit_test(test_verification),
        cmocka_unit_test(test_address_that_is_not_ours_to_judge_has_no_owner),
        cmocka_unit_test(test_largest_answer_fits),
        cmocka_unit_test(test_recipient_has_the_quotes_it_needs),
        cmocka_unit_test(test_recipient_of_any_length),
        cmocka_unit_test(test_what_leaves),
        cmocka_unit_test(test_recipients_one_by_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
