/* test_loss.c - what an entry loses by a change
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "store/loss.h"

#include "unit.h"

static const unsigned char id[SDR_RECORD_ID_SIZE] = "0123456789abcdef";
static struct sdr_config *config;

/* "address=value ...": returns the finished entry, which the caller clears. a
 * is an address, o an owner, r a routing address, h a hold. */
static struct entry
make(const char *text)
{
    char copy[512], *rest = copy, *word;
    struct entry entry;

    snprintf(copy, sizeof copy, "%s", text);
    entry_begin(&entry, config, 0, id, "uid=alice");
    while ((word = strsep(&rest, " ")) != NULL) {
        const char *attribute = word[0] == 'a'   ? "sdrAddress"
                                : word[0] == 'o' ? "sdrOwner"
                                : word[0] == 'r' ? "sdrRoutingAddress"
                                                 : "sdrHold";

        if (strlen(word) > 2)
            entry_value(&entry, attribute, word + 2, strlen(word + 2));
    }
    assert_true(entry_end(&entry));
    return entry;
}

static struct entry_view
view_of(const struct entry *entry)
{
    struct entry_view view;

    assert_true(entry_read(&view, entry->octets, entry->len));
    return view;
}

#define A "a=a@example.com"
#define B "a=b@example.com"
#define R "r=x@hosted.example.com"

static const struct {
    const char *before, *after; /* NULL: it is deleted */
    bool loss, owner;
    const char *undone;
} rows[] = {
    /* the entry */
    {A " o=hosted", NULL, true, true, A " o=hosted"},
    {A, NULL, true, true, A},
    /* addresses */
    {A " o=hosted", A " o=hosted", false, false, A " o=hosted"},
    {A " o=hosted", A " " B " o=hosted", false, false, A " " B " o=hosted"},
    {A " " B " o=hosted", B " o=hosted", true, false, A " " B " o=hosted"},
    {A " " B " o=hosted", A " o=hosted", true, false, A " " B " o=hosted"},
    {A " o=hosted", B " o=hosted", true, false, A " " B " o=hosted"},
    {A " o=hosted", "a=A@EXAMPLE.com o=hosted", false, false, A " o=hosted"},
    {A " a=x@elsewhere.example o=hosted", A " o=hosted", false, false,
     A " o=hosted"},
    {A " " B, "", true, false, A " " B},
    /* addresses that can no longer be read for certain */
    {A " o=hosted", "a=<a@example.com> o=hosted", true, false, A " o=hosted"},
    {A " " B " o=hosted", "a=<a@example.com> a=<b@example.com> o=hosted", true,
     false, A " " B " o=hosted"},
    {A " o=hosted", "a=<a@example.com> " A " o=hosted", false, false,
     A " o=hosted"},
    {"a=<a@example.com> o=hosted", A " o=hosted", false, false, A " o=hosted"},
    {A " o=hosted", A " a=<b@example.com> o=hosted", false, false,
     A " a=<b@example.com> o=hosted"},
    /* owners */
    {A " o=hosted", A " o=cloud", false, false, A " o=cloud"},
    {A " o=hosted", A " o=onprem", false, false, A " o=onprem"},
    {A " o=hosted", A " o=hosted o=onprem", false, false,
     A " o=hosted o=onprem"},
    {A " o=hosted o=onprem", A " o=onprem", false, false, A " o=onprem"},
    {A " o=hosted", A, true, true, A " o=hosted"},
    {A " o=onprem", A, true, true, A " o=onprem"},
    {A " o=hosted", A " o=nowhere", true, true, A " o=hosted"},
    {A " o=hosted", A " o=hosted o=nowhere", true, true, A " o=hosted"},
    {A " o=nowhere", A " o=elsewhere", false, false, A " o=elsewhere"},
    {A " o=nowhere", A, true, true, A " o=nowhere"},
    {A, A " o=nowhere", true, true, A},
    {A, A " o=hosted", false, false, A " o=hosted"},
    {A, A, false, false, A},
    /* routing addresses */
    {A " " R, A " " R " o=hosted", false, false, A " " R " o=hosted"},
    {A " " R, A, true, true, A " " R},
    {A " " R " o=hosted", A " o=hosted", false, false, A " o=hosted"},
    {A " " R, A " r=x@elsewhere.example", true, true, A " " R},
    {A " " R, A " r=x", true, true, A " " R},
    {A " " R, A " r=x@cloud.example.com", false, false,
     A " r=x@cloud.example.com"},
    /* holds */
    {A " o=hosted", A " o=hosted h=TRUE", false, false, A " o=hosted h=TRUE"},
    {A " o=hosted h=TRUE", A " o=hosted", false, false, A " o=hosted"},
    /* both at once, counted separately */
    {A " " B " o=hosted", B " o=cloud", true, false, A " " B " o=cloud"},
    {A " " B " o=hosted", B, true, true, A " " B " o=hosted"},
    {A " o=hosted", B " h=TRUE", true, true, A " " B " o=hosted"},
};

static bool
undoes(const struct entry_view *before, const struct entry_view *after,
       const char *wanted)
{
    struct entry entry = make(wanted);
    unsigned char *octets = NULL;
    size_t len = 0;
    bool same;

    assert_true(loss_undo(before, after, false, &octets, &len));
    same = len == entry.len && memcmp(octets, entry.octets, len) == 0;
    free(octets);
    entry_clear(&entry);
    return same;
}

static void
losses(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        bool gone = rows[i].after == NULL;
        struct entry old = make(rows[i].before);
        struct entry new = make(gone ? "" : rows[i].after);
        struct entry_view before = view_of(&old), after = view_of(&new);
        const struct entry_view *then = gone ? NULL : &after;

        unit_row(loss_is(&before, then) == rows[i].loss
                     && loss_of_owner(&before, then) == rows[i].owner
                     && undoes(&before, then, rows[i].undone),
                 "%s -> %s: %d %d", rows[i].before,
                 gone ? "gone" : rows[i].after, loss_is(&before, then),
                 loss_of_owner(&before, then));
        entry_clear(&old);
        entry_clear(&new);
    }
    unit_end();
}

/* A loss that is held back again does not grow. */
static void
undoing_twice_is_undoing_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
        bool gone = rows[i].after == NULL;
        struct entry old = make(rows[i].undone);
        struct entry new = make(gone ? "" : rows[i].after);
        struct entry_view before = view_of(&old), after = view_of(&new);

        unit_row(undoes(&before, gone ? NULL : &after, rows[i].undone),
                 "%s -> %s", rows[i].undone, gone ? "gone" : rows[i].after);
        entry_clear(&old);
        entry_clear(&new);
    }
    unit_end();
}

/* The entry's name is always the new one. */
static void
names(void **state)
{
    struct entry old, new;
    struct entry_view before, after, undone;
    unsigned char *octets = NULL;
    size_t len = 0;

    (void)state;
    old = make(A " " B);
    entry_begin(&new, config, 0, id, "uid=bob");
    entry_value(&new, "sdrAddress", "a@example.com", 13);
    assert_true(entry_end(&new));
    before = view_of(&old);
    after = view_of(&new);
    assert_true(loss_is(&before, &after));
    assert_true(loss_undo(&before, &after, false, &octets, &len));
    assert_true(entry_read(&undone, octets, len));
    assert_string_equal(undone.dn, "uid=bob");
    free(octets);
    entry_clear(&old);
    entry_clear(&new);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses),
        cmocka_unit_test(undoing_twice_is_undoing_once),
        cmocka_unit_test(names),
    };
    int wrong;

    config = unit_config(UNIT_CONF);
    wrong = cmocka_run_group_tests(tests, NULL, NULL);
    sdr_config_free(&config);
    return wrong;
}
