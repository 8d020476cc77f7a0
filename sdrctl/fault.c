/* fault.c - see fault.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "fault.h"

const struct fault faults[FAULTS] = {
    {"foreign-owner", "an owner that no site answers to"},
    {"bad-routing", "the routing address is no single address"},
    {"outside", "the routing address lies outside every site"},
};

bool
has_fault(const struct sdr_facts *facts, unsigned fault)
{
    const bool found[FAULTS] = {facts->foreign_owner, facts->bad_routing,
                                facts->outside};

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
