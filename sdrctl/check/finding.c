/* finding.c - see finding.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "check/nagios.h"
#include "json.h"
#include "print.h"

struct finding_style finding_style;

/* The heading of the following findings, and whether it has been printed. */
static char heading[1024];
static bool is_printed;

static const struct {
    const char *word, *json;
} names[] = {
    [CHECK_OK] = {"ok", "ok"},
    [CHECK_DOUBTFUL] = {"warning", "warning"},
    [CHECK_WRONG] = {"WRONG", "wrong"},
    [CHECK_UNREACHABLE] = {"NO ANSWER", "no-answer"},
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
print_json(enum check_result result, const char *subject, const char *text,
           const char *advice)
{
    json_t *object = json_object();

    json_object_set_new(object, "about", make_string(heading));
    json_object_set_new(object, "finding", make_string(names[result].json));
    json_object_set_new(object, "subject", make_string(subject));
    json_object_set_new(object, "text", make_string(text));
    json_object_set_new(object, "advice",
                        advice != NULL ? make_string(advice) : json_null());
    print_object(object);
}

static void
print_text(enum check_result result, const char *subject, const char *text,
           const char *advice)
{
    print_heading();
    printf("  %-9s  ", names[result].word);
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
worsen(enum check_result *worst, enum check_result result)
{
    if (result > *worst)
        *worst = result;
}

void
report_finding(enum check_result *worst, enum check_result result,
               const char *subject, const char *advice, const char *format, ...)
{
    char text[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    worsen(worst, result);
    if (finding_style.nagios) {
        nagios_add(result, heading, subject, text);
        return;
    }
    if (finding_style.quiet && result == CHECK_OK)
        return;
    if (finding_style.json)
        print_json(result, subject, text, advice);
    else
        print_text(result, subject, text, advice);
    fflush(stdout);
}

void
report_heading(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(heading, sizeof heading, format, args);
    va_end(args);
    is_printed = false;
    if (finding_style.json || finding_style.nagios || finding_style.quiet)
        return;
    print_heading();
    fflush(stdout);
}
