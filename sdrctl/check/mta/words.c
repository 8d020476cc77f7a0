/* words.c - words, lists and times in MTA configuration files
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "check/mta/mta.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool
next_word(const char **at, char *word, size_t size)
{
    static const char separators[] = ", \t\r\n";
    const char *start = *at + strspn(*at, separators), *end = start;
    bool braces = *start == '{';
    unsigned depth = 0;

    if (*start == '\0')
        return false;
    for (; *end != '\0'; end++) {
        if (*end == '{')
            depth++;
        else if (*end == '}' && depth > 0 && --depth == 0 && braces)
            break;
        else if (depth == 0 && strchr(separators, *end) != NULL)
            break;
    }
    *at = end + (braces && *end == '}');
    snprintf(word, size, "%.*s", (int)(end - start) - braces, start + braces);
    return true;
}

bool
has_word(const char *list, const char *wanted)
{
    char word[512];

    while (next_word(&list, word, sizeof word)) {
        if (strcasecmp(word, wanted) == 0)
            return true;
    }
    return false;
}

void
read_equate(const char *list, const char *key, char *value, size_t size)
{
    size_t len = strlen(key);

    value[0] = '\0';
    for (; *list != '\0'; list += strcspn(list, ", \t")) {
        list += strspn(list, ", \t");
        if (strncasecmp(list, key, len) == 0 && list[len] == '=')
            snprintf(value, size, "%.*s", (int)strcspn(list + len + 1, ", \t"),
                     list + len + 1);
    }
}

bool
is_below(const char *domain, const char *parent)
{
    size_t len = strlen(domain), tail = strlen(parent);

    return len > tail && domain[len - tail - 1] == '.'
           && strcasecmp(domain + len - tail, parent) == 0;
}

long
read_time(const char *text)
{
    static const char units[] = "smhdw";
    static const long seconds[] = {1, 60, 3600, 86400, 604800};
    char *end;
    long value = strtol(text, &end, 10);
    const char *unit = strchr(units, tolower((unsigned char)*end));

    if (end == text || value < 0 || value > 1000000 || unit == NULL)
        return -1;
    return *end == '\0' ? value : value * seconds[unit - units];
}
