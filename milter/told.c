/* told.c - see told.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "told.h"

#include <pthread.h>
#include <string.h>

#include "clock.h"

enum { SLOTS = 512 };

static struct slot {
    struct sdr_address mailbox;
    int64_t when;
} slots[SLOTS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct slot *
slot_of(const struct sdr_address *mailbox)
{
    unsigned hash = 5381;

    for (const char *s = mailbox->folded; *s != '\0'; s++)
        hash = hash * 33 ^ (unsigned char)*s;
    for (const char *s = mailbox->domain; *s != '\0'; s++)
        hash = hash * 33 ^ (unsigned char)*s;
    return &slots[hash % SLOTS];
}

void
told_note(const struct sdr_address *mailbox)
{
    struct slot *slot = slot_of(mailbox);

    pthread_mutex_lock(&lock);
    slot->mailbox = *mailbox;
    slot->when = sdr_clock();
    pthread_mutex_unlock(&lock);
}

bool
told_since(const struct sdr_address *mailbox, int64_t moment)
{
    const struct slot *slot = slot_of(mailbox);
    bool told;

    pthread_mutex_lock(&lock);
    told = slot->when >= moment && sdr_address_same(&slot->mailbox, mailbox);
    pthread_mutex_unlock(&lock);
    return told;
}
