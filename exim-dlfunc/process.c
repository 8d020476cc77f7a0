/* process.c - see process.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "answer.h"
#include "net/clock.h"
#include "decision/line.h"
#include "log.h"
#include "recipients.h"
#include "decision/loop.h"
#include "decision/sdr.h"
#include "same_file.h"

/* Long enough for Exim to ask several functions about one address, too short
 * for anybody to notice that the directory has changed since. */
enum { VERDICT_MS = 2000 };

/* Recipients of one message that leave within so many seconds get the same
 * mark, so that Exim can hand them on together. */
enum { MARK_SECONDS = 60 };

/* Exim has a limit of 8192 for a line with what it puts before ours. */
enum { LINE_SIZE = 4096 };

/* A configuration in use, and the file that it came from. */
static struct {
    char *path;
    struct sdr *sdr; /* NULL: there is none that can be used */
    struct stat file;
    struct sdr_error mistake; /* why not; of a newer file, if SDR is there */
} config;

static struct {
    char *recipient; /* NULL: there is none */
    int64_t at;
    struct sdr_verdict verdict; /* without regard to loops */
} last;

static void
forget_last(void)
{
    free(last.recipient);
    last.recipient = NULL;
}

/* ---- the configuration ---- */

static void
keep_first(void *arg, const char *line)
{
    struct sdr_error *mistake = arg;

    if (mistake->text[0] == '\0')
        sdr_error_set(mistake, "%s", line);
}

static void
load(const struct stat *file)
{
    struct sdr_error mistake = {""};
    struct sdr_trace mistakes = {keep_first, &mistake};
    struct sdr *fresh;

    config.file = *file;
    if (sdr_open(&fresh, config.path, &mistakes) == SDR_OK) {
        forget_last();
        sdr_close(&config.sdr);
        config.sdr = fresh;
        return;
    }
    if (mistake.text[0] == '\0')
        sdr_error_set(&mistake, "no memory");
    config.mistake = mistake;
    if (config.sdr != NULL) {
        char clean[LINE_SIZE];

        sdr_log_clean(clean, sizeof clean, mistake.text, strlen(mistake.text),
                      "");
        process_log("sdr: keeping the previous configuration:");
        process_log(clean);
    }
}

/* Make the configuration at PATH the one in use. A process of Exim has one
 * path, unless an administrator tries things out. */
static struct sdr *
use(const char *path)
{
    struct stat file;

    if (config.path == NULL || strcmp(config.path, path) != 0) {
        forget_last();
        sdr_close(&config.sdr);
        free(config.path);
        config.path = strdup(path);
        if (config.path == NULL) {
            sdr_error_set(&config.mistake, "no memory");
            return NULL;
        }
    }
    memset(&file, 0, sizeof file);
    if (stat(path, &file) != 0)
        memset(&file, 0, sizeof file); /* reading it will show */
    if (config.sdr == NULL || !sdr_same_file(&file, &config.file))
        load(&file);
    return config.sdr;
}

/* ---- loops ---- */

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The marks in LINES, each a header's value; a line that begins with a blank
 * goes on with the one before, unless all do, as in Exim's $rh_. */
static void
count_marks(const struct sdr_config *settings, const char *lines,
            struct sdr_loop_marks *marks)
{
    char value[256];
    size_t used = 0;
    bool raw = is_blank(*lines);

    for (const char *s = lines;; s++) {
        bool end = *s == '\0' || (*s == '\n' && (raw || !is_blank(s[1])));

        if (!end && used < sizeof value - 1)
            value[used++] = *s == '\n' ? ' ' : *s;
        if (!end)
            continue;
        value[used] = '\0';
        used = 0;
        sdr_loop_add_mark(settings, marks, value);
        if (*s == '\0')
            return;
    }
}

/* True if the marks in LINES have reached the loop-limit. */
static bool
is_looping(const struct sdr_config *settings, const char *lines,
           struct sdr_reply *reply)
{
    struct sdr_loop_marks marks = {0};

    count_marks(settings, lines, &marks);
    return sdr_loop_limit_reached(settings, &marks, time(NULL), reply);
}

/* The same for one that has been accepted: not now. */
static bool
must_wait(const struct sdr_config *settings, const char *lines,
          struct sdr_reply *reply)
{
    struct sdr_reply why;

    if (!is_looping(settings, lines, &why) || why.code[0] == '5')
        return false;
    *reply = why;
    return true;
}

/* Each recipient is judged alone: one that stays is delivered beside one that
 * has to wait. */
static void
defer_loop(struct sdr_verdict *verdict)
{
    verdict->kind = SDR_DEFER;
    verdict->target_count = 0;
    verdict->sites = 0;
    verdict->next_hop = NULL;
    verdict->leaves = false;
    snprintf(verdict->reason, sizeof verdict->reason,
             "the loop marks have reached the loop-limit");
}

/* ---- the decision ---- */

static void
defer_by_configuration(struct sdr_verdict *verdict)
{
    static const struct sdr_config none;

    memset(verdict, 0, sizeof *verdict);
    verdict->config = &none;
    verdict->kind = SDR_DEFER;
    verdict->decided = verdict->mistake = true;
    verdict->reply.code = "451";
    verdict->reply.enhanced = "4.3.5";
    snprintf(verdict->reply.text, sizeof verdict->reply.text,
             "Configuration error, try again later");
    snprintf(verdict->reason, sizeof verdict->reason, "%s",
             config.mistake.text);
}

static void
log_decision(const char *recipient, const struct sdr_verdict *verdict)
{
    char text[LINE_SIZE] = "sdr: ";
    size_t used = strlen(text);

    sdr_log_decision(text + used, sizeof text - used, recipient, verdict);
    process_log(text);
}

static bool
is_last(const char *recipient)
{
    return last.recipient != NULL && strcmp(last.recipient, recipient) == 0
           && sdr_clock() - last.at < VERDICT_MS;
}

static bool
is_news(const struct sdr_verdict *verdict, bool for_next_hop)
{
    if (for_next_hop)
        return verdict->kind == SDR_ROUTE || verdict->kind == SDR_DEFER;
    return verdict->decided;
}

/* The verdict without regard to loops; true if it is a new one. */
static bool
decide(struct sdr *sdr, const char *recipient)
{
    if (is_last(recipient))
        return false;
    forget_last();
    sdr_decide(sdr, recipient, NULL, &last.verdict);
    last.recipient = strdup(recipient);
    last.at = sdr_clock();
    return true;
}

/* A verdict is large, and a process of Exim is small: the one that is kept is
 * copied only to be changed. */
const struct sdr_verdict *
process_decide(const char *path, const char *recipient, const char *marks)
{
    static struct sdr_verdict changed;
    const struct sdr_verdict *verdict = &changed;
    struct sdr *sdr = use(path);
    struct sdr_reply reply;
    bool is_new = true;

    if (sdr == NULL) {
        defer_by_configuration(&changed);
    } else {
        is_new = decide(sdr, recipient);
        if (last.verdict.leaves && marks != NULL
            && must_wait(sdr_get_config(sdr), marks, &reply)) {
            changed = last.verdict;
            changed.reply = reply;
            defer_loop(&changed);
            is_new = true;
        } else {
            verdict = &last.verdict;
        }
    }
    if (is_new && is_news(verdict, marks == NULL))
        log_decision(recipient, verdict);
    return verdict;
}

/* No news for the log: each of them was decided at RCPT. */
static bool
all_leave(struct sdr *sdr, const char *recipients)
{
    char given[LINE_SIZE], text[ANSWER_RECIPIENT_SIZE];
    bool some = false;

    while (recipients_next(&recipients, given, sizeof given)) {
        answer_recipient(text, given);
        decide(sdr, text);
        if (!last.verdict.leaves)
            return false;
        some = true;
    }
    return some;
}

bool
process_is_loop(const char *path, const char *recipients, const char *marks,
                struct sdr_reply *reply)
{
    struct sdr *sdr = use(path);
    char line[LINE_SIZE];

    if (sdr == NULL || !is_looping(sdr_get_config(sdr), marks, reply)
        || !all_leave(sdr, recipients))
        return false;
    snprintf(line, sizeof line, "sdr: routing loop: %s %s %s", reply->code,
             reply->enhanced, reply->text);
    process_log(line);
    return true;
}

void
process_mark(const char *path, const char *marks, char *out, size_t size)
{
    static time_t marked_at;
    struct sdr *sdr = use(path);
    time_t now = time(NULL);
    struct sdr_reply ignored;
    char value[128];

    out[0] = '\0';
    if (sdr == NULL || must_wait(sdr_get_config(sdr), marks, &ignored))
        return;
    if (now < marked_at || now - marked_at > MARK_SECONDS)
        marked_at = now;
    sdr_loop_format_mark(sdr_get_config(sdr), marked_at, value, sizeof value);
    snprintf(out, size, SDR_MARK_HEADER ": %s", value);
}
