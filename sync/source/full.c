/* full.c - the method for any server: read everything; see session.h
 * SPDX-License-Identifier: BSD-2-Clause
 */
#include <time.h>

#include "source/paged.h"
#include "source/refresh.h"
#include "source/session.h"

static enum sdr_status
read_all(const struct session_with *with)
{
    const struct store_mark mark = {.stage = STORE_FULL,
                                    .method = "full",
                                    .server = with->session->uri,
                                    .cookie = "",
                                    .contact = time(NULL)};
    struct refresh refresh;
    enum sdr_status status;

    refresh_begin(&refresh, with->worker, with->proof);
    status = session_find_groups(with);
    if (status == SDR_OK)
        status = paged_entries(with, "", &refresh);
    if (status == SDR_OK)
        status = refresh_end(&refresh, true, &mark, with->error);
    refresh_clear(&refresh);
    return status;
}

enum session_end
full_session(const struct session_with *with)
{
    worker_log(with->worker, "%s: reading everything", with->session->uri);
    if (read_all(with) != SDR_OK) {
        sdr_error_prefix(with->error, "%s", with->session->uri);
        return SESSION_FAILED;
    }
    session_is_up_to_date(with->worker, with->up_to_date);
    return with->worker->once ? SESSION_STOPPED : SESSION_REST;
}
