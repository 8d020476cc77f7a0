/* exim.c - sdrctl check mta: Exim, and the library that it loads
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/exim.h"

#include <stdio.h>
#include <string.h>

/* ---- the library ---- */

/* Let Exim call the library for an invented address. Returns true if that
 * works. */
static bool
look_at_library(struct exim *exim)
{
    const char *start = strstr(exim->data, "${dlfunc{");
    const char *last = strrchr(exim->data, '{');
    char library[512] = "", conf[512], string[VALUE_SIZE];
    const struct reply *reply;
    bool usable = false;

    if (start != NULL)
        snprintf(library, sizeof library, "%.*s", (int)strcspn(start + 9, "}"),
                 start + 9);
    snprintf(conf, sizeof conf, "%s", SDR_CONFIG_PATH);
    if (last != NULL && last[1] == '/')
        snprintf(conf, sizeof conf, "%.*s", (int)strcspn(last + 1, "}"),
                 last + 1);
    snprintf(string, sizeof string,
             "${dlfunc{%s}{sdr_owner}{postmaster@sdr.invalid}{%s}}", library,
             conf);
    reply = ask_exim(exim, "-be", string);
    if (reply->code != 0)
        report(
            exim->mta, CHECK_UNREACHABLE, "library",
            "run sdrctl as root; exim -be shows the error",
            "exim -be fails, so sdrctl does not know whether Exim can call %s",
            library);
    else if (strncmp(reply->text, "Failed: ", 8) == 0)
        report(exim->mta, CHECK_WRONG, "library",
               "correct SDR_SO, or install the library for this Exim",
               "Exim cannot call the library: %s: all mail is deferred",
               reply->text + 8);
    else if (reply->text[0] != '\0')
        report(exim->mta, CHECK_WRONG, "library",
               "see the reason in Exim's log, run sdrctl check, and see Access "
               "in exim-sdr(7)",
               "%s cannot use %s: %s", library, conf, reply->text);
    else
        usable = true;
    if (usable)
        report(exim->mta, CHECK_OK, "library", NULL,
               "Exim calls %s, which reads %s", library, conf);
    if (!same_path(conf, exim->mta->config->path))
        report(exim->mta, CHECK_DOUBTFUL, "library",
               "correct SDR_CONF, or check that file with sdrctl -c",
               "Exim uses %s, but sdrctl checks %s", conf,
               exim->mta->config->path);
    return usable;
}

/* ---- all of it ---- */

/* "sdr router:", its options a line each, an empty line. */
static bool
find_router(struct exim *exim)
{
    const struct reply *reply = ask_exim(exim, "-bP", "routers");
    static const char head[] = " router:";
    char data[VALUE_SIZE];

    for (const char *line = NULL; exim->count < ROUTERS_MAX
                                  && (line = next_line(reply, line)) != NULL;) {
        size_t len = strlen(line);

        if (len < sizeof head || strcmp(line + len + 1 - sizeof head, head))
            continue;
        read_router_option(line, "data", data);
        if (exim->name[0] == '\0' && strstr(data, "{sdr_route}") != NULL) {
            exim->index = exim->count;
            name_router(line, exim->name);
            snprintf(exim->data, sizeof exim->data, "%s", data);
        }
        exim->routers[exim->count++] = line;
    }
    return exim->name[0] != '\0';
}

static void
look(struct exim *exim)
{
    bool usable;

    report(exim->mta, CHECK_OK, "routers", NULL, "the router %s asks sdr",
           exim->name);
    usable = look_at_library(exim);
    if (exim->mta->config->replica.path != NULL)
        report_compiled(exim->mta->config, &exim->mta->worst);
    look_at_sdr_router(exim);
    for_each_domain(exim->mta->config, look_at_domain_lists, exim);
    look_at_next_hops(exim);
    look_at_acls(exim);
    look_at_callouts(exim);
    look_at_later_routers(exim);
    if (usable)
        for_each_domain(exim->mta->config, look_at_addresses, exim);
}

bool
check_exim(struct mta *mta)
{
    struct exim exim = {.mta = mta, .file = mta->check->exim_config};
    const struct reply *version;

    if (!find_program("exim4", exim.program)
        && !find_program("exim", exim.program))
        return false;
    report_heading("mta: Exim%s%s", exim.file != NULL ? ", " : "",
                   exim.file != NULL ? exim.file : "");
    version = ask_exim(&exim, "-bV", NULL);
    exim.config = ask_exim(&exim, "-bP", "config");
    if (version->code != 0 || exim.config->code != 0)
        report(mta, CHECK_UNREACHABLE, "program",
               "run sdrctl as root; exim -bV shows the error", "%s",
               version->code != 0 ? version->why : exim.config->why);
    else if (!has_text(version, "Expand_dlfunc"))
        report(mta, CHECK_WRONG, "program",
               "on Debian: install exim4-daemon-heavy",
               "%s cannot load libraries (no Expand_dlfunc)", exim.program);
    else if (!find_router(&exim))
        report(mta, CHECK_WRONG, "routers", exim_examples,
               "none of the %u routers asks sdr: no mail is routed",
               exim.count);
    else
        look(&exim);
    return true;
}
