/* lmdb_page.h - the page format of LMDB 0.9
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * For lmdb_pages.h and lmdb_check.h, which do not trust the pages. Functions
 * return false if a page is damaged.
 */
#ifndef SDR_LMDB_PAGE_H
#define SDR_LMDB_PAGE_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <lmdb.h>

/* A mapped file. */
struct sdr_lmdb_pages {
    const unsigned char *map;
    size_t size;      /* of the map */
    size_t page_size; /* of LMDB */
};

/* One tree in a snapshot. */
struct sdr_lmdb_tree {
    size_t pages; /* of the snapshot: later pages are not part of it */
    size_t root;  /* SIZE_MAX: empty tree */
    uint64_t entries;
    unsigned depth;
};

enum {
    SDR_LMDB_BRANCH = 0x01,
    SDR_LMDB_LEAF = 0x02,
    SDR_LMDB_OVERFLOW = 0x04,
    SDR_LMDB_META = 0x08,
    SDR_LMDB_KINDS = 0x7f
};
/* Flags of leaf nodes: the value has overflow pages; it is a tree. */
enum { SDR_LMDB_BIG = 0x01, SDR_LMDB_TREE = 0x02, SDR_LMDB_NODE_KINDS = 0x07 };
enum { SDR_LMDB_DATA_VERSION = 1, SDR_LMDB_DEPTH_MAX = 32 };
#define SDR_LMDB_MAGIC 0xBEEFC0DEU

struct sdr_lmdb_page_head {
    size_t number;
    uint16_t pad, flags;
    uint16_t lower, upper; /* overflow pages: their count, 32 bits */
};

/* The head of a page is followed by the offsets of its nodes, two octets each.
 */
struct sdr_lmdb_page_node {
#if __BYTE_ORDER == __LITTLE_ENDIAN
    uint16_t low, high;
#else
    uint16_t high, low;
#endif
    uint16_t flags, key_size; /* the key and the value follow */
};

struct sdr_lmdb_page_tree {
    uint32_t pad; /* in the free-page tree: the page size */
    uint16_t flags, depth;
    size_t branches, leaves, overflows, entries, root;
};

/* Follows the head of the first two pages. */
struct sdr_lmdb_page_meta {
    uint32_t magic, version;
    void *address;
    size_t map_size;
    struct sdr_lmdb_page_tree trees[2]; /* free pages, main tree */
    size_t last, transaction;
};

/* A page of nodes that was checked. */
struct sdr_lmdb_page_nodes {
    const unsigned char *octets;
    unsigned nodes; /* at least one */
    bool leaf;
};

/* Open the page with this number. Returns false also if the page has another
 * number. */
bool
sdr_lmdb_page_open(const struct sdr_lmdb_pages *pages,
                   const struct sdr_lmdb_tree *tree, size_t number, bool leaf,
                   struct sdr_lmdb_page_nodes *page);

/* Read the node with this index, and its key. */
static inline bool
sdr_lmdb_page_node(const struct sdr_lmdb_pages *pages,
                   const struct sdr_lmdb_page_nodes *page, unsigned index,
                   struct sdr_lmdb_page_node *node, MDB_val *key)
{
    size_t begin = sizeof(struct sdr_lmdb_page_head) + 2 * (size_t)page->nodes;
    uint16_t at;

    memcpy(&at,
           page->octets + sizeof(struct sdr_lmdb_page_head) + 2 * (size_t)index,
           sizeof at);
    if (at < begin || at + sizeof *node > pages->page_size)
        return false;
    memcpy(node, page->octets + at, sizeof *node);
    key->mv_size = node->key_size;
    key->mv_data = (void *)(uintptr_t)(page->octets + at + sizeof *node);
    return at + sizeof *node + node->key_size <= pages->page_size;
}

/* Returns the size of the node's value. */
static inline size_t
sdr_lmdb_page_size(const struct sdr_lmdb_page_node *node)
{
    return (size_t)node->low | (size_t)node->high << 16;
}

/* Returns the number of the page that a branch node points to. */
static inline size_t
sdr_lmdb_page_child(const struct sdr_lmdb_page_node *node)
{
    size_t number = sdr_lmdb_page_size(node);

#if SIZE_MAX > 0xffffffff
    number |= (size_t)node->flags << 32;
#endif
    return number;
}

/* Find the value of a leaf node. */
bool
sdr_lmdb_page_value(const struct sdr_lmdb_pages *pages,
                    const struct sdr_lmdb_tree *tree,
                    const struct sdr_lmdb_page_nodes *page,
                    const struct sdr_lmdb_page_node *node, const MDB_val *key,
                    MDB_val *value);

#endif
