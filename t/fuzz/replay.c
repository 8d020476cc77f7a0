/* replay.c - runs a fuzz target on files, without a fuzzer
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * usage: TARGET [FILE...]   default: all files in t/fuzz/seeds/TARGET
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>

static void
replay(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t size = 0, len = 0, got = 1;
    uint8_t *block;

    FUZZ_RULE(file != NULL);
    while (got > 0) {
        size += BUFSIZ;
        text = realloc(text, size);
        FUZZ_RULE(text != NULL);
        got = fread(text + len, 1, size - len, file);
        len += got;
        size = len;
    }
    fclose(file);
    printf("%s\n", path);
    fflush(stdout); /* before a crash */
    block = fuzz_copy(text, len);
    free(text);
    FUZZ_RULE(LLVMFuzzerTestOneInput(block, len) == 0);
    free(block);
}

static int
is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int
main(int argc, char **argv)
{
    const char *srcdir = getenv("srcdir");
    char folder[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
    struct dirent **names;
    int count;

    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    if (argc > 1)
        return 0;
    snprintf(folder, sizeof folder, "%s/t/fuzz/seeds/%s",
             srcdir != NULL ? srcdir : ".", program_invocation_short_name);
    count = scandir(folder, &names, is_file, alphasort);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        replay(path);
        free(names[i]);
    }
    if (count > 0) {
        free(names);
        return 0;
    }
    fprintf(stderr, "%s: no seeds\n", folder);
    return 1;
}
