/* metrics.c - see metrics.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "prometheus.h"
#include "say.h"

enum {
    FOR_COUNT = DECISION_MAP + 1,
    VERDICTS = SDR_DEFER + 1,
    ORIGINS = SDR_FROM_REPLICA + 1,
    SITES = 64, /* of all configurations since the start */
    REPLIES = 8,
};

static const char *const names_for[] = {
    [DECISION_MILTER] = "milter",
    [DECISION_MAP] = "map",
};

/* Upper bounds, in microseconds. */
static const unsigned bounds[] = {
    10,    25,    50,    100,    250,    500,    1000,    2500,    5000,
    10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000};

enum { BOUNDS = sizeof bounds / sizeof bounds[0] };

static struct time_count {
    atomic_ullong up_to[BOUNDS]; /* and more than the previous bound */
    atomic_ullong count, microseconds;
} times[ORIGINS];

static atomic_ullong decisions[FOR_COUNT][VERDICTS][ORIGINS];
static atomic_ullong loops;

/* Counters by name; names are added as they occur. */
struct named {
    char name[256];
    unsigned long long count[FOR_COUNT];
};
static struct named sites[SITES], replies[REPLIES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of both */

/* ---- counting ---- */

static int64_t
microseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
count_time(struct time_count *time, int64_t took)
{
    for (unsigned i = 0; i < BOUNDS; i++) {
        if (took <= (int64_t)bounds[i]) {
            atomic_fetch_add(&time->up_to[i], 1);
            break;
        }
    }
    atomic_fetch_add(&time->count, 1);
    atomic_fetch_add(&time->microseconds, (unsigned long long)took);
}

static void
count_name(struct named *names, unsigned max, const char *name,
           enum decision_for whom)
{
    for (unsigned i = 0; i < max; i++) {
        if (names[i].name[0] == '\0')
            snprintf(names[i].name, sizeof names[i].name, "%s", name);
        if (strncmp(names[i].name, name, sizeof names[i].name - 1) == 0) {
            names[i].count[whom]++;
            return;
        }
    }
}

static void
count(enum decision_for whom, const struct sdr_verdict *verdict, int64_t took)
{
    atomic_fetch_add(&decisions[whom][verdict->kind][verdict->origin], 1);
    count_time(&times[verdict->origin], took);
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < verdict->config->site_count; i++) {
        if ((verdict->sites & (sdr_sites)1 << i) != 0)
            count_name(sites, SITES, verdict->config->sites[i].name, whom);
    }
    if (verdict->reply.code != NULL)
        count_name(replies, REPLIES, verdict->reply.enhanced, whom);
    pthread_mutex_unlock(&lock);
}

struct decision {
    struct sdr_verdict verdict; /* must be first */
    struct sdr_workspace workspace;
};

struct sdr_verdict *
decision_make(enum decision_for whom, struct sdr *sdr, const char *recipient,
              bool verbose)
{
    int debug = LOG_DEBUG;
    struct sdr_trace trace = {say_line, &debug};
    int64_t began = microseconds();
    struct decision *decision = malloc(sizeof *decision);

    if (decision == NULL)
        return NULL;
    sdr_decide_in(&decision->workspace, sdr, recipient, verbose ? &trace : NULL,
                  &decision->verdict);
    if (decision->verdict.decided)
        count(whom, &decision->verdict, microseconds() - began);
    return &decision->verdict;
}

void
decision_count_loop(void)
{
    atomic_fetch_add(&loops, 1);
}

/* ---- showing ---- */

static void
show_decisions(FILE *page)
{
    static const char name[] = "sdr_decisions_total";

    metrics_begin(page, name, "counter",
                  "Recipients in split domains, by what was decided.");
    for (unsigned whom = 0; whom < FOR_COUNT; whom++) {
        for (unsigned kind = 0; kind < VERDICTS; kind++) {
            for (unsigned origin = 0; origin < ORIGINS; origin++)
                metrics_value(
                    page, name,
                    (double)atomic_load(&decisions[whom][kind][origin]),
                    "by=%s,verdict=%s,source=%s", names_for[whom],
                    sdr_verdict_name(kind), sdr_origin_name(origin));
        }
    }
}

static void
show_names(FILE *page, const char *name, const char *help, const char *labels,
           const struct named *names, unsigned max)
{
    metrics_begin(page, name, "counter", help);
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < max && names[i].name[0] != '\0'; i++) {
        for (unsigned whom = 0; whom < FOR_COUNT; whom++)
            metrics_value(page, name, (double)names[i].count[whom], labels,
                          names_for[whom], names[i].name);
    }
    pthread_mutex_unlock(&lock);
}

static void
show_time(FILE *page, const char *origin, struct time_count *time)
{
    unsigned long long under = 0;
    char bound[32];

    for (unsigned i = 0; i < BOUNDS; i++) {
        under += atomic_load(&time->up_to[i]);
        snprintf(bound, sizeof bound, "%g", bounds[i] / 1e6);
        metrics_value(page, "sdr_decision_seconds_bucket", (double)under,
                      "source=%s,le=%s", origin, bound);
    }
    metrics_value(page, "sdr_decision_seconds_bucket",
                  (double)atomic_load(&time->count), "source=%s,le=%s", origin,
                  "+Inf");
    metrics_value(page, "sdr_decision_seconds_sum",
                  (double)atomic_load(&time->microseconds) / 1e6, "source=%s",
                  origin);
    metrics_value(page, "sdr_decision_seconds_count",
                  (double)atomic_load(&time->count), "source=%s", origin);
}

static void
show_asked(void *arg, const struct sdr_server_count *server)
{
    metrics_value(arg, "sdr_directory_questions_total", (double)server->asked,
                  "directory=%s,uri=%s", server->directory, server->uri);
}

static void
show_failed(void *arg, const struct sdr_server_count *server)
{
    static const char *const kinds[] = {
        [SDR_TROUBLE_CONNECT] = "connect",
        [SDR_TROUBLE_LOST] = "lost",
        [SDR_TROUBLE_ANSWER] = "answer",
    };

    for (unsigned kind = 0; kind < SDR_TROUBLES; kind++)
        metrics_value(arg, "sdr_directory_failures_total",
                      (double)server->failed[kind],
                      "directory=%s,uri=%s,kind=%s", server->directory,
                      server->uri, kinds[kind]);
}

static void
show_well(void *arg, const struct sdr_server_count *server)
{
    metrics_value(arg, "sdr_directory_well", server->well,
                  "directory=%s,uri=%s", server->directory, server->uri);
}

static void
show_servers(FILE *page, struct sdr *sdr)
{
    metrics_begin(page, "sdr_directory_questions_total", "counter",
                  "Questions to a directory server since the last reload.");
    sdr_servers(sdr, show_asked, page);
    metrics_begin(page, "sdr_directory_failures_total", "counter",
                  "Questions that it left without a sure answer.");
    sdr_servers(sdr, show_failed, page);
    metrics_begin(
        page, "sdr_directory_well", "gauge",
        "1: it is asked; 0: it failed and is left alone for a while.");
    sdr_servers(sdr, show_well, page);
}

void
milter_metrics_write(FILE *page, struct sdr *sdr)
{
    show_decisions(page);
    show_names(page, "sdr_sent_total",
               "Recipients sent to a site, once for each of their sites.",
               "by=%s,site=%s", sites, SITES);
    show_names(page, "sdr_refused_total",
               "Recipients rejected or deferred, by enhanced status code.",
               "by=%s,status=%s", replies, REPLIES);
    metrics_begin(page, "sdr_decision_seconds", "histogram",
                  "How long decisions took that needed a look-up.");
    for (unsigned origin = 0; origin < ORIGINS; origin++)
        show_time(page, sdr_origin_name(origin), &times[origin]);
    metrics_begin(page, "sdr_loops_total", "counter",
                  "Messages refused because they circle between sites.");
    metrics_value(page, "sdr_loops_total", (double)atomic_load(&loops), "");
    show_servers(page, sdr);
}
