/* diff.h - a run of sdrctl diff
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_DIFF_H
#define SDRCTL_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "change/batch.h"
#include "decision/sdr.h"
#include "diff/new_ldif.h"

/* What is decided about a recipient. */
struct decision {
    bool sure; /* false: a directory did not answer */
    struct sdr_question question;
    struct sdr_answer answer;
    struct sdr_verdict verdict;
};

/* An entry that would be moved. */
struct moved {
    unsigned directory;
    char *dn;
};

/* Recipients that change in the same way. */
enum { EXAMPLES = 3 };
struct group {
    char *words;
    size_t count;
    char *examples[EXAMPLES];
};

struct diff {
    struct sdr *before, *after; /* the same if entries are moved */
    bool moves;
    struct new_ldif *ldif; /* of AFTER; NULL: none */
    bool same_facts;       /* both read the same from the same replica */
    unsigned to;           /* the site they are moved to */
    struct moved *moved;
    size_t moved_count, moved_room;
    struct batch recipients;
    enum { DIFF_TEXT, DIFF_CSV, DIFF_JSON } format;
    struct decision old, new; /* of one recipient */
    size_t changed, unknown;
    struct sdr_error reason; /* of the first unknown one */
    struct group *groups;
    size_t group_count, group_room;
    bool no_memory;
};

/* Find the entry of each address of the batch. Errors are printed. Returns the
 * exit code. */
int
diff_find_moved(struct diff *diff, const struct batch *batch);

/* Decide about the recipient before and after the change. True if it is sure
 * and the mail goes elsewhere, or gets another reply. */
bool
diff_decide(struct diff *diff, const char *recipient);

/* Print the recipient, which changes, or count it for diff_end(). */
void
diff_add(struct diff *diff, const char *recipient);

/* Before the first, and after the last. */
void
diff_begin(const struct diff *diff);

void
diff_end(struct diff *diff);

#endif
