/* test_address.c - addresses parsed, read, compared, stripped and spelled
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "decision/address.h"

#include "unit.h"

/* Letters that have two forms, composed (NFC) and decomposed (NFD). */
#define NFC_O "\xc3\xb6"
#define NFD_O "o\xcc\x88"

#define LONG_LABEL                                                             \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* ---- sdr_address_parse_path(), and sdr_address_parse() with it ---- */

static const struct {
    const char *text, *local, *folded, *domain;
} good[] = {
    {"user@example.org", "user", "user", "example.org"},
    {"User@Example.ORG", "User", "user", "example.org"},
    {"a@b", "a", "a", "b"},
    {"x_y@under_score.example", "x_y", "x_y", "under_score.example"},
    {"!#$%&'*+-/=?^_`{|}~@x.y", "!#$%&'*+-/=?^_`{|}~", "!#$%&'*+-/=?^_`{|}~",
     "x.y"},
    /* brackets, and what may follow them */
    {"<user@example.org>", "user", "user", "example.org"},
    {"<a@b> NOTIFY=NEVER", "a", "a", "b"},
    {"<a@b> ORCPT=rfc822;<x@y>", "a", "a", "b"},
    {"<\">\"@b>", "\">\"", ">", "b"},
    {"<\"\\\">\"@b>", "\"\\\">\"", "\">", "b"},
    {"<>", "", "", ""},
    {"<> NOTIFY=NEVER", "", "", ""},
    /* source routes */
    {"<@relay.example:user@example.org>", "user", "user", "example.org"},
    {"<@a.example,@b.example:user@example.org>", "user", "user", "example.org"},
    {"@relay.example:user@example.org", "user", "user", "example.org"},
    {"<@a:\"x:y\"@b>", "\"x:y\"", "x:y", "b"},
    /* one final dot */
    {"<user@Example.ORG.>", "user", "user", "example.org"},
    {"user@xn--bcher-kva.example.", "user", "user", "xn--bcher-kva.example"},
    /* quoted */
    {"\"user\"@example.org", "\"user\"", "user", "example.org"},
    {"\"a@b\"@example.org", "\"a@b\"", "a@b", "example.org"},
    {"\"al ice\"@b", "\"al ice\"", "al ice", "b"},
    {"\"A\\l\\\"ice\\\\\"@b", "\"A\\l\\\"ice\\\\\"", "al\"ice\\", "b"},
    {"\"\"@b", "\"\"", "", "b"},
    {"\"a..b\"@c", "\"a..b\"", "a..b", "c"},
    {"\"(*)\"@c", "\"(*)\"", "(*)", "c"},
    /* UTF-8, compared by its folded composed form */
    {"j" NFC_O "rg@b", "j" NFC_O "rg", "j" NFC_O "rg", "b"},
    {"J\xc3\x96RG@b", "J\xc3\x96RG", "j" NFC_O "rg", "b"},
    {"j" NFD_O "rg@b", "j" NFD_O "rg", "j" NFC_O "rg", "b"},
    {"\"j" NFD_O "rg\"@b", "\"j" NFD_O "rg\"", "j" NFC_O "rg", "b"},
    {"stra\xc3\x9f"
     "e@b",
     "stra\xc3\x9f"
     "e",
     "strasse", "b"},
    {"\xf0\x9f\x93\xac@b", "\xf0\x9f\x93\xac", "\xf0\x9f\x93\xac", "b"},
    {"a\xe2\x80\xae@b", "a\xe2\x80\xae", "a\xe2\x80\xae", "b"},
    /* domains that are not ASCII */
    {"u@b\xc3\xbc"
     "cher.example",
     "u", "u", "xn--bcher-kva.example"},
    {"u@B\xc3\x9c"
     "CHER.Example.",
     "u", "u", "xn--bcher-kva.example"},
    {"u@bu\xcc\x88"
     "cher.example",
     "u", "u", "xn--bcher-kva.example"},
    {"u@XN--BCHER-KVA.example", "u", "u", "xn--bcher-kva.example"},
    /* address literals */
    {"u@[192.0.2.1]", "u", "u", "[192.0.2.1]"},
    {"u@[IPv6:2001:DB8::1]", "u", "u", "[ipv6:2001:db8::1]"},
    {"u@" LONG_LABEL ".b", "u", "u", LONG_LABEL ".b"},
};

static const char *const bad[] = {
    "",
    "<a@b>junk",
    "<a@b><c@d>",
    "<a@b>@c",
    "user",
    "user@",
    "@example.org",
    "@",
    "<",
    ">",
    "<user@example.org",
    "< >",
    "<user>",
    "<\"user@example.org>",
    "user@.",
    "user@..",
    "user@.example.org",
    "user@example..org",
    "user@example.org..",
    "us er@example.org",
    " user@example.org",
    "user@example.org ",
    "user@exam ple.org",
    ".user@example.org",
    "user.@example.org",
    "us..er@example.org",
    "a@b@example.org",
    "user@@example.org",
    "a@b,c@d",
    "a,b@c",
    "a:b@c",
    "a;b@c",
    "a(b)@c",
    "a<b@c",
    "a[b]@c",
    "a\\b@c",
    "a\"b@c",
    "a\"b\"@c",
    "\"a\"b@c",
    "\"a\".b@c",
    "\"a\"",
    "\"a@b",
    "\"a\\\"@b",
    "\"a\"@",
    "user@ex*mple.org",
    "user@exam/ple.org",
    "user@[192.0.2.1",
    "user@192.0.2.1]",
    "user@[]",
    "user@[a b]",
    "<@relay.example user@example.org>",
    "<@relay.example>",
    "<@relay.example:>",
    "<@a:@b:c@d>",
    "u@" LONG_LABEL "a.b",
    /* control characters */
    "us\ner@example.org",
    "us\x7f"
    "er@example.org",
    "user@example.org\r\n",
    "\"us\r\ner\"@example.org",
    "\"us\\\ner\"@example.org",
    "\"us\ter\"@example.org",
    /* no UTF-8 */
    "us\xff"
    "er@example.org",
    "j\xf6rg@example.org",
    "\"j\xf6rg\"@example.org",
    "a\xc3@example.org",
    "a\xc0\xaf@example.org",
    "a\xed\xa0\x80@example.org",
    "a\xf4\x90\x80\x80@example.org",
    "u@b\xfc"
    "cher.example",
    "u@b\xc3\xbc"
    "cher..example",
};

static void
good_ones_are_parsed(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(good); i++) {
        struct sdr_address a = {"old", "old", "old"}, b;
        enum sdr_status status = sdr_address_parse_path(&a, good[i].text);

        unit_row(status == SDR_OK && strcmp(a.local, good[i].local) == 0
                     && strcmp(a.folded, good[i].folded) == 0
                     && strcmp(a.domain, good[i].domain) == 0
                     && sdr_address_parse(&b, good[i].text) == SDR_OK
                     && strcmp(a.local, b.local) == 0,
                 "%s: %s, local %s, folded %s, domain %s", good[i].text,
                 sdr_status_name(status), a.local, a.folded, a.domain);
    }
    unit_end();
}

static bool
is_old(const struct sdr_address *a)
{
    return strcmp(a->local, "old") == 0 && strcmp(a->folded, "old") == 0
           && strcmp(a->domain, "old") == 0;
}

static void
bad_ones_change_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
        struct sdr_address a = {"old", "old", "old"};
        enum sdr_status status = sdr_address_parse_path(&a, bad[i]);

        unit_row(status == SDR_INVALID && is_old(&a),
                 "%s: %s, local %s, domain %s", bad[i], sdr_status_name(status),
                 a.local, a.domain);
    }
    unit_end();
}

/* ---- sdr_address_parse(): what MTAs accept as a path ---- */

/* LOCAL NULL: not a valid local part, but the domain is found. */
static const struct {
    const char *text, *local, *folded, *domain;
} readings[] = {
    /* no dot-string */
    {"john..doe@b", "\"john..doe\"", "john..doe", "b"},
    {".Lead@b", "\".Lead\"", ".lead", "b"},
    {"trail.@b", "\"trail.\"", "trail.", "b"},
    {".@b", "\".\"", ".", "b"},
    {"a:b@c", "\"a:b\"", "a:b", "c"},
    {"a;b@c", "\"a;b\"", "a;b", "c"},
    {"a,b@c", "\"a,b\"", "a,b", "c"},
    {"a[b]@c", "\"a[b]\"", "a[b]", "c"},
    {"<alice..x@b>", "\"alice..x\"", "alice..x", "b"},
    /* words and quoted strings, one after the other */
    {"first.\"last\"@b", "first.last", "first.last", "b"},
    {"\"first\".\"last\"@b", "first.last", "first.last", "b"},
    {"\"a b\".c@d", "\"a b.c\"", "a b.c", "d"},
    {"nobody\"\"@b", "nobody", "nobody", "b"},
    {"\"\"nobody@b", "nobody", "nobody", "b"},
    {"\"no\"Body@b", "noBody", "nobody", "b"},
    {"no\"bo\"dy@b", "nobody", "nobody", "b"},
    {"a\"@\"b@c", "\"a@b\"", "a@b", "c"},
    /* backslashes */
    {"\\alice@b", "alice", "alice", "b"},
    {"a\\l\\ice@b", "alice", "alice", "b"},
    {"al\\\"ice@b", "\"al\\\"ice\"", "al\"ice", "b"},
    {"al\\\\ice@b", "\"al\\\\ice\"", "al\\ice", "b"},
    {"alice\\@x@b", "\"alice@x\"", "alice@x", "b"},
    {"\\\"alice\\\"@b", "\"\\\"alice\\\"\"", "\"alice\"", "b"},
    {"a\\ b@c", "\"a b\"", "a b", "c"},
    /* several "@" */
    {"a@b@c", "\"a@b\"", "a@b", "c"},
    {"a@@b", "\"a@\"", "a@", "b"},
    {"alice@b@", "alice", "alice", "b"},
    {"alice@b.@", "alice", "alice", "b"},
    {"\"a@b\".c@d", "\"a@b.c\"", "a@b.c", "d"},
    /* brackets: the last ones */
    {"<a@b>junk", "a", "a", "b"},
    {"<<alice@B.Example>>", "alice", "alice", "b.example"},
    {"<<<alice@b>>>", "alice", "alice", "b"},
    {"<Alice <Alice@b>>", "Alice", "alice", "b"},
    {"Alice <alice@b>", "alice", "alice", "b"},
    {"<x@y><alice@b>", "alice", "alice", "b"},
    {"<x@y>,<alice@b>", "alice", "alice", "b"},
    {"<alice@b>@y", "alice", "alice", "b"},
    {"<\"<x@y>\" <alice@b>>", "alice", "alice", "b"},
    {"<Jane <jane@x>, Alice <alice@b>>", "alice", "alice", "b"},
    /* source routes within them */
    {"<<@x:alice@b>>", "alice", "alice", "b"},
    {"<@a:@b:c@d>", "c", "c", "d"},
    {"<@[IPv6:::1]:alice@b>", "alice", "alice", "b"},
    {"<@x,@y:a..b@c>", "\"a..b\"", "a..b", "c"},
    /* blanks and comments */
    {" alice@b", "alice", "alice", "b"},
    {"alice@b ", "alice", "alice", "b"},
    {"< alice @ b . example >", "alice", "alice", "b.example"},
    {"al . ice@b", "al.ice", "al.ice", "b"},
    {"\"alice\" @b", "\"alice\"", "alice", "b"},
    {"alice(x)@b", "alice", "alice", "b"},
    {"(x)alice@b", "alice", "alice", "b"},
    {"alice@(x)b", "alice", "alice", "b"},
    {"alice@b(x)", "alice", "alice", "b"},
    {"alice@b(x@y)", "alice", "alice", "b"},
    {"alice(a(b)\\)c)@b", "alice", "alice", "b"},
    {"\"(x)\"alice@b", "\"(x)alice\"", "(x)alice", "b"},
    /* domains */
    {"alice@b..", "alice", "alice", "b"},
    {"alice@\"b\"", "alice", "alice", "b"},
    {"alice@\"b\".\"example\"", "alice", "alice", "b.example"},
    {"alice@exam\\ple", "alice", "alice", "example"},
    {"\"Al\\ice\"@b..", "\"Al\\ice\"", "alice", "b"},
    {"a..b@b\xc3\xbc"
     "cher.example",
     "\"a..b\"", "a..b", "xn--bcher-kva.example"},
    {"alice@\xef\xbd\x82.example", "alice", "alice", "b.example"},
    /* not a valid local part */
    {"@b", NULL, NULL, "b"},
    {"<@B.example.>", NULL, NULL, "b.example"},
    {"@@b", "\"@\"", "@", "b"},
    {"\"\".\"\"@b", "\".\"", ".", "b"},
    {"\"\"\"\"@b", NULL, NULL, "b"},
    {"alice\x01@b", NULL, NULL, "b"},
    {"\"al\x01ice\"@b", NULL, NULL, "b"},
    {"\"al\tice\"@b", NULL, NULL, "b"},
    {"al\x7fice@b", NULL, NULL, "b"},
    {"\x1b@b", NULL, NULL, "b"},
    {"j\xf6rg@b", NULL, NULL, "b"},
    {"a..\xff@b", NULL, NULL, "b"},
    {"al ice@b", NULL, NULL, "b"},
    {"al\tice@b", NULL, NULL, "b"},
    {"al(x)ice@b", NULL, NULL, "b"},
    {"alice \"x\"@b", NULL, NULL, "b"},
    {"\"alice@b", NULL, NULL, "b"},
    {"alice\"@b", NULL, NULL, "b"},
    {"\"al\\\"ice@b", NULL, NULL, "b"},
    {"\"a\"b\"@c", NULL, NULL, "c"},
    {"\"alice@b\"", NULL, NULL, "b"},
    {"a<b@c", NULL, NULL, "c"},
    {"a>b@c", NULL, NULL, "c"},
    {"<alice@b", NULL, NULL, "b"},
    {"alice@b>", NULL, NULL, "b"},
    {"x:alice@b;", NULL, NULL, "b"},
    {"alice@b;", NULL, NULL, "b"},
    {"alice@b(x", NULL, NULL, "b"},
    {"<;\x01<alice@b>c.example >", NULL, NULL, "b"},
    {"<a c <alice@b>>", "alice", "alice", "b"},
    {"<\"x\" y<alice@b> z>", "alice", "alice", "b"},
};

static void
mtas_take_more_for_a_path(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(readings); i++) {
        struct sdr_address a = {"old", "old", "old"};
        char domain[SDR_DOMAIN_MAX + 1] = "old";
        enum sdr_status status = sdr_address_parse(&a, readings[i].text);
        enum sdr_status found =
            sdr_address_find_domain(domain, readings[i].text);
        bool ok = readings[i].local == NULL
                      ? status == SDR_INVALID && is_old(&a)
                      : status == SDR_OK
                            && strcmp(a.local, readings[i].local) == 0
                            && strcmp(a.folded, readings[i].folded) == 0
                            && strcmp(a.domain, readings[i].domain) == 0;

        unit_row(ok && found == SDR_OK
                     && strcmp(domain, readings[i].domain) == 0,
                 "%s: %s, local %s, folded %s, domain %s, found %s",
                 readings[i].text, sdr_status_name(status), a.local, a.folded,
                 a.domain, domain);
    }
    unit_end();
}

/* MTAs find no domain in it, or one that cannot exist in DNS. */
static void
some_texts_have_no_domain(void **state)
{
    static const char *const rows[] = {
        "",
        "user",
        "user@",
        "@",
        "<",
        ">",
        "<>",
        "< >",
        "<user>",
        ";",
        ":@",
        "user@.",
        "user@..",
        "user@@",
        "user@.example.org",
        "user@example..org",
        "user@exam ple.org",
        "user@ex*mple.org",
        "user@example.org/x",
        "user@example.org%x",
        "user@exa\x01mple.org",
        "user@[192.0.2.1]",
        "a..b@[192.0.2.1]",
        "user@[192.0.2.1",
        "al(ice@example.org",
        "(alice@example.org)",
        "alice%example.org",
        "example.org!alice",
        ("u@b\xfc"
         "cher.example"),
        "\"",
        "\\",
        "\"\\",
        "(",
        "@:",
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char domain[SDR_DOMAIN_MAX + 1] = "old";
        enum sdr_status found = sdr_address_find_domain(domain, rows[i]);
        struct sdr_address a;

        unit_row(found == SDR_INVALID && strcmp(domain, "old") == 0
                     && (sdr_address_parse(&a, rows[i]) == SDR_INVALID
                         || a.domain[0] == '[' || a.domain[0] == '\0'),
                 "%s: %s", rows[i], domain);
    }
    unit_end();
}

/* Longer than any SMTP line: the domain is found nevertheless. */
static void
a_text_of_any_length_has_a_domain(void **state)
{
    static const size_t lengths[] = {256,  257,  300,  4000,
                                     4090, 4096, 4097, 9000};

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(lengths); i++) {
        static const char octets[] = {'l', '.', '"', '(', '@', ' ', '\\', ':'};

        for (size_t k = 0; k < sizeof octets; k++) {
            char text[10000], domain[SDR_DOMAIN_MAX + 1] = "old";
            enum sdr_status status;

            memset(text, octets[k], lengths[i]);
            strcpy(text + lengths[i], "@example.org");
            status = sdr_address_find_domain(domain, text);
            if (octets[k] == '(' || (octets[k] == '\\' && lengths[i] % 2 == 1))
                continue; /* a comment, or an "@" that is quoted */
            unit_row(status == SDR_OK && strcmp(domain, "example.org") == 0,
                     "%zu times %c: %s", lengths[i], octets[k], domain);
        }
    }
    unit_end();
}

/* A domain of LEN octets, in labels of 59. */
static const char *
long_domain(size_t len)
{
    static char text[SDR_DOMAIN_MAX + 50];

    memset(text, 'd', len);
    text[len] = '\0';
    for (size_t i = 59; i + 1 < len; i += 60)
        text[i] = '.';
    return text;
}

static void
lengths_have_limits(void **state)
{
    static const struct {
        size_t local, domain;
        bool quoted, ok;
    } rows[] = {
        {SDR_LOCAL_MAX, 3, false, true},
        {SDR_LOCAL_MAX + 1, 3, false, false},
        {SDR_LOCAL_MAX - 2, 3, true, true},
        {SDR_LOCAL_MAX - 1, 3, true, false},
        {1, SDR_DOMAIN_MAX, false, true},
        {1, SDR_DOMAIN_MAX + 1, false, false},
        {SDR_LOCAL_MAX, SDR_DOMAIN_MAX, false, true},
        {700, 3, false, false},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        const char *quote = rows[i].quoted ? "\"" : "";
        struct sdr_address a;
        char text[2048];
        enum sdr_status status;

        snprintf(text, sizeof text, "%s%s%s@%s", quote,
                 unit_repeat('l', rows[i].local), quote,
                 long_domain(rows[i].domain));
        status = sdr_address_parse_path(&a, text);
        unit_row((status == SDR_OK) == rows[i].ok, "%zu @ %zu: %s",
                 rows[i].local, rows[i].domain, sdr_status_name(status));
    }
    unit_end();
}

/* U+0149 has two octets and folds to three: a hundred no longer fit. */
static void
what_grows_too_long_is_refused(void **state)
{
    struct sdr_address a;
    char text[512] = "";

    (void)state;
    for (int i = 0; i < 100; i++)
        strcat(text, "\xc5\x89");
    strcat(text, "@example.org");
    assert_int_equal(sdr_address_parse(&a, text), SDR_INVALID);
    strcpy(text, "\xc5\x89@example.org");
    assert_int_equal(sdr_address_parse(&a, text), SDR_OK);
}

static void
a_mailbox_may_be_named_by_way_of_a_host(void **state)
{
    static const struct {
        const char *given, *mailbox;
        bool is_route;
    } rows[] = {
        {"Alice%B.example@[192.0.2.1]", "alice@b.example", true},
        {"\"alice@b.example\"@localhost", "alice@b.example", true},
        {"alice%b.example%c@d", "alice@b.example", true},
        {"\"alice%b.example@c\"@d", "alice@b.example", true},
        {"b.example!alice@c", "alice@b.example", true},
        {"c!b.example!alice@d", "alice@b.example", true},
        {"\"al ice%b\"@c", "\"al ice\"@b", true},
        {"alice@c", "alice@b", false},
        {"alice@b", "alice@b", false},
        {"alice%bb@c", "alice@b", false},
        {"malice%b@c", "alice@b", false},
        {"alice%c%b@d", "alice@b", false},
        {"bb!alice@c", "alice@b", false},
        {"b!malice@c", "alice@b", false},
        {"b!alice!x@c", "alice@b", false},
        {"%@c", "a@b", false},
        {"!@c", "a@b", false},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_address given, mailbox;

        assert_int_equal(sdr_address_parse(&given, rows[i].given), SDR_OK);
        assert_int_equal(sdr_address_parse(&mailbox, rows[i].mailbox), SDR_OK);
        unit_row(sdr_address_is_route(&given, &mailbox) == rows[i].is_route,
                 "%s for %s", rows[i].given, rows[i].mailbox);
    }
    unit_end();
}

/* ---- sdr_address_read() ---- */

#define OCTETS(text) text, sizeof(text) - 1

static const struct {
    const char *text;
    size_t len;
    const char *folded, *domain; /* domain NULL: must be refused */
} values[] = {
    {OCTETS("User@Example.ORG"), "user", "example.org"},
    {OCTETS("user@example.org."), "user", "example.org"},
    {OCTETS("@example.org"), "", "example.org"},
    {OCTETS("al ice@example.org"), "al ice", "example.org"},
    {OCTETS("\"al ice\"@example.org"), "al ice", "example.org"},
    {OCTETS("a@b@example.org"), "a@b", "example.org"},
    {OCTETS("\"a@b\"@example.org"), "a@b", "example.org"},
    {OCTETS("back\\slash@example.org"), "back\\slash", "example.org"},
    {OCTETS("mid\"quote@example.org"), "mid\"quote", "example.org"},
    {OCTETS("(x)*@example.org"), "(x)*", "example.org"},
    {OCTETS("J" NFD_O "RG@example.org"), "j" NFC_O "rg", "example.org"},
    {OCTETS("u@b\xc3\xbc"
            "cher.example"),
     "u", "xn--bcher-kva.example"},
    {OCTETS(""), NULL, NULL},
    {OCTETS("@"), NULL, NULL},
    {OCTETS("user"), NULL, NULL},
    {OCTETS("user@"), NULL, NULL},
    {OCTETS("<user@example.org>"), NULL, NULL},
    {OCTETS("smtp:user@exa:mple.org"), NULL, NULL},
    {OCTETS("user@example.org "), NULL, NULL},
    {OCTETS("user@exa mple.org"), NULL, NULL},
    {OCTETS("\"user@example.org"), NULL, NULL},
    {OCTETS("\"us\"er@example.org"), NULL, NULL},
    {OCTETS("us\ner@example.org"), NULL, NULL},
    {OCTETS("us\0er@example.org"), NULL, NULL},
    {OCTETS("user@example.org\0"), NULL, NULL},
    {OCTETS("user@exa\0mple.org"), NULL, NULL},
    {OCTETS("j\xf6rg@example.org"), NULL, NULL},
};

static void
directory_values_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(values); i++) {
        struct sdr_address a = {"old", "old", "old"};
        enum sdr_status status =
            sdr_address_read(&a, values[i].text, values[i].len);
        bool ok = values[i].domain == NULL
                      ? status == SDR_INVALID && is_old(&a)
                      : status == SDR_OK
                            && strcmp(a.folded, values[i].folded) == 0
                            && strcmp(a.domain, values[i].domain) == 0;

        unit_row(ok, "%s: %s, folded %s, domain %s", values[i].text,
                 sdr_status_name(status), a.folded, a.domain);
    }
    unit_end();
}

static void
a_value_ends_at_its_length(void **state)
{
    struct sdr_address a;

    (void)state;
    assert_int_equal(sdr_address_read(&a, "user@example.organ", 16), SDR_OK);
    assert_string_equal(a.domain, "example.org");
}

/* ---- sdr_address_domain() ---- */

static void
domains_get_one_form(void **state)
{
    static const struct {
        const char *text, *domain; /* domain NULL: must be refused */
    } rows[] = {
        {"Example.ORG", "example.org"},
        {"example.org.", "example.org"},
        {"b\xc3\xbc"
         "cher.example",
         "xn--bcher-kva.example"},
        {"localhost", "localhost"},
        {"", NULL},
        {".", NULL},
        {"[192.0.2.1]", NULL},
        {"exa mple.org", NULL},
        {"example..org", NULL},
        {"user@example.org", NULL},
        {"%d.example.org", NULL},
        {LONG_LABEL "a.example", NULL},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        char domain[SDR_DOMAIN_MAX + 1] = "old";
        enum sdr_status status = sdr_address_domain(domain, rows[i].text);
        const char *expected = rows[i].domain ? rows[i].domain : "old";

        unit_row((status == SDR_OK) == (rows[i].domain != NULL)
                     && strcmp(domain, expected) == 0,
                 "%s: %s, %s", rows[i].text, sdr_status_name(status), domain);
    }
    unit_end();
}

/* ---- sdr_address_same() ---- */

static void
same_is_one_mailbox(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
        {"user@example.org", "USER@EXAMPLE.ORG.", true},
        {"user@example.org", "\"user\"@example.org", true},
        {"user@example.org", "\"\\u\\ser\"@example.org", true},
        {"j" NFC_O "rg@b", "J" NFD_O "RG@b", true},
        {"u@b\xc3\xbc"
         "cher.example",
         "u@xn--bcher-kva.example", true},
        {"\"al ice\"@b", "\"al  ice\"@b", false},
        {"\"alice \"@b", "alice@b", false},
        {"j" NFC_O "rg@b", "jorg@b", false},
        {"user@example.org", "user@example.net", false},
        {"user@example.org", "user@sub.example.org", false},
        {"user+x@example.org", "user@example.org", false},
        {"\"a@b\"@c", "a@b", false},
        {"<>", "<>", true},
        {"<>", "a@b", false},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_address a, b;

        assert_int_equal(sdr_address_parse(&a, rows[i].a), SDR_OK);
        assert_int_equal(sdr_address_parse(&b, rows[i].b), SDR_OK);
        unit_row(sdr_address_same(&a, &b) == rows[i].same
                     && sdr_address_same(&b, &a) == rows[i].same,
                 "%s and %s", rows[i].a, rows[i].b);
    }
    unit_end();
}

/* ---- sdr_address_format() ---- */

static void
format_is_cut_to_its_room(void **state)
{
    struct sdr_address a;
    char text[8];

    (void)state;
    assert_int_equal(sdr_address_parse(&a, "Alice@Example.org"), SDR_OK);
    sdr_address_format(&a, text, sizeof text);
    assert_string_equal(text, "Alice@e");
}

/* ---- sdr_address_spell() ---- */

static bool
has_spelling(const struct sdr_spellings *spellings, const char *text)
{
    for (unsigned i = 0; i < spellings->count; i++) {
        if (strcmp(spellings->text[i], text) == 0)
            return true;
    }
    return false;
}

/* The spellings, separated by blanks. */
static const char *
join(const struct sdr_spellings *spellings)
{
    static char text[SDR_SPELLINGS_MAX * (SDR_ADDRESS_MAX + 2)];
    size_t used = 0;

    for (unsigned i = 0; i < spellings->count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, " %s",
                                 spellings->text[i]);
    return text;
}

static void
all_spellings_are_there(void **state)
{
    static const struct {
        const char *text;
        const char *spellings[SDR_SPELLINGS_MAX + 1];
    } rows[] = {
        {"User@Example.org", {"user@example.org", "\"user\"@example.org"}},
        {"\"user\"@b", {"user@b", "\"user\"@b"}},
        {"\"al ice\"@b", {"al ice@b", "\"al ice\"@b"}},
        {"\"a\\\"b\"@c", {"a\"b@c", "\"a\\\"b\"@c"}},
        {"J" NFD_O "RG@b",
         {"j" NFC_O "rg@b", "\"j" NFC_O "rg\"@b", "J" NFC_O "RG@b",
          "\"J" NFC_O "RG\"@b"}},
        {"stra\xc3\x9f"
         "e@b",
         {"strasse@b", "\"strasse\"@b",
          "stra\xc3\x9f"
          "e@b",
          "\"stra\xc3\x9f"
          "e\"@b"}},
        {"u@xn--bcher-kva.example",
         {"u@xn--bcher-kva.example", "\"u\"@xn--bcher-kva.example",
          "u@b\xc3\xbc"
          "cher.example",
          "\"u\"@b\xc3\xbc"
          "cher.example"}},
        {"\"J" NFC_O " x\"@b\xc3\xbc"
         "cher.example",
         {"j" NFC_O " x@xn--bcher-kva.example",
          "\"j" NFC_O " x\"@xn--bcher-kva.example",
          "j" NFC_O " x@b\xc3\xbc"
          "cher.example",
          "\"j" NFC_O " x\"@b\xc3\xbc"
          "cher.example",
          "J" NFC_O " x@xn--bcher-kva.example",
          "\"J" NFC_O " x\"@xn--bcher-kva.example",
          "J" NFC_O " x@b\xc3\xbc"
          "cher.example",
          "\"J" NFC_O " x\"@b\xc3\xbc"
          "cher.example"}},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        struct sdr_spellings spellings;
        struct sdr_address a;
        unsigned n = 0;

        assert_int_equal(sdr_address_parse(&a, rows[i].text), SDR_OK);
        sdr_address_spell(&a, &spellings);
        for (; rows[i].spellings[n] != NULL; n++)
            unit_row(has_spelling(&spellings, rows[i].spellings[n]),
                     "%s: %s is not among%s", rows[i].text,
                     rows[i].spellings[n], join(&spellings));
        unit_row(n == spellings.count, "%s: %u spellings:%s", rows[i].text,
                 spellings.count, join(&spellings));
    }
    unit_end();
}

static void
a_catch_all_has_a_spelling(void **state)
{
    struct sdr_address a = {"", "", "example.org"};
    struct sdr_spellings spellings;

    (void)state;
    sdr_address_spell(&a, &spellings);
    assert_int_equal(spellings.count, 1);
    assert_string_equal(spellings.text[0], "@example.org");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones_are_parsed),
        cmocka_unit_test(bad_ones_change_nothing),
        cmocka_unit_test(mtas_take_more_for_a_path),
        cmocka_unit_test(some_texts_have_no_domain),
        cmocka_unit_test(a_mailbox_may_be_named_by_way_of_a_host),
        cmocka_unit_test(a_text_of_any_length_has_a_domain),
        cmocka_unit_test(lengths_have_limits),
        cmocka_unit_test(what_grows_too_long_is_refused),
        cmocka_unit_test(directory_values_are_read),
        cmocka_unit_test(a_value_ends_at_its_length),
        cmocka_unit_test(domains_get_one_form),
        cmocka_unit_test(same_is_one_mailbox),
        cmocka_unit_test(format_is_cut_to_its_room),
        cmocka_unit_test(all_spellings_are_there),
        cmocka_unit_test(a_catch_all_has_a_spelling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
