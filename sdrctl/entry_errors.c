/* entry_errors.c - see entry_errors.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "entry_errors.h"

const struct fault faults[FAULTS] = {
    {"unreadable", "a value with this address contains other text"},
    {"foreign-owner", "an owner that matches no site"},
    {"bad-routing", "the routing address is not a single address"},
    {"outside", "the routing address is outside every site"},
};

bool
has_fault(const struct sdr_facts *facts, unsigned fault)
{
    const bool found[FAULTS] = {facts->unreadable, facts->foreign_owner,
                                facts->bad_routing, facts->outside};

    return found[fault];
}

json_t *
make_faults(const struct sdr_facts *facts)
{
    json_t *names = json_array();

    for (unsigned i = 0; i < FAULTS; i++) {
        if (has_fault(facts, i))
            json_array_append_new(names, json_string(faults[i].name));
    }
    return names;
}
