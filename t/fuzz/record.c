/* record.c - fuzz target: values and keys of the replica
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Each input is read as the records of an address, as an entry, and as two
 * addresses, one a line.
 */
#include "replica/record.h"

#include "replica/entry.h"
#include "fuzz.h"

static void
check_equal(const struct sdr_facts *a, const struct sdr_facts *b)
{
    FUZZ_RULE(a->strength == b->strength && a->owners == b->owners);
    FUZZ_RULE(a->unreadable == b->unreadable);
    FUZZ_RULE(a->hold == b->hold && a->foreign_owner == b->foreign_owner);
    FUZZ_RULE(a->bad_routing == b->bad_routing && a->outside == b->outside);
    FUZZ_RULE(a->by_default == b->by_default);
    FUZZ_RULE(a->routing_site == b->routing_site);
    FUZZ_RULE(a->has_routing == b->has_routing);
    FUZZ_RULE(a->in_split == b->in_split && a->forward == b->forward);
    FUZZ_RULE(!sdr_facts_has_address(a)
              || sdr_address_same(&a->routing, &b->routing));
}

/* A record that was read can be written, and is then read as the same. */
static void
check_record(const unsigned char id[SDR_RECORD_ID_SIZE],
             const struct sdr_facts *facts)
{
    unsigned char out[SDR_RECORD_MAX], again_id[SDR_RECORD_ID_SIZE];
    size_t left = sdr_record_write(out, id, facts);
    const unsigned char *at = out;
    struct sdr_facts again;

    FUZZ_RULE(left <= sizeof out);
    FUZZ_RULE(sdr_record_read(&at, &left, again_id, &again));
    FUZZ_RULE(left == 0);
    FUZZ_RULE(memcmp(id, again_id, SDR_RECORD_ID_SIZE) == 0);
    check_equal(facts, &again);
}

static void
check_records(const unsigned char *at, size_t left)
{
    unsigned char id[SDR_RECORD_ID_SIZE];
    const unsigned char *end = at + left;
    struct sdr_facts facts;

    memset(&facts, 0, sizeof facts);
    while (sdr_record_read(&at, &left, id, &facts)) {
        FUZZ_RULE(at + left == end);
        check_record(id, &facts);
    }
}

static void
check_entry(const unsigned char *octets, size_t len)
{
    struct entry_view view;
    struct entry_key key;
    struct sdr_facts facts;

    if (!entry_read(&view, octets, len))
        return;
    FUZZ_RULE(strlen(view.dn) + 1 + view.record_len + view.keys_len == len);
    FUZZ_RULE(entry_facts(&view, &facts));
    while (entry_next_key(&view, &key))
        FUZZ_RULE(key.key.len <= SDR_RECORD_KEY_MAX);
}

static bool
same_key(const struct sdr_record_key *a, const struct sdr_record_key *b)
{
    return a->len == b->len && memcmp(a->octets, b->octets, a->len) == 0;
}

static void
check_keys(const char *a_text, size_t a_len, const char *b_text, size_t b_len)
{
    struct sdr_record_key a_key, b_key;
    struct sdr_address a, b;

    if (sdr_address_read(&a, a_text, a_len) != SDR_OK
        || sdr_address_read(&b, b_text, b_len) != SDR_OK)
        return;
    sdr_record_key(&a_key, 0, &a);
    sdr_record_key(&b_key, 0, &b);
    FUZZ_RULE(a_key.len <= SDR_RECORD_KEY_MAX);
    FUZZ_RULE(same_key(&a_key, &b_key) == sdr_address_same(&a, &b));
    sdr_record_key(&b_key, 1, &a);
    FUZZ_RULE(!same_key(&a_key, &b_key));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *octets = fuzz_copy(data, size);
    struct fuzz_lines lines = {(const char *)data, (const char *)data + size};
    size_t a_len = 0, b_len = 0;
    char *a = fuzz_line(&lines, &a_len);
    char *b = fuzz_line(&lines, &b_len);

    check_records(octets, size);
    check_entry(octets, size);
    if (a != NULL && b != NULL)
        check_keys(a, a_len, b, b_len);
    free(b);
    free(a);
    free(octets);
    return 0;
}
