/* run_file.c - see run_file.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "change/run_file.h"

/* Make the changes in memory and write them to the journal, before the file is
 * replaced. */
static bool
prepare(struct file_run *of, struct ldif_directory *file,
        struct journal *journal, struct sdr_error *error)
{
    for (size_t i = 0; i < of->count; i++) {
        of->results[i] =
            ldif_directory_change(file, &of->items[i], &of->errors[i]);
        if (of->results[i] == CHANGE_FAILED) {
            *error = of->errors[i];
            return false;
        }
        if (!journal_add(journal, &of->items[i], error))
            return false;
        if (of->results[i] != CHANGE_DONE)
            journal_result(journal, of->errors[i].text);
    }
    return journal_sync(journal, error);
}

bool
run_file(struct file_run *of, struct admin *admin, struct journal *journal,
         struct sdr_error *error)
{
    struct ldif_directory *file = NULL;
    enum sdr_status status;
    bool good;

    for (size_t i = 0; i < of->count; i++)
        of->results[i] = CHANGE_FAILED;
    status = admin_open_file(admin, of->items[0].directory, &file, error);
    if (status == SDR_OK)
        status = ldif_directory_lock(file, error);
    if (status != SDR_OK)
        return false;
    good = prepare(of, file, journal, error)
           && ldif_directory_publish(file, error) == SDR_OK;
    journal_results(journal, good ? "done" : error->text);
    return good;
}
