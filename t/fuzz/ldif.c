/* ldif.c - fuzz target: the import of a directory that is an LDIF file
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * This file replaces source/refresh.c and source/worker.c: nothing is stored.
 */
#include "source/ldif_import.h"

#include <unistr.h>

#include "ldap/dn.h"
#include "replica/entry.h"
#include "files.h"
#include "fuzz.h"
#include "source/refresh.h"

static const char conf[] = "this-site = onprem\n"
                           "[site onprem]\n"
                           "routing-domain = onprem.%d\n"
                           "[site hosted]\n"
                           "routing-domain = hosted.%d\n"
                           "[domain example.com]\n"
                           "[directory corp]\n"
                           "uri = ldif:/there/corp\n"
                           "default-owner = onprem\n"
                           "[directory hybrid]\n"
                           "uri = ldif:/there/hybrid\n"
                           "search-base = ou=People,dc=com\n"
                           "profile = exchange\n"
                           "default-owner = hosted\n"
                           "[replica]\n"
                           "path = /there/replica\n";

static struct {
    unsigned begun, entries, with_address, ended, cleared;
} now;

/* ---- refresh.c and worker.c ---- */

void
refresh_begin(struct refresh *refresh, struct worker *worker,
              struct proof *proof)
{
    (void)proof;
    memset(refresh, 0, sizeof *refresh);
    refresh->worker = worker;
    now.begun++;
}

/* A name in UTF-8 and the same name in upper case have one normal form. */
static void
check_name(const char *dn)
{
    char *other = fuzz_text(dn, strlen(dn));
    char *a, *b;

    if (u8_check((const uint8_t *)dn, strlen(dn)) != NULL) {
        free(other);
        return;
    }
    for (char *s = other; *s != '\0'; s++) {
        if (*s >= 'a' && *s <= 'z')
            *s = (char)(*s - ('a' - 'A'));
    }
    a = dn_normal(dn);
    b = dn_normal(other);
    FUZZ_RULE(a != NULL && b != NULL && strcmp(a, b) == 0);
    FUZZ_RULE(dn_is_below(a, b) && dn_is_below(a, ""));
    free(b);
    free(a);
    free(other);
}

static void
check_octets(const struct entry *entry)
{
    struct entry_key key, last = {.strength = 0};
    struct entry_view view;
    struct sdr_facts facts;
    unsigned count = 0;

    FUZZ_RULE(entry_read(&view, entry->octets, entry->len));
    FUZZ_RULE(strcmp(view.dn, entry->dn) == 0);
    FUZZ_RULE(entry_facts(&view, &facts));
    FUZZ_RULE(facts.owners < 4 && facts.routing_site < 2);
    for (; entry_next_key(&view, &key); count++) {
        FUZZ_RULE(count == 0 || entry_key_compare(&last, &key) < 0);
        last = key;
    }
    FUZZ_RULE(view.keys_len == 0 && count == entry->key_count);
    now.with_address += count > 0;
}

enum sdr_status
refresh_entry(struct refresh *refresh, struct entry *entry,
              struct sdr_error *error)
{
    (void)refresh;
    (void)error;
    check_name(entry->dn);
    check_octets(entry);
    now.entries++;
    return SDR_OK;
}

enum sdr_status
refresh_end(struct refresh *refresh, bool swept, const struct store_mark *mark,
            struct sdr_error *error)
{
    (void)refresh;
    (void)error;
    FUZZ_RULE(swept && mark->stage == STORE_FULL && mark->from_a_file);
    now.ended++;
    return SDR_OK;
}

void
refresh_clear(struct refresh *refresh)
{
    (void)refresh;
    now.cleared++;
}

const struct sdr_directory_options *
worker_directory(const struct worker *worker)
{
    return &worker->config->directories[worker->directory];
}

bool
worker_stopping(struct worker *worker)
{
    return worker->stop;
}

/* ---- the target ---- */

/* The text is imported as a whole, or nothing is. */
static void
take(const struct sdr_config *config, unsigned directory, const char *text,
     size_t len)
{
    struct worker worker;
    struct sdr_error error = {""};
    enum sdr_status status;

    memset(&now, 0, sizeof now);
    memset(&worker, 0, sizeof worker);
    worker.config = config;
    worker.directory = directory;
    status = ldif_import(&worker, text, len, &error);
    FUZZ_RULE(status == SDR_OK || status == SDR_INVALID);
    FUZZ_RULE((status == SDR_OK) == (error.text[0] == '\0'));
    FUZZ_RULE(now.begun == (status == SDR_OK) && now.cleared == 0);
    FUZZ_RULE(now.ended == (status == SDR_OK));
    FUZZ_RULE(status != SDR_OK || now.with_address > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sdr_config *config;
    char *text = fuzz_copy(data, size);

    if (config == NULL)
        config = files_config(conf);
    for (unsigned i = 0; i < config->directory_count; i++)
        take(config, i, text, size);
    free(text);
    return 0;
}
