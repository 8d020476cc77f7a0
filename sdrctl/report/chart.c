/* chart.c - the chart over time as SVG; see html.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <stdlib.h>
#include <string.h>

#include "report/html.h"

/* The layout, in SVG units. */
enum {
    WIDTH = 900,
    HEIGHT = 300,
    LEFT = 60,
    RIGHT = WIDTH - 150,
    TOP = 16,
    BOTTOM = HEIGHT - 36,
    LABEL = 17 /* height of a line */
};

enum { Y_TICKS = 5, X_TICKS = 4, HOUR = 3600 };

struct chart {
    const struct report *report;
    time_t begin, end;
    int64_t top; /* the highest value of the y axis */
    int64_t tick;
};

/* ---- scales ---- */

static int64_t
last_of(const struct chart *chart, unsigned site)
{
    return (int64_t)chart->report->totals[site].recipients;
}

/* Returns the step between ticks: 1, 2 or 5, followed by zeros. */
static int64_t
nice_tick(int64_t most)
{
    int64_t tick = 1;

    while (tick * Y_TICKS < most) {
        if (tick * 2 * Y_TICKS >= most)
            return tick * 2;
        if (tick * 5 * Y_TICKS >= most)
            return tick * 5;
        tick *= 10;
    }
    return tick;
}

static int64_t
find_most(const struct chart *chart)
{
    const struct course *course = &chart->report->course;
    int64_t most = 1;

    for (unsigned site = 0; site < chart->report->config->site_count; site++) {
        for (size_t i = 0; i <= course->count; i++) {
            int64_t count =
                course_before(course, site, i, last_of(chart, site));

            most = count > most ? count : most;
        }
    }
    return most;
}

static double
x_of(const struct chart *chart, time_t when)
{
    return (double)LEFT
           + (double)(RIGHT - LEFT) * (double)(when - chart->begin)
                 / (double)(chart->end - chart->begin);
}

static double
y_of(const struct chart *chart, int64_t count)
{
    return (double)BOTTOM
           - (double)(BOTTOM - TOP) * (double)count / (double)chart->top;
}

/* Set the range of both axes. The x axis begins a little before the first step,
 * so that it is visible. */
static void
set_scales(struct chart *chart)
{
    const struct course *course = &chart->report->course;
    time_t first = course->steps[0].when;
    int64_t most = find_most(chart);

    chart->end = chart->report->now;
    if (chart->end < course->steps[course->count - 1].when + HOUR)
        chart->end = course->steps[course->count - 1].when + HOUR;
    chart->begin = first - (chart->end - first) / 20 - HOUR;
    chart->tick = nice_tick(most);
    chart->top = (most + chart->tick - 1) / chart->tick * chart->tick;
}

/* ---- parts ---- */

static void
put_grid(const struct chart *chart)
{
    for (int64_t count = 0; count <= chart->top; count += chart->tick) {
        double y = y_of(chart, count);

        printf("<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" "
               "y2=\"%.1f\"/><text x=\"%d\" y=\"%.1f\" "
               "text-anchor=\"end\">%lld</text>\n",
               LEFT, RIGHT, y, y, LEFT - 8, y + 4, (long long)count);
    }
    for (int i = 0; i <= X_TICKS; i++) {
        time_t when = chart->begin + (chart->end - chart->begin) * i / X_TICKS;
        bool short_time = chart->end - chart->begin < 3 * 24 * HOUR;
        char date[32];

        report_date(when, date, sizeof date);
        printf("<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">",
               x_of(chart, when), BOTTOM + 22);
        if (short_time)
            printf("%.5s %.5s", date + 5, date + 11);
        else
            printf("%.10s", date);
        fputs("</text>\n", stdout);
    }
}

/* Draw the step line of a site. */
static void
put_line(const struct chart *chart, unsigned site)
{
    const struct course *course = &chart->report->course;
    int64_t now = last_of(chart, site);

    printf("<path class=\"course c%u\" d=\"M%d %.1f", site % HTML_COLOURS, LEFT,
           y_of(chart, course_before(course, site, 0, now)));
    for (size_t i = 0; i < course->count; i++) {
        if (course->steps[i].site == site)
            printf("H%.1fV%.1f", x_of(chart, course->steps[i].when),
                   y_of(chart, course_before(course, site, i + 1, now)));
    }
    printf("H%d\"><title>", RIGHT);
    html_text(chart->report->config->sites[site].name);
    fputs("</title></path>\n", stdout);
}

struct label {
    unsigned site;
    double y;
};

static int
compare_labels(const void *a, const void *b)
{
    const struct label *x = a, *y = b;

    return (x->y > y->y) - (x->y < y->y);
}

/* Label the ends of the lines without overlap. */
static void
put_labels(const struct chart *chart)
{
    struct label labels[SDR_SITES_MAX];
    unsigned count = chart->report->config->site_count;
    double above = TOP - LABEL;

    for (unsigned i = 0; i < count; i++)
        labels[i] = (struct label){i, y_of(chart, last_of(chart, i))};
    qsort(labels, count, sizeof labels[0], compare_labels);
    for (unsigned i = 0; i < count; i++) {
        double lowest = above + (double)LABEL;
        double y = labels[i].y < lowest ? lowest : labels[i].y;

        printf("<rect class=\"s%u\" x=\"%d\" y=\"%.1f\" width=\"9\" "
               "height=\"9\" rx=\"2\"/><text x=\"%d\" y=\"%.1f\">",
               labels[i].site % HTML_COLOURS, RIGHT + 10, y - 5, RIGHT + 24,
               y + 4);
        html_text(chart->report->config->sites[labels[i].site].name);
        printf(" %lld</text>\n", (long long)last_of(chart, labels[i].site));
        above = y;
    }
}

void
html_course(const struct report *report)
{
    struct chart chart = {.report = report};

    if (report->course.count == 0)
        return;
    set_scales(&chart);
    printf("<h2>Recipients over time</h2>\n<p class=\"soft\">recipients of "
           "each site, from the journals of sdrctl</p>\n<div "
           "class=\"scroll\"><svg class=\"chart\" viewBox=\"0 0 %d %d\" "
           "role=\"img\" aria-label=\"recipients of each site over time\">\n",
           WIDTH, HEIGHT);
    put_grid(&chart);
    for (unsigned i = 0; i < report->config->site_count; i++)
        put_line(&chart, i);
    put_labels(&chart);
    fputs("</svg></div>\n", stdout);
}
