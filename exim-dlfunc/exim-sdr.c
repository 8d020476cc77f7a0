/* exim-sdr.c - the functions that Exim calls with ${dlfunc{...}}
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The only place that knows Exim's local_scan.h, and little of it. The answer
 * is OK and a text, which Exim copies: any other result misroutes, repeats a
 * stale value or fills the panic log, depending on where the function is used.
 * The exceptions are sdr_next_hop() and sdr_mark(), whose text would
 * be read as a host or a header line.
 */
#define DLFUNC_IMPL
#include <exim4/local_scan.h>
#include <stdbool.h>

#include "answer.h"
#include "config/config.h"
#include "process.h"

/* Verified with: 4 (Exim 4.94) to 7 (after 4.99). */
#if LOCAL_SCAN_ABI_VERSION_MAJOR < 4 || LOCAL_SCAN_ABI_VERSION_MAJOR > 7
#error "exim-sdr does not know this version of Exim's local_scan.h"
#elif LOCAL_SCAN_ABI_VERSION_MAJOR < 6
#define TAINTED TRUE
#else
#define TAINTED GET_TAINTED
#endif

#define EXPORT __attribute__((visibility("default")))

typedef int
function(uschar **yield, int argc, uschar *argv[]);
EXPORT function sdr_route, sdr_verify, sdr_next_hop, sdr_owner, sdr_loop,
    sdr_mark;

static char answer[ANSWER_SIZE];

/* True if the last answer leaves for another site and has no mark yet: an
 * address that sdr_route() returns may be passed to sdr_next_hop() again. */
static bool leaves = true;

void
process_log(const char *line)
{
    log_write(0, LOG_MAIN, "%s", line);
}

static int
reply(uschar **yield)
{
    *yield = (uschar *)answer;
    return OK;
}

/* Return a tainted answer. It contains a local part from the client, which must
 * not become a file name; Exim refuses that for tainted text. */
static int
reply_tainted(uschar **yield)
{
    *yield = string_copy_taint((uschar *)answer, TAINTED);
    return OK;
}

/* Returns argument I, or OTHERWISE if it was not given. */
static const char *
argument(int argc, uschar *argv[], int i, const char *otherwise)
{
    return i < argc && argv[i] != NULL ? (const char *)argv[i] : otherwise;
}

static const char *
recipient(int argc, uschar *argv[])
{
    static char text[ANSWER_RECIPIENT_SIZE];

    answer_recipient(text, argument(argc, argv, 0, ""));
    return text;
}

static const char *
path(int argc, uschar *argv[], int i)
{
    const char *given = argument(argc, argv, i, "");

    return given[0] == '\0' ? SDR_CONFIG_PATH : given;
}

/* Defer: a misconfigured router must not lose mail. */
static int
misused(uschar **yield, const char *usage)
{
    static const char reply[] =
        ":defer: 451 4.3.5 Configuration error, try again later";

    process_log(usage);
    *yield = (uschar *)(uintptr_t)reply;
    return OK;
}

/* Fail, where the text would be read as a host or a header line: Exim defers.
 */
static int
fail(uschar **yield, const char *reason)
{
    *yield = (uschar *)(uintptr_t)reason;
    return FAIL;
}

int
sdr_route(uschar **yield, int argc, uschar *argv[])
{
    const struct sdr_verdict *verdict;
    const char *address = recipient(argc, argv);

    if (argc < 1 || argc > 3)
        return misused(yield, "sdr_route: use {ADDRESS}{MARKS}{FILE}");
    verdict = process_decide(path(argc, argv, 2), address,
                             argument(argc, argv, 1, ""));
    answer_route(answer, sizeof answer, address, verdict);
    leaves = answer_route_leaves(verdict);
    return reply_tainted(yield);
}

int
sdr_verify(uschar **yield, int argc, uschar *argv[])
{
    const struct sdr_verdict *verdict;
    const char *address = recipient(argc, argv);

    if (argc < 1 || argc > 3)
        return misused(yield, "sdr_verify: use {ADDRESS}{MARKS}{FILE}");
    verdict = process_decide(path(argc, argv, 2), address,
                             argument(argc, argv, 1, ""));
    answer_verify(answer, sizeof answer, address, verdict);
    return reply_tainted(yield);
}

int
sdr_next_hop(uschar **yield, int argc, uschar *argv[])
{
    const struct sdr_verdict *verdict;

    if (argc < 1 || argc > 2)
        return fail(yield, "sdr_next_hop: use {ADDRESS}{FILE}");
    verdict = process_decide(path(argc, argv, 1), recipient(argc, argv), NULL);
    answer_next_hop(answer, sizeof answer, verdict);
    leaves = verdict->kind == SDR_ROUTE && verdict->target_count == 0;
    return verdict->kind == SDR_DEFER ? fail(yield, verdict->reply.text)
                                      : reply(yield);
}

int
sdr_owner(uschar **yield, int argc, uschar *argv[])
{
    if (argc < 1 || argc > 2)
        return misused(yield, "sdr_owner: use {ADDRESS}{FILE}");
    answer_owner(
        answer, sizeof answer,
        process_decide(path(argc, argv, 1), recipient(argc, argv), ""));
    return reply(yield);
}

int
sdr_loop(uschar **yield, int argc, uschar *argv[])
{
    struct sdr_reply why;

    if (argc < 2 || argc > 3)
        return misused(yield, "sdr_loop: use {RECIPIENTS}{MARKS}{FILE}");
    answer[0] = '\0';
    if (process_is_loop(path(argc, argv, 2), argument(argc, argv, 0, ""),
                        argument(argc, argv, 1, ""), &why))
        answer_refusal(answer, sizeof answer, &why);
    return reply(yield);
}

int
sdr_mark(uschar **yield, int argc, uschar *argv[])
{
    if (argc < 1 || argc > 2)
        return fail(yield, "sdr_mark: use {MARKS}{FILE}");
    answer[0] = '\0';
    if (leaves)
        process_mark(path(argc, argv, 1), argument(argc, argv, 0, ""), answer,
                     sizeof answer);
    return reply(yield);
}
