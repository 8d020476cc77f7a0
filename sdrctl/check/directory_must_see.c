/* directory_must_see.c - the must-see lines of a directory
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <stdlib.h>

#include "ldap/filter.h"
#include "ldap/must_see.h"
#include "decision/profile.h"
#include "ldap/server_kind.h"
#include "check/directory_check.h"

enum { LOOKED_AT_MAX = 50 };

/* The must-see line to propose, made from an entry with an owner. */
struct proposal {
    struct directory_check *check;
    struct sdr_reader reader;
    struct sdr_address address; /* the strongest of the entry */
    unsigned strength;
    bool has_address;
    char line[SDR_ADDRESS_MAX + 256]; /* "" until found */
};

static void
on_address(void *arg, const struct sdr_address *address, unsigned strength,
           bool certain)
{
    struct proposal *proposal = arg;

    if (!certain || address->local[0] == '\0'
        || (proposal->has_address && proposal->strength <= strength))
        return;
    proposal->address = *address;
    proposal->strength = strength;
    proposal->has_address = true;
}

static void
on_entry(void *arg, const char *dn)
{
    struct proposal *proposal = arg;
    const struct sdr_directory_options *directory = proposal->check->directory;

    proposal->has_address = false;
    sdr_reader_begin_all(&proposal->reader, directory->config, directory->index,
                         dn, on_address, proposal);
}

static void
on_value(void *arg, const char *attribute, const char *value, size_t len)
{
    sdr_reader_value(&((struct proposal *)arg)->reader, attribute, value, len);
}

static void
on_end(void *arg)
{
    struct proposal *proposal = arg;
    const struct sdr_directory_options *directory = proposal->check->directory;
    const struct sdr_facts *facts = sdr_reader_end_all(&proposal->reader);
    const struct sdr_config *config = directory->config;
    char text[SDR_ADDRESS_MAX + 1];

    if (proposal->line[0] != '\0' || !proposal->has_address
        || facts->by_default)
        return;
    sdr_address_format(&proposal->address, text, sizeof text);
    for (unsigned i = 0; i < config->site_count; i++) {
        if ((facts->owners >> i & 1) == 0)
            continue;
        snprintf(proposal->line, sizeof proposal->line, "must-see = %s %s",
                 text, config->sites[i].name);
        return;
    }
}

/* Search for any entry with an address and an owner, and write its line. */
static void
find_proposal(struct proposal *proposal)
{
    struct directory_check *check = proposal->check;
    const struct sdr_mapping *mapping = &check->directory->mapping;
    const char *names[2];
    const char **attributes = sdr_profile_attributes(mapping, NULL);
    unsigned count = 0;
    struct sdr_error error;
    struct sdr_search search = {.attributes = attributes,
                                .size_limit = LOOKED_AT_MAX,
                                .entry = on_entry,
                                .value = on_value,
                                .end = on_end,
                                .arg = proposal,
                                .may_fail = true};
    char *filter = NULL;

    if (mapping->owner != NULL)
        names[count++] = mapping->owner;
    if (mapping->routing != NULL)
        names[count++] = mapping->routing;
    search.filter = filter = sdr_filter_present(check->directory, names, count);
    if (sdr_connection_search(directory_check_connection(check), &search,
                              &error)
        != SDR_OK)
        proposal->line[0] = '\0';
    free(filter);
    free(attributes);
}

static void
propose(struct directory_check *check)
{
    struct proposal proposal = {.check = check};
    char advice[sizeof proposal.line + 128];

    find_proposal(&proposal);
    if (proposal.line[0] != '\0')
        snprintf(advice, sizeof advice, "add to [directory %s]: %s",
                 check->directory->name, proposal.line);
    else
        snprintf(advice, sizeof advice,
                 "give one entry an owner (a test mailbox will do), and add to "
                 "[directory %s]: must-see = ADDRESS SITE",
                 check->directory->name);
    report_finding(
        &check->worst, CHECK_WRONG, "must-see", advice,
        "this kind of server does not show whether the account may read "
        "owners: mail for entries without an owner is deferred");
}

void
directory_check_must_see(struct directory_check *check)
{
    const struct sdr_directory_options *directory = check->directory;
    const struct sdr_mapping *mapping = &directory->mapping;
    struct sdr_error error = {""};

    if (sdr_must_see_prove(directory_check_connection(check), &error) != SDR_OK)
        report_finding(
            &check->worst, CHECK_WRONG, "must-see",
            "correct that line, or allow the account to read that entry", "%s",
            error.text);
    else if (directory->must_see_count > 0)
        report_finding(&check->worst, CHECK_OK, "must-see", NULL,
                       "all %u found", directory->must_see_count);
    if (sdr_server_proof(check->server) == SDR_PROOF_MUST_SEE
        && !sdr_must_see_owner(directory)
        && (mapping->owner != NULL || mapping->routing != NULL))
        propose(check);
}
