/* command.c - sdrctl verify: which sites accept each recipient
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "chosen.h"
#include "command.h"
#include "print.h"
#include "usage.h"
#include "verify/addresses.h"
#include "verify/verify.h"

enum { RATE = 100, RATE_MAX = 10000, RETRIES = 2, RETRIES_MAX = 20 };
enum { RETRY_AFTER = 60, RETRY_AFTER_MAX = 3600 };

static const struct option options[] = {
    NETWORK_OPTIONS,
    {"file", required_argument, NULL, 'i'},
    {"filter", required_argument, NULL, 'l'},
    {"all", no_argument, NULL, 'a'},
    {"site", required_argument, NULL, 's'},
    {"at", required_argument, NULL, 't'},
    {"rate", required_argument, NULL, 'r'},
    {"retries", required_argument, NULL, 'n'},
    {"retry-after", required_argument, NULL, 'w'},
    {"csv", no_argument, NULL, 'c'},
    {"json", no_argument, NULL, 'j'},
    {NULL, 0, NULL, 0},
};

/* The arguments. */
struct arguments {
    const char *file, *filter;
    bool all, chooses; /* --site was given */
    void (*print)(const struct verify *verify);
};

/* ---- the arguments ---- */

/* Parse SITE=HOST[:PORT]. */
static bool
read_at(struct verify *verify, struct sdr_error *error)
{
    char *host = strchr(optarg, '=');
    char name[DNS_NAME_SIZE];
    uint16_t port = 0;
    unsigned site;

    if (host == NULL || !split_next_hop(host + 1, name, &port)) {
        sdr_error_set(error, "--at: \"%s\" is not SITE=HOST[:PORT]", optarg);
        return false;
    }
    *host++ = '\0';
    if (!find_named_site(verify->config, "--at", optarg, &site, error))
        return false;
    verify->sites[site].at = host;
    return true;
}

static bool
set_format(struct arguments *arguments,
           void (*print)(const struct verify *verify), struct sdr_error *error)
{
    if (arguments->print != NULL)
        sdr_error_set(error, "use only one of --csv and --json");
    arguments->print = print;
    return error->text[0] == '\0';
}

static bool
read_retries(struct verify *verify, struct sdr_error *error)
{
    verify->retries = 0;
    return strcmp(optarg, "0") == 0
           || network_number("--retries", RETRIES_MAX, &verify->retries, error);
}

static bool
read_option(struct verify *verify, struct arguments *arguments, int c,
            struct sdr_error *error)
{
    unsigned site;

    switch (c) {
    case 'i':
        arguments->file = optarg;
        return true;
    case 'l':
        arguments->filter = optarg;
        return true;
    case 'a':
        return arguments->all = true;
    case 's':
        if (!find_named_site(verify->config, "--site", optarg, &site, error))
            return false;
        return arguments->chooses = verify->sites[site].asked = true;
    case 't':
        return read_at(verify, error);
    case 'r':
        return network_number("--rate", RATE_MAX, &verify->rate, error);
    case 'n':
        return read_retries(verify, error);
    case 'w':
        return network_number("--retry-after", RETRY_AFTER_MAX,
                              &verify->retry_after, error);
    case 'c':
        return set_format(arguments, verify_as_csv, error);
    case 'j':
        return set_format(arguments, verify_as_json, error);
    default:
        return network_option(&verify->network, c, error);
    }
}

/* Choose the sites to test. Without --site these are all but this site: its own
 * MTA routes mail for all sites, so its answers prove nothing. */
static bool
choose_sites(struct verify *verify, const struct arguments *arguments,
             struct sdr_error *error)
{
    unsigned here = verify->config->this_site;
    const char *name = verify->config->sites[here].name;

    for (unsigned i = 0; i < verify->config->site_count; i++) {
        if (!arguments->chooses)
            verify->sites[i].asked = i != here || verify->sites[i].at != NULL;
        else if (verify->sites[i].at != NULL && !verify->sites[i].asked) {
            sdr_error_set(error,
                          "--at %s=...: it is not among the sites of "
                          "--site",
                          verify->config->sites[i].name);
            return false;
        }
    }
    if (verify->sites[here].asked && verify->sites[here].at == NULL) {
        sdr_error_set(error,
                      "--site: %s is this site: name the host that has its "
                      "mailboxes, --at %s=HOST",
                      name, name);
        return false;
    }
    return true;
}

static bool
check_arguments(struct verify *verify, const struct arguments *arguments,
                int addresses, struct sdr_error *error)
{
    const char *filter = arguments->filter;
    int sources = (addresses > 0) + (arguments->file != NULL) + (filter != NULL)
                  + arguments->all;

    if (sources != 1)
        sdr_error_set(error,
                      "expected either addresses, --file, --filter or --all");
    return error->text[0] == '\0' && is_filter(filter, error)
           && choose_sites(verify, arguments, error)
           && network_open(&verify->network, error) == SDR_OK;
}

/* ---- the run ---- */

/* Fill the batch. Returns the exit code. */
static int
read_addresses(struct verify *verify, const struct arguments *arguments,
               int count, char **addresses)
{
    struct batch *batch = &verify->batch;
    struct sdr_error error = {""};
    enum sdr_status status = SDR_OK;

    for (int i = 0; i < count; i++) {
        if (!batch_add(batch, addresses[i], 0))
            return EX_TEMPFAIL;
    }
    if (arguments->file != NULL)
        return batch_read(batch, arguments->file, batch_print_mistake, NULL)
                   ? EX_OK
                   : EX_DATAERR;
    if (arguments->filter != NULL || arguments->all)
        status =
            addresses_read(batch, verify->config, arguments->filter, &error);
    if (status != SDR_OK)
        print_error_line(&error);
    return sdr_status_exit(status);
}

static int
exit_code(const struct verify *verify)
{
    for (int i = 0; i < FINDINGS; i++) {
        if (finding_texts[i].is_wrong && verify->counts[i] > 0)
            return EX_DATAERR;
    }
    if (verify->counts[FINDING_UNKNOWN] + verify->counts[FINDING_UNPROVEN] > 0)
        return EX_TEMPFAIL;
    return verify->counts[FINDING_NO_ENTRY] > 0 ? EX_NOUSER : EX_OK;
}

static void
warn_unasked(const struct verify *verify)
{
    unsigned here = verify->config->this_site;
    const char *name = verify->config->sites[here].name;
    struct sdr_error warning;

    if (verify->sites[here].asked || verify->counts[FINDING_UNASKED] == 0)
        return;
    sdr_error_set(&warning,
                  "warning: site %s is this site and was not asked: to ask the "
                  "host that has its mailboxes, add --at %s=HOST",
                  name, name);
    print_error_line(&warning);
}

static int
run(struct verify *verify, const struct arguments *arguments, int count,
    char **addresses)
{
    int code = read_addresses(verify, arguments, count, addresses);

    if (code != EX_OK)
        return code;
    if (verify->batch.count == 0) {
        fputs("sdrctl: no addresses\n", stderr);
        return EX_DATAERR;
    }
    if (!verify_look_up(verify) || !verify_ask(verify)) {
        fputs("sdrctl: no memory\n", stderr);
        return EX_TEMPFAIL;
    }
    warn_unasked(verify);
    if (arguments->print != NULL)
        arguments->print(verify);
    else
        verify_as_text(verify);
    return exit_code(verify);
}

int
command_verify(struct sdr *sdr, int argc, char **argv)
{
    struct verify verify = {.sdr = sdr,
                            .config = sdr_get_config(sdr),
                            .rate = RATE,
                            .retries = RETRIES,
                            .retry_after = RETRY_AFTER};
    struct arguments arguments = {.file = NULL};
    struct sdr_error error = {""};
    int c, code;

    network_init(&verify.network);
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (!read_option(&verify, &arguments, c, &error))
            return usage_error("verify", "%s", error.text);
    }
    if (!check_arguments(&verify, &arguments, argc - optind, &error)) {
        network_close(&verify.network);
        return usage_error("verify", "%s", error.text);
    }
    code = run(&verify, &arguments, argc - optind, argv + optind);
    network_close(&verify.network);
    verify_clear(&verify);
    batch_clear(&verify.batch);
    return code;
}
