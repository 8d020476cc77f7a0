/* html.c - sdrctl report as one self-contained HTML page
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * It has no scripts and needs no external files, so that it can be mailed or
 * put on a server.
 */
#include "report/html.h"

#include <inttypes.h>
#include <stdio.h>

enum { BAR = 1000 };

/* ---- numbers ---- */

/* Print a number in groups of three digits, separated by narrow no-break
 * spaces. */
static void
put_count(uint64_t count)
{
    if (count >= 1000) {
        put_count(count / 1000);
        printf("&#8239;%03" PRIu64, count % 1000);
    } else {
        printf("%" PRIu64, count);
    }
}

static void
put_share(uint64_t part, uint64_t whole)
{
    unsigned share = report_share(part, whole);

    printf("%u.%u&#8239;%%", share / 10, share % 10);
}

/* ---- the head ---- */

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta "
    "charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, "
    "initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light "
    "dark\">\n<meta http-equiv=\"Content-Security-Policy\" "
    "content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n<title>Recipients by site</title>\n<style>\n:root { "
    "--page: #fcfcfb; --ink: #1c1c1a; --soft: #5d5c57; --line: #dcdbd5; "
    "--wrong: #b3261e;\n  --s0: #2568c4; --s1: #c2610c; --s2: #1b7f5c; --s3: "
    "#8a4bb0; --s4: #0b7c94; --s5: #80672b; }\n@media (prefers-color-scheme: "
    "dark) {\n  :root { --page: #191918; --ink: #eeede8; --soft: #a9a8a1; "
    "--line: #3a3a37; --wrong: #ff8a80;\n    --s0: #6ea8f7; --s1: #ee9a54; "
    "--s2: #56c596; --s3: #c495e8; --s4: #52c2da; --s5: #cfb26a; }\n}\nbody { "
    "background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, "
    "sans-serif;\n  max-width: 56rem; margin: 2rem auto; padding: 0 1.25rem; "
    "}\nh1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.2rem; margin: "
    "2.5rem 0 .5rem; }\np, ul { margin: .25rem 0; } .soft, th { color: "
    "var(--soft); font-weight: normal; }\n.wrong { color: var(--wrong); } ul { "
    "padding-left: 1.25rem; }\n.scroll { overflow-x: auto; }\ntable { "
    "border-collapse: collapse; width: 100%; margin: .75rem 0; }\nth, td { "
    "text-align: left; padding: .3rem 1rem .3rem 0; border-bottom: 1px solid "
    "var(--line); vertical-align: top; }\nth.n, td.n { text-align: right; "
    "font-variant-numeric: tabular-nums; white-space: nowrap; }\ntd.text { "
    "overflow-wrap: anywhere; }\ntr.all td { border-bottom: 0; font-weight: "
    "600; }\nsvg { display: block; width: 100%; } svg.bar { height: 1.5rem; "
    "border-radius: 4px; }\nsvg.key { display: inline-block; width: .8em; "
    "height: .8em; margin-right: .5em; }\nsvg text { fill: var(--soft); "
    "font-size: 13px; } .grid { stroke: var(--line); }\nsvg.chart { min-width: "
    "40rem; }\n.course { fill: none; stroke-width: 2; stroke-linejoin: round; "
    "}\n.none { fill: var(--wrong); }\n";

static void
put_head(void)
{
    fputs(head, stdout);
    for (int i = 0; i < HTML_COLOURS; i++)
        printf(".s%d { fill: var(--s%d); } .c%d { stroke: var(--s%d); }\n", i,
               i, i, i);
    fputs("</style>\n</head>\n<body>\n<h1>Recipients by site</h1>\n", stdout);
}

static void
put_sources(const struct report *report)
{
    char date[32];

    report_date(report->now, date, sizeof date);
    printf("<p class=\"soft\">%.10s %.5s UTC; this site is ", date, date + 11);
    html_text(report->config->sites[report->config->this_site].name);
    fputs("</p>\n", stdout);
    for (unsigned i = 0; i < report->source_count; i++) {
        const struct report_source *source = &report->sources[i];
        char words[1024];

        report_source_words(source, words, sizeof words);
        printf("<p class=\"%s\">directory ", source->silent ? "wrong" : "soft");
        html_text(source->directory);
        fputs(": ", stdout);
        html_text(words);
        fputs("</p>\n", stdout);
    }
}

/* ---- a domain ---- */

/* Print a part of the bar. Returns its end. */
static uint64_t
put_part(const char *name, int colour, uint64_t count, uint64_t whole,
         uint64_t start)
{
    double from = (double)BAR * (double)start / (double)whole;
    double width = (double)BAR * (double)count / (double)whole;
    double gap = width > 4 && start + count < whole ? 2 : 0;

    if (count == 0)
        return start;
    fputs("<rect class=\"", stdout);
    if (colour >= 0)
        printf("s%d", colour % HTML_COLOURS);
    else
        fputs("none", stdout);
    printf("\" x=\"%.1f\" width=\"%.1f\" height=\"24\"><title>", from,
           width - gap);
    html_text(name);
    printf(": %" PRIu64 "</title></rect>", count);
    return start + count;
}

/* Returns the length of the bar. A recipient with two mailboxes is in two
 * parts. */
static uint64_t
sum_parts(const struct report *report, const struct report_domain *domain)
{
    uint64_t sum = domain->nowhere.recipients;

    for (unsigned i = 0; i < report->config->site_count; i++)
        sum += domain->sites[i].recipients;
    return sum;
}

static void
put_bar(const struct report *report, const struct report_domain *domain)
{
    uint64_t whole = sum_parts(report, domain), start = 0;

    if (whole == 0)
        return;
    printf(
        "<svg class=\"bar\" viewBox=\"0 0 %d 24\" preserveAspectRatio=\"none\" "
        "role=\"img\" aria-label=\"share of each site in ",
        BAR);
    html_text(domain->name);
    fputs("\">", stdout);
    for (unsigned i = 0; i < report->config->site_count; i++)
        start = put_part(report->config->sites[i].name, (int)i,
                         domain->sites[i].recipients, whole, start);
    put_part("no site", -1, domain->nowhere.recipients, whole, start);
    fputs("</svg>\n", stdout);
}

static void
put_key(int colour)
{
    fputs("<svg class=\"key\" viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect "
          "class=\"",
          stdout);
    if (colour >= 0)
        printf("s%d", colour % HTML_COLOURS);
    else
        fputs("none", stdout);
    fputs("\" width=\"10\" height=\"10\" rx=\"2\"/></svg>", stdout);
}

static void
put_numbers(const struct report_site *site, uint64_t whole)
{
    fputs("</td><td class=\"n\">", stdout);
    put_count(site->recipients);
    fputs("</td><td class=\"n\">", stdout);
    put_share(site->recipients, whole);
    fputs("</td><td class=\"n\">", stdout);
    put_count(site->held);
    fputs("</td><td class=\"n\">", stdout);
    put_count(site->by_default);
    fputs("</td></tr>\n", stdout);
}

static void
put_table(const struct report *report, const struct report_domain *domain)
{
    uint64_t whole = domain->all.recipients;

    fputs("<div class=\"scroll\"><table><thead><tr><th>site</th><th "
          "class=\"n\">recipients</th><th class=\"n\">share</th><th "
          "class=\"n\">on hold</th><th class=\"n\">by default</th></tr>"
          "</thead><tbody>\n",
          stdout);
    for (unsigned i = 0; i < report->config->site_count; i++) {
        fputs("<tr><td>", stdout);
        put_key((int)i);
        html_text(report->config->sites[i].name);
        put_numbers(&domain->sites[i], whole);
    }
    if (domain->nowhere.recipients > 0) {
        fputs("<tr><td>", stdout);
        put_key(-1);
        fputs("no site", stdout);
        put_numbers(&domain->nowhere, whole);
    }
    fputs("<tr class=\"all\"><td>all", stdout);
    put_numbers(&domain->all, whole);
    fputs("</tbody></table></div>\n", stdout);
    if (sum_parts(report, domain) > whole)
        fputs("<p class=\"soft\">Recipients with mailboxes at several sites "
              "count at each of them.</p>\n",
              stdout);
}

/* ---- problems ---- */

static void
put_examples(const struct report_group *group)
{
    for (int i = 0; i < REPORT_EXAMPLES && group->examples[i] != NULL; i++) {
        fputs(i > 0 ? ", " : "", stdout);
        html_text(group->examples[i]);
    }
    if (group->count > REPORT_EXAMPLES)
        fputs(", &hellip;", stdout);
}

static void
put_troubles(const struct report_domain *domain)
{
    uint64_t sum = 0;

    for (unsigned t = 0; t < REPORT_TROUBLES; t++)
        sum += domain->troubles[t].count;
    if (sum == 0)
        return;
    fputs("<p class=\"wrong\">Mail for these is deferred:</p>\n<ul>\n", stdout);
    for (unsigned t = 0; t < REPORT_TROUBLES; t++) {
        const struct report_group *group = &domain->troubles[t];

        if (group->count == 0)
            continue;
        fputs("<li><b>", stdout);
        put_count(group->count);
        printf("</b> &times; %s: ", report_troubles[t].words);
        put_examples(group);
        fputs("</li>\n", stdout);
    }
    fputs("</ul>\n", stdout);
}

static void
put_value(const struct report *report, const struct report_value *value)
{
    fputs("<tr><td class=\"text\">", stdout);
    html_text(value->value);
    fputs("</td><td>", stdout);
    html_text(report->config->directories[value->directory].name);
    fputs("</td><td class=\"n\">", stdout);
    put_count(value->group.count);
    fputs("</td><td class=\"text\">", stdout);
    put_examples(&value->group);
    fputs("</td></tr>\n", stdout);
}

static void
put_values(const struct report *report)
{
    if (report->value_count == 0)
        return;
    fputs("<h2>Owners that match no site</h2>\n<div "
          "class=\"scroll\"><table><thead><tr><th>value</th><th>directory</"
          "th><th "
          "class=\"n\">recipients</th><th>examples</th></tr></thead><tbody>\n",
          stdout);
    for (size_t i = 0; i < report->value_count; i++)
        put_value(report, &report->values[i]);
    fputs("</tbody></table></div>\n", stdout);
}

/* ---- the page ---- */

bool
report_as_html(const struct report *report)
{
    put_head();
    put_sources(report);
    for (unsigned i = 0; i < report->domain_count; i++) {
        const struct report_domain *domain = &report->domains[i];

        fputs("<h2>", stdout);
        html_text(domain->name);
        fputs("</h2>\n", stdout);
        put_bar(report, domain);
        put_table(report, domain);
        put_troubles(domain);
    }
    put_values(report);
    html_course(report);
    fputs("</body>\n</html>\n", stdout);
    return true;
}
