/* test_config_files.c - what is no sdr.conf at all, or may not be believed
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "config/config.h"

#include "unit.h"

/* Load PATH, which must fail; returns the errors reported. */
static const char *
complaint(const char *path)
{
    static struct unit_lines mistakes;
    struct sdr_trace trace = {unit_add_line, &mistakes};
    struct sdr_config *c;

    memset(&mistakes, 0, sizeof mistakes);
    assert_int_equal(sdr_config_load(&c, path, &trace), SDR_CONFIG);
    assert_null(c);
    assert_int_equal(mistakes.count, 1);
    return mistakes.text;
}

static void
what_is_no_file_is_reported(void **state)
{
    struct unit_folder folder;

    (void)state;
    unit_folder_make(&folder);
    assert_non_null(strstr(complaint(folder.conf), "No such file"));
    assert_non_null(strstr(complaint(folder.path), "not a regular file"));
    assert_non_null(strstr(complaint("/dev/null"), "not a regular file"));
    assert_int_equal(mkfifo(folder.conf, 0600), 0);
    assert_non_null(strstr(complaint(folder.conf), "not a regular file"));
    unit_folder_remove(&folder);
}

static void
what_is_no_text_is_reported(void **state)
{
    static const char nul[] = UNIT_CONF "# a\0b\n";
    struct unit_folder folder;
    char *big;

    (void)state;
    unit_folder_make(&folder);
    unit_write(folder.conf, nul, sizeof nul - 1, 0600);
    assert_non_null(strstr(complaint(folder.conf), "contains a NUL"));
    big = malloc((1 << 20) + 1);
    assert_non_null(big);
    memset(big, '\n', (1 << 20) + 1);
    unit_write(folder.conf, big, (1 << 20) + 1, 0600);
    assert_non_null(strstr(complaint(folder.conf), "longer than"));
    free(big);
    unit_folder_remove(&folder);
}

static void
nobody_need_listen(void **state)
{
    struct sdr_config *c;

    (void)state;
    assert_int_equal(sdr_config_load(&c, "/nonexistent", NULL), SDR_CONFIG);
    assert_null(c);
}

static const char bound[] = UNIT_CONF "bind = simple\n"
                                      "bind-dn = cn=x\n"
                                      "password-file = @PASSWORD_FILE@\n";

/* Load a configuration whose password file has this text and mode. */
static enum sdr_status
load_with_password(const char *password, mode_t mode, struct sdr_config **c,
                   struct unit_lines *mistakes)
{
    return unit_load_with(c, bound, password, mode, mistakes);
}

static void
passwords_are_the_first_line(void **state)
{
    static const struct {
        const char *text;
        mode_t mode;
        const char *password; /* NULL: a mistake */
        const char *mistake;
    } files[] = {
        {"secret\n", 0600, "secret", NULL},
        {"secret", 0640, "secret", NULL},
        {"secret\r\n", 0400, "secret", NULL},
        {" two words \n", 0600, " two words ", NULL},
        {"secret\nsecond line\n", 0600, "secret", NULL},
        {"", 0600, NULL, ":18: password-file: "},
        {"\nsecret\n", 0600, NULL, ": no password"},
        {"secret\n", 0644, NULL, "holds a secret, but mode 0644"},
        {"secret\n", 0604, NULL, "holds a secret, but mode 0604"},
        {"secret\n", 0620, NULL, "holds a secret, but mode 0620"},
    };

    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(files); i++) {
        struct sdr_config *c;
        struct unit_lines mistakes;
        enum sdr_status status =
            load_with_password(files[i].text, files[i].mode, &c, &mistakes);
        bool ok =
            files[i].password == NULL
                ? status == SDR_CONFIG
                      && unit_is_reported(&mistakes, files[i].mistake)
                : status == SDR_OK
                      && strcmp(c->directories[0].password, files[i].password)
                             == 0;

        unit_row(ok, "%s, mode %o: %s, %s", files[i].text,
                 (unsigned)files[i].mode, sdr_status_name(status),
                 mistakes.text);
        sdr_config_free(&c);
    }
    unit_end();
}

/* Root does not accept a file or folder that others may write. */
static void
root_believes_only_root(void **state)
{
    static const struct {
        uid_t owner;
        mode_t file, folder;
        const char *mistake;
    } files[] = {
        {0, 0620, 0755, "must belong to root and be writable by nobody else"},
        {0, 0602, 0755, "must belong to root and be writable by nobody else"},
        {1, 0600, 0755, "must belong to root and be writable by nobody else"},
        {0, 0644, 0775, "its folder must belong to root"},
        {0, 0644, 0777, "its folder must belong to root"},
        {0, 0644, 01777, "its folder must belong to root"},
    };
    struct unit_folder folder;

    (void)state;
    if (geteuid() != 0)
        return;
    unit_folder_make(&folder);
    for (size_t i = 0; i < UNIT_COUNT(files); i++) {
        const char *reported;

        unit_write(folder.conf, UNIT_CONF, sizeof UNIT_CONF - 1, 0600);
        assert_int_equal(chown(folder.conf, files[i].owner, 0), 0);
        assert_int_equal(chmod(folder.conf, files[i].file), 0);
        assert_int_equal(chmod(folder.path, files[i].folder), 0);
        reported = complaint(folder.conf);
        unit_row(strstr(reported, files[i].mistake) != NULL, "%o in %o: %s",
                 (unsigned)files[i].file, (unsigned)files[i].folder, reported);
    }
    unit_folder_remove(&folder);
    unit_end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_file_is_reported),
        cmocka_unit_test(what_is_no_text_is_reported),
        cmocka_unit_test(nobody_need_listen),
        cmocka_unit_test(passwords_are_the_first_line),
        cmocka_unit_test(root_believes_only_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
