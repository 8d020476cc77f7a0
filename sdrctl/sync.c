/* sync.c - sdrctl sync: how good is the replica?
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "accept.h"
#include "copy.h"
#include "json.h"
#include "sdrctl.h"

static const struct option options[] = {
    {"json", no_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

/* ---- text ---- */

static void
print_when(const char *name, int64_t moment, time_t now)
{
    char text[64];

    if (moment == 0)
        return;
    copy_duration((int64_t)now - moment, text, sizeof text);
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
        return "not complete yet";
    case COPY_NONE:
        return "no copy";
    }
    return "";
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
        printf("  %-15s losses of %" PRIu64 " entries; old data stay in force "
               "for them\n%18slook at the directory; if it is right: sdrctl "
               "sync accept\n",
               "held back", copy->state.held, "");
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
           headline(copy->quality),
           copy->state.holding != 0 ? ", LOSSES HELD BACK" : "");
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
make_moment(int64_t moment)
{
    return moment == 0 ? json_null() : json_integer(moment);
}

/* Seconds; 0 is not any more, null for ever. */
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
    json_object_set_new(object, "contact", make_moment(state->contact));
    json_object_set_new(object, "full-read", make_moment(status->refreshed));
    json_object_set_new(object, "changed", make_moment(status->changed));
    json_object_set_new(object, "generation",
                        json_integer((json_int_t)status->generation));
    json_object_set_new(object, "failed", make_moment(status->failed));
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

        if (!is_chosen(chosen, &config->directories[i]))
            continue;
        copy_look(&copy, config, replica, i, now);
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
    int c, code;

    if (argc < 2 || (!accepts && strcmp(argv[1], "status") != 0))
        return bad_use("sync", "status or accept?");
    argc--;
    argv++;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == '?' || accepts)
            return bad_use("sync", "bad option");
        as_json = true;
    }
    chosen = (struct chosen){argc - optind, argv + optind};
    if (!is_choice(config, &chosen))
        return bad_use("sync", "there is no such directory");
    if (config->replica.path == NULL)
        return no_replica(config);
    replica = sdr_replica_new(config);
    if (replica == NULL)
        return EX_TEMPFAIL;
    code = accepts ? accept_losses(config, replica, &chosen)
                   : status(config, replica, &chosen, as_json);
    sdr_replica_free(&replica);
    return code;
}
