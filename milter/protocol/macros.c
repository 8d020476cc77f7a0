/* macros.c - see macros.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "protocol/macros.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/constants.h"

static const char commands[] = {
    [MACRO_CONNECT] = SMFIC_CONNECT, [MACRO_HELO] = SMFIC_HELO,
    [MACRO_MAIL] = SMFIC_MAIL,       [MACRO_RCPT] = SMFIC_RCPT,
    [MACRO_DATA] = SMFIC_DATA,       [MACRO_EOH] = SMFIC_EOH,
    [MACRO_EOM] = SMFIC_BODYEOB,
};

static void
forget(struct macro_list *list)
{
    free(list->text);
    *list = (struct macro_list){0};
}

void
macros_forget(struct macros *macros, enum macro_stage stage)
{
    for (unsigned i = stage; i < MACRO_STAGES; i++)
        forget(&macros->stages[i]);
}

static bool
copy(struct macro_list *list, const char *text, size_t len)
{
    forget(list);
    if (len == 0)
        return true;
    list->text = malloc(len);
    if (list->text == NULL)
        return false;
    memcpy(list->text, text, len);
    list->len = len;
    return true;
}

bool
macros_take(struct macros *macros, const struct packet *packet)
{
    struct packet_strings strings;
    const char *stage;

    if (packet->len == 0)
        return false;
    if (packet->len > 1
        && !packet_strings(packet->data + 1, packet->len - 1, &strings))
        return false;
    stage = memchr(commands, packet->data[0], sizeof commands);
    return stage == NULL
           || copy(&macros->stages[stage - commands], packet->data + 1,
                   packet->len - 1);
}

/* "i" and "{i}" are the same macro. */
static bool
same_name(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);

    if (a_len == 3 && b_len == 1)
        return a[0] == '{' && a[1] == b[0] && a[2] == '}';
    if (a_len == 1 && b_len == 3)
        return same_name(b, a);
    return strcmp(a, b) == 0;
}

static const char *
find(const struct macro_list *list, const char *name)
{
    struct packet_strings strings = {list->text, list->text + list->len};
    const char *found;

    while ((found = packet_string(&strings)) != NULL) {
        const char *value = packet_string(&strings);

        if (same_name(found, name))
            return value;
    }
    return NULL;
}

const char *
macros_find(const struct macros *macros, const char *name)
{
    for (unsigned i = MACRO_STAGES; i > 0; i--) {
        const char *value = NULL;

        if (macros->stages[i - 1].len > 0)
            value = find(&macros->stages[i - 1], name);
        if (value != NULL)
            return value;
    }
    return NULL;
}
