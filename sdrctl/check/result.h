/* result.h - the result of a check, from best to worst
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef SDRCTL_CHECK_RESULT_H
#define SDRCTL_CHECK_RESULT_H

enum check_result {
    CHECK_OK,
    CHECK_DOUBTFUL,   /* it works, but the administrator should look at it */
    CHECK_WRONG,      /* mail is deferred or misrouted until this is fixed */
    CHECK_UNREACHABLE /* not known: a server does not answer */
};

#endif
