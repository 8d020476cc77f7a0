/* test_route.c - the decision, where no row of t/corpus can reach it
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * What depends on the recipient and the directory alone stands in t/corpus.
 */
#include "decision/route.h"

#include "unit.h"

static struct sdr_config *config;

static struct sdr_question
ask(const char *recipient)
{
    struct sdr_verdict verdict;
    struct sdr_question question;

    assert_int_equal(sdr_route_begin(config, recipient, &question, &verdict),
                     SDR_NOTFOUND);
    return question;
}

/* Facts as they come out of sdr_facts_settle(). */
static struct sdr_answer
answer_of(sdr_sites owners, const char *routing)
{
    struct sdr_answer answer = {
        .status = SDR_OK, .origin = SDR_FROM_DIRECTORY, .facts.owners = owners};

    if (routing != NULL) {
        answer.facts.has_routing = true;
        assert_int_equal(sdr_address_parse(&answer.facts.routing, routing),
                         SDR_OK);
    }
    sdr_facts_settle(&answer.facts, config);
    return answer;
}

/* ---- names ---- */

static void
verdicts_and_origins_have_names(void **state)
{
    (void)state;
    assert_string_equal(sdr_verdict_name(SDR_PASS), "pass");
    assert_string_equal(sdr_verdict_name(SDR_REDIRECT), "redirect");
    assert_string_equal(sdr_verdict_name(SDR_COPY), "copy");
    assert_string_equal(sdr_verdict_name(SDR_ROUTE), "route");
    assert_string_equal(sdr_verdict_name(SDR_REJECT), "reject");
    assert_string_equal(sdr_verdict_name(SDR_DEFER), "defer");
    assert_string_equal(sdr_origin_name(SDR_FROM_NOWHERE), "none");
    assert_string_equal(sdr_origin_name(SDR_FROM_DIRECTORY), "directory");
}

/* ---- sdr_route_begin() ---- */

static void
the_address_makes_the_question(void **state)
{
    static const struct {
        const char *recipient;
        bool sent_to_us;
        const char *keys[SDR_KEYS_MAX + 1];
    } rows[] = {
        {"Alice@Example.com", false, {"Alice@example.com", "@example.com"}},
        {"alice+x@example.com",
         false,
         {"alice+x@example.com", "alice@example.com", "@example.com"}},
        {"alice@onprem.example.com",
         true,
         {"alice@example.com", "@example.com"}},
        {"+x@example.com", false, {"+x@example.com", "@example.com"}},
        {"a..b+x@Example.com..",
         false,
         {"\"a..b+x\"@example.com", "\"a..b\"@example.com", "@example.com"}},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_question q = ask(rows[i].recipient);
        unsigned n = 0;

        for (; rows[i].keys[n] != NULL && n < q.keys.count; n++) {
            char key[SDR_ADDRESS_MAX + 1];

            sdr_address_format(&q.keys.key[n], key, sizeof key);
            unit_row(strcmp(key, rows[i].keys[n]) == 0, "%s: key %s",
                     rows[i].recipient, key);
        }
        unit_row(rows[i].keys[n] == NULL && n == q.keys.count
                     && q.sent_to_us == rows[i].sent_to_us,
                 "%s: %u keys, sent to us %d", rows[i].recipient, q.keys.count,
                 q.sent_to_us);
    }
    unit_end();
}

static void
what_is_not_ours_is_decided_at_once(void **state)
{
    static const char *const rows[] = {"alice@example.org",
                                       "alice@hosted.example.com",
                                       "alice@tenant.example.org",
                                       "<>",
                                       "alice",
                                       "a..b@example.org",
                                       "a..b@hosted.example.com",
                                       "@hosted.example.com",
                                       "\"@example.org",
                                       "alice@example..com",
                                       ""};

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_question question;
        struct sdr_verdict v;
        enum sdr_status status;

        memset(&v, 0x5a, sizeof v);
        status = sdr_route_begin(config, rows[i], &question, &v);
        unit_row(status == SDR_OK && v.kind == SDR_PASS && v.target_count == 0
                     && v.sites == 0 && v.next_hop == NULL
                     && v.reply.code == NULL && !v.decided && !v.leaves
                     && !v.mistake && v.origin == SDR_FROM_NOWHERE
                     && v.config == config && v.reason[0] != '\0',
                 "%s: %s", rows[i], v.reason);
    }
    unit_end();
}

/* The directory is not asked about an invalid local part. */
static void
what_is_no_local_part_is_rejected_at_once(void **state)
{
    static const char *const rows[] = {
        "@example.com",           "\"\"@example.com",
        "<@example.com>",         "\"al\x01ice\"@example.com",
        "al ice@Example.com..",   "\"alice@example.com",
        "j\xf6rg@example.com",    "@onprem.example.com",
        "\"\"@onprem.example.com"};

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_question question;
        struct sdr_verdict v;
        enum sdr_status status;

        memset(&v, 0x5a, sizeof v);
        status = sdr_route_begin(config, rows[i], &question, &v);
        unit_row(status == SDR_OK && v.kind == SDR_REJECT && v.target_count == 0
                     && v.sites == 0 && v.decided && !v.leaves && !v.mistake
                     && v.config == config && strcmp(v.reply.code, "553") == 0
                     && strcmp(v.reply.enhanced, "5.1.3") == 0
                     && v.reason[0] != '\0',
                 "%s: %s, %s", rows[i], sdr_verdict_name(v.kind), v.reason);
    }
    unit_end();
}

/* ---- sdr_route_decide() ---- */

static void
no_sure_answer_is_not_now(void **state)
{
    static const enum sdr_status rows[] = {SDR_TEMPFAIL, SDR_INVALID,
                                           SDR_CONFIG};
    static const char *const recipients[] = {"alice@example.com",
                                             "alice@onprem.example.com",
                                             "postmaster@example.com"};

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows) * UNIT_COUNT(recipients); i++) {
        const char *recipient = recipients[i % UNIT_COUNT(recipients)];
        struct sdr_question question = ask(recipient);
        struct sdr_answer answer = {.status = rows[i / UNIT_COUNT(recipients)],
                                    .origin = SDR_FROM_DIRECTORY,
                                    .error = {"ldap1 is away"}};
        struct sdr_verdict v;

        sdr_route_decide(config, &question, &answer, &v);
        unit_row(v.kind == SDR_DEFER && strcmp(v.reply.code, "451") == 0
                     && strcmp(v.reply.enhanced, "4.4.3") == 0
                     && strstr(v.reason, "ldap1 is away") != NULL
                     && strstr(v.reply.text, "ldap1") == NULL && v.decided
                     && !v.mistake,
                 "%s: %s, %s", recipient, sdr_verdict_name(v.kind), v.reason);
    }
    unit_end();
}

/* Every kind of answer: a rejected recipient has no target, any other has no
 * reply; only mail that leaves gets a loop mark. */
static bool
is_consistent(const struct sdr_verdict *v)
{
    bool refused = v->kind == SDR_REJECT || v->kind == SDR_DEFER;
    bool elsewhere = (v->sites & ~(sdr_sites)ONPREM) != 0;

    if (refused != (v->reply.code != NULL))
        return false;
    if ((refused || v->kind == SDR_PASS)
        && (v->target_count > 0 || v->sites != 0 || v->leaves))
        return false;
    if (v->kind == SDR_REDIRECT && v->target_count == 0)
        return false;
    if ((v->kind == SDR_ROUTE) != (v->next_hop != NULL))
        return false;
    return !elsewhere || v->leaves;
}

static void
decide_all(const char *recipient, const char *routing, unsigned flags)
{
    bool wrong = (flags & (2 | 4 | 8)) != 0;
    bool local = (flags & 32) != 0 && strncmp(recipient, "postmaster", 10) == 0;

    for (sdr_sites owners = 0; owners <= (ONPREM | HOSTED | CLOUD); owners++) {
        struct sdr_question question = ask(recipient);
        struct sdr_answer answer = answer_of(owners, routing);
        struct sdr_verdict v;

        answer.facts.hold = (flags & 1) != 0;
        answer.facts.disagree = (flags & 2) != 0;
        answer.facts.foreign_owner = (flags & 4) != 0;
        answer.facts.bad_routing = (flags & 8) != 0;
        answer.facts.routing_wins = (flags & 16) != 0;
        answer.facts.key = (flags & 32) != 0 ? question.keys.count - 1 : 0;
        memset(&v, 0x5a, sizeof v);
        sdr_route_decide(config, &question, &answer, &v);
        unit_row(is_consistent(&v) && v.decided && v.config == config
                     && v.origin == SDR_FROM_DIRECTORY
                     && (!(wrong && !local) || v.kind == SDR_DEFER),
                 "%s, owners %u, routing %s, flags %u: %s, %u targets, sites "
                 "%u, leaves %d, reply %s",
                 recipient, owners, routing ? routing : "none", flags,
                 sdr_verdict_name(v.kind), v.target_count, v.sites, v.leaves,
                 v.reply.code ? v.reply.code : "none");
    }
}

static void
verdicts_are_consistent(void **state)
{
    static const char *const recipients[] = {
        "alice@example.com", "alice+x@onprem.example.com",
        "postmaster@example.com", "postmaster@onprem.example.com"};
    static const char *const routings[] = {NULL, "a@hosted.example.com",
                                           "a@onprem.example.com",
                                           "a@elsewhere.example"};

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(recipients); i++) {
        for (size_t k = 0; k < UNIT_COUNT(routings); k++) {
            for (unsigned flags = 0; flags < 64; flags++)
                decide_all(recipients[i], routings[k], flags);
        }
    }
    unit_end();
}

/* The same with the site hosted behind a next hop. */
static void
verdicts_by_next_hop_are_consistent(void **state)
{
    struct sdr_config *usual = config;

    (void)state;
    config = unit_config(UNIT_CONF "[site hosted]\n"
                                   "delivery = route\n"
                                   "next-hop = mx.hosted.example.net:25\n");
    for (unsigned flags = 0; flags < 64; flags++) {
        decide_all("alice@example.com", NULL, flags);
        decide_all("alice@onprem.example.com", NULL, flags);
    }
    sdr_config_free(&config);
    config = usual;
    unit_end();
}

/* Sendmail's ldap_routing lets the routing address of our own user win. */
static void
the_routing_address_may_win(void **state)
{
    static const struct {
        const char *recipient, *routing;
        bool wins;
        enum sdr_verdict_kind kind;
        const char *target;
    } rows[] = {
        {"dave@example.com", "a@hosted.example.com", false, SDR_PASS, NULL},
        {"dave@example.com", "a@hosted.example.com", true, SDR_REDIRECT,
         "a@hosted.example.com"},
        {"dave@example.com", "a@tenant.example.org", true, SDR_REDIRECT,
         "a@tenant.example.org"},
        {"dave@example.com", NULL, true, SDR_PASS, NULL},
        /* in this site: delivered to the right mailbox */
        {"dave@example.com", "a@onprem.example.com", false, SDR_PASS, NULL},
        {"dave@example.com", "a@onprem.example.com", true, SDR_REDIRECT,
         "a@example.com"},
        {"dave@example.com", "Dave@onprem.example.com", true, SDR_PASS, NULL},
        {"dave@onprem.example.com", "a@onprem.example.com", true, SDR_REDIRECT,
         "a@example.com"},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_question question = ask(rows[i].recipient);
        struct sdr_answer answer = answer_of(ONPREM, rows[i].routing);
        struct sdr_verdict v;

        answer.facts.routing_wins = rows[i].wins;
        sdr_route_decide(config, &question, &answer, &v);
        unit_row(v.kind == rows[i].kind
                     && v.target_count == (rows[i].target != NULL)
                     && (rows[i].target == NULL
                         || strcmp(v.targets[0].address, rows[i].target) == 0),
                 "%s, routing %s, wins %d: %s, %u targets", rows[i].recipient,
                 rows[i].routing ? rows[i].routing : "none", rows[i].wins,
                 sdr_verdict_name(v.kind), v.target_count);
    }
    unit_end();
}

/* A contact in a hybrid: its routing address is ignored. */
static void
an_address_outside_may_be_ignored(void **state)
{
    struct sdr_mapping *mapping = &config->directories[0].mapping;
    struct sdr_question question = ask("contact@example.com");
    struct sdr_answer answer = answer_of(0, "a@elsewhere.example");
    struct sdr_verdict v;

    (void)state;
    sdr_route_decide(config, &question, &answer, &v);
    assert_int_equal(v.kind, SDR_DEFER);
    assert_true(v.mistake);
    mapping->outside = SDR_OUTSIDE_IS_IGNORED;
    answer = answer_of(0, "a@elsewhere.example");
    mapping->outside = SDR_OUTSIDE_DEFERS;
    sdr_route_decide(config, &question, &answer, &v);
    assert_int_equal(v.kind, SDR_PASS);
    assert_false(v.mistake);
}

enum { FORWARD = 1, WINS = 2, CATCH_ALL = 4, HOLD = 8 };
static const struct {
    const char *recipient;
    sdr_sites owners;
    const char *routing;
    unsigned flags;
    enum sdr_verdict_kind kind;
    const char *target;
    sdr_sites sites;
} outside_rows[] = {
    {"alice@example.com", 0, "A.Smith@partner.example", FORWARD, SDR_REDIRECT,
     "A.Smith@partner.example", 0},
    {"alice+x@example.com", 0, "a@partner.example", FORWARD, SDR_REDIRECT,
     "a@partner.example", 0},
    {"alice@onprem.example.com", 0, "a@partner.example", FORWARD, SDR_REDIRECT,
     "a@partner.example", 0},
    {"nobody@example.com", 0, "a@partner.example", FORWARD | CATCH_ALL,
     SDR_REDIRECT, "a@partner.example", 0},
    {"nobody@onprem.example.com", 0, "a@partner.example", FORWARD | CATCH_ALL,
     SDR_REJECT, NULL, 0},
    {"postmaster@example.com", 0, "a@partner.example", FORWARD | CATCH_ALL,
     SDR_PASS, NULL, 0},
    {"alice@example.com", 0, "a@partner.example", FORWARD | HOLD, SDR_DEFER,
     NULL, 0},
    /* an owner is named, so there are two places */
    {"alice@example.com", ONPREM, "a@partner.example", FORWARD, SDR_DEFER, NULL,
     0},
    {"alice@example.com", HOSTED, "a@partner.example", FORWARD, SDR_DEFER, NULL,
     0},
    {"alice@example.com", ONPREM, "a@partner.example", FORWARD | WINS,
     SDR_REDIRECT, "a@partner.example", 0},
    {"alice@example.com", HOSTED, "a@partner.example", FORWARD | WINS,
     SDR_DEFER, NULL, 0},
    /* it would come back */
    {"alice@example.com", 0, "other@example.com", FORWARD, SDR_DEFER, NULL, 0},
    /* laser: himself */
    {"alice@example.com", ONPREM, "Alice@Example.com", WINS, SDR_PASS, NULL, 0},
    {"alice@example.com", 0, "alice@example.com", WINS, SDR_PASS, NULL, 0},
    {"alice@example.com", HOSTED, "alice@example.com", WINS, SDR_REDIRECT,
     "alice@hosted.example.com", HOSTED},
    {"alice@example.com", HOSTED | CLOUD, "alice@example.com", WINS,
     SDR_REDIRECT, "alice@hosted.example.com", HOSTED | CLOUD},
    {"alice@onprem.example.com", ONPREM, "alice@example.com", WINS,
     SDR_REDIRECT, "alice@example.com", ONPREM},
    /* ... or another name of his */
    {"alice@example.com", ONPREM, "a.smith@example.com", WINS, SDR_REDIRECT,
     "a.smith@example.com", ONPREM},
    {"alice@example.com", 0, "a.smith@example.com", WINS, SDR_REDIRECT,
     "a.smith@example.com", ONPREM},
    {"alice@example.com", HOSTED, "A.Smith@example.com", WINS, SDR_REDIRECT,
     "A.Smith@hosted.example.com", HOSTED},
};

/* outside-target = redirect; a laser entry's address in the split domain. */
static void
an_address_in_no_site_is_followed(void **state)
{
    struct sdr_mapping *mapping = &config->directories[0].mapping;
    const struct sdr_mapping usual = *mapping;

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(outside_rows); i++) {
        struct sdr_question question = ask(outside_rows[i].recipient);
        struct sdr_answer answer;
        struct sdr_verdict v;

        mapping->routing_wins = (outside_rows[i].flags & WINS) != 0;
        mapping->outside = (outside_rows[i].flags & FORWARD) != 0
                               ? SDR_OUTSIDE_REDIRECTS
                               : SDR_OUTSIDE_DEFERS;
        answer = answer_of(outside_rows[i].owners, outside_rows[i].routing);
        answer.facts.hold = (outside_rows[i].flags & HOLD) != 0;
        if ((outside_rows[i].flags & CATCH_ALL) != 0)
            answer.facts.key = question.keys.count - 1;
        sdr_route_decide(config, &question, &answer, &v);
        unit_row(
            v.kind == outside_rows[i].kind && v.sites == outside_rows[i].sites
                && (outside_rows[i].target == NULL) == (v.target_count == 0)
                && (outside_rows[i].target == NULL
                    || strcmp(v.targets[0].address, outside_rows[i].target)
                           == 0)
                && v.leaves
                       == (outside_rows[i].target != NULL
                           && outside_rows[i].sites != ONPREM),
            "%zu, %s, routing %s: %s %s, sites %u, leaves %d, %s", i,
            outside_rows[i].recipient, outside_rows[i].routing,
            sdr_verdict_name(v.kind),
            v.target_count > 0 ? v.targets[0].address : "", v.sites, v.leaves,
            v.reason);
    }
    *mapping = usual;
    unit_end();
}

/* The recipient's own address, found without its extension: the extension
 * stays. */
static void
his_own_name_keeps_the_extension(void **state)
{
    struct sdr_mapping *mapping = &config->directories[0].mapping;
    struct sdr_question question = ask("alice+x@example.com");
    struct sdr_answer here, away;
    struct sdr_verdict v;

    (void)state;
    mapping->routing_wins = true;
    here = answer_of(ONPREM, "alice@example.com");
    away = answer_of(HOSTED, "alice@example.com");
    mapping->routing_wins = false;
    here.facts.key = away.facts.key = 1;
    sdr_route_decide(config, &question, &here, &v);
    assert_int_equal(v.kind, SDR_PASS);
    sdr_route_decide(config, &question, &away, &v);
    assert_string_equal(v.targets[0].address, "alice+x@hosted.example.com");
}

static void
contacts_alone_are_a_mistake(void **state)
{
    struct sdr_question question = ask("alice@example.com");
    struct sdr_answer answer = answer_of(0, NULL);
    struct sdr_verdict v;

    (void)state;
    answer.facts.owners = 0;
    sdr_route_decide(config, &question, &answer, &v);
    assert_int_equal(v.kind, SDR_DEFER);
    assert_true(v.mistake);
}

static void
what_goes_elsewhere_needs_a_mark(void **state)
{
    static const struct {
        const char *recipient;
        sdr_sites owners;
        bool leaves;
    } rows[] = {
        {"alice@example.com", ONPREM, false},
        {"alice@example.com", HOSTED, true},
        {"alice@example.com", ONPREM | HOSTED, true},
        {"alice@onprem.example.com", ONPREM, false},
        {"alice@onprem.example.com", ONPREM | HOSTED, false},
        {"alice@onprem.example.com", HOSTED, true},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_question question = ask(rows[i].recipient);
        struct sdr_answer answer = answer_of(rows[i].owners, NULL);
        struct sdr_verdict v;

        sdr_route_decide(config, &question, &answer, &v);
        unit_row(v.leaves == rows[i].leaves, "%s, owners %u: leaves %d",
                 rows[i].recipient, rows[i].owners, v.leaves);
    }
    unit_end();
}

/* The reason names the entry, for the administrator; the SMTP reply does not.
 */
static void
mistakes_name_the_entry_in_the_log_alone(void **state)
{
    struct sdr_question question = ask("alice@example.com");
    struct sdr_answer answer = answer_of(HOSTED, NULL);
    struct sdr_verdict v;

    (void)state;
    answer.facts.disagree = true;
    strcpy(answer.facts.dn, "uid=alice,ou=people,dc=example,dc=com");
    sdr_route_decide(config, &question, &answer, &v);
    assert_true(v.mistake);
    assert_non_null(strstr(v.reason, "uid=alice,ou=people"));
    assert_null(strstr(v.reply.text, "alice"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_and_origins_have_names),
        cmocka_unit_test(the_address_makes_the_question),
        cmocka_unit_test(what_is_not_ours_is_decided_at_once),
        cmocka_unit_test(what_is_no_local_part_is_rejected_at_once),
        cmocka_unit_test(no_sure_answer_is_not_now),
        cmocka_unit_test(verdicts_are_consistent),
        cmocka_unit_test(verdicts_by_next_hop_are_consistent),
        cmocka_unit_test(the_routing_address_may_win),
        cmocka_unit_test(an_address_outside_may_be_ignored),
        cmocka_unit_test(an_address_in_no_site_is_followed),
        cmocka_unit_test(his_own_name_keeps_the_extension),
        cmocka_unit_test(contacts_alone_are_a_mistake),
        cmocka_unit_test(what_goes_elsewhere_needs_a_mark),
        cmocka_unit_test(mistakes_name_the_entry_in_the_log_alone),
    };
    int wrong;

    config = unit_config(UNIT_CONF);
    wrong = cmocka_run_group_tests(tests, NULL, NULL);
    sdr_config_free(&config);
    return wrong;
}
