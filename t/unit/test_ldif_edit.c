/* test_ldif_edit.c - a change made to the text of an entry, and taken back
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "unit.h"

#include "change/ldif_edit.h"

#define OWNER "sdrOwner", "onprem", "hosted"
#define NEW   "sdrOwner", NULL, "hosted"
#define GONE  "sdrHold", "TRUE", NULL

static const struct row {
    const char *attribute, *before, *after; /* one value, or none */
    const char *text, *wanted;              /* NULL: it is rejected */
} rows[] = {
    {OWNER, "dn: a\nsdrOwner: onprem\nmail: m\n",
     "dn: a\nsdrOwner: hosted\nmail: m\n"},
    {OWNER, "dn: a\nSDROWNER:onprem\n", "dn: a\nSDROWNER: hosted\n"},
    {OWNER, "dn: a\n# here\nsdrOwner: on\n prem\n# there\nmail: m\n m\n",
     "dn: a\n# here\nsdrOwner: hosted\n# there\nmail: m\n m\n"},
    {OWNER, "dn: a\r\nsdrOwner:: b25wcmVt\r\nmail: m\r\n",
     "dn: a\r\nsdrOwner: hosted\r\nmail: m\r\n"},
    {OWNER, "dn:: YQ==\nsn:: w6Q=\nsdrOwner:   onprem\n",
     "dn:: YQ==\nsn:: w6Q=\nsdrOwner: hosted\n"},
    {"sdrOwner", "onprem", "h\xc3\xb6st", "dn: a\nsdrOwner: onprem\n",
     "dn: a\nsdrOwner:: aMO2c3Q=\n"},
    {"sdrOwner", "onprem", " x\ny", "dn: a\nsdrOwner: onprem\n",
     "dn: a\nsdrOwner:: IHgKeQ==\n"},
    {NEW, "dn: a\nmail: m\n# last\n",
     "dn: a\nmail: m\nsdrOwner: hosted\n# last\n"},
    {NEW, "dn: a\r\nmail: m\r\n", "dn: a\r\nmail: m\r\nsdrOwner: hosted\r\n"},
    {NEW, "dn: a\n", "dn: a\nsdrOwner: hosted\n"},
    {NEW, "dn: a\nsdrOwner;deleted: onprem\nmail: m\n",
     "dn: a\nsdrOwner;deleted: onprem\nmail: m\nsdrOwner: hosted\n"},
    {NEW, "dn: a\nchangetype: add\nmail: m\n",
     "dn: a\nchangetype: add\nmail: m\nsdrOwner: hosted\n"},
    {GONE, "dn: a\n# why\nsdrhold: TRUE\n# mail\nmail: m\n",
     "dn: a\n# why\n# mail\nmail: m\n"},
    {GONE, "dn: a\nsdrHold: TR\n UE\n", "dn: a\n"},
    {"objectClass", NULL, "sdrRecipient",
     "dn: a\nobjectClass: person\nobjectClass: top\nmail: m\n",
     "dn: a\nobjectClass: person\nobjectClass: top\nobjectClass: "
     "sdrRecipient\nmail: m\n"},
    /* of another program, or invalid */
    {OWNER, "dn: a\nsdrOwner: other\n", NULL},
    {OWNER, "dn: a\nsdrOwner: onprem\nsdrOwner: other\n", NULL},
    {OWNER, "dn: a\nmail: m\n", NULL},
    {NEW, "dn: a\nsdrOwner: onprem\n", NULL},
    {OWNER, "dn: a\nsdrOwner;x-a: onprem\n", NULL},
    {NEW, "dn: a\nchangetype: add\n", NULL},
};

static bool
fill(struct values *values, const char *value)
{
    return value == NULL || values_add(values, value, strlen(value));
}

static void
make(struct change *change, const struct row *row)
{
    struct change_attribute *attribute;

    assert_true(change_begin(change, "a", "m", 0));
    attribute = change_attribute(change, row->attribute);
    assert_non_null(attribute);
    assert_true(fill(&attribute->before, row->before)
                && fill(&attribute->after, row->after));
}

static enum change_result
edit(struct change *change, const char *from, char **text)
{
    struct ldif_span span = {from, from + strlen(from), 1, {0}};
    struct sdr_error error = {""};
    size_t len = 0;
    enum change_result result;

    *text = NULL;
    result = ldif_edit(&span, "x.ldif", change, text, &len, &error);
    if (result == CHANGE_CONFLICT)
        unit_row(strncmp(error.text, "x.ldif:", 7) == 0, "%s: %s", from,
                 error.text);
    if (*text != NULL) {
        char *end = realloc(*text, len + 1);

        assert_non_null(end);
        end[len] = '\0';
        *text = end;
    }
    return result;
}

static bool
is(const char *text, const char *wanted)
{
    return text == wanted
           || (text != NULL && wanted != NULL && strcmp(text, wanted) == 0);
}

/* Undo restores every octet, and does nothing the second time. */
static void
test_rows(void **state)
{
    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct change change;
        char *text, *back = NULL, *again;
        enum change_result result;

        make(&change, row);
        result = edit(&change, row->text, &text);
        unit_row(
            is(text, row->wanted)
                && result
                       == (row->wanted != NULL ? CHANGE_DONE : CHANGE_CONFLICT),
            "%s: %s", row->text, text != NULL ? text : "(none)");
        if (text != NULL) {
            unit_row(edit(&change, text, &again) == CHANGE_NEEDLESS,
                     "twice: %s", text);
            change_invert(&change);
            edit(&change, text, &back);
            unit_row(is(back, row->text), "back: %s: %s", row->text,
                     back != NULL ? back : "(none)");
        }
        free(text);
        free(back);
        change_clear(&change);
    }
    unit_end();
}

/* Other octets in a journal are not written. */
static void
test_octets_of_a_journal(void **state)
{
    static const char *const lies[] = {
        "sdrOwner: onprem\nmail: other\n",
        "sdrOwner: hosted\nmail: m\n",
        "mail: m\n",
        "sdrOwner: onprem\nmail: m\n\ndn: b\nmail: b\n",
        "sdrOwner: onprem\nmail: m",
        "rubbish\n",
        ""};
    static const char text[] = "dn: a\nsdrOwner: hosted\nmail: m\n";

    (void)state;
    for (unsigned i = 0; i < UNIT_COUNT(lies); i++) {
        const struct row row = {
            .attribute = "sdrOwner", .before = "hosted", .after = "onprem"};
        struct change change;
        char *back = NULL;

        make(&change, &row);
        change.octets = (struct change_octets){
            .known = true,
            .offset = 6,
            .before = {strlen(text + 6), strdup(text + 6)},
            .after = {strlen(lies[i]), strdup(lies[i])}};
        unit_row(edit(&change, text, &back) == CHANGE_DONE
                     && is(back, "dn: a\nsdrOwner: onprem\nmail: m\n"),
                 "%s: %s", lies[i], back != NULL ? back : "(none)");
        free(back);
        change_clear(&change);
    }
    unit_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_octets_of_a_journal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
