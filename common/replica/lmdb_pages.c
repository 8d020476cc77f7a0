/* lmdb_pages.c - see lmdb_pages.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "replica/lmdb_pages.h"

#include <string.h>

#include "replica/checksum.h"

/* A path from the root to a leaf: on each level a page, and the index of a
 * node. The steps are not cleared first: that takes longer than the search. */
struct way {
    const struct sdr_lmdb_pages *pages;
    const struct sdr_lmdb_tree *tree;
    unsigned levels;
    struct step {
        struct sdr_lmdb_page_nodes page;
        unsigned index;
    } steps[SDR_LMDB_DEPTH_MAX];
};

static void
begin(struct way *way, const struct sdr_lmdb_pages *pages,
      const struct sdr_lmdb_tree *tree)
{
    way->pages = pages;
    way->tree = tree;
    way->levels = 0;
}

/* Count the nodes of the page whose keys are before KEY, or equal to it if
 * SAME. The first key of a branch is before all. Returns false if a node is
 * damaged. */
static bool
count_before(const struct sdr_lmdb_pages *pages,
             const struct sdr_lmdb_page_nodes *page, const MDB_val *key,
             bool same, unsigned *count)
{
    unsigned low = page->leaf ? 0 : 1, high = page->nodes;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        struct sdr_lmdb_page_node node;
        MDB_val found;
        int order;

        if (!sdr_lmdb_page_node(pages, page, middle, &node, &found))
            return false;
        order = sdr_checksum_order(&found, key);
        if (order < 0 || (same && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    *count = low;
    return true;
}

/* Go one level down, to the page that the chosen node points to. */
static bool
step_down(struct way *way)
{
    size_t number = way->tree->root;
    struct step *step = &way->steps[way->levels];
    struct sdr_lmdb_page_node node;
    MDB_val key;

    if (way->levels > 0) {
        const struct step *above = step - 1;

        if (!sdr_lmdb_page_node(way->pages, &above->page, above->index, &node,
                                &key))
            return false;
        number = sdr_lmdb_page_child(&node);
    }
    way->levels++;
    return sdr_lmdb_page_open(way->pages, way->tree, number,
                              way->levels == way->tree->depth, &step->page);
}

/* Go to the leaf where KEY is or would be. The index is that of the first key
 * that is not before KEY, or if PAST, that is after KEY; it may be one past the
 * last node. */
static int
go_to(struct way *way, const MDB_val *key, bool past)
{
    if (way->tree->root == SIZE_MAX)
        return MDB_NOTFOUND;
    if (way->tree->depth == 0 || way->tree->depth > SDR_LMDB_DEPTH_MAX)
        return MDB_CORRUPTED;
    while (way->levels < way->tree->depth) {
        struct step *step = &way->steps[way->levels];

        if (!step_down(way)
            || !count_before(way->pages, &step->page, key,
                             past || !step->page.leaf, &step->index))
            return MDB_CORRUPTED;
        if (!step->page.leaf)
            step->index--;
    }
    return 0;
}

/* Go to the first node of the next leaf if FIRST, otherwise to the last node of
 * the previous leaf. */
static int
go_beside(struct way *way, bool first)
{
    struct step *step;

    do {
        if (--way->levels == 0)
            return MDB_NOTFOUND;
        step = &way->steps[way->levels - 1];
    } while (first ? step->index + 1 >= step->page.nodes : step->index == 0);
    step->index = first ? step->index + 1 : step->index - 1;
    while (way->levels < way->tree->depth) {
        step = &way->steps[way->levels];
        if (!step_down(way))
            return MDB_CORRUPTED;
        step->index = first ? 0 : step->page.nodes - 1;
    }
    return 0;
}

/* Read the node at the end of the path. */
static int
take(const struct way *way, struct sdr_lmdb_page_node *node, MDB_val *key,
     MDB_val *value)
{
    const struct step *step = &way->steps[way->levels - 1];

    return sdr_lmdb_page_node(way->pages, &step->page, step->index, node, key)
                   && sdr_lmdb_page_value(way->pages, way->tree, &step->page,
                                          node, key, value)
               ? 0
               : MDB_CORRUPTED;
}

static int
find_behind(struct way *way, const MDB_val *key, bool past, MDB_val *found,
            MDB_val *value)
{
    struct sdr_lmdb_page_node node;
    int rc = go_to(way, key, past);

    if (rc == 0
        && way->steps[way->levels - 1].index
               == way->steps[way->levels - 1].page.nodes)
        rc = go_beside(way, true);
    return rc != 0 ? rc : take(way, &node, found, value);
}

int
sdr_lmdb_pages_behind(const struct sdr_lmdb_pages *pages,
                      const struct sdr_lmdb_tree *tree, const MDB_val *key,
                      MDB_val *found, MDB_val *value)
{
    struct way way;

    begin(&way, pages, tree);
    return find_behind(&way, key, true, found, value);
}

int
sdr_lmdb_pages_before(const struct sdr_lmdb_pages *pages,
                      const struct sdr_lmdb_tree *tree, const MDB_val *key,
                      MDB_val *found, MDB_val *value)
{
    struct way way;
    struct sdr_lmdb_page_node node;
    int rc;

    begin(&way, pages, tree);
    rc = go_to(&way, key, false);
    if (rc == 0 && way.steps[way.levels - 1].index == 0)
        rc = go_beside(&way, false);
    else if (rc == 0)
        way.steps[way.levels - 1].index--;
    return rc != 0 ? rc : take(&way, &node, found, value);
}

/* Look up KEY. Its node must be of this kind. */
static int
get(const struct sdr_lmdb_pages *pages, const struct sdr_lmdb_tree *tree,
    const MDB_val *key, unsigned kind, MDB_val *value)
{
    struct way way;
    const struct step *step;
    struct sdr_lmdb_page_node node;
    MDB_val found;
    int rc;

    begin(&way, pages, tree);
    rc = go_to(&way, key, false);
    if (rc != 0)
        return rc;
    step = &way.steps[way.levels - 1];
    if (step->index == step->page.nodes)
        return MDB_NOTFOUND;
    rc = take(&way, &node, &found, value);
    if (rc != 0)
        return rc;
    if (sdr_checksum_order(key, &found) != 0)
        return MDB_NOTFOUND;
    return (node.flags & SDR_LMDB_NODE_KINDS & ~SDR_LMDB_BIG) == kind
               ? 0
               : MDB_INCOMPATIBLE;
}

int
sdr_lmdb_pages_get(const struct sdr_lmdb_pages *pages,
                   const struct sdr_lmdb_tree *tree, const MDB_val *key,
                   MDB_val *value)
{
    return get(pages, tree, key, 0, value);
}

/* ---- roots of trees ---- */

static void
set_tree(struct sdr_lmdb_tree *tree, const struct sdr_lmdb_page_tree *from,
         size_t pages)
{
    *tree = (struct sdr_lmdb_tree){.pages = pages,
                                   .root = from->root,
                                   .entries = from->entries,
                                   .depth = from->depth};
}

bool
sdr_lmdb_pages_size_is_sane(size_t size)
{
    return size >= 512 && size <= 65536 && (size & (size - 1)) == 0;
}

/* Check the numbers of the two meta pages. They are consecutive, unless the
 * writer has committed since: then a new transaction is needed. An old meta
 * page with a damaged number would bring back old data. */
static int
judge_order(const struct sdr_lmdb_pages *pages, size_t transaction)
{
    size_t at = (~transaction & 1) * pages->page_size
                + sizeof(struct sdr_lmdb_page_head)
                + offsetof(struct sdr_lmdb_page_meta, transaction);
    size_t other;

    if (at + sizeof other > pages->size)
        return MDB_CORRUPTED;
    memcpy(&other, pages->map + at, sizeof other);
    if (transaction == 0 || other == transaction - 1
        || other == transaction + 1)
        return 0;
    return other > transaction ? MDB_BAD_TXN : MDB_CORRUPTED;
}

int
sdr_lmdb_pages_main(const struct sdr_lmdb_pages *pages, size_t transaction,
                    struct sdr_lmdb_tree *main)
{
    size_t at = (transaction & 1) * pages->page_size
                + sizeof(struct sdr_lmdb_page_head);
    struct sdr_lmdb_page_meta meta, again;
    int rc;

    if (at + sizeof meta > pages->size)
        return MDB_CORRUPTED;
    memcpy(&meta, pages->map + at, sizeof meta);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    memcpy(&again, pages->map + at, sizeof again);
    if (meta.magic != SDR_LMDB_MAGIC || meta.version != SDR_LMDB_DATA_VERSION)
        return MDB_VERSION_MISMATCH;
    if (meta.transaction != transaction
        || memcmp(&meta, &again, sizeof meta) != 0)
        return MDB_BAD_TXN;
    rc = judge_order(pages, transaction);
    if (rc != 0)
        return rc;
    if (meta.last >= SIZE_MAX / pages->page_size - 1)
        return MDB_CORRUPTED;
    if ((meta.last + 1) * pages->page_size > pages->size)
        return MDB_MAP_RESIZED;
    set_tree(main, &meta.trees[1], meta.last + 1);
    return 0;
}

int
sdr_lmdb_pages_tree(const struct sdr_lmdb_pages *pages,
                    const struct sdr_lmdb_tree *main, const char *name,
                    struct sdr_lmdb_tree *tree)
{
    MDB_val key = {strlen(name), (void *)(uintptr_t)name}, value;
    struct sdr_lmdb_page_tree found;
    int rc = get(pages, main, &key, SDR_LMDB_TREE, &value);

    if (rc != 0)
        return rc;
    if (value.mv_size != sizeof found)
        return MDB_CORRUPTED;
    memcpy(&found, value.mv_data, sizeof found);
    set_tree(tree, &found, main->pages);
    return 0;
}
