/* lmdb_check.c - see lmdb_check.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica/lmdb_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replica/lmdb_page.h"
#include "replica/checksum.h"

/* The tree's own flags; LMDB keeps flags of the environment in the other bits.
 */
enum { TREE_FLAGS = 0x0fff };

/* ---- the two meta pages ---- */

static bool
read_meta(const struct sdr_lmdb_pages *pages, size_t which,
          struct sdr_lmdb_page_meta *meta)
{
    size_t at = which * pages->page_size;
    struct sdr_lmdb_page_head head;

    if (at + sizeof head + sizeof *meta > pages->size)
        return false;
    memcpy(&head, pages->map + at, sizeof head);
    memcpy(meta, pages->map + at + sizeof head, sizeof *meta);
    return head.number == which
           && (head.flags & SDR_LMDB_KINDS) == SDR_LMDB_META
           && meta->magic == SDR_LMDB_MAGIC
           && meta->version == SDR_LMDB_DATA_VERSION
           && meta->trees[0].pad == pages->page_size;
}

/* Returns true if the file is as sdr-sync creates it: at least as long as its
 * map, without a fixed map address, and without special kinds of trees. */
static bool
is_plain(const struct sdr_lmdb_pages *pages,
         const struct sdr_lmdb_page_meta *meta)
{
    return meta->address == NULL && meta->map_size <= pages->size
           && (meta->trees[0].flags & TREE_FLAGS) == MDB_INTEGERKEY
           && meta->trees[1].pad == 0 && meta->trees[1].flags == 0;
}

int
sdr_lmdb_pages_last(struct sdr_lmdb_pages *pages, size_t *transaction,
                    struct sdr_lmdb_tree *main)
{
    struct sdr_lmdb_page_meta metas[2];
    uint32_t size = 0, magic = 0;
    const size_t at = sizeof(struct sdr_lmdb_page_head);

    if (pages->size >= at + sizeof metas[0]) {
        memcpy(&magic, pages->map + at, sizeof magic);
        memcpy(&size,
               pages->map + at + offsetof(struct sdr_lmdb_page_meta, trees),
               sizeof size);
    }
    if (magic != SDR_LMDB_MAGIC)
        return MDB_INVALID;
    pages->page_size = size;
    if (!sdr_lmdb_pages_size_is_sane(size) || !read_meta(pages, 0, &metas[0])
        || !read_meta(pages, 1, &metas[1]) || (metas[0].transaction & 1) != 0
        || (metas[1].transaction != 0 && (metas[1].transaction & 1) == 0))
        return MDB_CORRUPTED;
    *transaction = metas[0].transaction < metas[1].transaction
                       ? metas[1].transaction
                       : metas[0].transaction;
    return sdr_lmdb_pages_main(pages, *transaction, main) == 0 ? 0
                                                               : MDB_CORRUPTED;
}

/* ---- pages, each used once ---- */

struct check {
    const struct sdr_lmdb_pages *pages;
    struct sdr_lmdb_tree all; /* for the number of pages */
    unsigned char *used;      /* one octet for each page */
    const struct sdr_lmdb_pages_row *rows;
};

static bool
use(struct check *check, size_t number, size_t count)
{
    if (number < 2 || number >= check->all.pages
        || count > check->all.pages - number)
        return false;
    for (size_t i = number; i < number + count; i++) {
        if (check->used[i]++ != 0)
            return false;
    }
    return true;
}

/* ---- one tree ---- */

/* Compare two keys of the free-page tree, which are numbers. */
static int
order_of_numbers(const MDB_val *a, const MDB_val *b)
{
    size_t x = 0, y = 0;

    memcpy(&x, a->mv_data, sizeof x);
    memcpy(&y, b->mv_data, sizeof y);
    return (x > y) - (x < y);
}

struct climb {
    struct check *check;
    struct sdr_lmdb_page_tree found; /* counted so far */
    unsigned depth;
    bool numbers;
    MDB_val last; /* the last key; mv_data is NULL if there was none */
    int (*row)(struct climb *climb, const MDB_val *key, const MDB_val *value,
               unsigned kind);
    const struct sdr_lmdb_pages_row *of;
};

static bool
follows(struct climb *climb, const MDB_val *key)
{
    bool ok;

    if (climb->numbers && key->mv_size != sizeof(size_t))
        return false;
    ok = climb->last.mv_data == NULL
         || (climb->numbers ? order_of_numbers(&climb->last, key)
                            : sdr_checksum_order(&climb->last, key))
                < 0;
    climb->last = *key;
    return ok;
}

static bool
use_big(struct climb *climb, const MDB_val *key)
{
    size_t number, room = climb->check->pages->page_size;
    struct sdr_lmdb_page_head head;
    uint32_t count;

    memcpy(&number, (const char *)key->mv_data + key->mv_size, sizeof number);
    memcpy(&head, climb->check->pages->map + number * room, sizeof head);
    memcpy(&count, &head.lower, sizeof count);
    climb->found.overflows += count;
    return use(climb->check, number, count);
}

/* Check a node of a leaf. Adds the octets that the value takes of the page to
 * *SIZE. */
static int
check_row(struct climb *climb, const struct sdr_lmdb_page_nodes *page,
          const struct sdr_lmdb_page_node *node, const MDB_val *key,
          size_t *size)
{
    bool big = (node->flags & SDR_LMDB_BIG) != 0;
    MDB_val value;

    if (!sdr_lmdb_page_value(climb->check->pages, &climb->check->all, page,
                             node, key, &value)
        || !follows(climb, key) || (big && !use_big(climb, key)))
        return MDB_CORRUPTED;
    climb->found.entries++;
    *size += big ? sizeof(size_t) : value.mv_size;
    return climb->row(climb, key, &value,
                      node->flags & SDR_LMDB_NODE_KINDS & ~SDR_LMDB_BIG);
}

static int
check_page(struct climb *climb, size_t number, unsigned level);

static int
check_node(struct climb *climb, const struct sdr_lmdb_page_nodes *page,
           unsigned index, unsigned level, size_t *taken)
{
    struct sdr_lmdb_page_node node;
    MDB_val key;
    size_t size;
    int rc;

    if (!sdr_lmdb_page_node(climb->check->pages, page, index, &node, &key))
        return MDB_CORRUPTED;
    size = sizeof node + key.mv_size;
    if (page->leaf)
        rc = check_row(climb, page, &node, &key, &size);
    else if (index > 0 && climb->last.mv_data != NULL && !climb->numbers
             && sdr_checksum_order(&climb->last, &key) >= 0)
        rc = MDB_CORRUPTED;
    else
        rc = check_page(climb, sdr_lmdb_page_child(&node), level + 1);
    *taken += size + (size & 1);
    return rc;
}

/* Check a page and all pages below it. The nodes must fill the page from
 * head.upper to its end: LMDB leaves no gaps. */
static int
check_page(struct climb *climb, size_t number, unsigned level)
{
    bool leaf = level == climb->depth;
    size_t taken = 0;
    struct sdr_lmdb_page_head head;
    struct sdr_lmdb_page_nodes page;
    int rc = 0;

    if (!sdr_lmdb_page_open(climb->check->pages, &climb->check->all, number,
                            leaf, &page)
        || !use(climb->check, number, 1) || (!leaf && page.nodes < 2))
        return MDB_CORRUPTED;
    memcpy(&head, page.octets, sizeof head);
    if (leaf)
        climb->found.leaves++;
    else
        climb->found.branches++;
    for (unsigned i = 0; rc == 0 && i < page.nodes; i++)
        rc = check_node(climb, &page, i, level, &taken);
    if (rc == 0 && taken != climb->check->pages->page_size - head.upper)
        rc = MDB_CORRUPTED;
    return rc;
}

static int
check_tree(struct climb *climb, const struct sdr_lmdb_page_tree *tree)
{
    int rc;

    climb->depth = tree->depth;
    if (tree->root == SIZE_MAX)
        return tree->entries == 0 && tree->depth == 0 ? 0 : MDB_CORRUPTED;
    if (tree->depth == 0 || tree->depth > SDR_LMDB_DEPTH_MAX)
        return MDB_CORRUPTED;
    rc = check_page(climb, tree->root, 1);
    return rc != 0
                   || (climb->found.entries == tree->entries
                       && climb->found.leaves == tree->leaves
                       && climb->found.branches == tree->branches
                       && climb->found.overflows == tree->overflows)
               ? rc
               : MDB_CORRUPTED;
}

/* ---- all trees ---- */

/* Check a row of a named tree. */
static int
on_row(struct climb *climb, const MDB_val *key, const MDB_val *value,
       unsigned kind)
{
    return kind == 0 ? climb->of->row(climb->of->arg, key, value)
                     : MDB_CORRUPTED;
}

/* Check the pages that were freed in one transaction: their count, then their
 * numbers in descending order. */
static int
on_free(struct climb *climb, const MDB_val *key, const MDB_val *value,
        unsigned kind)
{
    const unsigned char *at = value->mv_data;
    size_t count, number, last = SIZE_MAX;

    (void)key;
    if (kind != 0 || value->mv_size < sizeof count)
        return MDB_CORRUPTED;
    memcpy(&count, at, sizeof count);
    if (count > value->mv_size / sizeof count - 1)
        return MDB_CORRUPTED;
    for (size_t i = 1; i <= count; i++) {
        memcpy(&number, at + i * sizeof number, sizeof number);
        if (number >= last || !use(climb->check, number, 1))
            return MDB_CORRUPTED;
        last = number;
    }
    return 0;
}

static int
on_name(struct climb *climb, const MDB_val *key, const MDB_val *value,
        unsigned kind)
{
    const struct sdr_lmdb_pages_row *of = climb->check->rows;
    struct climb named = {.check = climb->check, .row = on_row};
    struct sdr_lmdb_page_tree tree;

    while (of->name != NULL
           && (strlen(of->name) != key->mv_size
               || memcmp(of->name, key->mv_data, key->mv_size) != 0))
        of++;
    if (of->name == NULL || kind != SDR_LMDB_TREE)
        return MDB_INCOMPATIBLE;
    if (value->mv_size != sizeof tree)
        return MDB_CORRUPTED;
    memcpy(&tree, value->mv_data, sizeof tree);
    if (tree.flags != 0 || tree.pad != 0)
        return MDB_CORRUPTED;
    named.of = of;
    return check_tree(&named, &tree);
}

int
sdr_lmdb_pages_check(const struct sdr_lmdb_pages *pages, size_t transaction,
                     const struct sdr_lmdb_pages_row *rows)
{
    struct check check = {.pages = pages, .rows = rows};
    struct climb main = {.check = &check, .row = on_name};
    struct climb free_pages = {
        .check = &check, .row = on_free, .numbers = true};
    struct sdr_lmdb_page_meta meta, other;
    int rc = sdr_lmdb_pages_main(pages, transaction, &check.all);

    if (rc != 0 || !read_meta(pages, transaction & 1, &meta)
        || !read_meta(pages, ~transaction & 1, &other)
        || !is_plain(pages, &meta) || !is_plain(pages, &other))
        return MDB_CORRUPTED;
    check.used = calloc(check.all.pages, 1);
    if (check.used == NULL)
        return ENOMEM;
    rc = check_tree(&main, &meta.trees[1]);
    if (rc == 0)
        rc = check_tree(&free_pages, &meta.trees[0]);
    for (size_t i = 2; rc == 0 && i < check.all.pages; i++)
        rc = check.used[i] != 0 ? 0 : MDB_CORRUPTED;
    free(check.used);
    return rc;
}
