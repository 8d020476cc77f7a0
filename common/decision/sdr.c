/* sdr.c - see sdr.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "decision/sdr.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "ldap/directory.h"
#include "decision/source.h"

struct sdr {
    struct sdr_config *config;
    struct sdr_directory **directories;
    struct sdr_replica *replica;             /* NULL: none is configured */
    const struct sdr_substitute *substitute; /* NULL: none */
    atomic_uint references;
};

static bool
make_sources(struct sdr *sdr)
{
    unsigned count = sdr->config->directory_count;

    if (sdr->config->replica.path != NULL) {
        sdr->replica = sdr_replica_new(sdr->config);
        if (sdr->replica == NULL)
            return false;
    }
    sdr->directories = calloc(count, sizeof *sdr->directories);
    for (unsigned i = 0; sdr->directories != NULL && i < count; i++) {
        sdr->directories[i] = sdr_directory_new(sdr->config, i);
        if (sdr->directories[i] == NULL)
            return false;
    }
    return sdr->directories != NULL;
}

enum sdr_status
sdr_open(struct sdr **sdr, const char *path, const struct sdr_trace *mistakes)
{
    struct sdr *s = calloc(1, sizeof *s);
    enum sdr_status status;

    *sdr = NULL;
    if (s == NULL)
        return SDR_TEMPFAIL;
    atomic_init(&s->references, 1);
    status = sdr_config_load(&s->config, path, mistakes);
    if (status == SDR_OK && !make_sources(s))
        status = SDR_TEMPFAIL;
    if (status != SDR_OK)
        sdr_close(&s);
    *sdr = s;
    return status;
}

struct sdr *
sdr_ref(struct sdr *sdr)
{
    atomic_fetch_add(&sdr->references, 1);
    return sdr;
}

void
sdr_close(struct sdr **sdr)
{
    struct sdr *s = *sdr;

    *sdr = NULL;
    if (s == NULL || atomic_fetch_sub(&s->references, 1) > 1)
        return;
    for (unsigned i = 0;
         s->directories != NULL && i < s->config->directory_count; i++)
        sdr_directory_free(&s->directories[i]);
    free(s->directories);
    sdr_replica_free(&s->replica);
    sdr_config_free(&s->config);
    free(s);
}

const struct sdr_config *
sdr_get_config(const struct sdr *sdr)
{
    return sdr->config;
}

void
sdr_set_substitute(struct sdr *sdr, const struct sdr_substitute *substitute)
{
    sdr->substitute = substitute;
}

static void
trace_question(const struct sdr_trace *trace,
               const struct sdr_question *question)
{
    char text[SDR_ADDRESS_MAX + 1];

    if (trace == NULL)
        return;
    sdr_address_format(&question->address, text, sizeof text);
    sdr_trace(trace, "address %s%s", text,
              question->sent_to_us ? ", in this site's routing domain" : "");
    for (unsigned i = 0; i < question->keys.count; i++)
        sdr_trace(trace, "key %s@%s", question->keys.key[i].folded,
                  question->keys.key[i].domain);
}

static enum sdr_status
look_up(struct sdr *sdr, const char *recipient, bool named,
        const struct sdr_trace *trace, struct sdr_question *question,
        struct sdr_answer *answer, struct sdr_verdict *verdict)
{
    const struct sdr_source source = {sdr->config, sdr->replica,
                                      sdr->directories, sdr->substitute, named};

    if (sdr_route_begin(sdr->config, recipient, question, verdict) == SDR_OK)
        return SDR_OK;
    trace_question(trace, question);
    sdr_source_lookup(&source, &question->keys, trace, answer);
    return SDR_NOTFOUND;
}

enum sdr_status
sdr_look_up(struct sdr *sdr, const char *recipient,
            struct sdr_question *question, struct sdr_answer *answer,
            struct sdr_verdict *verdict)
{
    return look_up(sdr, recipient, true, NULL, question, answer, verdict);
}

static void
decide(struct sdr_workspace *workspace, struct sdr *sdr, const char *recipient,
       const struct sdr_trace *trace, struct sdr_verdict *verdict)
{
    struct sdr_question *question = &workspace->question;
    struct sdr_answer *answer = &workspace->answer;

    sdr_trace(trace, "recipient %s", recipient);
    if (look_up(sdr, recipient, false, trace, question, answer, verdict)
        != SDR_OK) {
        if (answer->status == SDR_OK)
            sdr_trace(trace, "found by key %s@%s in %s",
                      question->keys.key[answer->facts.key].folded,
                      question->keys.key[answer->facts.key].domain,
                      answer->facts.dn);
        sdr_route_decide(sdr->config, question, answer, verdict);
    }
    sdr_trace(trace, "rule %s", verdict->reason);
}

void
sdr_decide(struct sdr *sdr, const char *recipient,
           const struct sdr_trace *trace, struct sdr_verdict *verdict)
{
    struct sdr_workspace workspace;

    decide(&workspace, sdr, recipient, trace, verdict);
}

void
sdr_decide_in(struct sdr_workspace *workspace, struct sdr *sdr,
              const char *recipient, const struct sdr_trace *trace,
              struct sdr_verdict *verdict)
{
    decide(workspace, sdr, recipient, trace, verdict);
}

bool
sdr_needs_directory(struct sdr *sdr, const char *recipient)
{
    const struct sdr_source source = {sdr->config, sdr->replica, NULL,
                                      sdr->substitute, false};
    struct sdr_question question;
    struct sdr_verdict verdict;
    struct sdr_answer answer;

    if (sdr_route_begin(sdr->config, recipient, &question, &verdict) == SDR_OK)
        return false;
    if (sdr->replica == NULL)
        return true;
    sdr_source_lookup(&source, &question.keys, NULL, &answer);
    return answer.status == SDR_TEMPFAIL;
}

void
sdr_servers(struct sdr *sdr,
            void (*server)(void *arg, const struct sdr_server_count *count),
            void *arg)
{
    for (unsigned i = 0; i < sdr->config->directory_count; i++) {
        if (sdr->config->directories[i].ldif_path == NULL)
            sdr_directory_count(sdr->directories[i], server, arg);
    }
}
