/* sync.c - sdrctl sync: the state of the replica
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "sync_accept.h"
#include "replica_copy.h"
#include "json.h"
#include "command.h"
#include "chosen.h"
#include "print.h"
#include "usage.h"

/* ---- text ---- */

static void
print_when(const char *name, int64_t time, time_t now)
{
    char text[64];

    if (time == 0)
        return;
    copy_duration((int64_t)now - time, text, sizeof text);
    printf("  %-15s %s ago\n", name, text);
}

static const char *
headline(enum copy_quality quality)
{
    switch (quality) {
    case COPY_FRESH:
        return "up to date";
    case COPY_STALE:
        return "NOT UP TO DATE";
    case COPY_EXPIRED:
        return "TOO OLD";
    case COPY_INCOMPLETE:
        return "INCOMPLETE";
    case COPY_NONE:
        return "NO REPLICA";
    }
    return "";
}

static const char *
warning(const struct sdr_record_state *state)
{
    if (state->holding == 0)
        return "";
    if ((state->holding & SDR_RECORD_HOLDS_MOVES) == 0)
        return ", LOSSES HELD BACK";
    return (state->holding & SDR_RECORD_HOLDS_LOSSES) == 0
               ? ", MOVES HELD BACK"
               : ", LOSSES AND MOVES HELD BACK";
}

static void
print_known(const struct copy *copy, time_t now)
{
    const struct sdr_record_status *status = &copy->status;

    printf("  %-15s %" PRIu64 "\n", "entries", copy->state.entries);
    if (status->method[0] != '\0') {
        printf("  %-15s ", "server");
        print_clean(status->server);
        printf(" (%s)\n", status->method);
    }
    print_when(copy->state.from_a_file != 0 ? "file read" : "last contact",
               copy->state.contact, now);
    print_when("last full read", status->refreshed, now);
    print_when("last change", status->changed, now);
    printf("  %-15s %" PRIu64 "\n", "generation", status->generation);
    if (copy->state.holding != 0)
        printf(
            "  %-15s %s of %" PRIu64
            " entries; their old data are still used\n%18scheck the directory; "
            "if the changes are intended, run\n%18ssdrctl sync accept\n",
            "held back", copy_held(&copy->state), copy->state.held, "", "");
    if (status->mass_moved != 0) {
        print_when("last mass move", status->mass_moved, now);
        printf("  %-15s %" PRIu64 " entries\n", "", status->mass_move);
    }
    if (status->failed != 0) {
        print_when("failing since", status->failed, now);
        printf("  %-15s ", "error");
        print_clean(status->error);
        putchar('\n');
    }
}

static void
print_text(const struct copy *copy, time_t now)
{
    char meaning[256];

    printf("directory %s: %s%s\n", copy->directory->name,
           headline(copy->quality), warning(&copy->state));
    if (copy->quality == COPY_NONE) {
        printf("  %-15s ", "reason");
        print_clean(copy->reason.text);
        putchar('\n');
    } else {
        print_known(copy, now);
    }
    copy_meaning(copy, meaning, sizeof meaning);
    printf("  %-15s %s\n", "mail", meaning);
}

/* ---- JSON ---- */

static json_t *
make_boot_time(int64_t time)
{
    return time == 0 ? json_null() : json_integer(time);
}

/* Make the number of seconds left: 0 if it no longer answers, null if there is
 * no limit. */
static json_t *
make_left(int64_t left)
{
    return left == INT64_MAX ? json_null() : json_integer(left < 0 ? 0 : left);
}

static json_t *
make_text(const char *text)
{
    return text[0] == '\0' ? json_null() : make_string(text);
}

static void
add_known(json_t *object, const struct copy *copy)
{
    const struct sdr_record_state *state = &copy->state;
    const struct sdr_record_status *status = &copy->status;

    json_object_set_new(object, "method", make_text(status->method));
    json_object_set_new(object, "server", make_text(status->server));
    json_object_set_new(object, "complete", json_boolean(state->complete != 0));
    json_object_set_new(object, "entries",
                        json_integer((json_int_t)state->entries));
    json_object_set_new(object, "held", json_integer((json_int_t)state->held));
    json_object_set_new(object, "moves",
                        json_integer((json_int_t)status->moves));
    json_object_set_new(object, "mass-move",
                        json_integer((json_int_t)status->mass_move));
    json_object_set_new(object, "mass-moved",
                        make_boot_time(status->mass_moved));
    json_object_set_new(object, "contact", make_boot_time(state->contact));
    json_object_set_new(object, "full-read", make_boot_time(status->refreshed));
    json_object_set_new(object, "changed", make_boot_time(status->changed));
    json_object_set_new(object, "generation",
                        json_integer((json_int_t)status->generation));
    json_object_set_new(object, "failed", make_boot_time(status->failed));
    json_object_set_new(object, "error", make_text(status->error));
    json_object_set_new(object, "known-for", make_left(copy->known));
    json_object_set_new(object, "unknown-for", make_left(copy->unknown));
}

static json_t *
make_object(const struct copy *copy)
{
    json_t *object = json_object();
    char meaning[256];

    copy_meaning(copy, meaning, sizeof meaning);
    json_object_set_new(object, "directory",
                        make_string(copy->directory->name));
    json_object_set_new(object, "copy",
                        json_string(copy_quality_name(copy->quality)));
    json_object_set_new(object, "reason", make_text(copy->reason.text));
    json_object_set_new(object, "mail", json_string(meaning));
    if (copy->quality != COPY_NONE)
        add_known(object, copy);
    return object;
}

/* ---- the command ---- */

static int
status(const struct sdr_config *config, struct sdr_replica *replica,
       const struct chosen *chosen, bool as_json)
{
    time_t now = time(NULL);
    int code = EX_OK;

    for (unsigned i = 0; i < config->directory_count; i++) {
        struct copy copy;

        if (!is_chosen(chosen, config->directories[i].name))
            continue;
        copy_read(&copy, config, replica, i, now);
        if (as_json)
            print_object(make_object(&copy));
        else
            print_text(&copy, now);
        if (copy.quality != COPY_FRESH || copy.state.holding != 0)
            code = EX_TEMPFAIL;
    }
    return code;
}

int
command_sync(struct sdr *sdr, int argc, char **argv)
{
    const struct sdr_config *config = sdr_get_config(sdr);
    bool as_json = false, accepts = argc > 1 && strcmp(argv[1], "accept") == 0;
    struct sdr_replica *replica;
    struct chosen chosen;
    struct sdr_error error;
    int code;

    if (argc < 2)
        return usage_error("sync", "expected status or accept");
    if (!accepts && strcmp(argv[1], "status") != 0)
        return usage_error("sync", "expected status or accept, not %s",
                           argv[1]);
    argv[1] = argv[0];
    argc--;
    argv++;
    if (!read_json_option(argc, argv, "sync", &as_json))
        return EX_USAGE;
    if (accepts && as_json)
        return usage_error("sync", "accept has no --json");
    chosen = (struct chosen){argc - optind, argv + optind};
    if (!are_known(&chosen, "directory", config, directory_names, &error))
        return usage_error("sync", "%s", error.text);
    if (config->replica.path == NULL)
        return report_no_replica(config);
    replica = sdr_replica_new(config);
    if (replica == NULL)
        return EX_TEMPFAIL;
    code = accepts ? accept_losses(config, replica, &chosen)
                   : status(config, replica, &chosen, as_json);
    sdr_replica_free(&replica);
    return code;
}
