/* check_tell.c - how sdrctl check says what it has found
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "json.h"

struct finding_style finding_style;

/* What the findings are about, and whether that has been printed. */
static char heading[1024];
static bool is_printed;

static const struct {
    const char *word, *json;
} names[] = {
    [SDR_FINE] = {"ok", "ok"},
    [SDR_DOUBTFUL] = {"warning", "warning"},
    [SDR_WRONG] = {"WRONG", "wrong"},
    [SDR_SILENT] = {"NO ANSWER", "no-answer"},
};

static void
print_heading(void)
{
    if (is_printed)
        return;
    print_clean(heading);
    putchar('\n');
    is_printed = true;
}

static void
print_json(enum sdr_finding finding, const char *subject, const char *text,
           const char *advice)
{
    json_t *object = json_object();

    json_object_set_new(object, "about", make_string(heading));
    json_object_set_new(object, "finding", make_string(names[finding].json));
    json_object_set_new(object, "subject", make_string(subject));
    json_object_set_new(object, "text", make_string(text));
    json_object_set_new(object, "advice",
                        advice != NULL ? make_string(advice) : json_null());
    print_object(object);
}

static void
print_text(enum sdr_finding finding, const char *subject, const char *text,
           const char *advice)
{
    print_heading();
    printf("  %-9s  ", names[finding].word);
    print_clean(subject);
    fputs(": ", stdout);
    print_clean(text);
    putchar('\n');
    if (advice != NULL) {
        fputs("             -> ", stdout);
        print_clean(advice);
        putchar('\n');
    }
}

void
print_finding(void *arg, enum sdr_finding finding, const char *subject,
              const char *text, const char *advice)
{
    (void)arg;
    if (finding_style.quiet && finding == SDR_FINE)
        return;
    if (finding_style.json)
        print_json(finding, subject, text, advice);
    else
        print_text(finding, subject, text, advice);
    fflush(stdout);
}

void
worsen(enum sdr_finding *worst, enum sdr_finding finding)
{
    if (finding > *worst)
        *worst = finding;
}

void
tell_finding(enum sdr_finding *worst, enum sdr_finding finding,
             const char *subject, const char *advice, const char *format, ...)
{
    char text[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    worsen(worst, finding);
    print_finding(NULL, finding, subject, text, advice);
}

void
tell_heading(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(heading, sizeof heading, format, args);
    va_end(args);
    is_printed = false;
    if (finding_style.json || finding_style.quiet)
        return;
    print_heading();
    fflush(stdout);
}
