/* csv.c - sdrctl report as CSV (RFC 4180)
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Every line has the same fields; the first is the kind of record.
 */
#include <inttypes.h>

#include "csv.h"
#include "report/report.h"

/* ---- fields ---- */

static void
put_examples(const struct report_group *group)
{
    for (int i = 0; i < REPORT_EXAMPLES; i++) {
        putchar(',');
        if (group->examples[i] != NULL)
            csv_text(group->examples[i]);
    }
}

/* ---- lines ---- */

static void
begin_line(const char *what, const char *where, const char *name)
{
    printf("%s,", what);
    csv_text(where);
    putchar(',');
    csv_text(name);
}

static void
put_site(const char *what, const struct report_domain *domain, const char *name,
         const struct report_site *site)
{
    unsigned share = report_share(site->recipients, domain->all.recipients);

    begin_line(what, domain->name, name);
    printf(",%" PRIu64 ",%u.%u,%" PRIu64 ",%" PRIu64 ",,,\r\n",
           site->recipients, share / 10, share % 10, site->held,
           site->by_default);
}

static void
put_group(const char *what, const char *where, const char *name,
          const struct report_group *group)
{
    begin_line(what, where, name);
    printf(",%" PRIu64 ",,,", group->count);
    put_examples(group);
    fputs("\r\n", stdout);
}

static void
put_domain(const struct report *report, const struct report_domain *domain)
{
    put_site("domain", domain, "", &domain->all);
    for (unsigned i = 0; i < report->config->site_count; i++)
        put_site("site", domain, report->config->sites[i].name,
                 &domain->sites[i]);
    put_site("no-site", domain, "", &domain->nowhere);
    for (unsigned t = 0; t < REPORT_TROUBLES; t++)
        put_group("trouble", domain->name, report_troubles[t].name,
                  &domain->troubles[t]);
}

bool
report_as_csv(const struct report *report)
{
    fputs("record,domain or directory,name,count,percent,held,by default,"
          "example 1,example 2,example 3\r\n",
          stdout);
    for (unsigned i = 0; i < report->domain_count; i++)
        put_domain(report, &report->domains[i]);
    for (size_t i = 0; i < report->value_count; i++)
        put_group("owner-value",
                  report->config->directories[report->values[i].directory].name,
                  report->values[i].value, &report->values[i].group);
    return true;
}
