/* json.c - sdrctl report as JSON
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "json.h"
#include "report/report.h"

static json_t *
make_count(uint64_t count)
{
    return json_integer((json_int_t)count);
}

static json_t *
make_date(time_t time)
{
    char text[32];

    report_date(time, text, sizeof text);
    return json_string(text);
}

static void
add_numbers(json_t *object, const struct report_site *site, uint64_t all)
{
    json_object_set_new(object, "recipients", make_count(site->recipients));
    json_object_set_new(object, "percent",
                        json_real(report_share(site->recipients, all) / 10.0));
    json_object_set_new(object, "held", make_count(site->held));
    json_object_set_new(object, "by-default", make_count(site->by_default));
}

static json_t *
make_group(const struct report_group *group)
{
    json_t *object = json_object(), *examples = json_array();

    for (int i = 0; i < REPORT_EXAMPLES && group->examples[i] != NULL; i++)
        json_array_append_new(examples, make_string(group->examples[i]));
    json_object_set_new(object, "count", make_count(group->count));
    json_object_set_new(object, "examples", examples);
    return object;
}

static json_t *
make_domain(const struct report *report, const struct report_domain *domain)
{
    json_t *object = json_object(), *sites = json_array();
    json_t *troubles = json_object(), *nowhere = json_object();

    add_numbers(nowhere, &domain->nowhere, domain->all.recipients);
    for (unsigned i = 0; i < report->config->site_count; i++) {
        json_t *site = json_object();

        json_object_set_new(site, "site",
                            make_string(report->config->sites[i].name));
        add_numbers(site, &domain->sites[i], domain->all.recipients);
        json_array_append_new(sites, site);
    }
    for (unsigned t = 0; t < REPORT_TROUBLES; t++)
        json_object_set_new(troubles, report_troubles[t].name,
                            make_group(&domain->troubles[t]));
    json_object_set_new(object, "domain", make_string(domain->name));
    add_numbers(object, &domain->all, domain->all.recipients);
    json_object_set_new(object, "no-site", nowhere);
    json_object_set_new(object, "sites", sites);
    json_object_set_new(object, "troubles", troubles);
    return object;
}

static json_t *
make_source(const struct report_source *source)
{
    json_t *object = json_object();
    const char *from = source->from_replica ? "replica" : "directory";

    json_object_set_new(object, "directory", make_string(source->directory));
    json_object_set_new(object, "source",
                        json_string(source->silent ? "none" : from));
    json_object_set_new(object, "reason",
                        source->silent ? make_string(source->reason.text)
                                       : json_null());
    json_object_set_new(object, "age",
                        source->from_replica ? json_integer(source->age)
                                             : json_null());
    json_object_set_new(object, "recipients", make_count(source->entries));
    return object;
}

static json_t *
make_values(const struct report *report)
{
    json_t *values = json_array();

    for (size_t i = 0; i < report->value_count; i++) {
        const struct report_value *value = &report->values[i];
        json_t *object = make_group(&value->group);

        json_object_set_new(object, "value", make_string(value->value));
        json_object_set_new(
            object, "directory",
            make_string(report->config->directories[value->directory].name));
        json_array_append_new(values, object);
    }
    return values;
}

/* Returns an array of steps, with the number of recipients of the site after
 * each. */
static json_t *
make_course(const struct report *report)
{
    const struct course *course = &report->course;
    json_t *steps = json_array();

    for (size_t i = 0; i < course->count; i++) {
        unsigned site = course->steps[i].site;
        int64_t after = course_before(course, site, i + 1,
                                      (int64_t)report->totals[site].recipients);
        json_t *object = json_object();

        json_object_set_new(object, "date", make_date(course->steps[i].when));
        json_object_set_new(object, "site",
                            make_string(report->config->sites[site].name));
        json_object_set_new(object, "change",
                            json_integer(course->steps[i].delta));
        json_object_set_new(object, "recipients", json_integer(after));
        json_array_append_new(steps, object);
    }
    return steps;
}

bool
report_as_json(const struct report *report)
{
    const struct sdr_config *config = report->config;
    json_t *object = json_object();
    json_t *sources = json_array(), *domains = json_array();

    for (unsigned i = 0; i < report->source_count; i++)
        json_array_append_new(sources, make_source(&report->sources[i]));
    for (unsigned i = 0; i < report->domain_count; i++)
        json_array_append_new(domains,
                              make_domain(report, &report->domains[i]));
    json_object_set_new(object, "date", make_date(report->now));
    json_object_set_new(object, "this-site",
                        make_string(config->sites[config->this_site].name));
    json_object_set_new(object, "directories", sources);
    json_object_set_new(object, "recipients", make_count(report->recipients));
    json_object_set_new(object, "domains", domains);
    json_object_set_new(object, "owner-values-known",
                        json_boolean(report->values_known));
    json_object_set_new(object, "owner-values", make_values(report));
    json_object_set_new(object, "course", make_course(report));
    if (object == NULL)
        return false;
    json_dumpf(object, stdout,
               JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(4));
    putchar('\n');
    json_decref(object);
    return true;
}
