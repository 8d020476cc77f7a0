/* program.c - see program.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "program.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool
program_is(const char *path)
{
    struct stat st;

    return access(path, X_OK) == 0 && stat(path, &st) == 0
           && S_ISREG(st.st_mode);
}

bool
program_find(const char *folders, const char *name, char *path, size_t size)
{
    for (; *folders != '\0'; folders += *folders == ':') {
        int len = (int)strcspn(folders, ":");

        snprintf(path, size, "%.*s/%s", len, folders, name);
        if (len > 0 && program_is(path))
            return true;
        folders += len;
    }
    return false;
}
