/* session.c - see session.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include "ldap/session.h"

#include "ldap/global_catalog.h"

enum sdr_status
sdr_session_open(struct sdr_session *session, int64_t deadline,
                 struct sdr_error *error)
{
    enum sdr_status status =
        sdr_connection_open(&session->connection, session->directory,
                            session->uri, deadline, error);

    if (status != SDR_OK)
        return status;
    status = sdr_catalog_prove(session->connection, error);
    if (status != SDR_OK) {
        sdr_error_prefix(error, "%s", session->uri);
        sdr_session_close(session);
    }
    return status;
}

static void
forget(struct sdr_session *session)
{
    sdr_visibility_clear(&session->visibility);
    sdr_groups_clear(&session->groups);
    session->access = (struct sdr_access){.until = 0};
}

void
sdr_session_close(struct sdr_session *session)
{
    sdr_connection_close(&session->connection);
    forget(session);
}

void
sdr_session_abandon(struct sdr_session *session)
{
    sdr_connection_abandon(&session->connection);
    forget(session);
}

bool
sdr_session_is_broken(const struct sdr_session *session)
{
    return session->connection == NULL
           || sdr_connection_is_broken(session->connection);
}

bool
sdr_session_is_suspect(const struct sdr_session *session)
{
    return session->connection != NULL
           && sdr_connection_is_suspect(session->connection)
           && !sdr_access_remembers(&session->access);
}

enum sdr_status
sdr_session_find_groups(struct sdr_session *session, struct sdr_error *error)
{
    return sdr_groups_find(&session->groups, session->connection, error);
}

enum sdr_status
sdr_session_prove_none(struct sdr_session *session, struct sdr_error *error)
{
    return sdr_visibility_prove(&session->visibility, session->connection,
                                error);
}

enum sdr_status
sdr_session_prove_access(struct sdr_session *session, const char *dn,
                         struct sdr_error *error)
{
    return sdr_access_prove(&session->access, session->seen,
                            session->connection, dn, error);
}

enum sdr_status
sdr_session_prove_absent(struct sdr_session *session, const char *dn,
                         unsigned shown, struct sdr_error *error)
{
    return sdr_access_prove_absent(&session->access, session->connection, dn,
                                   shown, error);
}
