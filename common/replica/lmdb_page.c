/* lmdb_page.c - see lmdb_page.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica/lmdb_page.h"

#include <string.h>

/* Returns the page; NULL if it does not exist, or has another page's number. */
static const unsigned char *
find_page(const struct sdr_lmdb_pages *pages, const struct sdr_lmdb_tree *tree,
          size_t number, struct sdr_lmdb_page_head *head)
{
    const unsigned char *octets;

    if (number < 2 || number >= tree->pages)
        return NULL;
    octets = pages->map + number * pages->page_size;
    memcpy(head, octets, sizeof *head);
    return head->number == number ? octets : NULL;
}

bool
sdr_lmdb_page_open(const struct sdr_lmdb_pages *pages,
                   const struct sdr_lmdb_tree *tree, size_t number, bool leaf,
                   struct sdr_lmdb_page_nodes *page)
{
    struct sdr_lmdb_page_head head;

    page->octets = find_page(pages, tree, number, &head);
    if (page->octets == NULL
        || (head.flags & SDR_LMDB_KINDS)
               != (leaf ? SDR_LMDB_LEAF : SDR_LMDB_BRANCH)
        || head.lower < sizeof head || head.lower > head.upper
        || head.upper > pages->page_size)
        return false;
    page->nodes = (unsigned)((head.lower - sizeof head) / 2);
    page->leaf = leaf;
    return page->nodes > 0;
}

/* Find a value that is too large for a page and has overflow pages of its own.
 */
static bool
find_big(const struct sdr_lmdb_pages *pages, const struct sdr_lmdb_tree *tree,
         size_t number, MDB_val *value)
{
    struct sdr_lmdb_page_head head;
    const unsigned char *octets = find_page(pages, tree, number, &head);
    uint32_t count;

    if (octets == NULL || (head.flags & SDR_LMDB_KINDS) != SDR_LMDB_OVERFLOW)
        return false;
    memcpy(&count, &head.lower, sizeof count);
    value->mv_data = (void *)(uintptr_t)(octets + sizeof head);
    return count > 0 && count <= tree->pages - number
           && value->mv_size <= count * pages->page_size - sizeof head;
}

bool
sdr_lmdb_page_value(const struct sdr_lmdb_pages *pages,
                    const struct sdr_lmdb_tree *tree,
                    const struct sdr_lmdb_page_nodes *page,
                    const struct sdr_lmdb_page_node *node, const MDB_val *key,
                    MDB_val *value)
{
    const unsigned char *at = (unsigned char *)key->mv_data + key->mv_size;
    size_t room = pages->page_size - (size_t)(at - page->octets), number;

    value->mv_size = sdr_lmdb_page_size(node);
    value->mv_data = (void *)(uintptr_t)at;
    if ((node->flags & SDR_LMDB_BIG) == 0)
        return value->mv_size <= room;
    if (room < sizeof number)
        return false;
    memcpy(&number, at, sizeof number);
    return find_big(pages, tree, number, value);
}
