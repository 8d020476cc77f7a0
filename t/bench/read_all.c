/* read_all.c - an LDAP client that reads all entries and keeps nothing
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * usage: read_all URI BIND-DN PASSWORD-FILE BASE FILTER ATTRIBUTE...
 *
 * It reads the values of each entry and drops them: the minimum cost of a copy
 * made with libldap. Prints the number of entries.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ldap.h>

static LDAP *ld;

_Noreturn static void
fail(const char *what, int code)
{
    fprintf(stderr, "read_all: %s: %s\n", what, ldap_err2string(code));
    exit(1);
}

static void
check(const char *what, int code)
{
    if (code != LDAP_SUCCESS)
        fail(what, code);
}

static void
read_password(const char *path, char *line, size_t size)
{
    FILE *file = fopen(path, "r");

    if (file == NULL || fgets(line, (int)size, file) == NULL) {
        perror(path);
        exit(1);
    }
    fclose(file);
    line[strcspn(line, "\n")] = '\0';
}

static void
open_session(const char *uri, const char *dn, const char *password_file)
{
    char password[256];
    struct berval secret = {.bv_val = password};
    int version = LDAP_VERSION3;

    read_password(password_file, password, sizeof password);
    secret.bv_len = strlen(password);
    check(uri, ldap_initialize(&ld, uri));
    check("version", ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version));
    check("bind", ldap_sasl_bind_s(ld, dn, LDAP_SASL_SIMPLE, &secret, NULL,
                                   NULL, NULL));
}

static void
read_values(LDAPMessage *entry)
{
    struct berval dn, name, *values;
    BerElement *ber = NULL;
    int code = ldap_get_dn_ber(ld, entry, &ber, &dn);

    while (code == LDAP_SUCCESS
           && (code = ldap_get_attribute_ber(ld, entry, ber, &name, &values))
                  == LDAP_SUCCESS
           && name.bv_val != NULL)
        ber_memfree(values);
    check("an entry", code);
    ber_free(ber, 0);
}

/* Returns the code of the search result. */
static int
end_search(LDAPMessage *message)
{
    int result = LDAP_OTHER;
    int code =
        ldap_parse_result(ld, message, &result, NULL, NULL, NULL, NULL, 0);

    return code == LDAP_SUCCESS ? result : code;
}

static unsigned long
read_entries(int search)
{
    unsigned long count = 0;
    LDAPMessage *message;
    int type;

    while ((type = ldap_result(ld, search, LDAP_MSG_ONE, NULL, &message)) > 0
           && type != LDAP_RES_SEARCH_RESULT) {
        if (type == LDAP_RES_SEARCH_ENTRY) {
            read_values(message);
            count++;
        }
        ldap_msgfree(message);
    }
    if (type <= 0)
        fail("the result", LDAP_SERVER_DOWN);
    check("the search", end_search(message));
    ldap_msgfree(message);
    return count;
}

int
main(int argc, char **argv)
{
    int search;

    if (argc < 7) {
        fputs("usage: read_all URI BIND-DN PASSWORD-FILE BASE FILTER "
              "ATTRIBUTE...\n",
              stderr);
        return 64;
    }
    open_session(argv[1], argv[2], argv[3]);
    check("the search",
          ldap_search_ext(ld, argv[4], LDAP_SCOPE_SUBTREE, argv[5], argv + 6, 0,
                          NULL, NULL, NULL, LDAP_NO_LIMIT, &search));
    printf("%lu\n", read_entries(search));
    ldap_unbind_ext_s(ld, NULL, NULL);
}
