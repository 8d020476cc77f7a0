/* rights.c - see rights.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "rights.h"

#include <stdlib.h>

#include <ldap.h>

#include "clock.h"
#include "filter.h"

/* How long a compare counts; and what Active Directory shows, which is more
 * work for it; and that it does not. */
enum { COMPARED_MS = 10 * 1000, SHOWN_MS = 60 * 1000, HIDDEN_MS = 10 * 1000 };

enum { OWNER, ROUTING, HOLD };

void
sdr_rights_list(const struct sdr_directory_options *directory,
                struct sdr_ad_attribute attributes[SDR_RIGHTS_COUNT],
                unsigned *named)
{
    const struct sdr_mapping *mapping = &directory->mapping;

    attributes[OWNER] = (struct sdr_ad_attribute){.name = mapping->owner};
    attributes[ROUTING] = (struct sdr_ad_attribute){.name = mapping->routing};
    attributes[HOLD] = (struct sdr_ad_attribute){.name = mapping->hold};
    *named = (directory->owner_attribute != NULL ? 1u << OWNER : 0)
             | (directory->routing_attribute != NULL ? 1u << ROUTING : 0)
             | (directory->hold_attribute != NULL ? 1u << HOLD : 0);
}

/* A question about an entry of a directory, over a connection. */
struct proof {
    struct sdr_connection *connection;
    const struct sdr_directory_options *directory;
    struct sdr_ad_attribute attributes[SDR_RIGHTS_COUNT];
    unsigned named;
    const char *dn;
    int64_t deadline;
    bool *broken;
    struct sdr_error *error;
};

/* ---- by a compare ---- */

static enum sdr_status
not_readable(const struct proof *proof, unsigned i, int code)
{
    sdr_error_set(proof->error, "%s of %s cannot be read: %s",
                  proof->attributes[i].name, proof->dn, ldap_err2string(code));
    return SDR_TEMPFAIL;
}

static void
on_entry(void *arg, const char *dn)
{
    (void)dn;
    *(bool *)arg = true;
}

/* Of an attribute that cannot be compared: its values are names or numbers, or
 * it has no equality rule. slapd says so before it looks at the rights. */
static enum sdr_status
prove_by_filter(const struct proof *proof, unsigned i)
{
    static const char *const nothing[] = {LDAP_NO_ATTRS, NULL};
    bool found = false;
    char *filter = sdr_filter_readable(proof->attributes[i].name);
    struct sdr_search search = {.base = proof->dn,
                                .filter = filter,
                                .attributes = nothing,
                                .entry = on_entry,
                                .arg = &found};
    enum sdr_status status =
        sdr_connection_search(proof->connection, &search, proof->deadline,
                              proof->broken, proof->error);

    free(filter);
    if (status == SDR_OK && !found)
        status = not_readable(proof, i, LDAP_INSUFFICIENT_ACCESS);
    return status;
}

/* A right to compare goes with the right to read, and its lack has a result
 * code of its own. An attribute that the server does not know is a mistake if
 * the configuration names it; a profile's may be missing: there, all entries
 * are the default owner's. */
static enum sdr_status
judge_code(const struct proof *proof, unsigned i, int code)
{
    switch (code) {
    case LDAP_COMPARE_TRUE:
    case LDAP_COMPARE_FALSE:
    case LDAP_NO_SUCH_ATTRIBUTE:
        return SDR_OK;
    case LDAP_UNDEFINED_TYPE:
        return (proof->named >> i & 1) != 0 ? not_readable(proof, i, code)
                                            : SDR_OK;
    case LDAP_INSUFFICIENT_ACCESS:
    case LDAP_NO_SUCH_OBJECT:
        return not_readable(proof, i, code);
    default:
        return prove_by_filter(proof, i);
    }
}

static enum sdr_status
prove_by_compare(const struct proof *proof)
{
    struct sdr_comparison comparisons[SDR_RIGHTS_COUNT];
    unsigned which[SDR_RIGHTS_COUNT], count = 0;
    enum sdr_status status;

    for (unsigned i = 0; i < SDR_RIGHTS_COUNT; i++) {
        if (proof->attributes[i].name == NULL)
            continue;
        which[count] = i;
        comparisons[count++] =
            (struct sdr_comparison){.attribute = proof->attributes[i].name,
                                    .value = i == HOLD ? "TRUE" : "x"};
    }
    status = sdr_connection_compare(proof->connection, proof->dn, comparisons,
                                    count, proof->deadline, proof->error);
    *proof->broken = status != SDR_OK;
    for (unsigned i = 0; i < count && status == SDR_OK; i++)
        status = judge_code(proof, which[i], comparisons[i].code);
    return status;
}

/* ---- in Active Directory ---- */

/* Judge one that no user shows. */
static enum sdr_status
judge_hidden(const struct proof *proof, unsigned i)
{
    const struct sdr_ad_attribute *attribute = &proof->attributes[i];

    if (!attribute->known && (proof->named >> i & 1) != 0)
        sdr_error_set(proof->error, "the schema does not know %s",
                      attribute->name);
    else if (attribute->confidential)
        sdr_error_set(proof->error,
                      "%s cannot be read: it is marked as confidential, and no "
                      "user shows a value",
                      attribute->name);
    else if (attribute->expected)
        sdr_error_set(proof->error,
                      "no user shows a value of %s any more: has it been "
                      "hidden? If nobody has one now, reload",
                      attribute->name);
    else
        return SDR_OK;
    return SDR_TEMPFAIL;
}

static enum sdr_status
prove_by_look(struct proof *proof, const struct sdr_ad *ad,
              struct sdr_rights_seen *seen)
{
    unsigned before = atomic_load(&seen->attributes), shown = 0;
    enum sdr_status status;

    for (unsigned i = 0; i < SDR_RIGHTS_COUNT; i++)
        proof->attributes[i].expected = (before >> i & 1) != 0 && i != HOLD;
    status = sdr_ad_look(ad, proof->connection, proof->directory,
                         proof->attributes, SDR_RIGHTS_COUNT, proof->deadline,
                         proof->broken, proof->error);
    for (unsigned i = 0; i < SDR_RIGHTS_COUNT; i++)
        shown |= (unsigned)proof->attributes[i].shown << i;
    atomic_fetch_or(&seen->attributes, shown);
    for (unsigned i = 0; i < SDR_RIGHTS_COUNT && status == SDR_OK; i++) {
        if (proof->attributes[i].name != NULL && !proof->attributes[i].shown)
            status = judge_hidden(proof, i);
    }
    return status;
}

/* ---- either ---- */

/* What Active Directory was asked stands for a while, whatever it was. */
static void
keep(struct sdr_rights *rights, enum sdr_status status,
     const struct sdr_error *reason)
{
    int64_t for_ms = status == SDR_OK ? SHOWN_MS : HIDDEN_MS;

    rights->status = status;
    if (status != SDR_OK)
        rights->reason = *reason;
    else if (!rights->ad.is_ad)
        for_ms = COMPARED_MS;
    rights->until = sdr_clock() + for_ms;
}

void
sdr_rights_not_ad(struct sdr_rights *rights)
{
    rights->detected = true;
    rights->ad = (struct sdr_ad){.is_ad = false};
}

enum sdr_status
sdr_rights_prove(struct sdr_rights *rights, struct sdr_rights_seen *seen,
                 struct sdr_connection *connection,
                 const struct sdr_directory_options *directory, const char *dn,
                 int64_t deadline, bool *broken, struct sdr_error *error)
{
    struct proof proof = {.connection = connection,
                          .directory = directory,
                          .dn = dn,
                          .deadline = deadline,
                          .broken = broken,
                          .error = error};
    enum sdr_status status = SDR_OK;

    *broken = false;
    if (sdr_clock() < rights->until) {
        if (rights->status != SDR_OK)
            *error = rights->reason;
        return rights->status;
    }
    sdr_rights_list(directory, proof.attributes, &proof.named);
    if (!rights->detected)
        status =
            sdr_ad_detect(&rights->ad, connection, deadline, broken, error);
    if (status != SDR_OK)
        return status;
    rights->detected = true;
    status = rights->ad.is_ad ? prove_by_look(&proof, &rights->ad, seen)
                              : prove_by_compare(&proof);
    if (status == SDR_OK || (rights->ad.is_ad && !*broken))
        keep(rights, status, error);
    return status;
}
