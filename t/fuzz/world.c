/* world.c - see world.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "world.h"

#include <stdarg.h>

#include "files.h"
#include "fuzz.h"
#include "decision/profile.h"
#include "say.h"
#include "verdict.h"

static const char conf[] = "this-site = onprem\n"
                           "recipient-delimiter = +\n"
                           "[site onprem]\n"
                           "routing-domain = onprem.%d\n"
                           "[site hosted]\n"
                           "routing-domain = hosted.%d\n"
                           "accept-domain = tenant.example.net\n"
                           "[site cloud]\n"
                           "routing-domain = cloud.%d\n"
                           "[site far]\n"
                           "routing-domain = far.%d\n"
                           "delivery = route\n"
                           "next-hop = mx.far.test:25\n"
                           "[domain example.com]\n"
                           "[domain example.org]\n"
                           "unknown = pass\n"
                           "[domain example.net]\n"
                           "alias-of = example.com\n"
                           "[directory corp]\n"
                           "uri = ldap://127.0.0.1:1\n"
                           "search-base = dc=com\n"
                           "default-owner = onprem\n"
                           "[milter]\n"
                           "socket = unix:/there/milter\n"
                           "map-socket = unix:/there/map\n"
                           "rewrite = tables\n"
                           "milter-route = pass\n";

/* An address, then its owners and routing addresses. */
static const char *const entries[][5] = {
    {"alice@example.com", "hosted"},
    {"bob@example.com", "hosted"},
    {"dave@example.com", "onprem"},
    {"both@example.com", "onprem", "hosted"},
    {"two@example.com", "hosted", "cloud"},
    {"three@example.com", "onprem", "hosted", "cloud"},
    {"far@example.com", "far"},
    {"farboth@example.com", "far", "hosted"},
    {"farhere@example.com", "far", "onprem"},
    {"routed@example.com", "hosted", "r.x@hosted.example.com"},
    {"tenant@example.com", "t@tenant.example.net"},
    {"stranger@example.com", "nowhere"},
    {"outside@example.com", "o@elsewhere.test"},
    {"quo ted, x@example.com", "hosted", "onprem"},
    {"a%b@example.com", "hosted"},
    {"j\xc3\xb6rg@example.com", "hosted"},
    {"@example.org", "hosted"},
};

struct sdr {
    const struct sdr_config *config;
    unsigned references;
};

static struct sdr company;
static struct sdr_config *milter_config; /* a copy with rewrite = milter */
static bool milter_rewrites;

struct sdr *
world_get(void)
{
    if (company.config == NULL)
        company.config = files_config(conf);
    return sdr_ref(&company);
}

void
world_milter_rewrites(bool does)
{
    milter_rewrites = does;
}

unsigned
world_references(void)
{
    return company.references;
}

struct sdr *
sdr_ref(struct sdr *sdr)
{
    sdr->references++;
    return sdr;
}

void
sdr_close(struct sdr **sdr)
{
    if (*sdr == NULL)
        return;
    FUZZ_RULE((*sdr)->references > 0);
    (*sdr)->references--;
    *sdr = NULL;
}

const struct sdr_config *
sdr_get_config(const struct sdr *sdr)
{
    if (!milter_rewrites)
        return sdr->config;
    if (milter_config == NULL) {
        milter_config = malloc(sizeof *milter_config);
        FUZZ_RULE(milter_config != NULL);
        *milter_config = *sdr->config;
        milter_config->milter.rewrite = SDR_MILTER_REWRITES;
    }
    return milter_config;
}

/* ---- the directory ---- */

static void
ask(const struct sdr_config *config, const char *const entry[5],
    const struct sdr_keys *keys, struct sdr_facts *best, bool *found)
{
    struct sdr_reader reader;

    sdr_reader_begin(&reader, config, keys, 0, entry[0]);
    sdr_reader_value(&reader, "mail", entry[0], strlen(entry[0]));
    for (unsigned i = 1; i < 5 && entry[i] != NULL; i++)
        sdr_reader_value(&reader,
                         strchr(entry[i], '@') != NULL ? "sdrRoutingAddress"
                                                       : "sdrOwner",
                         entry[i], strlen(entry[i]));
    sdr_reader_end(&reader, best, found);
}

bool world_was_asked;

/* The directory cannot be asked for addresses that begin with "away". */
static void
look_up(const struct sdr_config *config, const struct sdr_keys *keys,
        struct sdr_answer *answer)
{
    bool found = false;

    world_was_asked = true;
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        ask(config, entries[i], keys, &answer->facts, &found);
    answer->status = found ? SDR_OK : SDR_NOTFOUND;
    if (strncmp(keys->key[0].folded, "away", 4) == 0)
        answer->status = SDR_TEMPFAIL;
}

void
sdr_decide(struct sdr *sdr, const char *recipient,
           const struct sdr_trace *trace, struct sdr_verdict *verdict)
{
    struct sdr_answer answer = {.origin = SDR_FROM_DIRECTORY};
    struct sdr_question question;

    FUZZ_RULE(sdr->references > 0);
    sdr_trace(trace, "recipient %s", recipient);
    if (sdr_route_begin(sdr->config, recipient, &question, verdict) != SDR_OK) {
        look_up(sdr->config, &question.keys, &answer);
        sdr_route_decide(sdr->config, &question, &answer, verdict);
    }
    verdict_check(&question, verdict);
}

void
sdr_decide_in(struct sdr_workspace *workspace, struct sdr *sdr,
              const char *recipient, const struct sdr_trace *trace,
              struct sdr_verdict *verdict)
{
    (void)workspace;
    sdr_decide(sdr, recipient, trace, verdict);
}

bool
sdr_needs_directory(struct sdr *sdr, const char *recipient)
{
    struct sdr_question question;
    struct sdr_verdict verdict;

    return sdr_route_begin(sdr->config, recipient, &question, &verdict)
           != SDR_OK;
}

/* There are no servers. */
void
sdr_servers(struct sdr *sdr,
            void (*server)(void *arg, const struct sdr_server_count *count),
            void *arg)
{
    (void)sdr;
    (void)server;
    (void)arg;
}

/* ---- the log ---- */

void
say(int priority, const char *format, ...)
{
    char line[16384];
    va_list args;
    int len;

    FUZZ_RULE(priority >= LOG_EMERG && priority <= LOG_DEBUG);
    va_start(args, format);
    len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    FUZZ_RULE(len > 0 && (size_t)len < sizeof line);
    FUZZ_RULE(fuzz_is_clean(line));
}

void
say_line(void *arg, const char *text)
{
    say(*(int *)arg, "%s", text);
}
