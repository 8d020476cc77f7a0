/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For LD_PRELOAD: hides leaks of libldap from LeakSanitizer.
 *
 * libldap does not free an unsolicited notification: slapd's Notice of
 * Disconnection. With GnuTLS it does not free the key and the certificates of a
 * client, once for each handle. A suppression would need the names of these
 * functions on the stack. libldap is built without frame pointers, so this
 * needs the slow unwinder, which takes half of the time of the tests.
 */
#define _GNU_SOURCE
#include <dlfcn.h>

#pragma weak __lsan_disable
#pragma weak __lsan_enable
void
__lsan_disable(void);
void
__lsan_enable(void);

void *
ldap_alloc_ber_with_options(void *ld);
int
gnutls_x509_crt_init(void **crt);
int
gnutls_x509_privkey_init(void **key);

static void
begin(void)
{
    if (__lsan_disable)
        __lsan_disable();
}

static void
end(void)
{
    if (__lsan_enable)
        __lsan_enable();
}

void *
ldap_alloc_ber_with_options(void *ld)
{
    void *(*theirs)(void *) = dlsym(RTLD_NEXT, "ldap_alloc_ber_with_options");
    begin();
    void *made = theirs(ld);
    end();
    return made;
}

int
gnutls_x509_crt_init(void **crt)
{
    int (*theirs)(void **) = dlsym(RTLD_NEXT, "gnutls_x509_crt_init");
    begin();
    int done = theirs(crt);
    end();
    return done;
}

int
gnutls_x509_privkey_init(void **key)
{
    int (*theirs)(void **) = dlsym(RTLD_NEXT, "gnutls_x509_privkey_init");
    begin();
    int done = theirs(key);
    end();
    return done;
}
