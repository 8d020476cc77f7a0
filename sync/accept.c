/* accept.c - see accept.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "accept.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "say.h"

static void
accept_directory(struct store *store, const struct sdr_config *config,
                 unsigned directory, uint64_t limit)
{
    const char *name = config->directories[directory].name;
    struct store_outcome outcome;
    struct sdr_error error;

    if (store_accept(store, directory, limit, &outcome, &error) != SDR_OK)
        say(LOG_ERR, "directory %s: cannot accept: %s", name, error.text);
    else if (outcome.held > 0)
        say(LOG_WARNING,
            "directory %s: not accepted: %" PRIu64
            " entries are held back now, not %" PRIu64,
            name, outcome.held, limit);
    else
        say(LOG_NOTICE,
            "directory %s: the held-back changes are accepted, %" PRIu64
            " entries remain",
            name, outcome.entries);
}

/* Handle a line "DIRECTORY HELD". */
static void
take_line(struct store *store, const struct sdr_config *config, char *line)
{
    char *number = strrchr(line, ' ');
    char clean[256], *end = NULL;
    uint64_t limit = 0;

    if (number != NULL) {
        *number++ = '\0';
        errno = 0;
        limit = strtoull(number, &end, 10);
    }
    for (unsigned i = 0;
         end != NULL && isdigit((unsigned char)*number) && *end == '\0'
         && errno == 0 && i < config->directory_count;
         i++) {
        if (strcmp(config->directories[i].name, line) == 0) {
            accept_directory(store, config, i, limit);
            return;
        }
    }
    sdr_log_clean(clean, sizeof clean, line, strlen(line), "");
    say(LOG_WARNING, "%s.accept: \"%s\" is not understood",
        config->replica.path, clean);
}

static void
take_file(struct store *store, const struct sdr_config *config,
          const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;

    if (file == NULL)
        return;
    while (getline(&line, &size, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0')
            take_line(store, config, line);
    }
    free(line);
    fclose(file);
    if (unlink(path) != 0)
        say(LOG_ERR, "%s: %s", path, strerror(errno));
}

void
accept_look(struct store *store, const struct sdr_config *config)
{
    char *path = NULL;

    if (asprintf(&path, "%s.accept", config->replica.path) < 0)
        return;
    take_file(store, config, path);
    free(path);
}
