/* source.c - see source.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "decision/source.h"

#include <stdio.h>
#include <time.h>

static enum sdr_status
ask_replica(const struct sdr_source *source, unsigned directory,
            const struct sdr_keys *keys, const struct sdr_trace *trace,
            struct sdr_facts *facts, struct sdr_error *error)
{
    /* Several directories may disagree; the log then names the entries. */
    bool named =
        source->named || trace != NULL || source->config->directory_count > 1;
    enum sdr_status status;

    if (source->replica == NULL)
        return SDR_TEMPFAIL;
    status = (named ? sdr_replica_lookup : sdr_replica_lookup_unnamed)(
        source->replica, directory, keys, time(NULL), facts, error);
    if (trace != NULL)
        sdr_trace(trace, "replica of %s: %s",
                  source->config->directories[directory].name,
                  status == SDR_TEMPFAIL ? error->text
                                         : sdr_status_name(status));
    return status;
}

/* Query the replica, then the servers if the replica has no sure answer. If
 * there are no servers, the replica's error is the reason. */
static enum sdr_status
ask(const struct sdr_source *source, unsigned directory,
    const struct sdr_keys *keys, const struct sdr_trace *trace,
    struct sdr_facts *facts, struct sdr_answer *answer)
{
    bool has_servers = source->config->directories[directory].ldif_path == NULL;
    const struct sdr_substitute *substitute = source->substitute;
    enum sdr_status status;

    if (substitute != NULL && substitute->directory == directory) {
        answer->origin = SDR_FROM_DIRECTORY;
        return substitute->look_up(substitute->arg, keys, facts,
                                   &answer->error);
    }
    status = ask_replica(source, directory, keys, trace, facts, &answer->error);
    if (status != SDR_TEMPFAIL) {
        answer->origin = SDR_FROM_REPLICA;
        return status;
    }
    if (!has_servers || source->servers == NULL)
        return SDR_TEMPFAIL;
    answer->origin = SDR_FROM_DIRECTORY;
    return sdr_directory_lookup(source->servers[directory], keys, trace, facts,
                                &answer->error);
}

void
sdr_source_lookup(const struct sdr_source *source, const struct sdr_keys *keys,
                  const struct sdr_trace *trace, struct sdr_answer *answer)
{
    bool found = false, silent = false;

    answer->error.text[0] = '\0';
    for (unsigned i = 0; i < source->config->directory_count; i++) {
        struct sdr_answer one;
        struct sdr_facts *facts = found ? &one.facts : &answer->facts;

        one.error.text[0] = '\0';
        switch (ask(source, i, keys, trace, facts, &one)) {
        case SDR_OK:
            if (found)
                sdr_facts_merge(&answer->facts, &found, facts);
            found = true;
            answer->origin = one.origin;
            break;
        case SDR_NOTFOUND:
            if (!found)
                answer->origin = one.origin;
            break;
        case SDR_TEMPFAIL:
        case SDR_INVALID:
        case SDR_CONFIG:
            silent = true;
            answer->error = one.error;
            break;
        }
    }
    if (found
        && (!silent
            || (answer->facts.key == 0 && !sdr_facts_refers(&answer->facts))))
        answer->status = SDR_OK;
    else
        answer->status = silent ? SDR_TEMPFAIL : SDR_NOTFOUND;
    if (answer->status == SDR_TEMPFAIL)
        answer->origin = SDR_FROM_NOWHERE;
}
