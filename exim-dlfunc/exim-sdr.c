/* exim-sdr.c - the functions that Exim calls with ${dlfunc{...}}
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The only place that knows Exim's local_scan.h, and little of it: Exim copies
 * what *yield points to, so that none of its memory functions, which differ
 * from version to version, is needed. The answer is OK and a text: any other
 * result misroutes, repeats a stale value or fills the panic log, depending on
 * where the function is used. The one exception is sdr_next_hop(), whose text
 * is read as a host.
 */
#define DLFUNC_IMPL
#include <exim4/local_scan.h>

#include "answer.h"
#include "config.h"
#include "guest.h"

/* Looked at: 4 (Exim 4.94) to 7 (after 4.99). */
#if LOCAL_SCAN_ABI_VERSION_MAJOR < 4 || LOCAL_SCAN_ABI_VERSION_MAJOR > 7
#error "exim-sdr does not know this version of Exim's local_scan.h"
#endif

#define EXPORT __attribute__((visibility("default")))

typedef int
function(uschar **yield, int argc, uschar *argv[]);
EXPORT function sdr_route, sdr_next_hop, sdr_owner, sdr_mark;

static char answer[ANSWER_SIZE];

void
guest_log(const char *line)
{
    log_write(0, LOG_MAIN, "%s", line);
}

static int
reply(uschar **yield)
{
    *yield = (uschar *)answer;
    return OK;
}

/* The argument number I, or OTHERWISE. Exim passes no more than it was given.
 */
static const char *
argument(int argc, uschar *argv[], int i, const char *otherwise)
{
    return i < argc && argv[i] != NULL ? (const char *)argv[i] : otherwise;
}

static const char *
path(int argc, uschar *argv[], int i)
{
    const char *given = argument(argc, argv, i, "");

    return given[0] == '\0' ? SDR_CONFIG_PATH : given;
}

/* A router with a mistake must not lose mail. */
static int
misused(uschar **yield, const char *usage)
{
    guest_log(usage);
    *yield = (uschar *)(uintptr_t) ":defer: 451 4.3.5 Configuration error, "
                                   "try again later";
    return OK;
}

int
sdr_route(uschar **yield, int argc, uschar *argv[])
{
    const char *recipient = argument(argc, argv, 0, "");

    if (argc < 1 || argc > 3)
        return misused(yield, "sdr_route: use {ADDRESS}{MARKS}{FILE}");
    answer_route(answer, sizeof answer, recipient,
                 guest_decide(path(argc, argv, 2), recipient,
                              argument(argc, argv, 1, "")));
    return reply(yield);
}

int
sdr_next_hop(uschar **yield, int argc, uschar *argv[])
{
    const struct sdr_verdict *verdict;

    if (argc < 1 || argc > 2) {
        guest_log("sdr_next_hop: use {ADDRESS}{FILE}");
        *yield = (uschar *)(uintptr_t) "sdr_next_hop: bad use";
        return FAIL;
    }
    verdict =
        guest_decide(path(argc, argv, 1), argument(argc, argv, 0, ""), "");
    answer_next_hop(answer, sizeof answer, verdict);
    if (verdict->kind != SDR_DEFER)
        return reply(yield);
    *yield = (uschar *)(uintptr_t)verdict->reply.text;
    return FAIL;
}

int
sdr_owner(uschar **yield, int argc, uschar *argv[])
{
    if (argc < 1 || argc > 2)
        return misused(yield, "sdr_owner: use {ADDRESS}{FILE}");
    answer_owner(
        answer, sizeof answer,
        guest_decide(path(argc, argv, 1), argument(argc, argv, 0, ""), ""));
    return reply(yield);
}

int
sdr_mark(uschar **yield, int argc, uschar *argv[])
{
    if (argc < 1 || argc > 2)
        return misused(yield, "sdr_mark: use {MARKS}{FILE}");
    guest_mark(path(argc, argv, 1), argument(argc, argv, 0, ""), answer,
               sizeof answer);
    return reply(yield);
}
