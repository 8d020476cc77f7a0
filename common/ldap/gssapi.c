/* gssapi.c - see gssapi.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/gssapi.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>

/* Set the error to "Kerberos: TEXT", with the text of the mechanism, which is
 * more specific than the general one. */
static void
report(OM_uint32 major, OM_uint32 minor, struct sdr_error *error)
{
    gss_buffer_desc words = GSS_C_EMPTY_BUFFER;
    OM_uint32 ignored, context = 0;

    if (gss_display_status(&ignored, minor != 0 ? minor : major,
                           minor != 0 ? GSS_C_MECH_CODE : GSS_C_GSS_CODE,
                           GSS_C_NO_OID, &context, &words)
        == GSS_S_COMPLETE)
        sdr_error_set(error, "Kerberos: %.*s", (int)words.length,
                      (const char *)words.value);
    else
        sdr_error_set(error, "Kerberos: error %u", (unsigned)minor);
    gss_release_buffer(&ignored, &words);
}

/* Without a key Kerberos looks for tickets, and reports only their absence. */
static void
explain_no_key(const struct sdr_directory_options *directory,
               struct sdr_error *error)
{
    sdr_error_set(error, "Kerberos: no key%s%s in %s",
                  directory->principal != NULL ? " of " : "",
                  directory->principal != NULL ? directory->principal : "",
                  directory->keytab_file);
}

/* Import the principal; GSS_C_NO_NAME, the keytab's first principal, if none is
 * configured. */
static OM_uint32
import_principal(const char *principal, gss_name_t *name, OM_uint32 *minor)
{
    gss_buffer_desc text = {0, NULL};

    *name = GSS_C_NO_NAME;
    *minor = 0;
    if (principal == NULL)
        return GSS_S_COMPLETE;
    text.value = (void *)(uintptr_t)principal;
    text.length = strlen(principal);
    return gss_import_name(minor, &text, GSS_KRB5_NT_PRINCIPAL_NAME, name);
}

/* Returns true if the KDC rejected the key: it counts such attempts. */
static bool
is_refusal(OM_uint32 minor)
{
    static const krb5_error_code refusals[] = {KRB5KDC_ERR_PREAUTH_FAILED,
                                               KRB5KRB_AP_ERR_BAD_INTEGRITY,
                                               KRB5KDC_ERR_CLIENT_REVOKED};

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        if (minor == (OM_uint32)refusals[i])
            return true;
    }
    return false;
}

enum { CACHE_NAME_SIZE = 64 };

/* The name is never used again: a reloaded configuration must not find tickets
 * of another principal, nor those that its reload is to replace. */
static void
name_cache(const struct sdr_directory_options *directory,
           char cache[CACHE_NAME_SIZE])
{
    snprintf(cache, CACHE_NAME_SIZE, "MEMORY:sdr-%lu-%u",
             directory->config->serial, directory->index);
}

enum sdr_status
sdr_gssapi_acquire(const struct sdr_directory_options *directory,
                   gss_cred_id_t *credentials, struct sdr_error *error)
{
    char keytab[PATH_MAX + sizeof "FILE:"] = "", cache[CACHE_NAME_SIZE] = "";
    gss_key_value_element_desc elements[] = {{"client_keytab", keytab},
                                             {"ccache", cache}};
    const gss_key_value_set_desc store = {2, elements};
    gss_OID_set_desc kerberos = {1, (gss_OID)(uintptr_t)gss_mech_krb5};
    OM_uint32 major, minor, ignored;
    gss_name_t name;

    *credentials = GSS_C_NO_CREDENTIAL;
    if (directory->keytab_file != NULL) {
        snprintf(keytab, sizeof keytab, "FILE:%s", directory->keytab_file);
        name_cache(directory, cache);
    }
    major = import_principal(directory->principal, &name, &minor);
    if (major == GSS_S_COMPLETE)
        major = gss_acquire_cred_from(
            &minor, name, GSS_C_INDEFINITE, &kerberos, GSS_C_INITIATE,
            directory->keytab_file != NULL ? &store : GSS_C_NO_CRED_STORE,
            credentials, NULL, NULL);
    gss_release_name(&ignored, &name);
    if (major == GSS_S_COMPLETE)
        return SDR_OK;
    if (minor == (OM_uint32)KRB5_FCC_NOFILE && directory->keytab_file != NULL)
        explain_no_key(directory, error);
    else
        report(major, minor, error);
    return is_refusal(minor) ? SDR_CONFIG : SDR_TEMPFAIL;
}

void
sdr_gssapi_release(gss_cred_id_t *credentials)
{
    OM_uint32 ignored;

    gss_release_cred(&ignored, credentials);
}

void
sdr_gssapi_forget(const struct sdr_directory_options *directory)
{
    char name[CACHE_NAME_SIZE];
    krb5_context context;
    krb5_ccache cache;

    if (directory->bind != SDR_BIND_GSSAPI || directory->keytab_file == NULL
        || krb5_init_context(&context) != 0)
        return;
    name_cache(directory, name);
    if (krb5_cc_resolve(context, name, &cache) == 0)
        krb5_cc_destroy(context, cache);
    krb5_free_context(context);
}

void
sdr_gssapi_name(char *name, size_t size)
{
    const struct sdr_directory_options nobody = {.keytab_file = NULL};
    gss_cred_id_t credentials;
    gss_name_t internal = GSS_C_NO_NAME;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    OM_uint32 ignored;

    snprintf(name, size, "?");
    if (sdr_gssapi_acquire(&nobody, &credentials, NULL) != SDR_OK)
        return;
    if (gss_inquire_cred(&ignored, credentials, &internal, NULL, NULL, NULL)
            == GSS_S_COMPLETE
        && gss_display_name(&ignored, internal, &text, NULL) == GSS_S_COMPLETE)
        snprintf(name, size, "%.*s", (int)text.length,
                 (const char *)text.value);
    gss_release_buffer(&ignored, &text);
    gss_release_name(&ignored, &internal);
    sdr_gssapi_release(&credentials);
}
