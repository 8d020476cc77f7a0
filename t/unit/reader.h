/* reader.h - a replica, and a process that reads it
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * One for each test: see READER_TEST().
 */
#ifndef READER_H
#define READER_H

#include "box.h"

static struct box box;
static struct sdr_replica *replica;

/* CONF is the configuration, as of box_make(). */
static inline int
reader_make(const char *conf)
{
    box = box_make(conf);
    replica = sdr_replica_new(box.config);
    return replica == NULL;
}

static inline int
reader_clean_up(void **state)
{
    (void)state;
    sdr_replica_free(&replica);
    box_remove(&box);
    return 0;
}

/* A test NAME with a set-up that is called make. */
#define READER_TEST(name)                                                      \
    cmocka_unit_test_setup_teardown(name, make, reader_clean_up)

/* ---- Alice, here or there ---- */

static const struct box_entry reader_hosted[] = {
    {0, "alice@example.com", 'a', 0, {.owners = HOSTED}, NULL}};
static const struct box_entry reader_cloud[] = {
    {0, "alice@example.com", 'a', 0, {.owners = CLOUD}, NULL}};

/* What it says now of Alice; the owners if she is found. */
static inline enum sdr_status
reader_ask(sdr_sites *owners, struct sdr_error *error)
{
    struct sdr_facts facts;
    enum sdr_status status =
        box_ask(replica, "alice@example.com", &facts, error);

    *owners = status == SDR_OK ? facts.owners : 0;
    return status;
}

static inline void
reader_says(sdr_sites owners)
{
    struct sdr_error error;
    sdr_sites found;

    if (reader_ask(&found, &error) != SDR_OK)
        fail_msg("%s", error.text);
    assert_int_equal(found, owners);
}

static inline void
reader_is_silent(const char *reason)
{
    struct sdr_error error;
    sdr_sites found;

    assert_int_equal(reader_ask(&found, &error), SDR_TEMPFAIL);
    if (strstr(error.text, reason) == NULL
        || strstr(error.text, box.path) == NULL)
        fail_msg("%s", error.text);
}

#endif
