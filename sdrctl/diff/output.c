/* output.c - the differences as text, CSV and JSON
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "csv.h"
#include "diff/diff.h"
#include "json.h"
#include "print.h"
#include "verdict_text.h"

enum { WORDS_SIZE = 2048 };

/* ---- words ---- */

/* Returns the reason without the DN of the entry, so that recipients with the
 * same reason are grouped. */
static const char *
reason_of(const struct sdr_verdict *verdict)
{
    const char *reason = verdict->reason;

    for (const char *at = reason;
         verdict->mistake && (at = strstr(at, ": ")) != NULL;)
        reason = at += 2;
    return reason;
}

/* Append TEXT, truncated to fit. */
static void
put(char words[WORDS_SIZE], const char *text)
{
    size_t used = strlen(words), len = strlen(text);

    if (len > WORDS_SIZE - 1 - used)
        len = WORDS_SIZE - 1 - used;
    memcpy(words + used, text, len);
    words[used + len] = '\0';
}

/* Append "redirect to hosted, cloud (owner from the directory)". */
static void
put_words(char words[WORDS_SIZE], const struct sdr_verdict *verdict)
{
    const struct sdr_config *config = verdict->config;
    const char *before = " to ";

    put(words, sdr_verdict_name(verdict->kind));
    for (unsigned i = 0; i < config->site_count; i++) {
        if ((verdict->sites & (sdr_sites)1 << i) == 0)
            continue;
        put(words, before);
        put(words, config->sites[i].name);
        before = ", ";
    }
    if (verdict->reply.code != NULL) {
        put(words, " ");
        put(words, verdict->reply.code);
        put(words, " ");
        put(words, verdict->reply.enhanced);
    }
    put(words, " (");
    put(words, reason_of(verdict));
    put(words, ")");
}

/* ---- text ---- */

static struct group *
find_group(struct diff *diff, const char *words)
{
    struct group group = {.count = 0};

    for (size_t i = 0; i < diff->group_count; i++) {
        if (strcmp(diff->groups[i].words, words) == 0)
            return &diff->groups[i];
    }
    group.words = strdup(words);
    if (group.words != NULL
        && sdr_array_append(&diff->groups, &diff->group_count,
                            &diff->group_room, &group, sizeof group))
        return &diff->groups[diff->group_count - 1];
    free(group.words);
    return NULL;
}

static void
add_to_group(struct diff *diff, const char *recipient)
{
    char words[WORDS_SIZE];
    struct group *group;

    words[0] = '\0';
    put_words(words, &diff->old.verdict);
    put(words, " -> ");
    put_words(words, &diff->new.verdict);
    group = find_group(diff, words);
    if (group == NULL) {
        diff->no_memory = true;
        return;
    }
    if (group->count < EXAMPLES) {
        group->examples[group->count] = strdup(recipient);
        diff->no_memory |= group->examples[group->count] == NULL;
    }
    group->count++;
}

static int
compare_groups(const void *a, const void *b)
{
    const struct group *x = a, *y = b;

    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return strcmp(x->words, y->words);
}

static void
print_group(const struct group *group)
{
    printf("%zu ", group->count);
    print_clean(group->words);
    fputs("\n    ", stdout);
    for (size_t i = 0; i < EXAMPLES && i < group->count; i++) {
        fputs(i > 0 ? ", " : "", stdout);
        if (group->examples[i] != NULL)
            print_clean(group->examples[i]);
    }
    puts(group->count > EXAMPLES ? ", ..." : "");
}

static void
print_groups(struct diff *diff)
{
    if (diff->group_count > 1)
        qsort(diff->groups, diff->group_count, sizeof *diff->groups,
              compare_groups);
    for (size_t i = 0; i < diff->group_count; i++)
        print_group(&diff->groups[i]);
    printf("%zu of %zu recipients change\n", diff->changed,
           diff->recipients.count);
}

/* ---- CSV and JSON ---- */

static void
put_targets(const struct sdr_verdict *verdict)
{
    char text[1024] = "";
    size_t len = 0;

    for (unsigned i = 0; i < verdict->target_count && len < sizeof text; i++)
        len +=
            (size_t)snprintf(text + len, sizeof text - len, "%s%s",
                             len > 0 ? " " : "", verdict->targets[i].address);
    csv_text(text);
}

static void
put_fields(const struct sdr_verdict *verdict)
{
    printf(",%s,", sdr_verdict_name(verdict->kind));
    put_targets(verdict);
    putchar(',');
    csv_text(verdict->reason);
}

static void
print_csv(const struct diff *diff, const char *recipient)
{
    csv_text(recipient);
    put_fields(&diff->old.verdict);
    put_fields(&diff->new.verdict);
    fputs("\r\n", stdout);
}

static void
print_json(const struct diff *diff, const char *recipient)
{
    json_t *object = json_object();

    json_object_set_new(object, "recipient", make_string(recipient));
    json_object_set_new(object, "before",
                        make_verdict(recipient, &diff->old.verdict));
    json_object_set_new(object, "after",
                        make_verdict(recipient, &diff->new.verdict));
    print_object(object);
}

/* ---- all ---- */

void
diff_begin(const struct diff *diff)
{
    if (diff->format == DIFF_CSV)
        fputs("recipient,before,targets before,reason before,after,targets "
              "after,reason after\r\n",
              stdout);
}

void
diff_add(struct diff *diff, const char *recipient)
{
    diff->changed++;
    switch (diff->format) {
    case DIFF_TEXT:
        add_to_group(diff, recipient);
        break;
    case DIFF_CSV:
        print_csv(diff, recipient);
        break;
    case DIFF_JSON:
        print_json(diff, recipient);
        break;
    }
}

void
diff_end(struct diff *diff)
{
    struct sdr_error error = diff->reason;

    if (diff->format == DIFF_TEXT)
        print_groups(diff);
    if (diff->unknown == 0)
        return;
    sdr_error_prefix(&error, "%zu recipients cannot be decided now",
                     diff->unknown);
    print_error_line(&error);
}
