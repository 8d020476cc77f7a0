/* verdict_text.c - see verdict_text.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "verdict_text.h"

#include <stdio.h>

#include "json.h"
#include "print.h"

void
print_verdict(const char *recipient, const struct sdr_verdict *verdict)
{
    print_clean(recipient);
    printf(": %s", sdr_verdict_name(verdict->kind));
    for (unsigned i = 0; i < verdict->target_count; i++) {
        fputs(i == 0 ? " to " : ", ", stdout);
        print_clean(verdict->targets[i].address);
    }
    if (verdict->next_hop != NULL)
        printf(" by %s", verdict->next_hop);
    if (verdict->reply.code != NULL)
        printf(" %s %s %s", verdict->reply.code, verdict->reply.enhanced,
               verdict->reply.text);
    fputs(" (", stdout);
    print_clean(verdict->reason);
    puts(")");
}

static json_t *
make_targets(const struct sdr_verdict *verdict)
{
    json_t *targets = json_array();

    for (unsigned i = 0; i < verdict->target_count; i++)
        json_array_append_new(targets,
                              make_string(verdict->targets[i].address));
    return targets;
}

static json_t *
make_reply(const struct sdr_reply *reply)
{
    if (reply->code == NULL)
        return json_null();
    return json_sprintf("%s %s %s", reply->code, reply->enhanced, reply->text);
}

json_t *
make_verdict(const char *recipient, const struct sdr_verdict *verdict)
{
    json_t *object = json_object();

    json_object_set_new(object, "recipient", make_string(recipient));
    json_object_set_new(object, "verdict",
                        json_string(sdr_verdict_name(verdict->kind)));
    json_object_set_new(object, "sites",
                        make_sites(verdict->config, verdict->sites));
    json_object_set_new(object, "targets", make_targets(verdict));
    if (verdict->next_hop != NULL)
        json_object_set_new(object, "next-hop", make_string(verdict->next_hop));
    json_object_set_new(object, "reply", make_reply(&verdict->reply));
    json_object_set_new(object, "reason", make_string(verdict->reason));
    json_object_set_new(object, "source",
                        json_string(sdr_origin_name(verdict->origin)));
    return object;
}
