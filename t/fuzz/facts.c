/* facts.c - fuzz target: directory entries, and the decision about them
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The first line has the number of a configuration and a recipient. The entries
 * follow: "dn" with the number of the directory and the name, then the values:
 *
 *   0 alice@example.com
 *   dn 2 cn=alice,dc=example,dc=com
 *   proxyAddresses: SMTP:alice@example.com
 *
 * Each entry is read in two ways: as by a live search, and as by sdr-sync and
 * the replica. Both must lead to the same verdict.
 */
#include "decision/facts.h"

#include "replica/entry.h"
#include "files.h"
#include "fuzz.h"
#include "decision/profile.h"
#include "decision/route.h"
#include "verdict.h"

/* The configurations of one organization at three of its sites. */
#define SITES                                                                  \
    "recipient-delimiter = +-\n"                                               \
    "[site onprem]\n"                                                          \
    "routing-domain = onprem.%d\n"                                             \
    "accept-domain = mail.example.net\n"                                       \
    "[site hosted]\n"                                                          \
    "routing-domain = hosted.%d\n"                                             \
    "owner-value = mx.hosted.example.net\n"                                    \
    "owner-value = cn=hosted,ou=groups,dc=example,dc=com\n"                    \
    "accept-domain = tenant.example.net\n"                                     \
    "strip-extension = yes\n"                                                  \
    "[site cloud]\n"                                                           \
    "routing-domain = cloud.%d\n"

#define DIRECTORY(name, profile)                                               \
    "[directory " name "]\n"                                                   \
    "uri = ldap://127.0.0.1:1\n"                                               \
    "search-base = dc=com\n"                                                   \
    "default-owner = onprem\n"                                                 \
    "profile = " profile "\n"

#define DOMAINS                                                                \
    "[domain example.com]\n"                                                   \
    "[domain example.org]\n"                                                   \
    "unknown = cloud\n"                                                        \
    "[domain example.net]\n"                                                   \
    "alias-of = example.com\n" DIRECTORY("sdr", "sdr")                         \
        DIRECTORY("laser", "laser") DIRECTORY("exchange", "exchange")          \
            DIRECTORY("qmail", "qmail")                                        \
                DIRECTORY("groups", "exchange") "owner-attribute = memberOf\n"

#define FAR                                                                    \
    "[site far]\n"                                                             \
    "routing-domain = far.%d\n"

static const char *const texts[] = {
    "this-site = onprem\n" SITES FAR "delivery = route\n"
    "next-hop = mx.far.test:25\n" DOMAINS,
    "this-site = hosted\n" SITES FAR DOMAINS,
    "this-site = cloud\n" SITES DOMAINS,
};

enum { VIEWS = sizeof texts / sizeof texts[0], ENTRIES_MAX = 64 };

static const struct sdr_config *configs[VIEWS];

/* The result of one way of reading, for each directory. */
struct findings {
    struct sdr_facts facts[8];
    bool found[8];
};

static struct {
    const struct sdr_config *config;
    struct sdr_question question;
    struct findings live, copied;
    /* the current entry */
    bool in_entry;
    unsigned directory;
    unsigned count;
    struct sdr_reader reader;
    struct entry entry;
} now;

/* ---- reading as the replica ---- */

/* Find the strongest key of the question that the entry has. Returns false if
 * it has none. */
static bool
find_key(struct entry_view view, struct sdr_facts *facts)
{
    struct entry_key found;
    bool any = false;

    while (entry_next_key(&view, &found)) {
        for (unsigned i = 0; i < now.question.keys.count; i++) {
            struct entry_key wanted = {.strength = 0};

            sdr_record_key(&wanted.key, now.directory,
                           &now.question.keys.key[i]);
            if (entry_key_compare(&wanted, &found) != 0
                || (any && i >= facts->key))
                continue;
            any = true;
            facts->key = i;
            entry_key_facts(&found, facts);
        }
    }
    return any;
}

static void
end_copy(void)
{
    struct sdr_facts facts;
    struct entry_view view;

    FUZZ_RULE(entry_end(&now.entry));
    FUZZ_RULE(entry_read(&view, now.entry.octets, now.entry.len));
    FUZZ_RULE(entry_facts(&view, &facts));
    facts.directory = now.directory;
    sdr_facts_apply(&facts, now.config);
    if (find_key(view, &facts))
        sdr_facts_merge(&now.copied.facts[now.directory],
                        &now.copied.found[now.directory], &facts);
    entry_clear(&now.entry);
}

/* ---- the input ---- */

static void
end_entry(void)
{
    if (!now.in_entry)
        return;
    now.in_entry = false;
    (void)sdr_reader_end(&now.reader, &now.live.facts[now.directory],
                         &now.live.found[now.directory]);
    end_copy();
}

static unsigned
number(char digit)
{
    return (unsigned char)(digit - '0');
}

/* Begin an entry: "dn N NAME". Ignores entries after ENTRIES_MAX. */
static void
begin_entry(const char *line)
{
    static const unsigned char id[SDR_RECORD_ID_SIZE] = "fuzz";
    const char *name = line[3] != '\0' ? line + 4 : "";

    end_entry();
    if (now.count++ == ENTRIES_MAX)
        return;
    now.in_entry = true;
    now.directory = number(line[3]) % now.config->directory_count;
    sdr_reader_begin(&now.reader, now.config, &now.question.keys, now.directory,
                     name);
    entry_begin(&now.entry, now.config, now.directory, id, name);
}

/* Take "ATTRIBUTE: VALUE". */
static void
take_value(char *line, size_t len)
{
    char *colon = strstr(line, ": ");
    size_t value_len;
    char *value;

    if (!now.in_entry || colon == NULL)
        return;
    *colon = '\0';
    value_len = len - (size_t)(colon + 2 - line);
    value = fuzz_copy(colon + 2, value_len);
    sdr_reader_value(&now.reader, line, value, value_len);
    entry_value(&now.entry, line, value, value_len);
    free(value);
}

static void
take_line(char *line, size_t len)
{
    if (strncmp(line, "dn ", 3) == 0)
        begin_entry(line);
    else
        take_value(line, len);
}

/* ---- the decision ---- */

static void
decide(const struct findings *findings, struct sdr_verdict *verdict)
{
    struct sdr_answer answer = {.status = SDR_NOTFOUND};
    bool found = false;

    for (unsigned i = 0; i < now.config->directory_count; i++) {
        if (findings->found[i])
            sdr_facts_merge(&answer.facts, &found, &findings->facts[i]);
    }
    if (found)
        answer.status = SDR_OK;
    answer.origin = SDR_FROM_DIRECTORY;
    sdr_route_decide(now.config, &now.question, &answer, verdict);
    verdict_check(&now.question, verdict);
}

/* The local part of each target is that of the recipient, with or without its
 * extension, or that of an entry's routing address. */
static void
check_local_parts(const struct sdr_verdict *verdict)
{
    for (unsigned i = 0; i < verdict->target_count; i++) {
        const char *text = verdict->targets[i].address;
        bool known = false;
        struct sdr_address target;

        FUZZ_RULE(sdr_address_parse(&target, text) == SDR_OK);
        for (unsigned k = 0; k < now.question.keys.count; k++) {
            char local[SDR_LOCAL_MAX + 1];

            sdr_keys_strip(&now.question.keys, k, local);
            known = known || strcmp(target.local, local) == 0;
        }
        for (unsigned d = 0; d < now.config->directory_count; d++)
            known = known
                    || (now.live.found[d]
                        && sdr_facts_has_address(&now.live.facts[d])
                        && strcmp(target.local, now.live.facts[d].routing.local)
                               == 0);
        FUZZ_RULE(known);
    }
}

static void
check_verdicts(void)
{
    struct sdr_verdict live, copied;

    decide(&now.live, &live);
    decide(&now.copied, &copied);
    check_local_parts(&live);
    FUZZ_RULE(live.kind == copied.kind);
    FUZZ_RULE(live.sites == copied.sites);
    FUZZ_RULE(live.next_hop == copied.next_hop);
    FUZZ_RULE(live.reply.enhanced == copied.reply.enhanced);
    FUZZ_RULE(live.target_count == copied.target_count);
    for (unsigned i = 0; i < live.target_count; i++)
        FUZZ_RULE(strcmp(live.targets[i].address, copied.targets[i].address)
                  == 0);
}

static void
begin(const char *line)
{
    unsigned view = number(line[0]) % VIEWS;
    struct sdr_verdict verdict;

    memset(&now, 0, sizeof now);
    if (configs[view] == NULL)
        configs[view] = files_config(texts[view]);
    now.config = configs[view];
    if (line[0] == '\0' || line[1] == '\0'
        || sdr_route_begin(now.config, line + 2, &now.question, &verdict)
               == SDR_OK)
        now.config = NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_lines lines = {(const char *)data, (const char *)data + size};
    size_t len;
    char *line = fuzz_line(&lines, &len);

    if (line == NULL)
        return 0;
    begin(line);
    free(line);
    if (now.config == NULL)
        return 0;
    while ((line = fuzz_line(&lines, &len)) != NULL) {
        take_line(line, len);
        free(line);
    }
    end_entry();
    check_verdicts();
    return 0;
}
