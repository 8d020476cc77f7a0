/* source.c - see source.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "source.h"

void
sdr_source_lookup(struct sdr_directory *const *directories, unsigned count,
                  const struct sdr_keys *keys, const struct sdr_trace *trace,
                  struct sdr_answer *answer)
{
    bool found = false, silent = false;

    answer->origin = SDR_FROM_DIRECTORY;
    answer->error.text[0] = '\0';
    for (unsigned i = 0; i < count; i++) {
        struct sdr_facts facts;
        struct sdr_error error = {""};

        switch (
            sdr_directory_lookup(directories[i], keys, trace, &facts, &error)) {
        case SDR_OK:
            sdr_facts_merge(&answer->facts, &found, &facts);
            break;
        case SDR_NOTFOUND:
            break;
        case SDR_TEMPFAIL:
        case SDR_INVALID:
        case SDR_CONFIG:
            silent = true;
            answer->error = error;
            break;
        }
    }
    if (found && (!silent || answer->facts.key == 0))
        answer->status = SDR_OK;
    else
        answer->status = silent ? SDR_TEMPFAIL : SDR_NOTFOUND;
    if (answer->status == SDR_TEMPFAIL)
        answer->origin = SDR_FROM_NOWHERE;
}
